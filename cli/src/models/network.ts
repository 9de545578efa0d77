import { laneTally, skillScore, verdictMath, voteByte } from "@assay/keeper";

const WAD = 10n ** 18n;
/** One voter of weight 1 beside others of weight 254 who vote the truth: every claim is decided, none by this voter. */
const COMMITTEE = laneTally.MAX_WEIGHT;
const VOTER = 1n;
/** θ = ½ and the margin 0.1: with such a committee no claim is near them. */
const THRESHOLD = verdictMath.ONE / 2n;
const MARGIN = 1_000n;

/** What a model's votes are worth to the network. */
export interface NetworkSkill {
  /** Share of true claims of the domain that is assumed. */
  readonly baseRate: number;
  /** b, the byte a request would pin. */
  readonly pinned: number;
  /** Mean s per claim: times the price of a claim-seat, what a committee that finds the truth would have credited. */
  readonly skill: number;
  /** Mean s of votes that are certain and right: the most there is. */
  readonly ceiling: number;
  /** s of true and of false claims. */
  readonly onTrue: number;
  readonly onFalse: number;
}

/**
 * Scores probabilities as the protocol does: moved to the base rate, quantised to bytes, and
 * s = ((b − y)² − (p − y)²) / (4b(255 − b)) per claim [SCORE-3]. True and false claims count as often as the base rate
 * says, whatever their share in the data; a kind that the data lack counts as zero.
 *
 * @param probabilities calibrated; NaN where the model did not judge
 * @param trained the manifest's baseRate
 * @param baseRate share of true claims in the domain, in (0, 1); a domain keeps its own in 5–95 %
 */
export function networkSkill(
  probabilities: readonly number[],
  truths: readonly boolean[],
  trained: number,
  baseRate: number,
): NetworkSkill {
  const kept = Math.min(
    Number(verdictMath.MAX_RATE) / 1e18,
    Math.max(Number(verdictMath.MIN_RATE) / 1e18, baseRate),
  );
  const pinned = Number(verdictMath.rateByte(BigInt(Math.round(kept * 1e9)) * 10n ** 9n));
  const votes = Uint8Array.from(probabilities, (p) => voteByte(p, trained, pinned));
  const meanOn = (kind: boolean): number =>
    meanSkill(
      votes.filter((_, i) => truths[i] === kind),
      kind ? 255 : 0,
      pinned,
    );
  const [onTrue, onFalse] = [meanOn(true), meanOn(false)];
  const perfect = (y: number): number => meanSkill(Uint8Array.of(y), y, pinned);
  return {
    baseRate,
    pinned,
    onTrue,
    onFalse,
    skill: baseRate * onTrue + (1 - baseRate) * onFalse,
    ceiling: baseRate * perfect(255) + (1 - baseRate) * perfect(0),
  };
}

/** Mean s of votes on claims that are all decided as `y`. */
function meanSkill(votes: Uint8Array, y: number, pinned: number): number {
  if (votes.length === 0) return 0;
  const others = laneTally.add([], new Uint8Array(votes.length).fill(y), COMMITTEE - VOTER);
  const frame: skillScore.Frame = {
    claims: BigInt(votes.length),
    baseRate: BigInt(pinned),
    weight: COMMITTEE,
    threshold: THRESHOLD,
    bounds: verdictMath.bounds(THRESHOLD, MARGIN, COMMITTEE),
  };
  const { numerator } = skillScore.sum(frame, laneTally.add(others, votes, VOTER), votes, VOTER);
  return Number(skillScore.value(numerator, WAD, BigInt(pinned), 0n)) / 1e18 / votes.length;
}
