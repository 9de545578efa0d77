/**
 * PerformanceMath.sol, bit for bit: from receipts to the routing reputation R_r. WAD = 1e18 = 1.0; the comments beside
 * the Solidity say what S, F, B and I are and where the rule comes from.
 */
import { encodeAbiParameters, keccak256, type Address, type Hex } from "viem";

import { clamp, max, min, WAD, zeroFloorSub } from "./fixedPoint.ts";
import { MAX, MIN } from "./reputationMath.ts";

const BPS = 10_000n;

/** Receipts of a model that count: its newest ones. Mirrors `PerformanceMath.WINDOW`. */
export const WINDOW = 100;
/** What a measure is worth when all of the window are alike. Mirrors `PerformanceMath.MIDDLE`. */
export const MIDDLE = WAD / 2n;

/** What a requester measured of one operator in one request, and signs. Mirrors `PerformanceMath.Receipt`. */
export interface Receipt {
  readonly requestId: Hex;
  readonly operator: Address;
  readonly modelHash: Hex;
  /** units of the model: bytes, tokens */
  readonly inputSize: number;
  readonly outputSize: number;
  /** time to load the model, ms; not held against the operator */
  readonly loadMs: number;
  /** time to run it, ms, at least 1 */
  readonly inferMs: number;
  /** from the question to the answer, loading and running included, ms */
  readonly roundTripMs: number;
}

/** A recorded receipt. Mirrors `PerformanceMath.Entry`. */
export interface Entry {
  readonly receipt: Receipt;
  /** the operator's seat in that request was late */
  readonly late: boolean;
}

/** How receipts move R_r; basis points but for `scale`. Mirrors `PerformanceMath.Rule`. */
export interface Rule {
  /** what is kept of R_r */
  readonly alpha: number;
  /** what the measures add, of the scale */
  readonly beta: number;
  /** R_r the measures point to at best, before β; 1 = published */
  readonly scale: number;
  /** multiplier of a receipt in time */
  readonly success: number;
  /** multiplier of a late one */
  readonly late: number;
  /** w_S, w_F, w_B, w_I: 10,000 together */
  readonly speedWeight: number;
  readonly forwardWeight: number;
  readonly backwardWeight: number;
  readonly responseWeight: number;
}

/** What a receipt says, before it is compared with others. Mirrors `PerformanceMath.Rates`. */
export interface Rates {
  /** units per ms, WAD, rounded down */
  readonly speed: bigint;
  readonly forward: bigint;
  readonly backward: bigint;
  /** ms */
  readonly wait: bigint;
}

/** What a window says of one operator. Mirrors `PerformanceMath.Measure`. */
export interface Measure {
  /** S, F, B, I: WAD in 0..1, rounded down */
  readonly speed: bigint;
  readonly forward: bigint;
  readonly backward: bigint;
  readonly response: bigint;
  /** receipts of the operator, those among them that are new, and the late ones among the new */
  readonly count: bigint;
  readonly fresh: bigint;
  readonly late: bigint;
}

/** The rule of a domain that never chose one. Mirrors `defaultRule`. */
export const DEFAULT_RULE: Rule = {
  alpha: 7_000,
  beta: 3_000,
  scale: 10,
  success: 10_100,
  late: 8_000,
  speedWeight: 2_500,
  forwardWeight: 2_500,
  backwardWeight: 2_500,
  responseWeight: 2_500,
};

/** The published rule to the letter. */
export const PUBLISHED_RULE: Rule = { ...DEFAULT_RULE, scale: 1 };

/** What the requester signs, as EIP-712 types. */
export const RECEIPT_TYPES = {
  Receipt: [
    { name: "requestId", type: "bytes32" },
    { name: "operator", type: "address" },
    { name: "modelHash", type: "bytes32" },
    { name: "inputSize", type: "uint32" },
    { name: "outputSize", type: "uint32" },
    { name: "loadMs", type: "uint32" },
    { name: "inferMs", type: "uint32" },
    { name: "roundTripMs", type: "uint32" },
  ],
} as const;

const LINK = [
  { name: "head", type: "bytes32" },
  {
    name: "entry",
    type: "tuple",
    components: [
      { name: "receipt", type: "tuple", components: RECEIPT_TYPES.Receipt },
      { name: "late", type: "bool" },
    ],
  },
] as const;

/** The head of a chain of receipts after one more; zero at the start. Mirrors `link`. */
export function link(head: Hex, entry: Entry): Hex {
  return keccak256(encodeAbiParameters(LINK, [head, entry]));
}

