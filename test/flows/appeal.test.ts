import { execFile, spawn, type ChildProcess } from "node:child_process";
import { existsSync } from "node:fs";
import { join } from "node:path";
import { promisify } from "node:util";

import {
  keeperEnvironment,
  openRequest,
  readSamples,
  ROOT,
  writeKeeperConfig,
  type LocalNetwork,
  type OperatorPlan,
} from "@assay/cli/local-network";
import { commitment, connectSigner, createSender, SEAT_SETTLED, silentLogger } from "@assay/keeper";
import { appealsAbi, assayAbi, workTokenAbi } from "@assay/published";
import { expect } from "chai";
import { bytesToHex, parseEther, type Abi, type Hex } from "viem";
import { mnemonicToAccount } from "viem/accounts";

import {
  jumpTo,
  jumpToNextEpoch,
  until,
  withNetwork,
  type LocalParameters,
  type NetworkTest,
} from "../fixtures/network.ts";

const CLAIMS = 8;
const MNEMONIC = "test test test test test test test test test test test junk";
const CLI = join(ROOT, "cli/src/main.ts");

/** Two of a mind that is wrong, and five that are mostly right and come too late for the first round. */
const PLANS: readonly OperatorPlan[] = [
  ["lou", "char-trees", "misbehaving/liar"],
  ["moe", "hashed-mlp", "misbehaving/liar"],
  ["ada", "overlap-logistic", "grounded/overlap-logistic"],
  ["ben", "hashed-mlp", "grounded/hashed-mlp"],
  ["cho", "char-trees", "grounded/char-trees"],
  ["dee", "hard-negative", "grounded/hard-negative"],
  ["eli", "align-conv", "grounded/align-conv"],
].map(([name, family, model]) => ({
  name: name!,
  domain: "grounded",
  family: family!,
  model: model!,
  behaviour: "honest" as const,
}));
const FIRST = 2;

describe("an appeal, voted and settled by keepers (APP)", function () {
  this.timeout(150_000);

  it("overturns a verdict, charges its voters and gives the bond back", async () => {
    const keepers: ChildProcess[] = [];
    await withNetwork({ name: "appeal", change: roomy, plans: () => PLANS }, async (test) => {
      try {
        const { network, reads, storeUrl } = test;
        const start = (i: number): void => {
          const config = writeKeeperConfig(network, i, { spread: 2 });
          const env = { ...process.env, ...keeperEnvironment(i) };
          keepers.push(spawn(process.execPath, [CLI, "keeper", "run", "--config", config], { env }));
        };
        const isUp = (i: number) => existsSync(join(network.folder, PLANS[i]!.name, "keeper.sqlite"));
        for (let i = 0; i < FIRST; i++) start(i);
        await jumpToNextEpoch(test);
        await until("the first keepers run", 30, () => [0, 1].every(isUp));

        const samples = readSamples(join(ROOT, "samples/grounded-claims.jsonl")).slice(0, CLAIMS);
        const requestId = await openRequest(network, "grounded", samples, storeUrl);
        const state = (id: Hex) => reads.roundState(id, network.requesterAddress);
        await playRound(test, requestId, FIRST);
        // These were drawn for the first round too and missed it.
        for (let i = FIRST; i < PLANS.length; i++) start(i);
        await until("all keepers run", 40, () => PLANS.every((_, i) => isUp(i)));

        const appellant = await endow(network);
        const options = ["--rpc", network.rpcUrl, "--deployment", join(network.folder, "deployment.json")];
        const assay = (...args: string[]) => run([...args, ...options, "--json"], appellant.key);
        const shown = await assay("appeal", requestId, "--show");
        expect(BigInt(shown.next.bond)).to.equal(await bondOf(network, requestId));
        expect(shown.next.secondsLeft).to.be.greaterThan(0);
        const part = await assay("appeal", requestId, "--fund", "0.001");
        expect(part.done).to.include({ what: "funded", amount: parseEther("0.001").toString() });
        const { done } = await assay("appeal", requestId);
        expect(BigInt(done.amount)).to.equal(BigInt(shown.next.bond) - parseEther("0.001"));
        const roundId = commitment.roundIdOf(requestId, 1);
        expect([done.what, done.roundId]).to.deep.equal(["appealed", roundId]);

        await playRound(test, roundId, PLANS.length);
        await jumpTo(network, (await state(roundId)).round.clock);
        const owners = network.operators.map(({ owner }) => owner);
        const isSettled = async (id: Hex, who: readonly (typeof owners)[number][]) => {
          const seats = await Promise.all(who.map((owner) => reads.seatOf(id, owner)));
          return seats.every(({ flags }) => (flags & SEAT_SETTLED) !== 0);
        };
        await until("both rounds are settled", 40, async () => {
          return (await isSettled(roundId, owners)) && isSettled(requestId, owners.slice(0, FIRST));
        });
        expect(await reads.isBondLocked(roundId), "the keepers resolved the bond").to.equal(false);

        const verdict = await assay("verdict", requestId);
        expect([verdict.phase, verdict.differences, verdict.rounds.length]).to.deep.equal(["FINAL", [], 2]);
        expect(verdict.rounds[1].bond.state).to.equal("RETURNED");
        const right = samples.filter(
          ({ truth }, i) => verdict.claims[i].verdict === (truth ? "TRUE" : "FALSE"),
        );
        const wrong = samples.filter(
          ({ truth }, i) => verdict.rounds[0].claims[i].verdict === (truth ? "FALSE" : "TRUE"),
        );
        expect(right.length, "right verdicts that count").to.be.greaterThan(CLAIMS / 2);
        expect(wrong.length, "wrong verdicts of the first round").to.be.greaterThan(CLAIMS / 2);
        for (const [i, owner] of owners.slice(0, FIRST + 1).entries()) {
          const { matches, seat, appeals } = await assay("explain", requestId, owner);
          expect(matches, owner).to.equal(true);
          expect(appeals[0].seat.kind).to.equal("scored");
          if (i < FIRST) expect(BigInt(seat.overturned.charge.charged) > 0n, owner).to.equal(true);
        }
        const [verified] = await assay("reputation", "verify");
        expect(verified.mismatches).to.deep.equal([]);
        const claimed = await assay("appeal", requestId, "--claim");
        const { reward } = verdict.rounds[1].bond;
        expect(BigInt(reward) > 0n, "the funders get a part of the charges").to.equal(true);
        expect(claimed.done.map((one: { amount: string }) => BigInt(one.amount))).to.deep.equal([
          BigInt(shown.next.bond) + BigInt(reward),
        ]);
      } finally {
        for (const keeper of keepers) keeper.kill("SIGKILL");
      }
    });
  });
});

