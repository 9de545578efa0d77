import { ratio } from "../lib/output.ts";
import type { Explanation } from "./explain.ts";

/** What the epoch's distribution made of the account the seat is in. */
export function renderDistribution({ distribution, openAccount }: Explanation): string[] {
  if (distribution === undefined) {
    if (openAccount === undefined) return [];
    const { epoch, score, scored, maturity, releasable } = openAccount;
    const wait =
      scored < maturity
        ? `${scored} of ${maturity} scored claims: immature, it moves on whole into the operator's next active epoch`
        : `to be distributed once epoch ${epoch} is over`;
    return [
      `The account of epoch ${epoch} stands at ${score} wei: ${wait}.`,
      `${releasable} gwei of bonds wait with it.`,
    ];
  }
  const d = distribution;
  const closing = `Epoch ${d.epoch} was distributed: the account closed at ${d.score} wei.`;
  const bonds = `bonds: ${d.bonds} gwei released`;
  if (d.score < 0n) {
    return [
      closing,
      `debt = ρ · |account| = ${d.debt} wei`,
      `charged ${d.charged} wei, of which ${d.bounty} wei went to the caller and ${d.charged - d.bounty} wei burned`,
      bonds,
    ];
  }
  return [
    closing,
    `points = account · factor = ${d.points} wei, ${ratio(d.points, d.allPoints)} of all ${d.allPoints} of the epoch`,
    `the epoch may mint ${d.pot} wei (${d.earned} wei of fees were burned), this account at most ${d.cap} wei`,
    `minted ${d.minted} wei into the pool${d.points > 0n && d.minted === d.cap ? " (the cap)" : ""}`,
    ...(d.toReporter === 0n
      ? []
      : [`of it ${d.toReporter} wei went to whoever reported the operator as a clone`]),
    bonds,
  ];
}
