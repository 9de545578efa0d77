import { spawn, type ChildProcess } from "node:child_process";
import { appendFileSync, rmSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";

import { SEAT_REVEALED, SEAT_SETTLED, words } from "@assay/keeper";
import {
  keeperEnvironment,
  openRequest,
  readSamples,
  ROOT,
  writeKeeperConfig,
} from "@assay/cli/local-network";
import { assayAbi, assayLensAbi } from "@assay/published";
import { expect } from "chai";
import type { Address, Hex } from "viem";

import { jumpToNextEpoch, until, withNetwork, type LocalParameters } from "../fixtures/network.ts";

/** Where each keeper is killed, and whether it loses its disk as well. */
const PLAN = [
  { step: "decided" },
  { step: "commitSent" },
  { step: "committed" },
  { step: "committed", losesDatabase: true },
  { step: "revealSent" },
  { step: "revealed" },
  { step: "settleSent" },
  { step: "settled" },
  { step: "decided", losesDatabase: true },
] as const;

const REQUESTS = 4;

describe("keepers killed with SIGKILL between deciding and settling (KEEP)", function () {
  this.timeout(240_000);

  it("lose no reveal and never vote twice, also when the database is lost", async () => {
    const children = new Map<number, ChildProcess>();
    const crashes: string[] = [];
    let isOver = false;
    await withNetwork({ name: "crash", change: slow }, async (test) => {
      try {
        const { network, reads, storeUrl } = test;
        const start = (i: number, crashAt: string | undefined): void => {
          const config = writeKeeperConfig(network, i, { spread: i === 6 || i === 7 ? 0 : 3 });
          const child = spawn(
            process.execPath,
            [join(ROOT, "keeper/src/testing/crashingKeeper.ts"), config],
            {
              cwd: ROOT,
              env: {
                ...process.env,
                ...keeperEnvironment(i),
                ...(crashAt === undefined ? {} : { ASSAY_CRASH_AT: crashAt }),
              },
              stdio: ["ignore", "pipe", "pipe"],
            },
          );
          const log = join(network.folder, `${i}.log`);
          for (const stream of [child.stdout, child.stderr])
            stream.on("data", (chunk: Buffer) => {
              if (!isOver) appendFileSync(log, chunk);
            });
          child.once("exit", (_, signal) => {
            if (isOver || signal !== "SIGKILL") return;
            const plan = PLAN[i]!;
            crashes.push(`${plan.step}${"losesDatabase" in plan ? " and disk" : ""}`);
            if ("losesDatabase" in plan) {
              const database = join(network.folder, network.operators[i]!.name, "keeper.sqlite");
              for (const suffix of ["", "-wal", "-shm"]) rmSync(database + suffix, { force: true });
            }
            start(i, undefined);
          });
          children.set(i, child);
        };
        for (const [i, { step }] of PLAN.entries()) start(i, step);

        await jumpToNextEpoch(test);
        await sleep(1_500);
        const samples = readSamples(join(ROOT, "samples/grounded-claims.jsonl"));
        const requests: Hex[] = [];
        for (let i = 0; i < REQUESTS; i++) {
          requests.push(await openRequest(network, "grounded", samples.slice(i * 6, i * 6 + 6), storeUrl));
        }

        const at = network.deployment.addresses;
        for (const requestId of requests) {
          const drawn: Address[] = [];
          await until("the request is final", 120, async () => {
            return (await reads.roundState(requestId, network.requesterAddress)).phase === "FINAL";
          });
          for (const { owner } of network.operators) {
            const [sits] = await network.reader.readContract({
              address: at.AssayLens,
              abi: assayLensAbi,
              functionName: "isDrawn",
              args: [requestId, owner],
            });
            if (sits) drawn.push(owner);
          }
          await until("all seats are settled", 60, async () => {
            const seats = await Promise.all(drawn.map((owner) => reads.seatOf(requestId, owner)));
            return seats.every(({ flags }) => (flags & SEAT_SETTLED) !== 0);
          });
          for (const owner of drawn) {
            const { flags } = await reads.seatOf(requestId, owner);
            expect(flags & SEAT_REVEALED, `${owner} revealed in ${requestId}`).to.equal(SEAT_REVEALED);
          }
          const logs = await network.reader.getContractEvents({
            address: at.Assay,
            abi: assayAbi,
            args: { requestId },
            fromBlock: 0n,
            eventName: "Committed",
            strict: true,
          });
          const digests = new Set(logs.map(({ args }) => `${args.owner} ${words.seat(args.seat).digest}`));
          expect(digests.size, "one vote per drawn operator").to.equal(drawn.length);
          const settled = await network.reader.getContractEvents({
            address: at.Assay,
            abi: assayAbi,
            args: { requestId },
            fromBlock: 0n,
            eventName: "SeatSettled",
            strict: true,
          });
          expect(settled.length, "one settlement per seat").to.equal(drawn.length);
        }
        // A keeper that was never drawn cannot crash at a vote; the two that settle first always do.
        for (const step of [
          "decided",
          "commitSent",
          "committed",
          "revealSent",
          "revealed",
          "settleSent",
          "settled",
        ]) {
          expect(
            crashes.some((crash) => crash.startsWith(step)),
            `a keeper was killed at ${step}: ${crashes.join(", ")}`,
          ).to.equal(true);
        }
        expect(crashes, "a keeper lost its database between commit and reveal").to.include(
          "committed and disk",
        );
      } finally {
        isOver = true;
        for (const child of children.values()) child.kill("SIGKILL");
      }
    });
  });
});

/** The local parameters with windows long enough to restart a process on a busy machine. */
function slow({ protocol, domains }: LocalParameters): void {
  Object.assign(protocol, { epochLength: 150, unbonding: 750 });
  Object.assign(domains[0]!.committee, { expectedBase: 9, revealWindow: 15, sealWindow: 15 });
}
