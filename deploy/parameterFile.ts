/**
 * Reads deploy/params/<network>.json: human units in (decimal WORK, seconds, ratios), contract units out. All problems
 * of a file are reported at once, each with the path of its value. See deploy/README.md for the fields.
 */
import { readFile } from "node:fs/promises";

import { isAddress, parseUnits } from "ethers";

import type { DomainParameters } from "./parameters.ts";
import type { ProtocolParameters } from "./plan.ts";

export interface DomainFile {
  readonly name: string;
  /** gwei of WORK */
  readonly minSelfBond: bigint;
  readonly minFamilyWeight: bigint;
  /** Labels in the order of their slots. */
  readonly families: readonly string[];
  readonly parameters: DomainParameters;
}

export interface ParameterFile {
  /** `governor` and `treasury` are undefined where the deployer keeps the role. */
  readonly protocol: Omit<ProtocolParameters, "genesis" | "governor" | "treasury"> & {
    readonly governor: string | undefined;
    readonly treasury: string | undefined;
  };
  readonly domains: readonly DomainFile[];
}

/** A parameter file has problems; the message lists them all. */
export class ParameterFileError extends Error {
  readonly problems: readonly string[];

  constructor(file: string, problems: readonly string[]) {
    super(`${file}: ${problems.join("; ")}`);
    this.name = "ParameterFileError";
    this.problems = problems;
  }
}

export async function readParameterFile(file: string): Promise<ParameterFile> {
  return parseParameters(JSON.parse(await readFile(file, "utf8")), file);
}

export function parseParameters(json: unknown, file = "parameters"): ParameterFile {
  const problems: string[] = [];
  const root = new Section(json, "", problems);
  const result = {
    protocol: root.section("protocol", readProtocol),
    domains: root.list("domains", (value, path) => readDomain(new Section(value, path, problems))),
  };
  root.end();
  if (problems.length > 0) throw new ParameterFileError(file, problems);
  return result;
}

function readProtocol(s: Section): ParameterFile["protocol"] {
  return {
    epochLength: s.integer("epochLength"),
    unbonding: s.integer("unbonding"),
    parameterDelay: s.integer("parameterDelay"),
    genesisSupply: s.work("genesisSupply", 18),
    domainFee: s.work("domainFee", 18),
    familyBond: s.work("familyBond", 18),
    initialEmission: s.work("initialEmission", 18),
    halving: s.integer("halving"),
    performanceBond: s.work("performanceBond", 18),
    challengeWindow: s.integer("challengeWindow"),
    canaryBond: s.work("canaryBond", 18),
    canaryLifetime: s.integer("canaryLifetime"),
    governor: s.address("governor"),
    treasury: s.address("treasury"),
  };
}

function readDomain(s: Section): DomainFile {
  const domain: DomainFile = {
    name: s.text("name"),
    minSelfBond: s.work("minSelfBond", 9),
    minFamilyWeight: s.work("minFamilyWeight", 9),
    families: s.list("families", (value, path) => s.textOf(value, path)),
    parameters: {
      committee: s.section("committee", (c) => ({
        seats: c.count("seats"),
        minSeats: c.count("minSeats"),
        minFamilies: c.count("minFamilies"),
        rule: c.choice("rule", ["proportional", "squareRoot"]),
        boostCap: Number(c.sixteenths("boostCap")),
        preset: c.choice("preset", ["quality", "published"]),
        maxClaims: c.count("maxClaims"),
        expectedBase: c.count("expectedBase"),
        expectedPerClaim: Number(c.scaled("expectedPerClaim", 3)),
        revealWindow: c.count("revealWindow"),
        appealWindow: c.count("appealWindow"),
        sealWindow: c.count("sealWindow"),
        decisiveMargin: Number(c.scaled("decisiveMargin", 4)),
        qualityWindow: c.count("qualityWindow"),
        maturity: c.count("maturity"),
      })),
      fees: s.section("fees", (f) => ({
        minFee: f.work("minFee", 18),
        seatBond: f.work("seatBond", 9),
        feeTarget: Number(f.scaled("feeTarget", 3)),
        feeRate: Number(f.scaled("feeRate", 3)),
        penaltyRatio: Number(f.scaled("penaltyRatio", 4)),
        absenceRatio: Number(f.scaled("absenceRatio", 4)),
      })),
      rewards: s.section("rewards", (r) => ({
        mintRatio: Number(r.scaled("mintRatio", 4)),
        mintCap: Number(r.scaled("mintCap", 4)),
        gamma: r.scaled("gamma", 18),
        delta: r.scaled("delta", 18),
        qualityBar: r.scaled("qualityBar", 18),
        postBounty: Number(r.work("postBounty", 9)),
      })),
      reputation: s.section("reputation", (q) => ({
        pull: q.scaled("pull", 18),
        success: q.scaled("success", 18),
        wrong: q.scaled("wrong", 18),
        late: q.scaled("late", 18),
        absent: q.scaled("absent", 18),
        catchUp: q.scaled("catchUp", 18),
      })),
    },
  };
  s.end();
  return domain;
}

