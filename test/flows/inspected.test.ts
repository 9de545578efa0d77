import { existsSync, writeFileSync } from "node:fs";
import { join } from "node:path";

import {
  domainOf,
  keeperEnvironment,
  openRequest,
  ROOT,
  writeKeeperConfig,
  type LocalNetwork,
} from "@assay/cli/local-network";
import { SEAT_SETTLED, verdictMath } from "@assay/keeper";
import { assayAbi, canariesAbi } from "@assay/published";
import { expect } from "chai";
import { keccak256, parseEther, stringToHex, type Address, type Hex } from "viem";

import { DOMAIN, flowers, judges } from "../fixtures/judges.ts";
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

/** Three that trust hints, and one that does not, each a family of its own: every one of them sits in every committee. */
const MISLED = [0, 1, 2];
const RIGHT = 3;
const PLANS = [
  { name: "ann", family: "first", trustsHints: true },
  { name: "bea", family: "second", trustsHints: true },
  { name: "cid", family: "third", trustsHints: true },
  { name: "dan", family: "fourth", trustsHints: false },
];

const FAMILIES = ["first", "second", "third", "fourth"];
/** seconds */
const REVEAL = 120;

const TRICKY = flowers(CLAIMS, "misleading");

describe("canaries among requests that keepers vote on (CAN)", function () {
  this.timeout(240_000);
  let test: OpenNetwork;
  let owner: Person;
  let inspector: Person;
  let requester: Person;
  let operators: LocalNetwork["operators"];
  /** The first is opened in time, the second never. */
  let files: [string, string];
  let asked: [Hex, Hex];
  let ordinary: Hex;

  before(async () => {
    test = await openNetwork({ name: "inspected", change: roomy, plans: (folder) => judges(folder, PLANS) });
    const { network } = test;
    operators = network.operators;
    [owner, inspector, requester] = [person(network, 0), person(network, 9), person(network, 19)];
    const isUp = start(test, [...MISLED, RIGHT]);
    await owner.send("WorkToken", "transfer", inspector.address, 3n * BOND);
    const known = join(network.folder, "known.jsonl");
    writeFileSync(known, TRICKY.map((claim) => JSON.stringify(claim)).join("\n"));
    files = [join(network.folder, "first.json"), join(network.folder, "second.json")];
    const who = ["--inspector", inspector.address, "--requester", requester.address];
    const prepare = (out: string) =>
      inspector.assay(
        ...["canary", "prepare", "--domain", DOMAIN, "--file", known, "--out", out],
        ...["--batch", String(CLAIMS), ...who],
      );
    await Promise.all([...files.map(prepare), owner.assay("canary", "inspector", DOMAIN, inspector.address)]);
    for (const file of files) await inspector.assay("canary", "register", file);
    await jumpToNextEpoch(test);
    await until("the keepers run", PATIENCE, isUp);
  });

  after(() => test?.close());

  it("refuses an inspector that owns an operator", async () => {
    const { id } = domainOf(test.network.deployment, DOMAIN);
    const first = operators[0]!;
    expect(await owner.refusal("Canaries", "appoint", id, first.owner)).to.deep.include({
      error: "OwnsOperator",
      args: [String(id), first.owner],
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

  it("are voted on as any other request: nothing tells a keeper what the inspector knows", async () => {
    const ask = async (file: string): Promise<Hex> => {
      const { requests } = await requester.assay("canary", "ask", file, "--store", test.storeUrl);
      return requests[0].requestId;
    };
    const first = await ask(files[0]);
    ordinary = await openRequest(test.network, DOMAIN, TRICKY, test.storeUrl);
    asked = [first, await ask(files[1])];
    await playRounds(test, [ordinary, ...asked], PLANS.length);

    const seen = await Promise.all([ordinary, ...asked].map((id) => askedOf(test, id)));
    // The price is that of the moment, nonce and note look random.
    const [plain, ...known] = seen.map((one) => ({ ...one, price: 0n, nonce: 0n, sealedNote: "0x" }));
    for (const one of known) expect(one, "what everybody sees").to.deep.equal(plain);
    const [votes, ...canaries] = await Promise.all([ordinary, ...asked].map((id) => votesOf(test, id)));
    expect(votes!.size).to.equal(PLANS.length);
    for (const canary of canaries) expect(canary, "votes of the same keepers").to.deep.equal(votes);
    for (const id of [ordinary, ...asked]) expect(await mistakes(test, id), "verdicts").to.equal(CLAIMS);
  });

  it("judge quality by their answers once they are opened in time", async () => {
    const { reads } = test;
    const { opened, batch } = await inspector.assay("canary", "open", files[0]);
    expect(opened).to.deep.equal([asked[0]]);
    expect(batch.canaries[0].counts, "the answers count").to.equal(true);
    for (const id of [...asked, ordinary]) await becomeFinal(test, id);
    await until("all seats are settled", PATIENCE, async () => {
      const seats = [ordinary, ...asked].flatMap((id) =>
        operators.map((operator) => reads.seatOf(id, operator.owner)),
      );
      return (await Promise.all(seats)).every(({ flags }) => (flags & SEAT_SETTLED) !== 0);
    });

    const [SUCCESS, WRONG] = [0, 1];
    const outcomes = async (id: Hex, operator: number): Promise<unknown> => {
      const { matches, seat } = await owner.assay("explain", id, operators[operator]!.owner);
      expect(matches, "recomputed from the chain").to.equal(true);
      return [seat.score.isInspected, seat.outcomes];
    };
    const [misled] = MISLED as [number];
    const found = await Promise.all(
      [ordinary, asked[1], asked[0]].flatMap((id) => [outcomes(id, misled), outcomes(id, RIGHT)]),
    );
    expect(found, "misled and right, of the ordinary, the unopened and the opened request").to.deep.equal([
      ...[
        [false, [SUCCESS]],
        [false, [WRONG]],
      ],
      ...[
        [false, [SUCCESS]],
        [false, [WRONG]],
      ],
      ...[
        [true, [WRONG]],
        [true, [SUCCESS]],
      ],
    ]);
    expect(await inspector.assay("canary", "close", files[0])).to.deep.equal({ concluded: 1 });
  });

  it("give the bond back for those that were opened, and burn it for one that was not", async () => {
    const late = await inspector.assay("canary", "open", files[1]);
    expect([late.opened, late.batch.canaries[0].isLost]).to.deep.equal([[], true]);
    await jumpToNextEpoch(test);
    await until("the batches are over", PATIENCE, async () => (await test.reads.currentEpoch()) > LIFETIME);
    const before = await inspector.balance();
    const { state } = await inspector.assay("canary", "close", files[0]);
    expect([state, (await inspector.balance()) - before]).to.deep.equal(["RETURNED", BOND]);
    const burned = await owner.assay("canary", "close", files[1]);
    expect(burned).to.deep.equal({ concluded: 0, state: "BURNED" });
    expect((await inspector.balance()) - before, "nothing more").to.equal(BOND);
    const [forfeited] = await test.network.reader.getContractEvents({
      address: test.network.deployment.addresses.Canaries,
      abi: canariesAbi,
      eventName: "BondForfeited",
      fromBlock: 0n,
      strict: true,
    });
    expect(forfeited!.args).to.deep.equal({
      batch: 2n,
      collector: owner.address,
      bounty: BOND / 20n,
      burned: BOND - BOND / 20n,
    });
  });
});

/** Starts keepers by their place among the operators; tells whether all of them judge. */
function start({ network, group }: OpenNetwork, places: readonly number[]): () => boolean {
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

/** Waits for the votes of rounds and jumps to the ends of their windows, until their verdicts are published. */
async function playRounds(
  { network, reads }: OpenNetwork,
  ids: readonly Hex[],
  voters: number,
): Promise<void> {
  const states = () => Promise.all(ids.map((id) => reads.roundState(id, network.requesterAddress)));
  const all = async (count: "commits" | "reveals") =>
    (await states()).every(({ round }) => round[count] === voters);
  await until("all keepers commit", PATIENCE, () => all("commits"));
  const ends = (await states()).map(({ draw, round }) => round.clock + draw.commitWindow);
  await jumpTo(network, Math.max(...ends));
  await until("all keepers reveal", PATIENCE, () => all("reveals"));
  await jumpTo(network, Math.max(...ends) + REVEAL);
  await until("the verdicts are published", PATIENCE, async () =>
    (await states()).every(({ phase }) => phase === "FINALIZED"),
  );
}

/** Jumps to where nothing changes the verdicts of a request any more. */
async function becomeFinal({ network, reads }: OpenNetwork, id: Hex): Promise<void> {
  const state = () => reads.roundState(id, network.requesterAddress);
  await jumpTo(network, (await state()).round.clock);
  await until("the verdicts are final", PATIENCE, async () => (await state()).phase === "FINAL");
}

/** What everybody sees of a request when it is opened. */
async function askedOf({ network: { reader, deployment } }: OpenNetwork, requestId: Hex) {
  const [opened] = await reader.getContractEvents({
    address: deployment.addresses.Assay,
    abi: assayAbi,
    eventName: "Requested",
    args: { requestId },
    fromBlock: 0n,
    strict: true,
  });
  const { terms, uri, payload } = opened!.args;
  return { ...terms, uri, payload };
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

/** Verdicts of a request's own round on {@link flowers} that are not the truth. */
async function mistakes({ network: { reader, deployment } }: OpenNetwork, requestId: Hex): Promise<number> {
  const [finalized] = await reader.getContractEvents({
    address: deployment.addresses.Assay,
    abi: assayAbi,
    eventName: "Finalized",
    args: { requestId },
    fromBlock: 0n,
    strict: true,
  });
  const { verdicts } = finalized!.args;
  return TRICKY.filter(({ truth }, i) => Number(verdictMath.verdictOf(verdicts, i)) === (truth ? 1 : 2))
    .length;
}

/** Windows for a busy machine: the test jumps to their ends as soon as everybody is done. */
function roomy({ protocol, domains }: LocalParameters): void {
  Object.assign(protocol, { epochLength: 3_600, unbonding: 18_000, canaryLifetime: LIFETIME });
  const [domain] = domains;
  Object.assign(domain!, { name: DOMAIN, families: FAMILIES });
  Object.assign(domain!.committee, {
    seats: 7,
    minSeats: 2,
    expectedBase: 60,
    revealWindow: REVEAL,
    appealWindow: 300,
    sealWindow: 120,
  });
}
