import { verdictMath } from "@assay/keeper";

import type { FactorParts } from "../history/books.ts";
import type { Check } from "../history/check.ts";
import { decidingRound, type RequestHistory } from "../history/requests.ts";
import { OUTCOMES, type AbsentSeat, type ScoredSeat, type UnrevealedSeat } from "../history/seats.ts";
import { ratio, table, wad, work } from "../lib/output.ts";
import type { ClaimScore } from "./claims.ts";
import type { BondPart, Bystander, Explanation, OpenSeat } from "./explain.ts";
import { renderDistribution } from "./renderDistribution.ts";

/** An explanation for people, wei by wei. */
export function renderExplanation(explanation: Explanation): string {
  const { requestId, operator, family, domain, appeals, bonds, notices, differences } = explanation;
  const rounds = [explanation, ...appeals];
  const checked = rounds.reduce((sum, { checks }) => sum + checks.length, 0);
  return [
    `request ${requestId}, domain ${domain.name}`,
    `operator ${operator}, family ${family}`,
    ...rounds.flatMap((round) => [
      ...(appeals.length === 0 ? [] : ["", `round ${round.round} of ${rounds.length}`]),
      ...drawLines(round),
      "",
      ...seatLines(round),
    ]),
    ...bondLines(bonds),
    ...noticeLines(notices),
    ...matchLines(checked, differences),
  ].join("\n");
}

/** For whoever is no operator. */
export function renderBystander(bystander: Bystander): string {
  const { requestId, domain, party, bonds, notices, checks, differences } = bystander;
  return [
    `request ${requestId}, domain ${domain.name}`,
    `${party} is no operator`,
    ...bondLines(bonds),
    ...noticeLines(notices),
    ...matchLines(checks.length, differences),
  ].join("\n");
}

function bondLines(bonds: readonly BondPart[]): string[] {
  return bonds.flatMap(({ round, part, whole, state, reward, claimed, due }) => [
    "",
    `${work(part)} of the bond of ${work(whole)} of the appeal that opened round ${round} is its own: ${state}`,
    ...(state === "RETURNED"
      ? [
          `  reward ${work(reward)} of what overturned seats lost; ${work(claimed)} taken back, ${work(due)} to claim with assay appeal --claim`,
        ]
      : []),
    ...(state === "BURNED" ? ["  nothing comes back: the appeal changed no verdict for good"] : []),
  ]);
}

function noticeLines(notices: readonly string[]): string[] {
  return notices.length === 0 ? [] : ["", "Beside this request:", ...notices];
}

function matchLines(checked: number, differences: readonly Check[]): string[] {
  return [
    "",
    differences.length === 0
      ? `all ${checked} recomputed numbers match the chain`
      : `DOES NOT MATCH the chain in ${differences.length} of ${checked} numbers`,
    ...differences.map(({ what, computed, chain }) => `  ${what}: recomputed ${computed}, chain ${chain}`),
  ];
}

function drawLines({ lot, request }: Explanation): string[] {
  if (lot === undefined) return [];
  const whole = 1n << 128n;
  const chance = request.extended ? lot.grownChance : lot.chance;
  const drawn = lot.ticket < chance;
  const shown = chance >= whole ? "1.000" : ratio(chance, whole);
  return [
    `${drawn ? "drawn" : "not drawn"}: ticket ${ratio(lot.ticket, whole)}, chance ${shown}${request.extended ? " after the extension" : ""}`,
  ];
}

function seatLines(explanation: Explanation): string[] {
  const { seat } = explanation;
  switch (seat.kind) {
    case "scored":
      return scoredLines(explanation, seat);
    case "unrevealed":
      return unrevealedLines(explanation, seat);
    case "absent":
      return absentLines(explanation, seat);
    case "released":
      return [
        "There was no verdict. The seat did its duty: its bond came back, nothing was paid or charged.",
      ];
    case "waiting":
    case "silent":
    case "not drawn":
    case "not sealed":
      return openLines(explanation, seat);
  }
}