/** One JSON object. Getters note a problem and go on with a stand-in, so that one run finds every problem. */
class Section {
  readonly #values: Readonly<Record<string, unknown>>;
  readonly #unread: Set<string>;
  readonly #path: string;
  readonly #problems: string[];

  constructor(value: unknown, path: string, problems: string[]) {
    const isObject = typeof value === "object" && value !== null && !Array.isArray(value);
    if (!isObject) problems.push(`${path || "the file"} must be an object`);
    this.#values = isObject ? (value as Record<string, unknown>) : {};
    this.#unread = new Set(Object.keys(this.#values));
    this.#path = path;
    this.#problems = problems;
  }

  /** Whatever was not read is a misspelled name. */
  end(): void {
    for (const name of this.#unread) this.#problems.push(`${this.#at(name)} is not a parameter`);
  }

  section<T>(name: string, read: (section: Section) => T): T {
    const inner = new Section(this.#take(name), this.#at(name), this.#problems);
    const result = read(inner);
    inner.end();
    return result;
  }

  list<T>(name: string, read: (value: unknown, path: string) => T): T[] {
    const value = this.#take(name);
    if (Array.isArray(value)) return value.map((item, i) => read(item, `${this.#at(name)}[${i}]`));
    this.#problems.push(`${this.#at(name)} must be a list`);
    return [];
  }

  text(name: string): string {
    return this.textOf(this.#take(name), this.#at(name));
  }

  textOf(value: unknown, path: string): string {
    if (typeof value === "string" && value.length > 0) return value;
    this.#problems.push(`${path} must be a text`);
    return "";
  }

  /** null stands for the deployer. */
  address(name: string): string | undefined {
    const value = this.#take(name);
    if (value === null) return undefined;
    if (isAddress(value)) return value;
    this.#problems.push(`${this.#at(name)} must be an address or null`);
    return undefined;
  }

  choice(name: string, options: readonly string[]): number {
    const index = options.indexOf(String(this.#take(name)));
    if (index < 0) this.#problems.push(`${this.#at(name)} must be one of ${options.join(", ")}`);
    return index;
  }

  /** A decimal text of WORK, as wei (18) or gwei (9). */
  work(name: string, decimals: number): bigint {
    const value = this.#take(name);
    if (typeof value === "string") return this.#decimal(name, value, decimals);
    this.#problems.push(`${this.#at(name)} must be a decimal text of WORK`);
    return 0n;
  }

  integer(name: string): bigint {
    return this.scaled(name, 0);
  }

  count(name: string): number {
    return Number(this.integer(name));
  }

  sixteenths(name: string): bigint {
    const tenThousandths = this.scaled(name, 4) * 16n;
    if (tenThousandths % 10_000n !== 0n) this.#problems.push(`${this.#at(name)} must be a multiple of 1/16`);
    return tenThousandths / 10_000n;
  }

  /** A number times 10^decimals, which must be whole. */
  scaled(name: string, decimals: number): bigint {
    const value = this.#take(name);
    if (typeof value === "number") return this.#decimal(name, String(value), decimals);
    this.#problems.push(`${this.#at(name)} must be a number`);
    return 0n;
  }

  #decimal(name: string, value: string, decimals: number): bigint {
    if (/^\d+(\.\d+)?$/.test(value) && (value.split(".")[1]?.length ?? 0) <= decimals)
      return parseUnits(value, decimals);
    this.#problems.push(
      `${this.#at(name)} must be 0 or more with at most ${decimals} decimals, not ${value}`,
    );
    return 0n;
  }

  #take(name: string): unknown {
    this.#unread.delete(name);
    return this.#values[name];
  }

  #at(name: string): string {
    return this.#path ? `${this.#path}.${name}` : name;
  }
}
