import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";

import {
  bringUpNetwork,
  createProcessGroup,
  openRequest,
  readSamples,
  ROOT,
  startKeepers,
  type LocalNetwork,
  type OperatorPlan,
} from "@assay/cli/local-network";
import { createReads, startPayloadStore, verdictMath, type Contracts } from "@assay/keeper";
import { assayAbi, assayLensAbi } from "@assay/published";
import { expect } from "chai";
import { hexToBytes, type Hex } from "viem";

import { writeStopWords } from "../fixtures/stopWords.ts";

const CLAIMS = 8;

/** What each kind of input is asked: a string, token ids, several strings, an image. */
const plansWith = (stopWords: string): OperatorPlan[] =>
  [
    { name: "ngram", domain: "language", family: "ngram-bayes", model: "language/ngram-bayes" },
    { name: "tokens", domain: "language", family: "stop-words", model: stopWords },
    { name: "overlap", domain: "grounded", family: "overlap-logistic", model: "grounded/overlap-logistic" },
    { name: "edits", domain: "grounded", family: "hard-negative", model: "grounded/hard-negative" },
    { name: "strokes", domain: "digits", family: "stroke-conv", model: "digits/stroke-conv" },
    {
      name: "gradients",
      domain: "digits",
      family: "gradient-perceptron",
      model: "digits/gradient-perceptron",
    },
  ].map((plan) => ({ ...plan, behaviour: "honest" as const }));

describe("keepers with models of every kind of input (KEEP)", function () {
  this.timeout(240_000);

  it("judge strings, token ids, pairs of strings and images to a verdict", async () => {
    const folder = mkdtempSync(join(tmpdir(), "assay-kinds-"));
    const group = createProcessGroup(() => {});
    const store = await startPayloadStore({ folder: join(folder, "store"), port: 0 });
    try {
      const plans = plansWith(writeStopWords(join(folder, "stop-words")));
      const parameters = parametersFor(folder, plans);
      const network = await bringUpNetwork(group, join(folder, "net"), parameters, () => {}, plans);
      const { AccessManager: _unused, ...contracts } = network.deployment.addresses;
      const reads = createReads(network.reader, contracts as Contracts);
      startKeepers(group, network);

      // Stakes count from the next epoch on: this test's chain may jump there, the keepers live by its clock.
      const { genesis, epochLength } = network.deployment;
      await network.reader.request({
        method: "evm_setNextBlockTimestamp" as never,
        params: [genesis + epochLength * (1 + (await reads.currentEpoch()))] as never,
      });
      // A keeper opens its database once its model runs.
      const isUp = ({ name }: OperatorPlan) => existsSync(join(network.folder, name, "keeper.sqlite"));
      for (let tries = 0; tries < 200 && !plans.every(isUp); tries++) await sleep(300);
      const requests = new Map<string, Hex>();
      const samples = (domain: string) =>
        readSamples(join(ROOT, `samples/${domain}-claims.jsonl`)).slice(0, CLAIMS);
      for (const domain of ["language", "grounded", "digits"]) {
        requests.set(domain, await openRequest(network, domain, samples(domain), store.url));
      }
      for (const [domain, requestId] of requests) {
        const state = async () => (await reads.roundState(requestId, network.requesterAddress)).phase;
        for (let tries = 0; tries < 300 && !["FINAL", "VOID"].includes(await state()); tries++)
          await sleep(400);
        expect(await state(), domain).to.equal("FINAL");

        const votes = await votesOf(network, requestId);
        expect(votes.length, `both keepers of ${domain} revealed`).to.equal(2);
        const { baseRate } = await network.reader.readContract({
          address: network.deployment.addresses.AssayLens,
          abi: assayLensAbi,
          functionName: "drawOf",
          args: [requestId],
        });
        for (const vote of votes) {
          const judged = vote.filter((byte) => Math.abs(byte - baseRate) > 10).length;
          expect(judged, `claims judged in ${domain}`).to.be.greaterThanOrEqual(2);
        }
        const right = await rightVerdicts(network, requestId, samples(domain));
        expect(right.wrong, `wrong verdicts in ${domain}`).to.be.lessThanOrEqual(2);
        expect(right.right, `right verdicts in ${domain}`).to.be.greaterThanOrEqual(3);
      }
    } finally {
      await group.stop();
      await store.close(500);
      rmSync(folder, { recursive: true, force: true });
    }
  });
});

async function votesOf(network: LocalNetwork, requestId: Hex): Promise<Uint8Array[]> {
  const logs = await network.reader.getContractEvents({
    address: network.deployment.addresses.Assay,
    abi: assayAbi,
    eventName: "Revealed",
    args: { requestId },
    fromBlock: 0n,
    strict: true,
  });
  return logs.map(({ args }) => hexToBytes(args.votes));
}

async function rightVerdicts(
  network: LocalNetwork,
  requestId: Hex,
  samples: readonly { readonly truth: boolean }[],
): Promise<{ right: number; wrong: number }> {
  const [finalized] = await network.reader.getContractEvents({
    address: network.deployment.addresses.Assay,
    abi: assayAbi,
    eventName: "Finalized",
    args: { requestId },
    fromBlock: 0n,
    strict: true,
  });
  const counts = { right: 0, wrong: 0 };
  for (const [i, { truth }] of samples.entries()) {
    const verdict = Number(verdictMath.verdictOf(finalized!.args.verdicts, i));
    if (verdict === (truth ? 2 : 1)) counts.right += 1;
    else if (verdict !== 0) counts.wrong += 1;
  }
  return counts;
}

/** A domain for each kind of question, everybody sits, and time for keepers that start on a busy machine. */
function parametersFor(folder: string, plans: readonly OperatorPlan[]): string {
  interface Parameters {
    protocol: { epochLength: number; unbonding: number };
    domains: { name: string; families: string[]; committee: Record<string, unknown> }[];
  }
  const parameters = JSON.parse(readFileSync(join(ROOT, "deploy/params/local.json"), "utf8")) as Parameters;
  const [template] = parameters.domains;
  const names = [...new Set(plans.map(({ domain }) => domain))];
  parameters.protocol.epochLength = 150;
  parameters.protocol.unbonding = 750;
  parameters.domains = names.map((name) => ({
    ...template!,
    name,
    families: plans.filter(({ domain }) => domain === name).map(({ family }) => family),
    committee: {
      ...template!.committee,
      seats: 3,
      minSeats: 2,
      minFamilies: 2,
      expectedBase: 12,
      revealWindow: 15,
      sealWindow: 60,
    },
  }));
  const path = join(folder, "kinds.json");
  writeFileSync(path, JSON.stringify(parameters));
  return path;
}