function scoredLines(explanation: Explanation, seat: ScoredSeat): string[] {
  const { request, claims } = explanation;
  const { terms, parameters } = request;
  const { sums, lossMean, value } = seat.score;
  const b = BigInt(terms.baseRate);
  const denominator = 4n * b * (255n - b);
  const { fullValue, overturned } = seat.score;
  const loss = sums.numerator < 0n ? ` · (1 + 3 · x̄), x̄ = ${wad(lossMean)}` : "";
  const vote = request.reveals.get(explanation.operator);
  return [
    ...overturnedLines(explanation, seat),
    `Voted ${seat.late ? "LATE" : "on time"} with weight ${vote?.weight ?? 0n} of ${request.weight}; settled in epoch ${seat.epoch}.`,
    `Base rate b = ${b}/255: term = (b − y)² − (p − y)², y = 255 for TRUE and 0 for FALSE.`,
    claimTable(claims),
    `${sums.scoredTrue + sums.scoredFalse} claims count (${sums.scoredTrue} TRUE, ${sums.scoredFalse} FALSE), ${sums.losing} of them lost something`,
    `value = price · Σ / (4b(255 − b))${loss}`,
    `      = ${terms.price} wei · ${sums.numerator} / ${denominator} → ${signed(fullValue)} wei`,
    ...(value === fullValue
      ? []
      : [
          `      shrinks with the bond: ${signed(fullValue)} · (${request.bond} − ${overturned}) / ${request.bond} → ${signed(value)} wei`,
        ]),
    `account: ${seat.before} ${seat.after < seat.before ? "−" : "+"} ${abs(value)} = ${seat.after} wei`,
    ...factorLines(seat.factor, seat.factorParts),
    ...qualityLines(seat, parameters.committee.qualityWindow, parameters.rewards.qualityBar),
    `bond: ${request.bond} gwei locked at the commit, ${overturned === 0n ? "" : `${overturned} of them taken, the rest `}releasable since the settlement`,
    "",
    ...renderDistribution(explanation),
  ];
}

/** What a verdict that later rounds overturned cost, claim by claim. */
function overturnedLines({ request, claims, round }: Explanation, seat: ScoredSeat): string[] {
  const { overturned } = seat;
  if (overturned === undefined) return [];
  const { charged } = overturned.charge;
  const losing = claims.filter((claim) => lostSide(claim, request.threshold));
  const squares = losing.map(({ verdict, vote }) => `${verdict === "TRUE" ? 255 - vote : vote}²`);
  return [
    ...losing.map(({ claim, verdict, overturned: own, vote }) => {
      const decider = (decidingRound(request, claim - 1)?.index ?? 0) + 1;
      return `You lost bond because the verdict of claim ${claim}, ${own} in round ${round}, was overturned to ${verdict} in round ${decider}; your vote was ${ratio(BigInt(vote), 255n)}.`;
    }),
    `lost: ${work(charged)} = ${charged} wei, ${overturned.reward} of them to the funders of the appeal, ${charged - overturned.reward} burned`,
    `    = ⌈bond · Σ (p − y)² / claims⌉ = ⌈${request.bond} gwei · (${squares.join(" + ")}) / 255² / ${request.terms.claims}⌉ → ${seat.score.overturned} gwei`,
  ];
}

/** Whether a vote stood on the side of θ that an overturned claim ended on the other side of. */
function lostSide({ overturned, verdict, vote }: ClaimScore, threshold: bigint): boolean {
  if (overturned === undefined) return false;
  const [mine, pivot] = [BigInt(vote) * verdictMath.ONE, threshold * 255n];
  return verdict === "TRUE" ? mine < pivot : mine > pivot;
}

function claimTable(claims: readonly ClaimScore[]): string {
  return table(
    ["claim", "verdict", "mean", "own vote", "mean without", "counts", "term", "Σ"],
    claims.map((c) => [
      c.claim,
      c.overturned === undefined ? c.verdict : `${c.verdict} (was ${c.overturned})`,
      c.mean,
      `${c.vote} (${ratio(BigInt(c.vote), 255n)})`,
      c.meanWithout,
      c.scoring,
      c.term,
      c.cumulated,
    ]),
  );
}

function factorLines(factor: bigint, parts: FactorParts): string[] {
  return [
    `factor = R^γ · tilt = ${wad(parts.power)} · ${wad(parts.tilt)} → ${factor}/1e9`,
    `  R = ${wad(parts.reputation)}, γ = ${wad(parts.gamma)}`,
    `  tilt = min(λ, max(1, √(W / (F · W_f)))), W = ${parts.weight} gwei, F = ${parts.families}, W_f = ${parts.familyWeight} gwei, λ = ${Number(parts.boostCap) / 16}`,
  ];
}

