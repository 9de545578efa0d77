import { existsSync, rmSync, writeFileSync } from "node:fs";
import { basename, join } from "node:path";

import { domainOf, keeperEnvironment, openRequest, ROOT, writeKeeperConfig } from "@assay/cli/local-network";
import { commitment, SEAT_SETTLED, verdictMath } from "@assay/keeper";
import { appealsAbi, assayAbi, canariesAbi } from "@assay/published";
import { expect } from "chai";
import { keccak256, parseEther, parseEventLogs, stringToHex, type Address, type Hex } from "viem";

import { DOMAIN, flowers, judges } from "../fixtures/judges.ts";
import type { Samples } from "../fixtures/keepers.ts";
import {
  jumpTo,
  jumpToNextEpoch,
  openNetwork,
  until,
  type LocalParameters,
  type OpenNetwork,
} from "../fixtures/network.ts";
import { person, type Person } from "../fixtures/people.ts";

const CLAIMS = 8;
/** Epochs; batches are registered in the first, 0. */
const LIFETIME = 1;
const BOND = parseEther("10");
/** Seconds for what waits for processes; none is slept. */
const PATIENCE = 90;

/**
 * Three that trust hints, and one that does not, each a family of its own: they sit in every committee. Those of the fifth
 * family come later; all of them sit in the committees of appeals.
 */
const PLANS = [
  { name: "ann", family: "first", trustsHints: true },
  { name: "bea", family: "second", trustsHints: true },
  { name: "cid", family: "third", trustsHints: true },
  { name: "dan", family: "fourth", trustsHints: false },
  ...["eve", "fay", "gus", "hal"].map((name) => ({ name, family: "fifth", trustsHints: false })),
];
const MISLED = 0;
const RIGHT = 3;
/** How many keepers run while the rounds of a request vote: its own, the first and the second appeal's. */
const VOTERS = [4, 6, 8] as const;

const FAMILIES = ["first", "second", "third", "fourth", "fifth"];
/** seconds */
const REVEAL = 120;

const TRICKY = flowers(CLAIMS, "misleading");
const PLAIN = flowers(CLAIMS, "none");

