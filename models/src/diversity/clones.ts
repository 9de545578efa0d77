import { correlation, mean } from "../metrics.ts";
import { seededRandom } from "../rng.ts";
import { fixed, table } from "../report/markdown.ts";
import type { Retrained } from "./monoculture.ts";
import {
  among,
  type Kinship,
  kinships,
  NOISE,
  noisy,
  type Pair,
  pooledVotes,
  uncertainRows,
} from "./pairs.ts";
import { CLONE_RULE } from "./rule.ts";
import type { MeasuredDomain } from "./specialists.ts";
import { fisher } from "./statistics.ts";
import { type Strip, stripPlot } from "./svg.ts";
import { checkTail, type Estimate, type TailCheck } from "./tailCheck.ts";
import {
  closestDistance,
  fitInnocents,
  type Innocents,
  meanDistance,
  pooledSpread,
  thresholdsOf,
  unseenDistance,
} from "./tails.ts";

/** Shared claims the tables are about where they name none: half of what the rule asks for. */
const SHARED_CLAIMS = 256;

const BOUNDS = [0.1, 0.2, 0.25, 0.3, 0.4, 0.5];
const CLAIMS = [64, 128, 256, 512, 1024, 2048];
const POOLED_CLAIMS = [256, 512];
const SEED = 91;

export interface Studied {
  readonly measured: MeasuredDomain;
  readonly retrained: readonly Retrained[];
}

/** Section 3: how far apart the votes of kin and strangers stay. */
export function cloneStudy(all: readonly Studied[]): {
  text: string;
  plots: Readonly<Record<string, string>>;
} {
  const kin = kinAt(all, CLONE_RULE.uncertain);
  const innocents = innocentsOf(kin);
  const threshold = worst(innocents, SHARED_CLAIMS);
  const distance = distanceThreshold(kin, SHARED_CLAIMS);
  const checks = strangersOf(kin).map(({ pairs }) => checkTail(pairs, SHARED_CLAIMS));
  const r = (pair: Pair): number => correlation(pair.left, pair.right);
  return {
    text: [
      "Innocent pairs (every two families of a domain), on Fisher's scale z = atanh r:",
      innocentTable(innocents),
      `Pooled over the domains the pairs spread by ${fixed(pooledSpread(innocents), 2)} around the mean of theirs.`,
      `Correlation r above which fewer than one innocent pair in a million is accused, by the number m of shared uncertain claims:`,
      thresholdTable(innocents),
      `The same question at m = ${SHARED_CLAIMS} without the normal shape, for the pair of each domain that asks for the highest r:`,
      checkTable(kin, innocents, checks),
      strictestText(kin, checks),
      `With m = ${SHARED_CLAIMS} the highest threshold of the normal shape is **${fixed(threshold)}**. The mean distance would have to be below ${fixed(distance.closest, 1)} bytes for the closest pair seen ` +
        `and below ${fixed(distance.unseen, 1)} for an unseen one. What r ≥ ${CLONE_RULE.correlation}, which the rule asks for, and that distance find:`,
      caughtTable(kin, distance.least),
      `The bound on uncertainty. Per bound: share of claims that are uncertain, r of different families (mean and largest), smallest r of clones with noise ±32, ` +
        `and the threshold at m = ${SHARED_CLAIMS}:`,
      boundTable(all),
      `Votes under several base rates. A request pins b for all its claims, and the contract adds up requests of different b. Here claims of ` +
        `every domain are voted under one b, or in turn under two or three; uncertain is what the committee is uncertain about then:`,
      pooledTable(all),
    ].join("\n\n"),
    plots: {
      "clones-correlation": stripPlot(
        `Correlation of votes on uncertain claims (|p̄ − ½| ≤ ${CLONE_RULE.uncertain})`,
        "z = atanh r of a pair",
        [-0.5, 4.5],
        stripsOf(kin, (pair) => fisher(r(pair))),
        [{ at: fisher(CLONE_RULE.correlation), text: `r ≥ ${CLONE_RULE.correlation}` }],
      ),
      "clones-distance": stripPlot(
        `Mean distance of votes on uncertain claims (|p̄ − ½| ≤ ${CLONE_RULE.uncertain})`,
        "bytes",
        [0, 120],
        stripsOf(kin, meanDistance),
        [{ at: distance.least, text: `${fixed(distance.least, 1)}` }],
      ),
    },
  };
}

function kinAt(all: readonly Studied[], bound: number): Kinship[] {
  return all.flatMap(({ measured, retrained }) =>
    kinships(measured, retrained, uncertainRows(measured, bound)),
  );
}

