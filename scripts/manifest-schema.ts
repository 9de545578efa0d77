/**
 * `npm run docs:manifest`: writes the JSON Schemas of the manifests of models into models/. With --check it only says
 * whether the files are up to date.
 */
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";

import { chatManifestJsonSchema, manifestJsonSchema } from "@assay/keeper";
import { format, resolveConfig } from "prettier";

import { ROOT } from "./lib/run.ts";

for (const [name, schema] of [
  ["models/manifest.schema.json", manifestJsonSchema()],
  ["models/chat-manifest.schema.json", chatManifestJsonSchema()],
] as const) {
  const path = join(ROOT, name);
  const made = await format(JSON.stringify(schema), { ...(await resolveConfig(path)), filepath: path });
  if (!process.argv.includes("--check")) writeFileSync(path, made);
  else if (readFileSync(path, "utf8") !== made) {
    console.error(`${name} does not tell today's schema: npm run docs:manifest`);
    process.exitCode = 1;
  }
}