describe("canaries and appeals, voted on by keepers (CAN, APP)", function () {
  this.timeout(240_000);
  let test: OpenNetwork;
  let owner: Person;
  let inspector: Person;
  /** Files of canaries: the first is opened in time, the second never, the third with answers that are wrong. */
  let files: [string, string, string];
  /** Requests: `plain` and `wrong` ask what all keepers know, the others what most of them take for its opposite. */
  let asked: Record<"opened" | "unopened" | "wrong" | "ordinary" | "doubted" | "plain", Hex>;
  let areUp: () => boolean;
  let funds: bigint;

  const operator = (place: number): Address => test.network.operators[place]!.owner;
  const appeal = async (requestId: Hex): Promise<Hex> => {
    const { terms } = await requestedOf(test, requestId);
    const { logs } = await owner.send("Assay", "appeal", terms);
    const [opened] = parseEventLogs({ abi: assayAbi, eventName: "Appealed", logs, strict: true });
    return opened!.args.roundId;
  };

  before(async () => {
    test = await openNetwork({ name: "inspected", change: roomy, plans: (folder) => judges(folder, PLANS) });
    const { network, storeUrl } = test;
    owner = person(network, 0);
    inspector = person(network, 9);
    const requester = person(network, 19);
    areUp = start(test, 0, VOTERS[0]);
    await owner.send("WorkToken", "transfer", inspector.address, 3n * BOND);
    files = [1, 2, 3].map((i) => join(network.folder, `canaries-${i}.json`)) as typeof files;
    const who = ["--inspector", inspector.address, "--requester", requester.address];
    const prepare = (out: string, samples: Samples) => {
      const known = `${out}l`;
      writeFileSync(known, samples.map((claim) => JSON.stringify(claim)).join("\n"));
      return inspector.assay(
        ...["canary", "prepare", "--domain", DOMAIN, "--file", known, "--out", out],
        ...["--batch", String(CLAIMS), ...who],
      );
    };
    const wrong = PLAIN.map((claim) => ({ ...claim, truth: !claim.truth }));
    const known = [TRICKY, TRICKY, wrong];
    await Promise.all([
      ...files.map((file, i) => prepare(file, known[i]!)),
      owner.assay("canary", "inspector", DOMAIN, inspector.address),
    ]);
    for (const file of files) await inspector.assay("canary", "register", file);
    await jumpToNextEpoch(test);
    await until("the keepers run", PATIENCE, areUp);

    const askCanary = async (file: string): Promise<Hex> => {
      const { requests } = await requester.assay("canary", "ask", file, "--store", storeUrl);
      return requests[0].requestId;
    };
    asked = {
      doubted: await openRequest(network, DOMAIN, TRICKY, storeUrl),
      opened: await askCanary(files[0]),
      ordinary: await openRequest(network, DOMAIN, TRICKY, storeUrl),
      unopened: await askCanary(files[1]),
      wrong: await askCanary(files[2]),
      plain: await openRequest(network, DOMAIN, PLAIN, storeUrl),
    };
    const all = Object.values(asked);
    await playRounds(test, all, VOTERS[0]);
    areUp = start(test, VOTERS[0], VOTERS[1]);
  });

  after(() => test?.close());

  it("refuse an inspector that owns an operator (CAN-2)", async () => {
    const { id } = domainOf(test.network.deployment, DOMAIN);
    expect(await owner.refusal("Canaries", "appoint", id, operator(MISLED))).to.deep.include({
      error: "OwnsOperator",
      args: [String(id), operator(MISLED)],
    });
    // One that was appointed and registers an operator afterwards puts up no batch any more.
    const turncoat = person(test.network, 18);
    await owner.send("Canaries", "appoint", id, turncoat.address);
    const model = keccak256(stringToHex("a model of its own"));
    await turncoat.send("StakeVault", "register", id, turncoat.address, 0, 1_000, model, "");
    const root = keccak256(stringToHex("a batch"));
    expect(await turncoat.refusal("Canaries", "register", id, root, 1n)).to.deep.include({
      error: "OwnsOperator",
      args: [String(id), turncoat.address],
    });
  });

  it("show a keeper nothing of what the inspector knows, and get the votes of any request (CAN-4)", async () => {
    const same = [asked.ordinary, asked.opened, asked.unopened, asked.doubted];
    const seen = await Promise.all(same.map((id) => requestedOf(test, id)));
    const [plain, ...others] = seen.map(({ terms, uri, payload }) => {
      // The price is that of the moment, nonce and note look random.
      return { ...terms, price: 0n, nonce: 0n, sealedNote: "0x", uri, payload };
    });
    for (const other of others) expect(other, "what everybody sees").to.deep.equal(plain);
    const [votes, ...more] = await Promise.all(same.map((id) => votesOf(test, id)));
    expect(votes!.size).to.equal(VOTERS[0]);
    for (const others of more) expect(others, "votes of the same keepers").to.deep.equal(votes);
    for (const id of same) {
      expect(await ownVerdicts(test, id), "verdicts").to.deep.equal(truths(TRICKY).map(opposite));
    }
  });

  it("are opened while their verdicts are published, and not afterwards (CAN-6)", async () => {
    const [first, third] = await Promise.all([
      inspector.assay("canary", "open", files[0]),
      owner.assay("canary", "open", files[2]),
    ]);
    expect([first.opened, third.opened]).to.deep.equal([[asked.opened], [asked.wrong]]);
    for (const { batch } of [first, third])
      expect(batch.canaries[0].counts, "the answers count").to.equal(true);
  });

  it("leave verdicts that an appeal does not decide, or decides the same (APP-5)", async () => {
    await until("six keepers run", PATIENCE, areUp);
    await owner.send("WorkToken", "approve", test.network.deployment.addresses.Appeals, parseEther("1000"));
    funds = await owner.balance();
    const rounds = [await appeal(asked.doubted), await appeal(asked.plain), await appeal(asked.wrong)];
    await playRounds(test, rounds, VOTERS[1]);
    areUp = start(test, VOTERS[1], VOTERS[2]);
    const [split, ...agreed] = await Promise.all(rounds.map((id) => ownVerdicts(test, id)));
    expect(split, "three against three").to.deep.equal(TRICKY.map(() => UNDECIDED));
    for (const verdicts of agreed) expect(verdicts).to.deep.equal(truths(PLAIN));
    expect(await countingVerdicts(test, asked.doubted)).to.deep.equal(truths(TRICKY).map(opposite));
    expect(await countingVerdicts(test, asked.plain)).to.deep.equal(truths(PLAIN));
  });

  it("can be appealed a second time: one finds its majority, one no quorum (APP-1, APP-2)", async () => {
    await until("eight keepers run", PATIENCE, areUp);
    // What keepers cannot read they do not vote on.
    const { uri } = await requestedOf(test, asked.plain);
    rmSync(join(test.storeFolder, basename(uri)));
    const rounds = [await appeal(asked.doubted), await appeal(asked.plain)] as const;
    const { draw, round } = await test.reads.roundState(rounds[0], test.network.requesterAddress);
    expect([draw.seats, round.minSeats], "expected seats, quorum").to.deep.equal([31, VOTERS[2]]);
    // The first commit would seal it, so somebody else must.
    await until("the second round is sealed", PATIENCE, async () => {
      return (await owner.refusal("Assay", "seal", rounds[1], "0x")) === undefined;
    });
    await playRounds(test, rounds.slice(0, 1), VOTERS[2], rounds.slice(1));
    expect(await ownVerdicts(test, rounds[0])).to.deep.equal(truths(TRICKY));
    expect(await countingVerdicts(test, asked.doubted)).to.deep.equal(truths(TRICKY));
    expect(await countingVerdicts(test, asked.plain)).to.deep.equal(truths(PLAIN));

    for (const requestId of [asked.doubted, asked.plain]) {
      const { terms } = await requestedOf(test, requestId);
      const refused = await owner.refusal("Assay", "appeal", terms);
      expect(refused).to.deep.include({ error: "NoFurtherAppeal", args: [requestId, "63", "31"] });
    }
  });

  it("settle when everything is final: who was overturned pays, who appealed in vain loses its bond", async () => {
    const { network, reads } = test;
    const appeals = [
      ...[asked.doubted, asked.plain].flatMap((id) => [1, 2].map((i) => commitment.roundIdOf(id, i))),
      commitment.roundIdOf(asked.wrong, 1),
    ];
    await becomeFinal(test, Object.values(asked), appeals);
    const revealed = await network.reader.getContractEvents({
      address: network.deployment.addresses.Assay,
      abi: assayAbi,
      eventName: "Revealed",
      fromBlock: 0n,
      strict: true,
    });
    expect(revealed.length).to.equal(6 * VOTERS[0] + 3 * VOTERS[1] + VOTERS[2]);
    await until("all seats are settled", PATIENCE, async () => {
      const seats = await Promise.all(revealed.map(({ args }) => reads.seatOf(args.requestId, args.owner)));
      return seats.every(({ flags }) => (flags & SEAT_SETTLED) !== 0);
    });
    await until("all bonds are resolved", PATIENCE, async () => {
      return !(await Promise.all(appeals.map((id) => reads.isBondLocked(id)))).includes(true);
    });

    const [doubted, plain, wrong] = await Promise.all(
      [asked.doubted, asked.plain, asked.wrong].map((id) => owner.assay("verdict", id)),
    );
    for (const { phase, differences } of [doubted, plain, wrong])
      expect([phase, differences]).to.deep.equal(["FINAL", []]);
    const fate = ({ rounds }: { rounds: { bond?: { state: string } }[] }) =>
      rounds.map(({ bond }) => bond?.state);
    expect(fate(doubted), "undecided, then overturned").to.deep.equal([undefined, "BURNED", "RETURNED"]);
    expect(fate(plain), "confirmed, then void").to.deep.equal([undefined, "BURNED", "RETURNED"]);
    expect(fate(wrong), "against the answers").to.deep.equal([undefined, "RETURNED"]);

    const [misled, right] = await Promise.all(
      [MISLED, RIGHT].map((place) => owner.assay("explain", asked.doubted, operator(place))),
    );
    expect([misled.matches, right.matches]).to.deep.equal([true, true]);
    expect(BigInt(misled.seat.overturned.charge.charged) > 0n, "charged").to.equal(true);
    expect(right.seat.overturned, "not charged").to.equal(undefined);

    const [, , last] = doubted.rounds;
    const reward = BigInt(last.bond.reward);
    expect(reward > 0n, "a part of what the three lost").to.equal(true);
    for (const i of [1, 3, 4]) await owner.send("Appeals", "claim", appeals[i], owner.address);
    const lost = [doubted, plain].map(({ rounds }) => BigInt(rounds[1].bond.amount));
    expect(funds - (await owner.balance()), "the two that burned, less the reward").to.equal(
      lost[0]! + lost[1]! - reward,
    );
  });

  it("judge quality by the answers of an opened canary, and by verdicts else (CAN-9)", async () => {
    const [SUCCESS, WRONG] = [0, 1];
    const outcomes = async (id: Hex, place: number): Promise<unknown> => {
      const { matches, seat } = await owner.assay("explain", id, operator(place));
      expect(matches, "recomputed from the chain").to.equal(true);
      return [seat.score.isInspected, seat.outcomes];
    };
    const { ordinary, opened, unopened, wrong } = asked;
    const ofVerdicts = [outcomes(ordinary, MISLED), outcomes(ordinary, RIGHT), outcomes(unopened, MISLED)];
    expect(await Promise.all(ofVerdicts)).to.deep.equal([
      [false, [SUCCESS]],
      [false, [WRONG]],
      [false, [SUCCESS]],
    ]);
    // Of the last one an appeal overturned the answers.
    const ofAnswers = [outcomes(opened, MISLED), outcomes(opened, RIGHT), outcomes(wrong, RIGHT)];
    expect(await Promise.all(ofAnswers)).to.deep.equal([
      [true, [WRONG]],
      [true, [SUCCESS]],
      [true, [SUCCESS]],
    ]);
  });

  it("cost the inspector the bond of a wrong one and of one never opened, and no other (CAN-11, CAN-12)", async () => {
    const conclude = (who: Person, file: string) => who.assay("canary", "close", file);
    const concluded = await Promise.all([conclude(inspector, files[0]), conclude(owner, files[2])]);
    expect(concluded).to.deep.equal([{ concluded: 1 }, { concluded: 1 }]);
    const late = await inspector.assay("canary", "open", files[1]);
    expect([late.opened, late.batch.canaries[0].isLost]).to.deep.equal([[], true]);
    await jumpToNextEpoch(test);
    const before = await inspector.balance();
    const { state } = await inspector.assay("canary", "close", files[0]);
    expect([state, (await inspector.balance()) - before]).to.deep.equal(["RETURNED", BOND]);
    const burned = await owner.assay("canary", "close", files[1]);
    expect(burned).to.deep.equal({ concluded: 0, state: "BURNED" });
    expect((await inspector.balance()) - before, "nothing more").to.equal(BOND);
    const forfeited = await test.network.reader.getContractEvents({
      address: test.network.deployment.addresses.Canaries,
      abi: canariesAbi,
      eventName: "BondForfeited",
      fromBlock: 0n,
      strict: true,
    });
    const part = { collector: owner.address, bounty: BOND / 20n, burned: BOND - BOND / 20n };
    expect(forfeited.map(({ args }) => args)).to.deep.equal([
      { batch: 3n, ...part },
      { batch: 2n, ...part },
    ]);
  });

  it("move reputations exactly as the tapes say", async () => {
    const { id } = domainOf(test.network.deployment, DOMAIN);
    const isPosted = async (place: number) =>
      (await test.reads.reputationOf(id, operator(place))) !== parseEther("1");
    await until("the keepers post R", PATIENCE, async () => (await isPosted(MISLED)) && isPosted(RIGHT));
    const [verified] = await owner.assay("reputation", "verify");
    expect(verified.mismatches).to.deep.equal([]);
  });
});

