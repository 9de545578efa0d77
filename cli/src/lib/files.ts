import { writeFileSync } from "node:fs";

import { CliError } from "./errors.ts";

/** @throws CliError if the file cannot be written */
export function writeText(file: string, text: string): void {
  try {
    writeFileSync(file, text);
  } catch (error) {
    throw new CliError(
      "FILE_NOT_WRITTEN",
      "A file cannot be written",
      { file, reason: (error as Error).message },
      "Name a folder that exists and that you may write to.",
    );
  }
}
