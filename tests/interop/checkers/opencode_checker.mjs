// What opencode makes of an opencode.json: `models PROVIDER --verbose` for each provider of the file.

import { execFileSync } from "node:child_process";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { model, report } from "./reporting.mjs";

// The package `opencode-ai` holds nothing but the choice among these; the one without AVX2 runs on every x86-64.
const PACKAGE = "opencode-linux-x64-baseline";
const OPENCODE = join(process.env.MUSTER_TOOL_FOLDER, "node_modules", PACKAGE, "bin", "opencode");

function ask(...args) {
  try {
    return execFileSync(OPENCODE, args, { encoding: "utf8", stdio: ["ignore", "pipe", "pipe"], timeout: 60_000 });
  } catch (error) {
    const colours = /\u001b\[[0-9;]*m/g;
    throw new Error(`${error.stdout ?? ""}${error.stderr ?? ""}`.replace(colours, "").trim() || error.message);
  }
}

/** The listing is a line with the name, then the model as JSON, and so on. */
function* listed(text) {
  let lines = null;
  for (const line of text.split("\n")) {
    if (line === "{") lines = [line];
    else if (lines) {
      lines.push(line);
      if (line === "}") {
        yield JSON.parse(lines.join("\n"));
        lines = null;
      }
    }
  }
}

function read(path) {
  process.env.OPENCODE_CONFIG = path;
  const config = JSON.parse(ask("debug", "config"));
  const stated = readFileSync(path, "utf8");
  const found = [];
  for (const [id, provider] of Object.entries(config.provider ?? {})) {
    for (const has of listed(ask("models", id, "--verbose"))) {
      // opencode shows a key as stars: only the file says where it comes from.
      const block = stated.slice(stated.indexOf(`"${id}"`));
      const key = provider.options?.apiKey ? /"apiKey"\s*:\s*"\{env:(\w+)\}"/.exec(block)?.[1] : null;
      const { capabilities, limit, name, variants, api } = has;
      found.push(
        model(`${id}/${has.id}`, api.id, provider.options?.baseURL, key, {
          ...capabilities,
          limit,
          name,
          npm: api.npm,
          variants: Object.keys(variants ?? {}),
        }),
      );
    }
  }
  return found;
}

await report(PACKAGE, read);
