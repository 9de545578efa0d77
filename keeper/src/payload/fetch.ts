import { Agent, request, type Dispatcher } from "undici";
import type { Hex } from "viem";
import { AssayError, isRetryable } from "../lib/errors.ts";
import { silentLogger, type Logger } from "../lib/logger.ts";
import { printable } from "../lib/printable.ts";
import { DeadlineError, retry, withDeadline } from "../lib/retry.ts";
import { checkTarget, type AddressPolicy, type CheckedTarget, type Lookup } from "./addressGuard.ts";
import { decodeDataUri } from "./dataUri.ts";
import { directConnector, pinned, type Connector } from "./pinned.ts";
import { hashPayload, parsePayload, PayloadError, PAYLOAD_LIMITS, type Payload } from "./schema.ts";

export type FetchLimits = {
  /** Most bytes of a payload. */
  readonly maxBytes: number;
  /** Time for one attempt at one mirror, redirects included, in milliseconds. */
  readonly attemptMs: number;
  /** Time for everything, in milliseconds. */
  readonly deadlineMs: number;
  /** How often the list of mirrors is gone through. */
  readonly rounds: number;
  /** Redirects followed in one attempt. */
  readonly maxRedirects: number;
  /** Mirrors looked at; more are ignored. */
  readonly maxMirrors: number;
};

export const DEFAULT_FETCH_LIMITS: FetchLimits = {
  maxBytes: PAYLOAD_LIMITS.bytes,
  attemptMs: 5_000,
  deadlineMs: 20_000,
  rounds: 3,
  maxRedirects: 3,
  maxMirrors: 16,
};

export type FetchPolicy = AddressPolicy & {
  /** Base URLs such as `https://gateway.example`; each is a mirror of its own. Empty: ipfs:// is refused. */
  readonly ipfsGateways: readonly string[];
};

export const DEFAULT_FETCH_POLICY: FetchPolicy = { allowPrivate: false, allowedHosts: [], ipfsGateways: [] };

export type FetchPayloadOptions = {
  /** Mirrors of one another, tried in order. */
  uris: readonly string[];
  /** keccak256 of the payload's bytes, as the chain has it. */
  hash: Hex;
  limits?: Partial<FetchLimits>;
  policy?: Partial<FetchPolicy>;
  signal?: AbortSignal | undefined;
  log?: Logger;
  lookup?: Lookup;
  connector?: Connector;
};

export type FetchedPayload = {
  readonly payload: Payload;
  /** The canonical bytes; their hash is the one asked for. */
  readonly bytes: Uint8Array;
  /** The URI that gave them. */
  readonly uri: string;
};

export type FetchErrorCode =
  | "SCHEME_NOT_ALLOWED"
  | "NO_IPFS_GATEWAY"
  | "IPFS_URI_NOT_VALID"
  | "TOO_MANY_REDIRECTS"
  | "REDIRECT_NOT_VALID"
  | "STATUS_NOT_OK"
  | "ENCODING_NOT_ALLOWED"
  | "ANSWER_TOO_BIG"
  | "ANSWER_TOO_SLOW"
  | "CONNECTION_FAILED"
  | "HASH_MISMATCH";

/** Why one mirror did not give the payload. */
export class PayloadFetchError extends AssayError<
  FetchErrorCode,
  { uri: string; given: string | number; allowed: string | number }
> {
  constructor(
    code: FetchErrorCode,
    message: string,
    { uri, given, allowed }: { uri: string; given: string | number; allowed: string | number },
    {
      advice = ADVICE_MIRROR,
      retryable = false,
      cause,
    }: { advice?: string; retryable?: boolean; cause?: unknown } = {},
  ) {
    super({ code, message, data: { uri: shortUri(uri), given, allowed }, advice, retryable, cause });
  }
}

const ADVICE_MIRROR = "Nothing to do if another mirror has the payload; else tell the requester.";

export type MirrorFailure = { readonly uri: string; readonly code: string; readonly message: string };

/** No mirror gave the payload. Retryable while at least one of them may still do so. */
export class PayloadUnavailableError extends AssayError<
  "PAYLOAD_UNAVAILABLE",
  { hash: Hex; failures: readonly MirrorFailure[] }
> {
  constructor(hash: Hex, failures: readonly MirrorFailure[], retryable: boolean, cause?: unknown) {
    super({
      code: "PAYLOAD_UNAVAILABLE",
      message: "No mirror gave the payload",
      data: { hash, failures },
      advice: retryable
        ? "It may come back: try again while the request is open."
        : "These mirrors will not give it: tell the requester.",
      retryable,
      cause,
    });
  }
}

/**
 * Gets the payload with this hash from the first mirror that has it. The URIs are a stranger's words: see
 * {@link checkTarget} for where we go, {@link FetchLimits} for how much and how long. The hash is checked before a
 * single byte is read as JSON.
 *
 * @throws PayloadUnavailableError if no mirror has it in time
 * @throws PayloadError if the bytes with this hash are no payload: then no mirror can help
 */
