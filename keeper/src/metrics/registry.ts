import { Counter, Gauge, Registry } from "prom-client";

import type { EmbeddedModel } from "../model/session.ts";

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
}

/** A keeper's numbers, in a registry of their own: what follows the chain, what the model costs, what it did not answer. */
export function createMetrics({ stats, lastBlock, openRequests, lastLook }: MetricsSources): Registry {
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
