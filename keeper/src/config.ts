import { readFileSync } from "node:fs";
import { dirname, isAbsolute, resolve } from "node:path";

import { isHex, type Hex } from "viem";
import { z } from "zod";

import { addressSchema, contractsSchema } from "./chain/addresses.ts";
import { BLOCK_RANGE } from "./chain/reads.ts";
import { AssayError } from "./lib/errors.ts";
import { LOG_LEVELS } from "./lib/logger.ts";
import { Secret } from "./lib/secret.ts";
import { INFERENCE_DEFAULTS } from "./model/session.ts";
import { REMOTE_TOKEN_VARIABLE, remoteSchema } from "./remote/config.ts";
import { watchesSchema } from "./watches/config.ts";

const httpUrl = z.url({ protocol: /^https?$/ });

/** The one table of a keeper's configuration: name, type, default, unit. docs/operators.md is made from it. */
export const configSchema = z.strictObject({
  rpcUrl: z.url({ protocol: /^(https?|wss?)$/ }).describe("Endpoint of the chain: http(s):// or ws(s)://"),
  chainId: z.int().positive().describe("Chain id; the endpoint must answer the same"),
  contracts: contractsSchema.describe(
    "Addresses of the deployment; `CloneRegistry` and `PerformanceLedger` only for the watches `clones`, `metrics` and `posts`",
  ),
  startBlock: z.int().nonnegative().default(0).describe("First block that is read"),
  blockRange: z
    .int()
    .min(1)
    .max(100_000)
    .default(Number(BLOCK_RANGE))
    .describe("Most blocks asked for events at once; public endpoints often allow fewer"),
  confirmations: z
    .int()
    .min(0)
    .max(100)
    .default(1)
    .describe("Blocks a request must be deep before it is acted on"),
  pollMs: z.int().min(50).max(60_000).default(2_000).describe("Milliseconds between two looks at the chain"),
  owner: addressSchema.describe("Owner address of the operator; votes bind to it"),
  domain: z
    .strictObject({
      id: z.int().min(1).max(65_535).describe("Number on the chain"),
      name: z.string().min(1).max(64).describe("Name in payloads and model manifests"),
    })
    .describe("Domain this keeper votes in: number on the chain and name in payloads"),
  model: z.string().min(1).describe("Path of the model's manifest.json, relative to this file"),
  remote: remoteSchema.exactOptional(),
  inference: z
    .strictObject({
      memoryMb: z
        .int()
        .min(256)
        .max(65_536)
        .default(INFERENCE_DEFAULTS.memoryMb)
        .describe(
          "MiB the model's process may hold before it is ended and started again; a batch that needs more is judged in parts",
        ),
      loadMs: z
        .int()
        .min(1_000)
        .max(600_000)
        .default(INFERENCE_DEFAULTS.loadMs)
        .describe("Milliseconds to load the model and try it once"),
      deadlineMs: z
        .int()
        .min(100)
        .max(600_000)
        .default(INFERENCE_DEFAULTS.deadlineMs)
        .describe("Milliseconds for a batch, after which its claims get the base rate"),
      requestMs: z
        .int()
        .min(100)
        .max(600_000)
        .default(INFERENCE_DEFAULTS.requestMs)
        .describe(
          "Milliseconds for all claims of a request, waiting counted in; what is not judged by then gets the base rate",
        ),
      batch: z
        .int()
        .min(1)
        .max(256)
        .default(INFERENCE_DEFAULTS.batch)
        .describe("Most claims that are judged together; requests that wait together share batches"),
    })
    .prefault({})
    .describe("How the model is run, in a process of its own"),
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
      ipfsGateways: z.array(httpUrl).default([]).describe("Gateways for ipfs:// payloads"),
      mirrors: z.array(httpUrl).default([]).describe("Stores asked for a payload by its hash as well"),
      deadlineMs: z
        .int()
        .min(100)
        .max(600_000)
        .default(20_000)
        .describe("Milliseconds for all mirrors together"),
    })
    .prefault({})
    .describe("How payloads are fetched"),
  watches: watchesSchema,
  metrics: z
    .strictObject({
      host: z
        .string()
        .min(1)
        .default("127.0.0.1")
        .describe("Address it listens on; it asks nobody who they are"),
      port: z
        .int()
        .min(0)
        .max(65_535)
        .default(9_464)
        .describe("Port; 0 takes a free one, the log says which"),
    })
    .exactOptional()
    .describe("Serves GET /metrics for Prometheus and GET /healthz; off if left out"),
  ask: z
    .strictObject({
      host: z.string().min(1).default("127.0.0.1").describe("Address it listens on; put TLS in front of it"),
      port: z
        .int()
        .min(0)
        .max(65_535)
        .default(9_474)
        .describe("Port; 0 takes a free one, the log says which"),
      anyClaims: z
        .boolean()
        .default(false)
        .describe(
          "Whether claims of no request are answered as well: whoever asks enough learns what the model knows",
        ),
      deadlineMs: z
        .int()
        .min(100)
        .max(600_000)
        .default(20_000)
        .describe("Milliseconds for an answer, after which the question is refused"),
    })
    .exactOptional()
    .describe(
      "Answers questions directly at POST /ask, never before the own vote is public; off if left out",
    ),
  log: z
    .strictObject({
      level: z.enum(LOG_LEVELS).default("info").describe("Least important level that is written"),
      format: z.enum(["json", "pretty"]).default("json").describe("For machines, or for a person"),
    })
    .prefault({})
    .describe("Logging"),
});