function strangersOf(kin: readonly Kinship[]): Kinship[] {
  return kin.filter(({ kind }) => kind === "different families");
}

function innocentsOf(kin: readonly Kinship[]): Innocents[] {
  return strangersOf(kin).map(({ domain, pairs }) => fitInnocents(domain, pairs));
}

/** The highest threshold of any domain and either way to extrapolate. */
function worst(innocents: readonly Innocents[], claims: number): number {
  const spread = pooledSpread(innocents);
  return Math.max(
    ...innocents.flatMap((innocent) => {
      const { closest, unseen } = thresholdsOf(innocent, spread, claims);
      return [closest, unseen];
    }),
  );
}

function distanceThreshold(
  kin: readonly Kinship[],
  claims: number,
): { closest: number; unseen: number; least: number } {
  const strangers = strangersOf(kin);
  const closest = Math.min(
    ...strangers.flatMap(({ pairs }) => pairs.map((pair) => closestDistance(pair, claims))),
  );
  const unseen = Math.min(...strangers.map(({ pairs }) => unseenDistance(pairs.map(meanDistance))));
  return { closest, unseen, least: Math.min(closest, unseen) };
}

function innocentTable(innocents: readonly Innocents[]): string {
  return table([
    ["domain", "pairs", "uncertain claims", "mean z", "between pairs", "closest pair, r", "sampling · √m"],
    ...innocents.map(({ domain, pairs, claims, mean: centre, between, closest, noise }) => [
      domain,
      String(pairs),
      String(claims),
      fixed(centre, 2),
      fixed(between, 2),
      fixed(Math.tanh(closest)),
      fixed(noise, 2),
    ]),
  ]);
}

function thresholdTable(innocents: readonly Innocents[]): string {
  const spread = pooledSpread(innocents);
  const cell = (innocent: Innocents, claims: number): string => {
    const { closest, unseen } = thresholdsOf(innocent, spread, claims);
    return `${fixed(closest)} / ${fixed(unseen)}`;
  };
  return table([
    ["closest pair / unseen pair", ...CLAIMS.map((claims) => `m = ${claims}`)],
    ...innocents.map((innocent) => [innocent.domain, ...CLAIMS.map((claims) => cell(innocent, claims))]),
    ["highest", ...CLAIMS.map((claims) => fixed(worst(innocents, claims)))],
  ]);
}

/** One in a million of the strictest pair's own draws, beside what the normal shape says about the closest pair. */
function checkTable(
  kin: readonly Kinship[],
  innocents: readonly Innocents[],
  checks: readonly TailCheck[],
): string {
  const spread = pooledSpread(innocents);
  return table([
    [
      "domain",
      "r seen",
      "normal",
      "ten million draws",
      "Pareto tail, other claims",
      "blocks of 8",
      "highest draw",
    ],
    ...strangersOf(kin).map(({ domain }, index) => {
      const check = checks[index] as TailCheck;
      const normal = thresholdsOf(innocents[index] as Innocents, spread, SHARED_CLAIMS).closest;
      return [
        domain,
        fixed(check.seen),
        fixed(normal),
        range(check.counted),
        range(check.pareto),
        fixed(check.longBlocks),
        `${fixed(check.highest)} of ${(check.draws / 1e6).toFixed(1)} million`,
      ];
    }),
  ]);
}

/** The domain that asks for the highest r, at as many claims as the rule asks for. */
function strictestText(kin: readonly Kinship[], checks: readonly TailCheck[]): string {
  const highest = Math.max(...checks.map(({ counted }) => counted.value));
  const strictest = strangersOf(kin)[checks.findIndex(({ counted }) => counted.value === highest)] as Kinship;
  const { counted, pareto } = checkTail(strictest.pairs, CLONE_RULE.claims);
  return `At m = ${CLONE_RULE.claims} the strictest of them, \`${strictest.domain}\`, asks for ${range(counted)} by ten million draws and for ${range(pareto)} by the Pareto tail.`;
}

/** With the ends of its interval. */
function range({ value, low, high }: Estimate): string {
  return `${fixed(value)} (${fixed(low)} … ${fixed(high)})`;
}

