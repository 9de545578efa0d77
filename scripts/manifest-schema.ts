/**
 * `npm run docs:manifest`: writes models/manifest.schema.json, the JSON Schema of a model's manifest. With --check it
 * only says whether the file is up to date.
 */
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";

import { manifestJsonSchema } from "@assay/keeper";
import { format, resolveConfig } from "prettier";

import { ROOT } from "./lib/run.ts";

const NAME = "models/manifest.schema.json";
const path = join(ROOT, NAME);
const made = await format(JSON.stringify(manifestJsonSchema()), {
  ...(await resolveConfig(path)),
  filepath: path,
});
if (!process.argv.includes("--check")) writeFileSync(path, made);
else if (readFileSync(path, "utf8") !== made) {
  console.error(`${NAME} does not tell today's schema: npm run docs:manifest`);
  process.exitCode = 1;
}