/** Starts the keepers of the operators `from` … `to` − 1; tells whether all of them judge. */
function start({ network, group }: OpenNetwork, from: number, to: number): () => boolean {
  const places = Array.from({ length: to - from }, (_, i) => from + i);
  const folderOf = (i: number): string => join(network.folder, network.operators[i]!.name);
  for (const i of places) {
    const config = writeKeeperConfig(network, i, { spread: 2 });
    group.start({
      name: `keeper ${i}`,
      command: process.execPath,
      args: [join(ROOT, "cli/src/main.ts"), "keeper", "run", "--config", config],
      cwd: ROOT,
      env: keeperEnvironment(i),
      logFile: join(folderOf(i), "keeper.log"),
    });
  }
  // A keeper opens its database once its model runs.
  return () => places.every((i) => existsSync(join(folderOf(i), "keeper.sqlite")));
}

/**
 * Waits for the votes of rounds that begin now, and jumps to the ends of their windows, until they have verdicts.
 *
 * @param idle rounds that find no quorum; sealed
 */
async function playRounds(
  { network, reads }: OpenNetwork,
  ids: readonly Hex[],
  voters: number,
  idle: readonly Hex[] = [],
): Promise<void> {
  const states = (of: readonly Hex[]) =>
    Promise.all(of.map((id) => reads.roundState(id, network.requesterAddress)));
  await until("all keepers commit", PATIENCE, async () => {
    return (await states(ids)).every(({ round }) => round.commits === voters);
  });
  const all = await states([...ids, ...idle]);
  const end = Math.max(...all.map(({ draw, round }) => round.clock + draw.commitWindow));
  await jumpTo(network, end);
  await until("all keepers reveal", PATIENCE, async () => {
    const rounds = (await states([...ids, ...idle])).map(({ round }) => round);
    return rounds.every(({ reveals, commits }) => reveals === commits);
  });
  await jumpTo(network, end + REVEAL);
  await until("the verdicts are published", PATIENCE, async () => {
    const [published, ended] = [await states(ids), await states(idle)];
    return (
      published.every(({ phase }) => phase === "FINALIZED") && ended.every(({ phase }) => phase === "VOID")
    );
  });
}

