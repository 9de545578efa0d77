/**
 * Writes what an operator with a scikit-learn pipeline has before reading our pages: an exported model, and claims with
 * known truth.
 *
 *   node writeSklearn.ts FOLDER [zipmap] [locale=NAME] [int64]
 */
import { writeFileSync } from "node:fs";
import { join } from "node:path";

import { sklearnClaims, sklearnModel } from "./sklearn.ts";

const [folder = ".", ...flags] = process.argv.slice(2);
const locale = flags.find((flag) => flag.startsWith("locale="))?.slice("locale=".length);
const bytes = sklearnModel({
  zipMap: flags.includes("zipmap"),
  labels: flags.includes("int64") ? "int64" : "string",
  ...(locale !== undefined && { locale }),
});
writeFileSync(join(folder, "export.onnx"), bytes);
writeFileSync(
  join(folder, "claims.jsonl"),
  sklearnClaims(600)
    .map((claim) => `${JSON.stringify(claim)}\n`)
    .join(""),
);
