import { BOND_STATES, fixedPoint, words } from "@assay/keeper";
import type { Address, Hex } from "viem";

import { createBonds, fundedOf } from "./bonds.ts";
import { createBooks, type Books, type Distribution } from "./books.ts";
import { createBounties } from "./bounties.ts";
import type { Check } from "./check.ts";
import type { ChainEvent, EventLog, EventNamed } from "./events.ts";
import { createPools } from "./pools.ts";
import {
  addReveal,
  appealedRound,
  bondOf,
  chainOf,
  drawLots,
  finalize,
  FIRST_THRESHOLD,
  openedRequest,
  rulingOf,
  type RequestHistory,
} from "./requests.ts";
import {
  absenceOwed,
  chargeChecks,
  EMPTY_WINDOW,
  outcomesOf,
  packOutcomes,
  scoreOf,
  type OverturnedBond,
  type QualityWindow,
  type Score,
  type ScoredSeat,
  type SettledSeat,
} from "./seats.ts";
import { createTapes, type Replayed, type Tapes } from "./tapes.ts";
import { createVersions } from "./versions.ts";
import { createWeights } from "./weights.ts";

const ABSENT = 3;
/** Larger committees are not extended. Mirrors `Assay.MAX_EXTENDED`. */
const MAX_EXTENDED = 16n;

/** A domain's whole past, recomputed from its events. */
export interface Replay {
  readonly domain: number;
  readonly lastBlock: bigint;
  /** All rounds of all requests by their ids; a request's first round has the id of the request. */
  readonly requests: ReadonlyMap<Hex, RequestHistory>;
  readonly tapes: Tapes;
  readonly replayed: readonly Replayed[];
  readonly books: Books;
  /** Labels of the families by slot. */
  readonly families: ReadonlyMap<number, string>;
  /** The newest family of an operator, by slot. */
  familyOf(owner: Address): number;
  seatOf(roundId: Hex, owner: Address): SettledSeat | undefined;
  isOperator(owner: Address): boolean;
}

export interface ReplayOptions {
  /** wei and epochs, immutables of the minter */
  readonly emission: { readonly initial: bigint; readonly halving: bigint };
}

const countsOf = ({ scoredTrue, scoredFalse, losing }: Counts): bigint =>
  scoredTrue | (scoredFalse << 16n) | (losing << 32n);

type Counts = Pick<words.ScoreFields, "scoredTrue" | "scoredFalse" | "losing">;

/** How a seat that committed is settled, 0 scored, 1 released, 2 forfeited: what it did beside what the chain says. */
function kindCheck(request: RequestHistory, owner: Address, said: (typeof KINDS)[number]): Check {
  const hasRevealed = request.reveals.has(owner);
  // Too few committed and nobody extended: the phase to reveal in never came.
  const isUnheard =
    request.commits.size < request.quorum && !request.extended && request.seats <= MAX_EXTENDED;
  const isFree = request.isVoid && (hasRevealed || isUnheard);
  const kind = isFree ? "released" : hasRevealed ? "scored" : "forfeited";
  return {
    what: "kind of settlement",
    computed: BigInt(KINDS.indexOf(kind)),
    chain: BigInt(KINDS.indexOf(said)),
  };
}

/** A charge for overturned verdicts whose seat is settled next. */
interface Overturning {
  readonly owner: Address;
  /** wei, as the event has it */
  readonly said: bigint;
  readonly score: Score;
  readonly round: RequestHistory;
  reward: bigint;
  readonly checks: Check[];
}

const KINDS = ["scored", "released", "forfeited"] as const;

