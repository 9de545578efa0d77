import { readFileSync } from "node:fs";
import { dirname, isAbsolute, resolve } from "node:path";

import { isAddress, isHex, type Address, type Hex } from "viem";
import { z } from "zod";

import { contractsSchema } from "./chain/addresses.ts";
import { AssayError } from "./lib/errors.ts";
import { LOG_LEVELS } from "./lib/logger.ts";
import { Secret } from "./lib/secret.ts";

const address = z.custom<Address>((value) => typeof value === "string" && isAddress(value), {
  error: "a 20-byte address in hexadecimal",
});

/** The one table of a keeper's configuration: name, type, default, unit. docs/operators.md is made from it. */
export const configSchema = z.strictObject({
  rpcUrl: z.url({ protocol: /^(https?|wss?)$/ }).describe("Endpoint of the chain: http(s):// or ws(s)://"),
  chainId: z.int().positive().describe("Chain id; the endpoint must answer the same"),
  contracts: contractsSchema.describe("Addresses of the deployment"),
  startBlock: z.int().nonnegative().default(0).describe("First block that is read"),
  confirmations: z
    .int()
    .min(0)
    .max(100)
    .default(1)
    .describe("Blocks a request must be deep before it is acted on"),
  pollMs: z.int().min(50).max(60_000).default(2_000).describe("Milliseconds between two looks at the chain"),
  owner: address.describe("Owner address of the operator; votes bind to it"),
  domain: z
    .strictObject({ id: z.int().min(1).max(65_535), name: z.string().min(1).max(64) })
    .describe("Domain this keeper votes in: number on the chain and name in payloads"),
  model: z.string().min(1).describe("Path of the model's manifest.json, relative to this file"),
  database: z.string().min(1).describe("Path of the SQLite file, relative to this file"),
  spread: z
    .number()
    .min(0)
    .max(3_600)
    .default(30)
    .describe("Seconds over which duties anyone may do are spread"),
  minOutcomes: z.int().min(1).max(48).default(1).describe("Outcomes a tape must hold before it is posted"),
  payload: z
    .strictObject({
      allowPrivate: z.boolean().default(false).describe("Whether payloads may come from private addresses"),
      allowedHosts: z.array(z.string()).default([]).describe("host:port that may be private all the same"),
      ipfsGateways: z.array(z.string()).default([]).describe("Gateways for ipfs:// payloads"),
      mirrors: z.array(z.string()).default([]).describe("Stores asked for a payload by its hash as well"),
      deadlineMs: z
        .int()
        .min(100)
        .max(600_000)
        .default(20_000)
        .describe("Milliseconds for all mirrors together"),
    })
    .prefault({})
    .describe("How payloads are fetched"),
  log: z
    .strictObject({
      level: z.enum(LOG_LEVELS).default("info"),
      format: z.enum(["json", "pretty"]).default("json"),
    })
    .prefault({})
    .describe("Logging"),
});

/** Environment variable with the hot key: 32 bytes in hexadecimal. Never in the file. */
export const HOT_KEY_VARIABLE = "ASSAY_HOT_KEY";

export type Config = z.infer<typeof configSchema> & { readonly hotKey: Secret<Hex> };

/** The configuration cannot be used; all problems at once. */
export class ConfigError extends AssayError<"CONFIG_INVALID", { path: string; problems: string }> {
  constructor(path: string, problems: string, cause?: unknown) {
    super({
      code: "CONFIG_INVALID",
      message: `The configuration ${path} cannot be used: ${problems}`,
      data: { path, problems },
      advice: "docs/operators.md lists every field with its type, unit and default.",
      retryable: false,
      cause,
    });
  }
}

/**
 * Reads a keeper's configuration from one JSON file and the environment. Relative paths are relative to the file.
 *
 * @throws ConfigError naming every problem
 */
export function readConfig(path: string, environment: NodeJS.ProcessEnv = process.env): Config {
  let json: unknown;
  try {
    json = JSON.parse(readFileSync(path, "utf8"));
  } catch (error) {
    throw new ConfigError(path, String(error), error);
  }
  const parsed = configSchema.safeParse(json);
  const key = environment[HOT_KEY_VARIABLE];
  const problems: string[] = [];
  if (!parsed.success) problems.push(z.prettifyError(parsed.error).replaceAll("\n", " "));
  if (key === undefined || !isHex(key) || key.length !== 66) {
    problems.push(
      `${HOT_KEY_VARIABLE} must hold 32 bytes in hexadecimal, it is ${key === undefined ? "not set" : "something else"}`,
    );
  }
  if (!parsed.success || problems.length > 0) throw new ConfigError(path, problems.join("; "));
  const base = dirname(resolve(path));
  const absolute = (file: string): string => (isAbsolute(file) ? file : resolve(base, file));
  return {
    ...parsed.data,
    model: absolute(parsed.data.model),
    database: absolute(parsed.data.database),
    hotKey: new Secret(key as Hex),
  };
}
