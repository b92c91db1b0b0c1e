// What LibreChat makes of a librechat.yaml: its strict schema, then the rule by which it keeps an endpoint.

import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { join } from "node:path";
import { load, model, report } from "./reporting.mjs";

const require = createRequire(join(process.env.MUSTER_TOOL_FOLDER, "package.json"));
const REFERENCE = /^\$\{(\w+)\}$/;

async function read(path) {
  const { configSchema } = await load("librechat-data-provider");
  const yaml = createRequire(require.resolve("librechat-data-provider"))("js-yaml");
  const raw = yaml.load(readFileSync(path, "utf8"));
  const result = configSchema.strict().safeParse(raw);
  if (!result.success) {
    throw new Error(result.error.issues.map((issue) => `${issue.path.join(".")}: ${issue.message}`).join("; "));
  }
  const found = [];
  for (const endpoint of result.data.endpoints?.custom ?? []) {
    // The server passes over an endpoint that lacks one of these.
    if (!(endpoint.name && endpoint.apiKey && endpoint.baseURL && endpoint.models)) continue;
    for (const item of endpoint.models.default ?? []) {
      const id = typeof item === "string" ? item : item.name;
      found.push(
        model(`${endpoint.name}/${id}`, id, endpoint.baseURL, REFERENCE.exec(endpoint.apiKey)?.[1], {
          endpoint: endpoint.name,
          fetch: endpoint.models.fetch ?? false,
          context: endpoint.tokenConfig?.[id]?.context ?? null,
          tokenConfig: endpoint.tokenConfig?.[id] ?? null,
          customParams: endpoint.customParams ?? null,
          addParams: endpoint.addParams ?? null,
          dropParams: endpoint.dropParams ?? null,
        }),
      );
    }
  }
  return found;
}

await report("librechat-data-provider", read);
