import { existsSync } from "node:fs";
import { join, resolve } from "node:path";
import { parseArgs } from "node:util";

import type { Domain } from "./domains/domain.ts";

export const REPOSITORY = resolve(import.meta.dirname, "../..");

/** Where trained models lie: <domain>/<family>/model.onnx and manifest.json. */
export const MODELS_ROOM = join(REPOSITORY, "models");

/** Where the figures and their plots are written. */
export const DOCS = join(REPOSITORY, "docs");

/** Where the data sets lie if nobody says otherwise: beside the repository. */
const DATA = resolve(REPOSITORY, "../shared/data");

/** Claims of a domain written for this project, one a line, with their truth. */
export function samplesFile(domain: string): string {
  return join(REPOSITORY, "samples", `${domain}-claims.jsonl`);
}

/** The paths of one model. */
export function modelPaths(
  domain: string,
  family: string,
  room = MODELS_ROOM,
): { model: string; manifest: string } {
  const folder = join(room, domain, family);
  return { model: join(folder, "model.onnx"), manifest: join(folder, "manifest.json") };
}

/**
 * `--data DIR`: the folder that holds the data sets, `../shared/data` where there is one. `--domain D` (may be repeated) chooses
 * among `all`. What is missing ends the process and is named.
 */
export function commandLine(
  all: readonly Domain[],
  args: readonly string[] = process.argv.slice(2),
): { directory: string; domains: readonly Domain[] } {
  const { data = existsSync(DATA) ? DATA : undefined, domain } = parseArgs({
    args: [...args],
    options: { data: { type: "string" }, domain: { type: "string", multiple: true } },
  }).values;
  const unknown = domain?.find((name) => all.every((known) => known.name !== name));
  if (unknown !== undefined) {
    return give(`There is no domain ${unknown}: --domain takes ${all.map(({ name }) => name).join(", ")}.`);
  }
  const domains = all.filter(({ name }) => domain === undefined || domain.includes(name));
  if (data === undefined) {
    return give(
      "There is no ../shared/data: --data DIR must name the folder with the data sets that models/README.md describes.",
    );
  }
  const directory = resolve(data);
  const missing = domains.flatMap(({ files }) => files).filter((file) => !existsSync(join(directory, file)));
  if (missing.length > 0)
    return give(`${data} lacks ${missing.join(", ")}: models/README.md says what they are.`);
  return { directory, domains };
}

function give(problem: string): never {
  console.error(problem);
  process.exit(1);
}
