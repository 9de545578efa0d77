import { readFileSync } from "node:fs";

import { claimSchema } from "@assay/keeper";
import { z } from "zod";

import { CliError } from "./lib/errors.ts";

export const claimLineSchema = claimSchema.safeExtend({ truth: z.boolean().exactOptional() });

/** A line of a claims file. `truth` is for measuring and never leaves the machine. */
export type ClaimLine = z.infer<typeof claimLineSchema>;

/** Problems shown at once. */
const SHOWN = 5;

/**
 * Reads a file with one JSON object a line; empty lines are passed over.
 *
 * @throws CliError naming the lines that are not claims
 */
export function readClaims(file: string): ClaimLine[] {
  let content: string;
  try {
    content = readFileSync(file, "utf8");
  } catch (error) {
    throw new CliError(
      "CLAIMS_UNREADABLE",
      "The file of claims cannot be read",
      { file, reason: (error as Error).message },
      "Correct --file or --data.",
    );
  }
  const problems: string[] = [];
  const claims: ClaimLine[] = [];
  for (const [index, line] of content.split(/\r?\n/).entries()) {
    if (line.trim() === "") continue;
    const parsed = parseLine(line);
    if (typeof parsed === "string") problems.push(`line ${index + 1}: ${parsed}`);
    else claims.push(parsed);
  }
  if (problems.length === 0 && claims.length > 0) return claims;
  const more = problems.length > SHOWN ? `; and ${problems.length - SHOWN} more lines` : "";
  throw new CliError(
    "CLAIMS_NOT_VALID",
    problems.length === 0 ? "The file holds no claims" : "The file holds lines that are no claims",
    { file, problems: problems.length === 0 ? undefined : problems.slice(0, SHOWN).join("; ") + more },
    'Write one object a line: {"text": "…", "answer": "…"}, or with "image" or "values" instead of "text", optionally with "id" and "truth" (true or false).',
  );
}

function parseLine(line: string): ClaimLine | string {
  let json: unknown;
  try {
    json = JSON.parse(line);
  } catch (error) {
    return `not JSON, ${(error as Error).message}`;
  }
  const parsed = claimLineSchema.safeParse(json);
  if (parsed.success) return parsed.data;
  return parsed.error.issues.map(({ path, message }) => `${path.join(".") || "line"}: ${message}`).join(", ");
}