/** For each kind of kinship the share of pairs that each statistic accuses, and what hiding costs. */
function caughtTable(kin: readonly Kinship[], distance: number): string {
  const kinds = [...new Set(kin.map(({ kind }) => kind))];
  return table([
    [
      "pairs",
      "number",
      "r, mean",
      "r, lowest",
      "caught by r",
      "distance, mean",
      "caught by distance",
      "Brier paid",
    ],
    ...kinds.map((kind) => {
      const pairs = kin.filter((other) => other.kind === kind).flatMap((other) => other.pairs);
      const rs = pairs.map(({ left, right }) => correlation(left, right));
      const distances = pairs.map(meanDistance);
      const share = (caught: number): string => `${((100 * caught) / pairs.length).toFixed(0)} %`;
      return [
        kind,
        String(pairs.length),
        fixed(mean(rs), 2),
        fixed(Math.min(...rs), 2),
        share(rs.filter((value) => value >= CLONE_RULE.correlation).length),
        fixed(mean(distances), 1),
        share(distances.filter((value) => value <= distance).length),
        noiseCost(kind),
      ];
    }),
  ]);
}

/** Variance of the added noise: what it costs in Brier score on average, before bytes are cut at 0 and 255. */
function noiseCost(kind: string): string {
  const k = NOISE.find((most) => kind.endsWith(`±${most}`));
  return k === undefined ? "" : fixed((k * (k + 1)) / 3 / 255 ** 2, 4);
}

function boundTable(all: readonly Studied[]): string {
  const middle = `clone, noise ±${NOISE[2]}`;
  return table([
    [
      "bound",
      "uncertain",
      "families, mean r",
      "families, largest r",
      "noisy clones, smallest r",
      "threshold",
    ],
    ...BOUNDS.map((bound) => {
      const kin = kinAt(all, bound);
      const rs = (kind: string): number[] =>
        kin
          .filter((other) => other.kind === kind)
          .flatMap(({ pairs }) => pairs.map(({ left, right }) => correlation(left, right)));
      const families = rs("different families");
      const shares = all.map(
        ({ measured }) => uncertainRows(measured, bound).length / measured.truths.length,
      );
      return [
        bound === 0.5 ? "0.5 (all claims)" : String(bound),
        `${(100 * mean(shares)).toFixed(0)} %`,
        fixed(mean(families), 2),
        fixed(Math.max(...families), 2),
        fixed(Math.min(...rs(middle)), 2),
        fixed(worst(innocentsOf(kin), SHARED_CLAIMS)),
      ];
    }),
  ]);
}

/** Bytes of b: 0.3, 0.5 and 0.7. */
const [LOW, MIDDLE, HIGH] = [77, 128, 179];
const POOLS = [[LOW], [MIDDLE], [HIGH], [LOW, MIDDLE], [LOW, HIGH], [LOW, MIDDLE, HIGH]];

/** What pooling requests of different base rates does to innocents and to clones. */
function pooledTable(all: readonly Studied[]): string {
  const random = seededRandom(SEED);
  return table([
    [
      "b, of 255",
      "uncertain",
      "families, mean r",
      "families, largest r",
      "noisy clones, smallest r",
      ...POOLED_CLAIMS.map((claims) => `threshold, m = ${claims}`),
    ],
    ...POOLS.map((rates) => {
      const kin = all.map(({ measured }) => {
        const votes = pooledVotes(measured, rates, CLONE_RULE.uncertain);
        const share = (votes[0]?.length ?? 0) / measured.truths.length;
        return { domain: measured.domain.name, votes, share };
      });
      const strangers = kin.map(({ domain, votes }) => ({ domain, pairs: among(votes) }));
      const rs = strangers.flatMap(({ pairs }) => pairs.map(({ left, right }) => correlation(left, right)));
      const copies = kin.flatMap(({ votes }) =>
        votes.map((left) => correlation(left, noisy(left, NOISE[2] ?? 0, random))),
      );
      const innocents = strangers.map(({ domain, pairs }) => fitInnocents(domain, pairs));
      return [
        rates.join(", "),
        `${(100 * mean(kin.map(({ share }) => share))).toFixed(0)} %`,
        fixed(mean(rs), 2),
        fixed(Math.max(...rs), 2),
        fixed(Math.min(...copies), 2),
        ...POOLED_CLAIMS.map((claims) => fixed(worst(innocents, claims))),
      ];
    }),
  ]);
}

/** Different families by domain, then every other kind over all domains. */
function stripsOf(kin: readonly Kinship[], value: (pair: Pair) => number): Strip[] {
  const strangers = strangersOf(kin).map(({ domain, pairs }) => ({
    name: `families of ${domain}`,
    values: pairs.map(value),
  }));
  const kinds = [...new Set(kin.map(({ kind }) => kind))].filter((kind) => kind !== "different families");
  const others = kinds.map((name) => ({
    name,
    values: kin.filter(({ kind }) => kind === name).flatMap(({ pairs }) => pairs.map(value)),
  }));
  return [...strangers, ...others];
}
