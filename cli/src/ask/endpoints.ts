import { readFileSync } from "node:fs";

import { addressSchema } from "@assay/keeper";
import type { Address } from "viem";
import { z } from "zod";

import { CliError } from "../lib/errors.ts";

const fileSchema = z.record(z.string(), z.url({ protocol: /^https?$/ }));

/**
 * Where operators answer: a JSON object, owner address → URL. The chain knows no addresses of machines; operators tell
 * theirs as they like, and an answer proves by its signature whose it is.
 *
 * @throws CliError naming everything that is wrong
 */
export function readEndpoints(file: string): ReadonlyMap<Address, string> {
  const refuse = (problems: string): CliError =>
    new CliError(
      "ENDPOINTS_NOT_VALID",
      "The file of endpoints cannot be used",
      { file, problems },
      'Write one JSON object, owner address and URL: {"0x70997970C51812dc3A010C7d01b50e0d17dc79C8": "https://keeper.example"}.',
    );
  let json: unknown;
  try {
    json = JSON.parse(readFileSync(file, "utf8"));
  } catch (error) {
    throw refuse((error as Error).message);
  }
  const parsed = fileSchema.safeParse(json);
  if (!parsed.success) throw refuse(z.prettifyError(parsed.error).replaceAll("\n", " "));
  const endpoints = new Map<Address, string>();
  const problems: string[] = [];
  for (const [name, url] of Object.entries(parsed.data)) {
    const owner = addressSchema.safeParse(name);
    if (!owner.success) problems.push(`${name} is no address`);
    else if (endpoints.has(owner.data)) problems.push(`${name} is there twice`);
    else endpoints.set(owner.data, url);
  }
  if (endpoints.size === 0) problems.push("it names no operator");
  if (problems.length > 0) throw refuse(problems.join("; "));
  return endpoints;
}
