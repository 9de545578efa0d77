import { join, resolve } from "node:path";
import { parseArgs } from "node:util";

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

/** `--data DIR`: the folder with begin-wow/; relative paths start where the command was given. */
export function dataDirectory(): string {
  const { values } = parseArgs({ options: { data: { type: "string" } } });
  return values.data === undefined ? join(REPOSITORY, "../shared/data") : resolve(values.data);
}