/** The same table as JSON schema, as a person writes it, for documents. */
export function describeConfig(): unknown {
  return z.toJSONSchema(configSchema, { io: "input", unrepresentable: "any" });
}

/** Environment variable with the hot key: 32 bytes in hexadecimal. Never in the file. */
export const HOT_KEY_VARIABLE = "ASSAY_HOT_KEY";

/** The same for `assay watch`, which must not share a key with a keeper: their transactions would replace each other. */
export const WATCH_KEY_VARIABLE = "ASSAY_WATCH_KEY";

export type Config = z.infer<typeof configSchema> & {
  readonly hotKey: Secret<Hex>;
  /** For the inference server. */
  readonly remoteToken?: Secret;
};

/** What a watch without a keeper needs; an operator's `keeper.json` is one, too. */
const watchConfigSchema = configSchema.partial({ owner: true, model: true });

export type WatchConfig = z.infer<typeof watchConfigSchema> & Pick<Config, "hotKey" | "remoteToken">;

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
  const { data, hotKey } = readWithKey(configSchema, path, HOT_KEY_VARIABLE, environment);
  const absolute = beside(path);
  return {
    ...data,
    model: absolute(data.model),
    database: absolute(data.database),
    hotKey,
    ...tokenOf(environment),
  };
}

/**
 * Reads the configuration of `assay watch`: a keeper's, in which `owner` and `model` may be missing.
 *
 * @throws ConfigError naming every problem
 */
export function readWatchConfig(path: string, environment: NodeJS.ProcessEnv = process.env): WatchConfig {
  const { data, hotKey } = readWithKey(watchConfigSchema, path, WATCH_KEY_VARIABLE, environment);
  const absolute = beside(path);
  const { model, database, ...rest } = data;
  return {
    ...rest,
    ...(model !== undefined && { model: absolute(model) }),
    database: absolute(database),
    hotKey,
    ...tokenOf(environment),
  };
}

function beside(path: string): (file: string) => string {
  const base = dirname(resolve(path));
  return (file) => (isAbsolute(file) ? file : resolve(base, file));
}

function readWithKey<T>(
  schema: z.ZodType<T>,
  path: string,
  variable: string,
  environment: NodeJS.ProcessEnv,
): { data: T; hotKey: Secret<Hex> } {
  const parsed = schema.safeParse(readJson(path));
  const key = environment[variable];
  const problems = problemsOf(parsed, environment);
  if (!isPrivateKey(key)) {
    problems.push(
      `${variable} must hold 32 bytes in hexadecimal, it is ${key === undefined ? "not set" : "something else"}`,
    );
  }
  if (!parsed.success || problems.length > 0) throw new ConfigError(path, problems.join("; "));
  return { data: parsed.data, hotKey: new Secret(key as Hex) };
}

