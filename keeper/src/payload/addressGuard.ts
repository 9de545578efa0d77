import { lookup as systemLookup } from "node:dns/promises";
import { isIP } from "node:net";
import ipaddr from "ipaddr.js";
import { AssayError } from "../lib/errors.ts";

/** Where the keeper may connect to on behalf of a stranger's URI. */
export type AddressPolicy = {
  /** True lets every address through: local networks and tests only. */
  readonly allowPrivate: boolean;
  /** Exceptions as `host:port`, both as in the URI, e.g. `127.0.0.1:8080` or `[::1]:8080` or `store.lan:443`. */
  readonly allowedHosts: readonly string[];
};

/** All addresses of a host name, as text. */
export type Lookup = (hostname: string) => Promise<readonly string[]>;

/** The system's own resolver, hosts file included. */
export const lookupSystem: Lookup = async (hostname) => {
  const found = await systemLookup(hostname, { all: true, order: "ipv4first" });
  return found.map(({ address }) => address);
};

export type GuardErrorCode = "HOST_NOT_ALLOWED" | "ADDRESS_NOT_ALLOWED" | "HOST_NOT_FOUND";

/** This URI leads, or may lead, somewhere the keeper must not go on a stranger's word. */
export class GuardError extends AssayError<GuardErrorCode, { given: string; allowed: string; host: string }> {
  constructor(
    code: GuardErrorCode,
    message: string,
    data: { given: string; allowed: string; host: string },
    cause?: unknown,
  ) {
    super({
      code,
      message,
      data,
      advice:
        code === "HOST_NOT_FOUND"
          ? "Check the name and the resolver of this machine."
          : "If the host is yours, put its host:port on the list of allowed hosts; else leave it refused.",
      retryable: code === "HOST_NOT_FOUND",
      cause,
    });
  }
}

/** A URL together with the addresses that were checked for it. Connect to these and resolve nothing again. */
export type CheckedTarget = {
  readonly url: URL;
  /** At least one, in the order of preference. */
  readonly addresses: readonly string[];
};

/**
 * Decides whether we may connect for this URL, and to which addresses. The name is resolved here, once; a later
 * answer of the resolver (DNS rebinding) changes nothing, because the caller connects to the addresses returned.
 *
 * @param given the URL as a stranger wrote it, http or https
 * @throws GuardError
 */
export async function checkTarget(
  given: string,
  { policy, lookup = lookupSystem }: { policy: AddressPolicy; lookup?: Lookup | undefined },
): Promise<CheckedTarget> {
  const url = parseHttpUrl(given);
  const host = hostAndPort(url);
  const name = url.hostname.replace(/^\[(.*)\]$/, "$1");
  const isAddress = isIP(name) !== 0;
  if (isAddress && !given.toLowerCase().includes(name)) {
    // 2130706433, 0x7f.1 and 0177.0.0.1 are all 127.0.0.1: nobody honest writes so.
    throw new GuardError("HOST_NOT_ALLOWED", "The address of the host is written in an unusual form", {
      given: authorityOf(given),
      allowed: name,
      host,
    });
  }

  const addresses = isAddress ? [name] : await resolve(name, host, lookup);
  if (policy.allowPrivate || policy.allowedHosts.some((entry) => entry.toLowerCase() === host)) {
    return { url, addresses };
  }
  for (const address of addresses) {
    const range = addressRange(address);
    if (range !== "public") {
      throw new GuardError("ADDRESS_NOT_ALLOWED", "The host has an address that is not public", {
        given: `${address} (${range})`,
        allowed: "public addresses, or a host:port on the list of allowed hosts",
        host,
      });
    }
  }
  return { url, addresses };
}

/**
 * `public` for an address that anyone on the internet may be meant by, else the name of its range: `loopback`,
 * `private`, `linkLocal`, `multicast`, `ipv4Mapped`, `rfc6052` (NAT64), … An unreadable address is `unreadable`.
 */
export function addressRange(address: string): string {
  // Stricter than ipaddr.js, which also reads 134744072 as 8.8.8.8.
  if (isIP(address) === 0) return "unreadable";
  const parsed = ipaddr.parse(address);
  const range = parsed.range();
  if (range !== "unicast") return range;
  // Of IPv6 only 2000::/3 is given out. The rest is reserved or means an IPv4 address, such as ::7f00:1.
  const isGlobal = parsed.kind() === "ipv4" || (parsed.toByteArray()[0] ?? 0) >> 5 === 1;
  return isGlobal ? "public" : "notGlobal";
}

/** As on the list of allowed hosts: lower case, with the port even where it is the usual one. */
function hostAndPort(url: URL): string {
  return `${url.hostname}:${url.port || (url.protocol === "https:" ? "443" : "80")}`;
}

function parseHttpUrl(given: string): URL {
  const refuse = (what: string, allowed: string) =>
    new GuardError("HOST_NOT_ALLOWED", what, { given: given.slice(0, 200), allowed, host: "" });
  const url = URL.parse(given);
  if (url === null) throw refuse("The URI cannot be read", "http://host/… or https://host/…");
  if (url.protocol !== "http:" && url.protocol !== "https:") {
    throw refuse("The URI has a scheme that is not fetched over the network", "http, https");
  }
  if (url.username !== "" || url.password !== "") {
    throw refuse("The URI carries a user name or a password", "URIs without credentials");
  }
  return url;
}

async function resolve(name: string, host: string, lookup: Lookup): Promise<readonly string[]> {
  const nothing = { given: name, allowed: "a name with at least one address", host };
  let addresses: readonly string[];
  try {
    addresses = await lookup(name);
  } catch (cause) {
    throw new GuardError("HOST_NOT_FOUND", "The name of the host could not be resolved", nothing, cause);
  }
  if (addresses.length === 0) {
    throw new GuardError("HOST_NOT_FOUND", "The name of the host has no address", nothing);
  }
  return addresses;
}

function authorityOf(given: string): string {
  return (/^[a-z]+:[\\/]*([^\\/?#]*)/i.exec(given)?.[1] ?? given).slice(0, 100);
}