/** Jumps to where nothing changes the verdicts of requests any more. */
async function becomeFinal(
  { network, reads }: OpenNetwork,
  requests: readonly Hex[],
  appeals: readonly Hex[],
): Promise<void> {
  const states = (ids: readonly Hex[]) =>
    Promise.all(ids.map((id) => reads.roundState(id, network.requesterAddress)));
  const clocks = (await states([...requests, ...appeals])).map(({ round }) => round.clock);
  await jumpTo(network, Math.max(...clocks));
  await until("the verdicts are final", PATIENCE, async () => {
    return (await states(requests)).every(({ phase }) => phase === "FINAL");
  });
}

/** What everybody sees of a request when it is opened. */
async function requestedOf({ network: { reader, deployment } }: OpenNetwork, requestId: Hex) {
  const [opened] = await reader.getContractEvents({
    address: deployment.addresses.Assay,
    abi: assayAbi,
    eventName: "Requested",
    args: { requestId },
    fromBlock: 0n,
    strict: true,
  });
  return opened!.args;
}

/** The revealed votes of a round by operator. */
async function votesOf(
  { network: { reader, deployment } }: OpenNetwork,
  requestId: Hex,
): Promise<Map<Address, Hex>> {
  const logs = await reader.getContractEvents({
    address: deployment.addresses.Assay,
    abi: assayAbi,
    eventName: "Revealed",
    args: { requestId },
    fromBlock: 0n,
    strict: true,
  });
  return new Map(logs.map(({ args }) => [args.owner, args.votes]));
}