export async function fetchPayload(options: FetchPayloadOptions): Promise<FetchedPayload> {
  const { hash, signal, log = silentLogger, lookup, connector = directConnector } = options;
  const limits = { ...DEFAULT_FETCH_LIMITS, ...options.limits };
  const policy = { ...DEFAULT_FETCH_POLICY, ...options.policy };
  const failures = new Map<string, unknown>();
  let mirrors = options.uris.slice(0, limits.maxMirrors).flatMap((uri) => mirrorsOf(uri, policy, failures));

  const goThroughMirrors = async (signal: AbortSignal): Promise<FetchedPayload> => {
    for (const mirror of mirrors) {
      try {
        const bytes = await fetchMirror(mirror, { limits, policy, lookup, connector, signal });
        checkHash(bytes, hash, mirror.uri);
        return { bytes, uri: mirror.uri, payload: parsePayload(bytes) };
      } catch (error) {
        signal.throwIfAborted();
        // The right hash but no payload: that is the request's fault, not this mirror's.
        if (error instanceof PayloadError || !(error instanceof AssayError)) throw error;
        failures.set(mirror.url, error);
        log.debug("payload mirror failed", { uri: shortUri(mirror.url), error });
      }
    }
    mirrors = mirrors.filter(({ url }) => isRetryable(failures.get(url)));
    throw new PayloadUnavailableError(hash, tell(failures), mirrors.length > 0);
  };

  try {
    return await retry(({ signal }) => goThroughMirrors(signal), {
      task: "fetch payload",
      attempts: limits.rounds,
      deadlineMs: limits.deadlineMs,
      signal,
    });
  } catch (error) {
    if (!(error instanceof DeadlineError) || signal?.aborted) throw error;
    throw new PayloadUnavailableError(hash, tell(failures), true, error);
  }
}

function checkHash(bytes: Uint8Array, hash: Hex, uri: string): void {
  const given = hashPayload(bytes);
  if (given !== hash.toLowerCase()) {
    throw new PayloadFetchError("HASH_MISMATCH", "The mirror gave other bytes than asked for", {
      uri,
      given,
      allowed: hash,
    });
  }
}

function tell(failures: ReadonlyMap<string, unknown>): MirrorFailure[] {
  return [...failures].map(([uri, error]) => ({
    uri: shortUri(uri),
    code: error instanceof AssayError ? error.code : "UNFORESEEN",
    message: error instanceof Error ? error.message : String(error),
  }));
}

function shortUri(uri: string): string {
  return printable(uri, 200);
}

/** `uri` as given, `url` as fetched: the same, but for ipfs:// behind a gateway. */
type Mirror = { readonly uri: string; readonly url: string };

function mirrorsOf(uri: string, policy: FetchPolicy, failures: Map<string, unknown>): Mirror[] {
  const scheme = /^([a-z][a-z0-9+.-]*):/i.exec(uri)?.[1]?.toLowerCase() ?? "";
  if (scheme === "data" || scheme === "http" || scheme === "https") return [{ uri, url: uri }];
  if (scheme !== "ipfs") {
    const allowed = "data, https, http, ipfs";
    const message = "The URI has a scheme that is not fetched";
    failures.set(uri, new PayloadFetchError("SCHEME_NOT_ALLOWED", message, { uri, given: scheme, allowed }));
    return [];
  }
  const path = ipfsPath(uri);
  if (path === undefined) {
    const message = "The ipfs URI has no readable content identifier or path";
    const allowed = "ipfs://<cid>[/path]";
    failures.set(
      uri,
      new PayloadFetchError("IPFS_URI_NOT_VALID", message, { uri, given: shortUri(uri), allowed }),
    );
    return [];
  }
  if (policy.ipfsGateways.length === 0) {
    const message = "No IPFS gateway is configured";
    const about = { uri, given: 0, allowed: "at least one gateway" };
    const advice = "Configure an IPFS gateway, e.g. the one of your own node.";
    failures.set(uri, new PayloadFetchError("NO_IPFS_GATEWAY", message, about, { advice }));
    return [];
  }
  return policy.ipfsGateways.map((gateway) => ({ uri, url: `${gateway.replace(/\/+$/, "")}/ipfs/${path}` }));
}

/** Content identifier and path, with nothing in it that could climb out of `/ipfs/` on the gateway. */
function ipfsPath(uri: string): string | undefined {
  const path = uri.slice("ipfs://".length);
  if (!/^ipfs:\/\/[A-Za-z0-9]{32,128}(?:\/[A-Za-z0-9._~-]+)*$/i.test(uri)) return undefined;
  return path.split("/").some((part) => part === "." || part === "..") ? undefined : path;
}

type MirrorContext = {
  limits: FetchLimits;
  policy: FetchPolicy;
  lookup: Lookup | undefined;
  connector: Connector;
  signal: AbortSignal;
};

