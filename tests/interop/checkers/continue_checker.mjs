// What Continue makes of a config.yaml: its own unrolling and validation, then what its core makes of a model.

import { load, model, report } from "./reporting.mjs";

// Unrolling puts where the secret belongs before its name.
const SECRET = /\$\{\{\s*secrets\.(?:[^}\s]*\/)?([\w-]+)\s*\}\}/;

async function read(path) {
  const yaml = await load("@continuedev/config-yaml");
  const registry = new yaml.RegistryClient();
  const { config, errors } = await yaml.unrollAssistant({ uriType: "file", fileUri: path }, registry, {
    renderSecrets: false,
  });
  const all = [...(errors ?? []), ...(config ? yaml.validateConfigYaml(config) : [])];
  const fatal = all.filter((error) => error.fatal);
  if (fatal.length || !config) throw new Error(fatal.map((error) => error.message).join("; ") || "no configuration");
  return (config.models ?? []).filter(Boolean).map((has) => {
    const options = has.defaultCompletionOptions ?? {};
    return model(has.name, has.model, has.apiBase, SECRET.exec(has.apiKey ?? "")?.[1], {
      provider: has.provider,
      roles: has.roles ?? null,
      // null: Continue goes by the model's name
      capabilities: has.capabilities ?? null,
      tool_use: has.capabilities ? has.capabilities.includes("tool_use") : null,
      image_input: has.capabilities ? has.capabilities.includes("image_input") : null,
      contextLength: options.contextLength ?? null,
      maxTokens: options.maxTokens ?? null,
      reasoning: options.reasoning ?? null,
      warnings: all.map((error) => error.message),
      model: has,
    });
  });
}

await report("@continuedev/config-yaml", read);