type Verdict = 0 | 1 | 2;
const [UNDECIDED, FALSE, TRUE] = [0, 1, 2] as const;

const truths = (samples: Samples): Verdict[] => samples.map(({ truth }) => (truth ? TRUE : FALSE));
const opposite = (verdict: Verdict): Verdict => (verdict === TRUE ? FALSE : TRUE);
const verdictsIn = (words: readonly [bigint, bigint]): Verdict[] =>
  TRICKY.map((_, i) => Number(verdictMath.verdictOf(words, i)) as Verdict);

/** What a round decided by itself. */
async function ownVerdicts(
  { network: { reader, deployment } }: OpenNetwork,
  roundId: Hex,
): Promise<Verdict[]> {
  const [finalized] = await reader.getContractEvents({
    address: deployment.addresses.Assay,
    abi: assayAbi,
    eventName: "Finalized",
    args: { requestId: roundId },
    fromBlock: 0n,
    strict: true,
  });
  return verdictsIn(finalized!.args.verdicts);
}

/** What all rounds of a request say together. */
async function countingVerdicts(test: OpenNetwork, requestId: Hex): Promise<Verdict[]> {
  const { reader, deployment } = test.network;
  const { terms } = await requestedOf(test, requestId);
  const address = deployment.addresses.Appeals;
  const call = { address, abi: appealsAbi, functionName: "verdictsOf", args: [terms] } as const;
  return verdictsIn(await reader.readContract(call));
}

/** Windows for a busy machine: the test jumps to their ends as soon as everybody is done. */
function roomy({ protocol, domains }: LocalParameters): void {
  Object.assign(protocol, { epochLength: 7_200, unbonding: 36_000, canaryLifetime: LIFETIME });
  const [domain] = domains;
  Object.assign(domain!, { name: DOMAIN, families: FAMILIES });
  Object.assign(domain!.committee, {
    seats: 7,
    minSeats: 2,
    expectedBase: 120,
    revealWindow: REVEAL,
    appealWindow: 600,
    sealWindow: 120,
  });
}