/** How a keeper runs its model: the part of a configuration that needs no chain and no key. */
export type RunConfig = Pick<Config, "inference" | "remote" | "remoteToken">;

/**
 * Reads how a model is run from a keeper's configuration, or from a file with nothing else in it.
 *
 * @param path undefined: as keepers run a model file unless they are told otherwise
 * @throws ConfigError naming every problem
 */
export function readRunConfig(path?: string, environment: NodeJS.ProcessEnv = process.env): RunConfig {
  if (path === undefined) return { inference: INFERENCE_DEFAULTS };
  const parsed = configSchema.partial().safeParse(readJson(path));
  const problems = problemsOf(parsed, environment);
  if (!parsed.success || problems.length > 0) throw new ConfigError(path, problems.join("; "));
  const { inference = INFERENCE_DEFAULTS, remote } = parsed.data;
  return { inference, ...(remote !== undefined && { remote }), ...tokenOf(environment) };
}

function readJson(path: string): unknown {
  try {
    return JSON.parse(readFileSync(path, "utf8"));
  } catch (error) {
    // The parser's own words repeat the text around the mistake, which may be a key.
    const reason = error instanceof SyntaxError ? "it is not JSON" : String(error);
    throw new ConfigError(path, reason);
  }
}

/** What is wrong with the file, and with the token of the environment. */
function problemsOf(parsed: z.ZodSafeParseResult<unknown>, environment: NodeJS.ProcessEnv): string[] {
  const problems = parsed.success ? [] : [z.prettifyError(parsed.error).replaceAll("\n", " ")];
  const token = environment[REMOTE_TOKEN_VARIABLE];
  if (token !== undefined && !/^[\x21-\x7e]{6,4096}$/.test(token))
    problems.push(
      `${REMOTE_TOKEN_VARIABLE} must hold 6 to 4096 characters of printable ASCII without spaces`,
    );
  return problems;
}

function tokenOf(environment: NodeJS.ProcessEnv): Pick<Config, "remoteToken"> {
  const token = environment[REMOTE_TOKEN_VARIABLE];
  return token === undefined ? {} : { remoteToken: new Secret(token) };
}

/** Order of secp256k1; a private key is below it and not zero. */
const ORDER = 0xfffffffffffffffffffffffffffffffebaaedce6af48a03bbfd25e8cd0364141n;

function isPrivateKey(key: string | undefined): key is Hex {
  return isHex(key) && key.length === 66 && BigInt(key) > 0n && BigInt(key) < ORDER;
}

/** Keys, and the parts of addresses that are access keys: they stay out of every log. */
export function secretsOf({
  rpcUrl,
  hotKey,
  remoteToken,
  payload: { mirrors, ipfsGateways },
}: Pick<Config, "rpcUrl" | "hotKey" | "remoteToken" | "payload">): Secret<string>[] {
  const keys = new Set([rpcUrl, ...mirrors, ...ipfsGateways].flatMap(keysOf));
  return [
    hotKey,
    ...(remoteToken === undefined ? [] : [remoteToken]),
    ...[...keys].map((key) => new Secret(key)),
  ];
}

/** Who somebody is at an endpoint, and the parts of its address that are long enough to be a key. */
function keysOf(address: string): string[] {
  const { username, password, pathname, search } = new URL(address);
  const [name, word] = [unescaped(username), unescaped(password)];
  // Together as well: a short word alone would eat ordinary ones, see SHORTEST_SCRUBBED.
  const person = [username, password, name, word, `${username}:${password}`, `${name}:${word}`];
  // Shorter parts are words of a path, such as rpc/mainnet.
  const parts = [search.slice(1), ...pathname.split("/")].filter((part) => part.length >= 16);
  return [...person, ...parts].filter((part) => part.length > 1);
}

function unescaped(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}
