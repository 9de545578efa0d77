/** Sections of a document that are made from something else, between two marks. */
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";

import { format, resolveConfig } from "prettier";

import { ROOT } from "./run.ts";

export interface Section {
  readonly begin: string;
  readonly end: string;
  readonly text: string;
}

function replaced(path: string, document: string, { begin, end, text }: Section): string {
  const from = document.indexOf(begin);
  const to = document.indexOf(end, from);
  if (from === -1 || to === -1) throw new Error(`${path} has no place for ${begin} … ${end}`);
  return `${document.slice(0, from + begin.length)}\n\n${text}\n\n${document.slice(to)}`;
}

/** Writes the sections into a document; with `--check` on the command line it only says whether they are up to date. */
export async function writeSections(
  name: string,
  sections: readonly Section[],
  stale: string,
): Promise<void> {
  const path = join(ROOT, name);
  const before = readFileSync(path, "utf8");
  const made = sections.reduce((document, section) => replaced(name, document, section), before);
  const after = await format(made, { ...(await resolveConfig(path)), filepath: path });
  if (!process.argv.includes("--check")) writeFileSync(path, after);
  else if (after !== before) {
    console.error(`${name} ${stale}`);
    process.exitCode = 1;
  }
}
