import { Counter, Gauge, Registry } from "prom-client";

import type { EmbeddedModel } from "../model/session.ts";
import type { WatchStats } from "../watches/runner.ts";

/** What the numbers are read from, at the moment they are asked for. */
export interface MetricsSources {
  /** undefined for a model at a server. */
  readonly stats: EmbeddedModel["stats"] | undefined;
  /** Last block whose requests were read. */
  readonly lastBlock: () => bigint | undefined;
  /** Requests that may still want something of this keeper. */
  readonly openRequests: () => number;
  /** Milliseconds since 1970 of the last look at the chain. */
  readonly lastLook: () => number | undefined;
  /** One entry a watch that is switched on. */
  readonly watches?: () => readonly WatchStats[];
}

/** A keeper's numbers, in a registry of their own: what follows the chain, what the model costs, what it did not answer. */
export function createMetrics({
  stats,
  lastBlock,
  openRequests,
  lastLook,
  watches = () => [],
}: MetricsSources): Registry {
  const registry = new Registry();
  const registers = [registry];
  const gauge = (name: string, help: string, read: () => number | undefined): void => {
    new Gauge({
      name,
      help,
      registers,
      collect() {
        const value = read();
        if (value === undefined) this.remove();
        else this.set(value);
      },
    });
  };
  gauge("assay_keeper_last_block", "Last block whose requests were read", () => {
    const block = lastBlock();
    return block === undefined ? undefined : Number(block);
  });
  gauge("assay_keeper_last_look_timestamp_seconds", "When the chain was last looked at", () => {
    const at = lastLook();
    return at === undefined ? undefined : at / 1_000;
  });
  gauge("assay_keeper_open_requests", "Requests that may still want something of this keeper", openRequests);
  const ofWatches = (
    name: string,
    help: string,
    labelNames: readonly string[],
    read: (stats: WatchStats) => readonly (readonly [labels: Record<string, string>, value: number])[],
  ): void => {
    new Counter({
      name: `assay_keeper_watch_${name}`,
      help,
      registers,
      labelNames: ["watch", ...labelNames],
      collect() {
        this.reset();
        for (const watch of watches())
          for (const [labels, value] of read(watch)) this.inc({ watch: watch.name, ...labels }, value);
      },
    });
  };
  const coins = (wei: bigint): number => Number(wei) / 1e18;
  ofWatches("looks_total", "Looks of a watch", [], ({ looks }) => [[{}, looks]]);
  ofWatches("acts_total", "Acts of a watch that were mined", [], ({ acts }) => [[{}, acts]]);
  ofWatches("gas_spent_total", "The chain's coin a watch paid for gas", [], ({ gas }) => [[{}, coins(gas)]]);
  ofWatches("work_risked_total", "WORK a watch put at risk", [], ({ work }) => [[{}, coins(work)]]);
  ofWatches("refusals_total", "Acts that were due and left undone", ["reason"], ({ refusals }) =>
    Object.entries(refusals).map(([reason, count]) => [{ reason }, count]),
  );
  if (stats === undefined) return registry;

  const counter = (name: string, help: string, read: () => number): void => {
    new Counter({
      name,
      help,
      registers,
      collect() {
        this.reset();
        this.inc(read());
      },
    });
  };
  const counters = (name: string, help: string, label: string, read: () => Record<string, number>): void => {
    new Counter({
      name,
      help,
      registers,
      labelNames: [label],
      collect() {
        this.reset();
        for (const [value, count] of Object.entries(read())) this.inc({ [label]: snakeCase(value) }, count);
      },
    });
  };
  const model = "assay_keeper_model";
  counter(`${model}_loads_total`, "Processes that loaded the model", () => stats().loads);
  counter(`${model}_load_seconds_total`, "Time they took to load and try it", () => stats().loadMs / 1_000);
  counter(`${model}_batches_total`, "Batches that were judged", () => stats().batches);
  counter(`${model}_claims_total`, "Claims in those batches", () => stats().claims);
  counter(
    `${model}_inference_seconds_total`,
    "Time for preparing and running those batches, waiting not counted",
    () => stats().inferenceMs / 1_000,
  );
  counters(`${model}_abstentions_total`, "Claims without a probability", "reason", () => stats().abstentions);
  counters(`${model}_process_ends_total`, "Processes that ended and were started again", "reason", () => ({
    ...NO_ENDS,
    ...stats().ends,
  }));
  gauge(`${model}_process_peak_bytes`, "Most memory the process that runs now ever held", () => {
    const { peakMb } = stats();
    return peakMb === 0 ? undefined : Math.round(peakMb * 2 ** 20);
  });
  return registry;
}

/** Series that are there before the first time: a rate needs the zero. */
const NO_ENDS = { crashed: 0, "took too long": 0, "took too much memory": 0 };

/** notRunning and "took too long" as Prometheus writes names. */
function snakeCase(name: string): string {
  return name.replaceAll(" ", "_").replaceAll(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`);
}
