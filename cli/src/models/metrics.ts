/** How well probabilities fit the truth. All values are in [0, 1], except `logLoss` (nats) and `skill` (≤ 1). */
export interface Quality {
  readonly claims: number;
  /** Share of true claims in the data. */
  readonly baseRate: number;
  /** Share of claims on the right side of ½. */
  readonly accuracy: number;
  /** What answering always the same gets. */
  readonly majorityAccuracy: number;
  /** Whether the accuracy is better than that by more than chance, and by enough to speak of; see {@link beatsMajority}. */
  readonly beatsMajority: boolean;
  /** Chance that a true claim gets a higher probability than a false one (area under the ROC curve); ½ without both. */
  readonly auc: number;
  /** Mean squared distance between probability and truth. */
  readonly brier: number;
  readonly logLoss: number;
  /** Expected calibration error over ten bins of equal width. */
  readonly ece: number;
  /** 1 − Brier / Brier of always answering the base rate: above zero the model knows something. */
  readonly skill: number;
  /** The bins behind `ece`, those without claims left out. */
  readonly bins: readonly Bin[];
}

/** Claims whose probabilities lie close together. */
export interface Bin {
  readonly claims: number;
  /** Mean probability. */
  readonly said: number;
  /** Share of true claims. */
  readonly found: number;
}

/** A probability and what it was about, 1 for true. */
interface Pair {
  readonly p: number;
  readonly y: number;
}

const BINS = 10;
/** Keeps the logarithm of a certain mistake finite. */
const EPSILON = 1e-6;
/** Of what the majority's answer gets wrong, a model must mend this share to be called better. */
const NOTABLE = 0.05;

/** Measures probabilities against truths, index by index. */
export function measure(probabilities: readonly number[], truths: readonly boolean[]): Quality {
  const pairs = probabilities.map((p, i) => ({ p, y: truths[i] === true ? 1 : 0 }));
  const baseRate = mean(pairs.map(({ y }) => y));
  const brier = mean(pairs.map(({ p, y }) => (p - y) ** 2));
  const uninformed = baseRate * (1 - baseRate);
  const bins = binsOf(pairs);
  return {
    claims: pairs.length,
    baseRate,
    accuracy: mean(pairs.map((pair) => (isRight(pair) ? 1 : 0))),
    majorityAccuracy: Math.max(baseRate, 1 - baseRate),
    beatsMajority: beatsMajority(pairs, baseRate),
    auc: rocArea(pairs),
    brier,
    logLoss: mean(pairs.map(({ p, y }) => -Math.log(Math.max(EPSILON, y === 1 ? p : 1 - p)))),
    ece:
      bins.reduce((sum, { claims, said, found }) => sum + claims * Math.abs(said - found), 0) / pairs.length,
    // With one kind of truth the base rate is never wrong, and there is nothing to know.
    skill: uninformed === 0 ? 0 : 1 - brier / uninformed,
    bins,
  };
}

const isRight = ({ p, y }: Pair): boolean => p > 0.5 === (y === 1);

/**
 * Whether being right more often than the majority's answer is more than twice its standard error (of the paired
 * difference, as in McNemar's test) and more than a twentieth of what is to be gained.
 */
function beatsMajority(pairs: readonly Pair[], baseRate: number): boolean {
  const majority = baseRate > 0.5 ? 1 : 0;
  const gains = pairs.map((pair) => Number(isRight(pair)) - Number(pair.y === majority));
  const gain = mean(gains);
  const error = Math.sqrt(mean(gains.map((one) => (one - gain) ** 2)) / pairs.length);
  return gain > Math.max(2 * error, NOTABLE * Math.min(baseRate, 1 - baseRate));
}

/** Mann–Whitney: mean rank of the true claims, ties sharing theirs. */
function rocArea(pairs: readonly Pair[]): number {
  const sorted = [...pairs].sort((a, b) => a.p - b.p);
  const trues = pairs.filter(({ y }) => y === 1).length;
  const falses = pairs.length - trues;
  if (trues === 0 || falses === 0) return 0.5;
  let ranks = 0;
  for (let start = 0; start < sorted.length;) {
    let end = start;
    while (end < sorted.length && sorted[end]?.p === sorted[start]?.p) end++;
    const tied = sorted.slice(start, end).filter(({ y }) => y === 1).length;
    ranks += (tied * (start + end + 1)) / 2;
    start = end;
  }
  return (ranks - (trues * (trues + 1)) / 2) / (trues * falses);
}

function binsOf(pairs: readonly Pair[]): Bin[] {
  return Array.from({ length: BINS }, (_, bin) => {
    const inside = pairs.filter(({ p }) => Math.min(BINS - 1, Math.floor(p * BINS)) === bin);
    return {
      claims: inside.length,
      said: mean(inside.map(({ p }) => p)),
      found: mean(inside.map(({ y }) => y)),
    };
  }).filter(({ claims }) => claims > 0);
}

function mean(values: readonly number[]): number {
  return values.length === 0 ? 0 : values.reduce((sum, value) => sum + value, 0) / values.length;
}
