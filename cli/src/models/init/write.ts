import { existsSync } from "node:fs";

import { z } from "zod";

import { CliError } from "../../lib/errors.ts";
import type { Flags } from "./interview.ts";

/** @throws CliError if there is a manifest that was not asked to be replaced */
export function assertWritable(path: string, flags: Flags): void {
  if (!existsSync(path) || flags["force"] === true) return;
  throw new CliError(
    "MANIFEST_EXISTS",
    "There is a manifest already",
    { file: path },
    "Give --force to write it anew, or edit it.",
  );
}

/** @throws CliError if the answers together make no manifest */
export function checked<T>(schema: z.ZodType<T>, manifest: unknown): T {
  const parsed = schema.safeParse(manifest);
  if (parsed.success) return parsed.data;
  throw new CliError(
    "MANIFEST_IMPOSSIBLE",
    "The answers do not make a manifest",
    { reason: z.prettifyError(parsed.error).replaceAll("\n", " ") },
    "Correct the options.",
  );
}

/** As it is written. */
export function manifestText(manifest: object): string {
  return `${JSON.stringify(manifest, null, 2)}\n`;
}