function qualityLines(seat: ScoredSeat, window: number, bar: bigint): string[] {
  const { windowBefore, windowAfter, outcomes, score } = seat;
  const names = outcomes.map((outcome) => OUTCOMES[outcome]).join(", ");
  return [
    ...(score.isInspected
      ? [
          `This request was a canary: its ${score.weighed} answers judge the quality, where an appeal decided, its verdict. Value and points stay as above.`,
        ]
      : []),
    `quality: this request adds ${signed(score.quality)}e-12 against the bar τ = ${wad(bar)}`,
    `  window of ${window} claims: ${windowBefore.scored} claims and ${windowBefore.quality}e-12 before, ${windowAfter.scored} and ${windowAfter.quality}e-12 after`,
    `  outcomes: ${names === "" ? "none yet" : names}`,
  ];
}

function unrevealedLines({ request }: Explanation, { owed, charge }: UnrevealedSeat): string[] {
  return [
    "Committed and NEVER REVEALED: the whole bond is due, because silence is never cheaper than any reveal.",
    `bond ${request.bond} gwei = ${owed} wei owed`,
    ...chargeLines(charge),
    "outcomes: ABSENT",
  ];
}

function absentLines({ request }: Explanation, seat: AbsentSeat): string[] {
  const { terms, parameters, bond } = request;
  const fee = terms.price * BigInt(terms.claims);
  return [
    `Drawn and SILENT, reported by ${seat.reporter}.`,
    `owed = absenceRatio · price · claims / R^δ`,
    `     = ${parameters.fees.absenceRatio}/10000 · ${fee} wei / ${wad(seat.reputation)}^${wad(parameters.rewards.delta)} → ${seat.owed} wei, at most the bond of ${bond} gwei`,
    ...chargeLines(seat.charge),
    "outcomes: ABSENT",
  ];
}

function chargeLines({ charged, bounty, shortfall }: AbsentSeat["charge"]): string[] {
  return [
    `charged: ${charged} wei, of which ${bounty} wei went to the caller and ${charged - bounty} wei burned`,
    ...(shortfall === 0n ? [] : [`${shortfall} wei were not there and are forgiven`]),
  ];
}

function openLines({ claims, request }: Explanation, { kind, score, absence }: OpenSeat): string[] {
  switch (kind) {
    case "waiting":
      return score === undefined
        ? [withoutScore(request)]
        : [
            claimTable(claims),
            `Not settled yet. Settling adds ${signed(score.value)} wei to the score account, if the verdicts stay.`,
            ...(score.overturned === 0n
              ? []
              : [`It takes ${score.overturned} gwei of the bond, because verdicts were overturned.`]),
          ];
    case "silent":
      return [`Drawn without a vote. ${whenReported(request, absence ?? 0n)}`];
    case "not drawn":
      return ["Not drawn, so there was no duty, no score and no charge."];
    case "not sealed":
      return ["The request has no seed yet, so nobody is drawn."];
  }
}

/** What a committed seat waits for that has no score. */
function withoutScore({ isVoid, finalized }: RequestHistory): string {
  if (isVoid)
    return "Committed; the round is void, so there is no verdict and will be none. Not settled yet.";
  if (finalized !== undefined)
    return "Committed and NEVER REVEALED. Not settled yet; settling takes the whole bond.";
  return "Committed; there is no verdict yet, so there is nothing to explain.";
}

/** What its silence costs an operator, as far as it can still be reported. */
function whenReported({ isVoid, finalized, commits, quorum }: RequestHistory, owed: bigint): string {
  if (isVoid && commits.size < quorum) return "Too few committed to prove its absence, so it owes nothing.";
  if (isVoid || finalized !== undefined)
    return `If somebody reports it before the time for reports is over, it owes ${owed} wei; else nothing.`;
  return `If it is silent to the end and somebody reports it, it owes ${owed} wei.`;
}

function signed(value: bigint): string {
  return value < 0n ? `−${-value}` : `+${value}`;
}

function abs(value: bigint): bigint {
  return value < 0n ? -value : value;
}