async function fetchMirror({ uri, url }: Mirror, context: MirrorContext): Promise<Uint8Array> {
  if (/^data:/i.test(url)) return decodeDataUri(url, context.limits.maxBytes);
  const ms = context.limits.attemptMs;
  try {
    return await withDeadline({ task: "fetch from mirror", ms, signal: context.signal }, (signal) =>
      followRedirects(url, { ...context, signal }),
    );
  } catch (error) {
    context.signal.throwIfAborted();
    if (error instanceof DeadlineError) {
      const about = { uri, given: `not finished after ${ms} ms`, allowed: `${ms} ms` };
      const message = "The mirror did not finish in time";
      throw new PayloadFetchError("ANSWER_TOO_SLOW", message, about, { retryable: true, cause: error });
    }
    if (error instanceof AssayError) throw error;
    const reason = error instanceof Error ? error.message : String(error);
    const about = { uri, given: printable(reason, 200), allowed: "a complete answer" };
    const message = "The connection to the mirror failed";
    throw new PayloadFetchError("CONNECTION_FAILED", message, about, { retryable: true, cause: error });
  }
}

async function followRedirects(given: string, context: MirrorContext): Promise<Uint8Array> {
  const { maxRedirects } = context.limits;
  let url = given;
  for (let redirects = 0; ; redirects++) {
    if (redirects > maxRedirects) {
      const about = { uri: given, given: `more than ${maxRedirects}`, allowed: maxRedirects };
      throw new PayloadFetchError("TOO_MANY_REDIRECTS", "The mirror redirects too often", about);
    }
    // Anew for every hop: the second host is as much a stranger's word as the first.
    const target = await checkTarget(url, context);
    const answer = await getOnce(target, context);
    if (answer.bytes !== undefined) return answer.bytes;
    url = answer.redirectTo;
  }
}

type Answer = { bytes: Uint8Array } | { bytes?: undefined; redirectTo: string };

async function getOnce(target: CheckedTarget, { limits, connector, signal }: MirrorContext): Promise<Answer> {
  const agent = new Agent({ connect: pinned(target, connector, signal), connections: 1, pipelining: 0 });
  try {
    const response = await request(target.url, {
      dispatcher: agent,
      signal,
      headers: {
        accept: "application/json, application/octet-stream;q=0.9, */*;q=0.1",
        "accept-encoding": "identity",
        "user-agent": "assay-keeper",
      },
    });
    // Our own loop below throws whatever is wrong with the body; a late error after that has no other listener.
    response.body.on("error", () => {});
    const uri = target.url.href;
    const location = response.headers["location"];
    if ([301, 302, 303, 307, 308].includes(response.statusCode)) {
      return { redirectTo: redirectTarget(location, target.url) };
    }
    if (response.statusCode !== 200) {
      // Not found may mean not there yet; of the others of its kind only these pass by themselves.
      const retryable = response.statusCode >= 500 || [404, 408, 425, 429].includes(response.statusCode);
      const about = { uri, given: response.statusCode, allowed: 200 };
      throw new PayloadFetchError("STATUS_NOT_OK", "The mirror answered with another status", about, {
        retryable,
      });
    }
    return { bytes: await readBody(response, uri, limits.maxBytes) };
  } finally {
    // Ends the connection, finished or not: an endless body stops here.
    await agent.destroy();
  }
}

function redirectTarget(location: string | string[] | undefined, from: URL): string {
  const next = typeof location === "string" ? URL.parse(location, from.href) : null;
  if (typeof location !== "string" || next === null) {
    const about = {
      uri: from.href,
      given: printable(String(location), 200),
      allowed: "one readable location",
    };
    throw new PayloadFetchError("REDIRECT_NOT_VALID", "The mirror redirects to nowhere", about);
  }
  // An absolute location goes on as written, so that the guard sees the spelling of its host.
  return URL.canParse(location) ? location : next.href;
}

/** Counts while it reads: never holds more than `maxBytes` and one chunk. */
async function readBody(
  response: Dispatcher.ResponseData,
  uri: string,
  maxBytes: number,
): Promise<Uint8Array> {
  const encoding = String(response.headers["content-encoding"] ?? "identity");
  if (encoding.trim().toLowerCase() !== "identity") {
    const about = { uri, given: printable(encoding, 60), allowed: "identity" };
    throw new PayloadFetchError("ENCODING_NOT_ALLOWED", "The mirror sent a compressed answer", about);
  }
  const tooBig = (given: string | number) =>
    new PayloadFetchError("ANSWER_TOO_BIG", "The mirror sent more bytes than allowed", {
      uri,
      given,
      allowed: maxBytes,
    });
  const announced = Number(response.headers["content-length"] ?? 0);
  if (announced > maxBytes) throw tooBig(announced);

  const chunks: Buffer[] = [];
  let length = 0;
  for await (const chunk of response.body as AsyncIterable<Buffer>) {
    length += chunk.length;
    if (length > maxBytes) throw tooBig(`more than ${maxBytes}`);
    chunks.push(chunk);
  }
  return new Uint8Array(Buffer.concat(chunks, length));
}
