import { existsSync } from "node:fs";
import { join, resolve } from "node:path";
import { parseArgs } from "node:util";

import { DATA_FILES } from "./data.ts";

const REPOSITORY = resolve(import.meta.dirname, "../..");

/** Where trained models lie: <family>/model.onnx and <family>/manifest.json. */
export const MODELS_DIRECTORY = join(REPOSITORY, "models/grounded");

/** What report.ts measured last. */
export const REPORT_FILE = join(MODELS_DIRECTORY, "report.json");

/** Claims written for this project: one {id, text, answer, truth} per line. */
export const SAMPLES_FILE = join(REPOSITORY, "samples/grounded-claims.jsonl");

/** The paths of one family below `directory`. */
export function modelPaths(
  family: string,
  directory = MODELS_DIRECTORY,
): { model: string; manifest: string } {
  return { model: join(directory, family, "model.onnx"), manifest: join(directory, family, "manifest.json") };
}

/** `--data DIR`: the folder with the data set, or with begin-wow/. Without it the process ends and says what is missing. */
export function dataDirectory(): string {
  const { data } = parseArgs({ options: { data: { type: "string" } } }).values;
  const folders = data === undefined ? [] : [resolve(data), resolve(data, "begin-wow")];
  const found = folders.find((folder) => DATA_FILES.every((file) => existsSync(join(folder, file))));
  if (found !== undefined) return found;
  console.error(
    `${data === undefined ? "No data set is named" : `The data set is not in ${data}`}: ` +
      `--data DIR must name the folder with ${DATA_FILES.join(" and ")}; models/README.md says what they are.`,
  );
  process.exit(1);
}