/** What one receipt says. Mirrors `rates`. */
export function rates(r: Receipt): Rates {
  const [input, output] = [BigInt(r.inputSize), BigInt(r.outputSize)];
  const infer = BigInt(r.inferMs);
  const actual = BigInt(r.roundTripMs) - BigInt(r.loadMs);
  return {
    speed: ((input + output) * WAD) / actual,
    forward: (input * WAD) / infer,
    backward: (output * WAD) / infer,
    wait: actual - infer,
  };
}

/** Where `x` lies between `low` and `high`, rounded down; the middle where they are one. Mirrors `normalize`. */
export function normalize(x: bigint, low: bigint, high: bigint): bigint {
  return low === high ? MIDDLE : ((x - low) * WAD) / (high - low);
}

/** The rolling mean of S. Mirrors `roll`. */
export function roll(mean: bigint, x: bigint): bigint {
  return (9n * mean + x) / 10n;
}

/**
 * Measures one operator against a window. Mirrors `measure`.
 * @param entries the window, the oldest first
 * @param stale entries at the front that were counted before
 */
export function measure(entries: readonly Entry[], operator: Address, stale: number): Measure {
  const all = entries.map(({ receipt }) => rates(receipt));
  const own = entries
    .map(({ receipt, late }, i) => ({ at: i, late, of: receipt.operator, rates: all[i]! }))
    .filter(({ of }) => of.toLowerCase() === operator.toLowerCase());
  if (own.length === 0)
    return { speed: 0n, forward: 0n, backward: 0n, response: 0n, count: 0n, fresh: 0n, late: 0n };
  const low = (of: keyof Rates) => all.map((r) => r[of]).reduce(min);
  const high = (of: keyof Rates) => all.map((r) => r[of]).reduce(max);
  const normal = (of: keyof Rates) => {
    const [least, most] = [low(of), high(of)];
    return own.map((entry) => normalize(entry.rates[of], least, most));
  };
  const mean = (values: readonly bigint[]) => values.reduce((sum, x) => sum + x, 0n) / BigInt(values.length);

  const [shortest, longest] = [low("wait"), high("wait")];
  const responses = own.map((entry) => normalize(longest - entry.rates.wait, 0n, longest - shortest));
  const fresh = own.filter(({ at }) => at >= stale);
  return {
    speed: normal("speed").reduce(roll),
    forward: mean(normal("forward")),
    backward: mean(normal("backward")),
    response: mean(responses),
    count: BigInt(own.length),
    fresh: BigInt(fresh.length),
    late: BigInt(fresh.filter(({ late }) => late).length),
  };
}

/**
 * R_r after a measure with at least one new receipt. Mirrors `reputation`.
 * @param before R_r, WAD
 */
export function reputation(before: bigint, s: Measure, rule: Rule): bigint {
  const multipliers = (s.fresh - s.late) * BigInt(rule.success) + s.late * BigInt(rule.late);
  const kept = (before * BigInt(rule.alpha) * multipliers) / (BPS * BPS * s.fresh);
  const merit =
    s.speed * BigInt(rule.speedWeight) +
    s.forward * BigInt(rule.forwardWeight) +
    s.backward * BigInt(rule.backwardWeight) +
    s.response * BigInt(rule.responseWeight);
  const gained = (merit * BigInt(rule.beta) * BigInt(rule.scale)) / (BPS * BPS);
  return clamp(kept + gained, MIN, MAX);
}

/** What a post says. Mirrors `IPerformanceLedger.Metrics`, WAD. */
export interface Metrics {
  readonly speed: bigint;
  readonly forward: bigint;
  readonly backward: bigint;
  readonly response: bigint;
  /** R_r */
  readonly reputation: bigint;
}

/** What a post builds on: R_r as it was accepted last, WAD, and how many receipts of the model are in it. */
export interface Basis {
  readonly before: bigint;
  readonly counted: bigint;
}

/**
 * What a post says of an operator after these receipts, and how many of the last {@link WINDOW} are new; R_r stays as it is
 * where none is.
 *
 * @param entries all receipts of its model, the oldest first
 */
export function standing(
  entries: readonly Entry[],
  operator: Address,
  { before, counted }: Basis,
  rule: Rule,
): Metrics & { readonly fresh: number } {
  const window = entries.slice(-WINDOW);
  const stale = Number(zeroFloorSub(counted, BigInt(entries.length - window.length)));
  const found = measure(window, operator, stale);
  const { speed, forward, backward, response, fresh } = found;
  const after = fresh === 0n ? before : reputation(before, found, rule);
  return { speed, forward, backward, response, reputation: after, fresh: Number(fresh) };
}