/** Runs a command of the CLI and reads what it prints. */
// eslint-disable-next-line @typescript-eslint/no-explicit-any
async function run(args: readonly string[], key: Hex): Promise<any> {
  const env = { ...process.env, ASSAY_KEY: key };
  const { stdout } = await promisify(execFile)(process.execPath, [CLI, ...args], { env });
  return JSON.parse(stdout);
}

/** A third party with WORK of its own. */
async function endow({ rpcUrl, reader, deployment }: LocalNetwork): Promise<{ key: Hex }> {
  const treasury = mnemonicToAccount(MNEMONIC, { addressIndex: 0 });
  const third = mnemonicToAccount(MNEMONIC, { addressIndex: 18 });
  const signer = connectSigner({ rpcUrl, chainId: deployment.chainId, pollMs: 200 }, treasury);
  await createSender(reader, signer, silentLogger).send({
    address: deployment.addresses.WorkToken,
    abi: workTokenAbi as unknown as Abi,
    functionName: "transfer",
    args: [third.address, parseEther("50")],
    priority: 0,
  });
  return { key: bytesToHex(third.getHdKey().privateKey ?? new Uint8Array()) };
}

async function bondOf({ reader, deployment }: LocalNetwork, requestId: Hex): Promise<bigint> {
  const at = deployment.addresses;
  const event = { address: at.Assay, abi: assayAbi, eventName: "Requested", args: { requestId } } as const;
  const [opened] = await reader.getContractEvents({ ...event, fromBlock: 0n, strict: true });
  const args = [opened!.args.terms, 1n] as const;
  return reader.readContract({ address: at.Appeals, abi: appealsAbi, functionName: "bondOf", args });
}

/** Waits for the votes of a round and jumps to the ends of its windows, until its verdicts are published. */
async function playRound({ network, reads }: NetworkTest, roundId: Hex, voters: number): Promise<void> {
  const state = () => reads.roundState(roundId, network.requesterAddress);
  await until("all keepers commit", 40, async () => (await state()).round.commits === voters);
  const { draw, round } = await state();
  await jumpTo(network, round.clock + draw.commitWindow);
  await until("all keepers reveal", 40, async () => (await state()).round.reveals === voters);
  await jumpTo(network, round.clock + draw.commitWindow + draw.revealWindow);
  await until("the verdicts are published", 30, async () => (await state()).phase === "FINALIZED");
}

/** The local parameters with seats for everybody, and windows for keepers that start on a busy machine. */
function roomy({ protocol, domains }: LocalParameters): void {
  Object.assign(protocol, { epochLength: 600, unbonding: 3_000 });
  Object.assign(domains[0]!.committee, {
    seats: 12,
    minSeats: 2,
    expectedBase: 20,
    revealWindow: 40,
    appealWindow: 90,
    sealWindow: 60,
  });
}
