// The one document that a checker prints; see reporting.py.

import { createRequire } from "node:module";
import { pathToFileURL } from "node:url";
import { join } from "node:path";
import { readFileSync } from "node:fs";

const folder = process.env.MUSTER_TOOL_FOLDER;
const require = createRequire(join(folder, "package.json"));

/** The tool's package, from its own environment and not from beside this file. */
export const load = (name) => import(pathToFileURL(require.resolve(name)).href);

export const version = (name) =>
  JSON.parse(readFileSync(join(folder, "node_modules", name, "package.json"), "utf8")).version;

export const model = (entry, modelId, baseUrl, keyReference, values) => ({
  entry,
  model_id: modelId,
  base_url: baseUrl ?? null,
  key_reference: keyReference ?? null,
  values,
});

/** Prints what `read` makes of the file in the first argument. */
export async function report(name, read) {
  let found;
  try {
    found = { version: version(name), models: await read(process.argv[2]) };
  } catch (error) {
    found = { error: String(error?.message ?? error) };
  }
  process.stdout.write(`${JSON.stringify(found)}\n`);
}