/** Goes through the events of a domain and recomputes every number the contracts said. */
export function replayEvents(
  { domain, lastBlock, events, appealEpochs }: EventLog,
  { emission }: ReplayOptions,
): Replay {
  const versions = createVersions();
  const weights = createWeights();
  const pools = createPools();
  const bonds = createBonds();
  const bounties = createBounties();
  const books = createBooks({ versions, weights, emission });
  const tapes = createTapes((version) => versions.of(version).reputation);
  const replayed: Replayed[] = [];
  const requests = new Map<Hex, RequestHistory>();
  const seats = new Map<string, SettledSeat>();
  const windows = new Map<Address, QualityWindow>();
  const operators = new Set<Address>();
  const labels = new Map<Hex, string>();
  const families = new Map<number, string>();
  /** Checks of an account opened by the seat that is settled next. */
  const opening = new Map<Address, Check[]>();
  let theta = FIRST_THRESHOLD;
  let overturning: Overturning | undefined;
  /** Whose reward the vault speaks of next. */
  let paying: Distribution | undefined;

  const keyOf = (roundId: Hex, owner: Address): string => `${roundId}:${owner}`;

  const settleScored = (request: RequestHistory, said: EventNamed<"SeatSettled">["args"]): ScoredSeat => {
    const { owner } = said;
    const { terms } = request;
    const late = request.commits.get(owner)?.late === true;
    const saidScore = words.score(said.score);
    const saidAccount = words.account(said.account);
    const score = scoreOf(request, owner);
    const pending = overturning?.owner === owner && overturning.round === request ? overturning : undefined;
    overturning = undefined;
    const overturned = pending === undefined ? undefined : seize(pending);
    const windowBefore = windows.get(owner) ?? EMPTY_WINDOW;
    const { outcomes, after: windowAfter } = outcomesOf(request, score, late, windowBefore);
    windows.set(owner, windowAfter);
    const before = books.accountOf(owner)?.score ?? 0n;
    const account = books.credit(owner, {
      value: score.value,
      scored: score.sums.scoredTrue + score.sums.scoredFalse,
      bond: request.bond - score.overturned,
      served: terms.price * BigInt(terms.claims),
    });
    const checks: Check[] = [
      kindCheck(request, owner, "scored"),
      { what: "Σ of terms", computed: score.sums.numerator, chain: saidScore.numerator },
      {
        what: "scored and losing claims",
        computed: countsOf(score.sums),
        chain: countsOf(saidScore),
      },
      { what: "x̄", computed: score.lossMean, chain: saidScore.lossMean },
      { what: "quality", computed: score.quality, chain: saidScore.quality },
      { what: "claims of the quality", computed: score.weighed, chain: saidScore.weighed },
      { what: "lateness", computed: BigInt(late), chain: BigInt(saidScore.late) },
      {
        what: "taken for overturned verdicts",
        computed: score.overturned * fixedPoint.GWEI,
        chain: pending?.said ?? 0n,
      },
      { what: "value", computed: score.value, chain: said.value },
      { what: "outcomes", computed: packOutcomes(outcomes), chain: said.outcomes },
      { what: "account before", computed: before, chain: saidAccount.score },
      { what: "factor of the account", computed: account.factor, chain: saidAccount.factor },
      ...(opening.get(owner) ?? []),
      ...(pending?.checks ?? []),
    ];
    opening.delete(owner);
    return {
      kind: "scored",
      late,
      score,
      overturned,
      outcomes,
      windowBefore,
      windowAfter,
      account,
      epoch: account.epoch,
      before,
      after: account.score,
      factor: account.factor,
      factorParts: account.parts,
      checks,
    };
  };

  /** The bond of an overturned seat pays before its score is booked. */
  const seize = ({ owner, said, score, reward, checks }: Overturning): OverturnedBond => {
    const charge = pools.seize(owner, score.overturned);
    checks.push(...chargeChecks(charge, said));
    return { charge, reward };
  };

  /** What an overturned seat pays goes to the first later appeal whose overturning lasts. */
  const award = (said: EventNamed<"Awarded">["args"]): void => {
    if (overturning === undefined) return;
    const { round, score, checks } = overturning;
    const winner = round.rounds[rulingOf(round).winner ?? -1];
    const awarded = bonds.award(said, score.overturned * fixedPoint.GWEI);
    overturning.reward = awarded.reward;
    const appeal = {
      what: "appeal that is paid",
      computed: BigInt(winner?.id ?? 0),
      chain: BigInt(said.roundId),
    };
    checks.push(appeal, ...awarded.checks);
  };

  /** A bond comes back if the appeal was void or overturned a decided claim for good. */
  const resolve = ({ roundId, state }: EventNamed<"BondResolved">["args"]): void => {
    const bond = bonds.of(roundId);
    bond.state = BOND_STATES[state] ?? "LOCKED";
    const round = requests.get(roundId);
    if (round === undefined) return;
    const isReturned = round.isVoid || chainOf(round).upheld[round.index] === true;
    const computed = BOND_STATES.indexOf(isReturned ? "RETURNED" : "BURNED");
    const check = { what: "state of the bond", computed: BigInt(computed), chain: BigInt(state) };
    round.checks = [...round.checks, check];
  };

  const sayOfReward = (what: string, computed: bigint | undefined, chain: bigint): void => {
    paying?.checks.push({ what, computed: computed ?? 0n, chain });
  };

  const openAppeal = (event: EventNamed<"Appealed">): void => {
    const first = requests.get(event.args.requestId);
    if (first === undefined) return;
    const { roundId } = event.args;
    const epoch = appealEpochs.get(roundId);
    if (epoch === undefined) throw new Error(`nothing tells in which epoch round ${roundId} was opened`);
    const bond = bonds.of(roundId);
    const round = appealedRound(first, event, bond, weights.at(epoch));
    const check = { what: "bond of the appeal", computed: bondOf(round), chain: fundedOf(bond) };
    round.checks = [...round.checks, check];
    requests.set(roundId, round);
  };

  const forfeit = (request: RequestHistory, said: EventNamed<"SeatForfeited">["args"]): SettledSeat => {
    const owed = request.bond * fixedPoint.GWEI;
    const charge = pools.charge(said.owner, request.bond, owed);
    const outcome = { what: "outcomes", computed: packOutcomes([ABSENT]), chain: said.outcomes };
    const checks = [
      kindCheck(request, said.owner, "forfeited"),
      ...chargeChecks(charge, said.charge),
      outcome,
    ];
    return { kind: "unrevealed", owed, charge, outcomes: [ABSENT], checks };
  };

  const report = (request: RequestHistory, said: EventNamed<"AbsenceReported">["args"]): SettledSeat => {
    const { owner, reporter } = said;
    const reputation = tapes.of(owner).atLastOutcome;
    const owed = absenceOwed(request, reputation);
    const charge = pools.charge(owner, 0n, fixedPoint.min(owed, request.bond * fixedPoint.GWEI));
    return { kind: "absent", reporter, reputation, owed, charge, checks: chargeChecks(charge, said.charge) };
  };

  const step = (event: ChainEvent): void => {
    switch (event.eventName) {
      case "DomainCreated":
        versions.add(1, 0, event.args.parameters);
        return weights.setFloor(event.args.minFamilyWeight);
      case "ParametersAnnounced":
        return versions.add(event.args.version, event.args.epoch, event.args.parameters);
      case "FamilyProposed":
        return void labels.set(event.args.lineage, event.args.label);
      case "FamilyListed":
        return void families.set(event.args.family, labels.get(event.args.lineage) ?? event.args.lineage);
      case "OperatorRegistered":
        operators.add(event.args.owner);
        return weights.register(event.args.owner, event.args.family);
      case "WeightChanged":
        return weights.change(event.args.owner, event.args.epoch, event.args.weight);
      case "Staked":
        return pools.move(event.args.owner, event.args.assets);
      case "Withdrawn":
        return pools.move(event.args.owner, -event.args.assets);
      case "OperatorReclassified": {
        const { owner, family, epoch, pinned } = event.args;
        if (!pinned) bounties.end(owner);
        return weights.reclassify(owner, family, epoch);
      }
      case "BountyPromised":
        return bounties.promise(event.args);
      case "ReporterPaid":
        return sayOfReward("paid to the reporter", paying?.toReporter, event.args.amount);
      case "Rewarded":
        sayOfReward("booked in the pool", paying && paying.minted - paying.toReporter, event.args.amount);
        return pools.move(event.args.owner, event.args.amount);
      case "Charged":
        return pools.note(event.args);
      case "BondUnlocked":
        return pools.unlock(event.args.owner, event.args.bond);
      case "ShareChanged":
        return books.setShare(event.args.share);
      case "BurnEarned":
        return books.earn(event.args.epoch, event.args.amount);
      case "Sponsored":
        return books.earn(event.args.epoch, event.args.amount);
      case "BountySpent":
        return books.earn(event.args.epoch, -event.args.amount);
      case "OutcomesRecorded":
        return tapes.record(event.args.owner, event.args.outcomes, event.args.count);
      case "ReputationChanged": {
        const isFold = BigInt(event.args.poster) === 0n;
        return void replayed.push(tapes.replay(event.args.owner, { ...event.args, isFold }));
      }
      case "AccountOpened": {
        const { owner } = event.args;
        return void opening.set(owner, books.open(event.args, tapes.of(owner).reputation));
      }
      case "BondsReleased":
        return books.release(event.args.owner);
      case "Distributed": {
        const { owner, epoch } = event.args;
        paying = books.close(
          event.args,
          (bonds, due) => pools.charge(owner, bonds, due),
          (minted) => bounties.take(owner, epoch, minted),
        );
        return;
      }
      case "Funded":
        return bonds.fund(event.args);
      case "FundingWithdrawn":
        return bonds.withdraw(event.args);
      case "BondLocked":
        bonds.of(event.args.roundId).state = "LOCKED";
        return;
      case "Claimed": {
        const check = bonds.claim(event.args);
        const round = requests.get(event.args.roundId);
        if (round !== undefined) round.checks = [...round.checks, check];
        return;
      }
      case "Awarded":
        return award(event.args);
      case "BondResolved":
        return resolve(event.args);
      case "Appealed":
        return openAppeal(event);
      case "CanaryOpened": {
        const { requestId, ...canary } = event.args;
        const request = requests.get(requestId);
        if (request !== undefined) request.canary = canary;
        return;
      }
      case "SeatOverturned": {
        const { roundId, owner, charge } = event.args;
        const round = requests.get(roundId);
        if (round === undefined) return;
        const score = scoreOf(round, owner);
        overturning = { owner, said: charge, score, round, reward: 0n, checks: [] };
        return;
      }
      case "Requested": {
        if (event.args.domain !== domain) return;
        const { version, epoch } = event.args.terms;
        const weighed = weights.at(BigInt(epoch));
        return void requests.set(
          event.args.requestId,
          openedRequest(event, versions.of(version), weighed, theta),
        );
      }
      default:
        return stepInRequest(event);
    }
  };

  const close = (request: RequestHistory, owner: Address, seat: SettledSeat): void => {
    seats.set(keyOf(request.id, owner), seat);
  };

  /** Events of Assay that belong to a request of the domain. */
  const stepInRequest = (event: ChainEvent): void => {
    if (!("requestId" in event.args)) return;
    const request = requests.get(event.args.requestId);
    if (request === undefined) return;
    switch (event.eventName) {
      case "Sealed":
        request.lots = drawLots(request, event.args.seed);
        return;
      case "Extended":
        request.extended = true;
        return;
      case "Committed":
        if (!request.commits.has(event.args.owner)) pools.lock(event.args.owner, request.bond);
        return void request.commits.set(event.args.owner, words.seat(event.args.seat));
      case "Revealed":
        return addReveal(request, event);
      case "Finalized":
        theta = event.args.threshold;
        return finalize(request, event.args);
      case "Voided":
        request.isVoid = true;
        return;
      case "SeatSettled":
        return close(request, event.args.owner, settleScored(request, event.args));
      case "SeatForfeited":
        return close(request, event.args.owner, forfeit(request, event.args));
      case "SeatReleased": {
        const checks = [kindCheck(request, event.args.owner, "released")];
        return close(request, event.args.owner, { kind: "released", checks });
      }
      case "AbsenceReported":
        return close(request, event.args.owner, report(request, event.args));
      default:
    }
  };

  for (const event of events) step(event);
  return {
    domain,
    lastBlock,
    requests,
    tapes,
    replayed,
    books,
    families,
    familyOf: weights.familyOf,
    seatOf: (roundId, owner) => seats.get(keyOf(roundId, owner)),
    isOperator: (owner) => operators.has(owner),
  };
}
