import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";

import {
  createReads,
  encodePayload,
  hashPayload,
  putPayload,
  startPayloadStore,
  type Contracts,
} from "@assay/keeper";
import { assayAbi } from "@assay/published";
import { bytesToHex, decodeEventLog, maxUint256, type Abi, type Hex } from "viem";

import { bringUpNetwork, domainOf, ROOT, startKeepers, type LocalNetwork } from "./localNetwork.ts";
import { createProcessGroup } from "./processes.ts";
import { watchBooks, watchRequests, type Tracked } from "./progress.ts";
import { readReport, readReputations, renderReport, type Report } from "./report.ts";
import { readSamples, split, type Sample } from "./scenario.ts";

/** The domain of the samples. */
const DOMAIN = "grounded";
/** Requests the sample is split into. */
const REQUESTS = 4;

export interface StartOptions {
  /** Protocol and domain parameters of the local chain. */
  readonly parameterFile: string;
  /** Claims with known truth. */
  readonly samples: string;
  /** Logs, databases and the deployment end up here. */
  readonly folder: string;
  readonly say: (line: string) => void;
}

/**
 * The whole network on this machine: chain, contracts, nine keeper processes, real claims, verdicts, distribution.
 * Leaves no process behind, however it ends.
 */
export async function runLocalNetwork({
  parameterFile,
  samples,
  folder,
  say,
}: StartOptions): Promise<Report> {
  const began = Date.now();
  const stamp = (line: string): void =>
    say(`${((Date.now() - began) / 1_000).toFixed(1).padStart(6)} s  ${line}`);
  const abort = new AbortController();
  const onSignal = (): void => abort.abort(new Error("stopped by a signal"));
  process.once("SIGINT", onSignal);
  process.once("SIGTERM", onSignal);
  const group = createProcessGroup((name, logFile) =>
    abort.abort(new Error(`${name} ended unexpectedly; see ${logFile}`)),
  );
  let store: Awaited<ReturnType<typeof startPayloadStore>> | undefined;
  try {
    const network = await bringUpNetwork(group, folder, parameterFile, stamp);
    const domain = domainOf(network.deployment, DOMAIN).id;
    const { AccessManager: _unused, ...contracts } = network.deployment.addresses;
    const reads = createReads(network.reader, contracts as Contracts);
    store = await startPayloadStore({ folder: join(folder, "store"), port: 0 });
    startKeepers(group, network);
    stamp(
      `payload store at ${store.url}, ${network.operators.length} keepers started as processes of their own`,
    );

    const first = await reads.currentEpoch();
    stamp(`epoch ${first}    stakes count from the next epoch on, in ${await secondsLeft(network)} s`);
    while ((await reads.currentEpoch()) === first) await sleep(300, undefined, { signal: abort.signal });

    const before = await readReputations(network, reads, domain);
    const lists = split(readSamples(samples), REQUESTS);
    const requests: (Tracked & { samples: Sample[] })[] = [];
    for (const [i, list] of lists.entries()) {
      const requestId = await openRequest(network, DOMAIN, list, store.url);
      requests.push({ number: i + 1, requestId, samples: list });
      stamp(`request ${i + 1}  opened    ${list.length} claims, ${requestId.slice(0, 10)}…`);
    }
    await watchRequests(network, reads, requests, stamp, abort.signal);
    await watchBooks(network, reads, domain, stamp, abort.signal, 3_000 * network.deployment.epochLength);
    const report = await readReport(network, reads, domain, requests, before);
    stamp("done");
    say(renderReport(report));
    writeFileSync(
      join(folder, "requests.json"),
      `${JSON.stringify(
        requests.map((r) => r.requestId),
        null,
        2,
      )}\n`,
    );
    return report;
  } catch (error) {
    throw abort.signal.aborted ? abort.signal.reason : error;
  } finally {
    await group.stop();
    await store?.close(500);
    process.off("SIGINT", onSignal);
    process.off("SIGTERM", onSignal);
  }
}

async function secondsLeft({ reader, deployment }: LocalNetwork): Promise<number> {
  const { timestamp } = await reader.getBlock();
  const { genesis, epochLength } = deployment;
  return epochLength - ((Number(timestamp) - genesis) % epochLength);
}

/** Puts the payload into the store and opens a request for it. */
export async function openRequest(
  network: LocalNetwork,
  domain: string,
  list: readonly Sample[],
  storeUrl: string,
): Promise<Hex> {
  const bytes = encodePayload({
    version: 1,
    domain,
    claims: list.map(({ truth: _kept, ...claim }) => claim),
  });
  const { uri } = await putPayload(storeUrl, bytes);
  const receipt = await network.requester.send({
    address: network.deployment.addresses.Assay,
    abi: assayAbi as unknown as Abi,
    functionName: "request",
    args: [
      {
        domain: domainOf(network.deployment, domain).id,
        claims: list.length,
        nonce: BigInt(bytesToHex(crypto.getRandomValues(new Uint8Array(16)))),
        payloadHash: hashPayload(bytes),
        sealedNote: bytesToHex(crypto.getRandomValues(new Uint8Array(32))),
        maxFee: maxUint256,
        uri,
        payload: "0x",
      },
    ],
    priority: 0,
  });
  for (const log of receipt.logs) {
    if (log.address.toLowerCase() !== network.deployment.addresses.Assay.toLowerCase()) continue;
    const event = decodeEventLog({ abi: assayAbi, ...log });
    if (event.eventName === "Requested") return event.args.requestId;
  }
  throw new Error("the request emitted no event");
}

/** Where the pieces of a default run lie. */
export const DEFAULTS = {
  parameterFile: join(ROOT, "deploy/params/local.json"),
  samples: join(ROOT, "samples/grounded-claims.jsonl"),
  folder: join(ROOT, ".assay/local"),
} as const;
