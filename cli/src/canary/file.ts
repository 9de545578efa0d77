import { chmodSync, readFileSync, writeFileSync } from "node:fs";

import { addressSchema } from "@assay/keeper";
import { isHex, type Hex } from "viem";
import { z } from "zod";

import { claimLineSchema } from "../claims.ts";
import { CliError } from "../lib/errors.ts";
import { toJson } from "../lib/output.ts";

const wordSchema = z.custom<Hex>((value) => isHex(value) && value.length === 66, {
  error: "0x and 64 hexadecimal digits",
});

const canarySchema = z.strictObject({
  claims: z
    .array(claimLineSchema.safeExtend({ truth: z.boolean() }))
    .min(1)
    .max(256),
  payloadHash: wordSchema,
  /** Opens the canary: who knows it can tell that the request is one. */
  salt: wordSchema,
  /** What the request carries as sealed note. */
  note: wordSchema,
});

const fileSchema = z.strictObject({
  version: z.literal(1),
  chainId: z.int().positive(),
  contract: addressSchema,
  domain: z.strictObject({ id: z.int().positive(), name: z.string() }),
  inspector: addressSchema,
  requester: addressSchema,
  canaries: z.array(canarySchema).min(1).max(256),
});

/** One canary with its answers, before and after anybody may know of it. */
export type Canary = z.infer<typeof canarySchema>;

/** A batch with everything that opens it. What became of it is on the chain. */
export type CanaryFile = z.infer<typeof fileSchema>;

/** Writes a new file that only its owner can read. It is never written again, so it can be copied to a safe place at once. */
export function writeCanaries(path: string, file: CanaryFile): void {
  try {
    // `wx`: salts that were registered must never be overwritten.
    writeFileSync(path, `${toJson(file)}\n`, { mode: 0o600, flag: "wx" });
    chmodSync(path, 0o600);
  } catch (error) {
    throw new CliError(
      "FILE_NOT_WRITTEN",
      "The file of canaries cannot be written",
      { file: path, reason: (error as Error).message },
      "Name a new file in a folder that you may write to; a file that is there is never overwritten.",
    );
  }
}

/** @throws CliError if it cannot be read, or is none */
export function readCanaries(path: string): CanaryFile {
  let json: unknown;
  try {
    json = JSON.parse(readFileSync(path, "utf8"));
  } catch (error) {
    throw new CliError(
      "CANARIES_UNREADABLE",
      "The file of canaries cannot be read",
      { file: path, reason: (error as Error).message },
      "Name the file that assay canary prepare wrote.",
    );
  }
  const parsed = fileSchema.safeParse(json);
  if (parsed.success) return parsed.data;
  const problems = parsed.error.issues.map(
    ({ path: at, message }) => `${at.join(".") || "file"}: ${message}`,
  );
  throw new CliError(
    "CANARIES_NOT_VALID",
    "The file is none of canaries",
    { file: path, problems: problems.slice(0, 5).join("; ") },
    "Name the file that assay canary prepare wrote.",
  );
}
