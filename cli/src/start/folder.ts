import { existsSync, mkdirSync, readdirSync, rmSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";

import { CliError } from "../lib/errors.ts";

/** A file of this name says that the folder was made here and may be emptied. */
export const MARK = ".assay-network";

/** What a network that was brought up before there were marks left behind. */
const TRACES = ["chain.log", "deploy.log", "deployment.json"];

/**
 * An empty folder for a network. What an earlier network left there is deleted; a folder that holds anything else is
 * refused, because it is somebody's own.
 *
 * @throws CliError
 */
export function emptyFolder(folder: string): void {
  const isThere = existsSync(folder);
  if (isThere && !isOurs(folder)) {
    throw new CliError(
      "FOLDER_NOT_OURS",
      "The folder of the local network holds something else",
      { folder, allowed: `no such folder yet, an empty one, or one with a file ${MARK}` },
      "Name another folder with --folder; everything in the folder of a local network is deleted at its next start.",
    );
  }
  if (isThere) rmSync(folder, { recursive: true });
  mkdirSync(folder, { recursive: true });
  writeFileSync(join(folder, MARK), "Made by assay start, which empties this folder.\n");
}

function isOurs(folder: string): boolean {
  if (!statSync(folder).isDirectory()) return false;
  const names = readdirSync(folder);
  return names.length === 0 || names.includes(MARK) || TRACES.every((name) => names.includes(name));
}
