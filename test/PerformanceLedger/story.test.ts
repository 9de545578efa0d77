/** A long random life of the ledger beside a plain model of it, and the state rebuilt from nothing but its events. */
import { performanceMath } from "@assay/keeper";
import { expect } from "chai";

import { WAD } from "../../deploy/parameters.ts";
import { Random } from "../differential/random.ts";
import {
  answered,
  BOND,
  CHALLENGE_WINDOW,
  headOf,
  metricsOf,
  MODEL,
  performanceWorld,
  receiptOf,
  recorded,
  ZERO,
  type Metrics,
  type PerformanceWorld,
} from "../fixtures/performance.ts";
import { networkHelpers } from "../fixtures/world.ts";

type Hex = `0x${string}`;

const STEPS = 300;
const WINDOW = performanceMath.WINDOW;

interface OpenPost {
  readonly count: number;
  readonly metrics: Metrics;
  readonly truth: Metrics | undefined;
  readonly openUntil: bigint;
}

/** What the ledger should hold. */
interface Model {
  readonly entries: performanceMath.Entry[];
  /** counts at which batches ended */
  readonly ends: number[];
  readonly open: Map<string, OpenPost>;
  readonly accepted: Map<string, { reputation: bigint; count: number }>;
  burned: bigint;
}

const now = async () => BigInt(await networkHelpers.time.latest());

class Life {
  readonly counts = { recorded: 0, posted: 0, refuted: 0, proven: 0, withdrawn: 0 };
  readonly model: Model = { entries: [], ends: [], open: new Map(), accepted: new Map(), burned: 0n };
  readonly #w: PerformanceWorld;
  readonly #random = new Random("a ledger's life");

  constructor(w: PerformanceWorld) {
    this.#w = w;
  }

  async step(): Promise<void> {
    const dice = this.#random.below(13);
    if (this.model.entries.length === 0 || dice < 2) await this.#record();
    else if (dice < 6) await this.#post();
    else if (dice < 8) await this.#challenge();
    else if (dice < 11) await this.#withdraw();
    else await networkHelpers.time.increase(CHALLENGE_WINDOW / 3n);
  }

  /** A batch of some operators of a new request. */
  async #record(): Promise<void> {
    const w = this.#w;
    const request = await answered(w);
    const owners = w.owners.filter(() => this.#random.chance(0.6));
    const asked = owners.length > 0 ? owners : [w.owners[0]!];
    const receipts = asked.map((owner) => {
      const [loadMs, inferMs] = [this.#random.below(500), 1 + this.#random.below(900)];
      return receiptOf(request, owner, {
        inputSize: this.#random.below(5_000),
        outputSize: this.#random.below(700),
        loadMs,
        inferMs,
        roundTripMs: loadMs + inferMs + this.#random.below(300),
      });
    });
    this.model.entries.push(...(await recorded(w, request, receipts)));
    this.model.ends.push(this.model.entries.length);
    this.counts.recorded += receipts.length;
  }

  /** What is true of an operator at a count; nothing if it has no new receipt. */
  #truth(operator: string, count: number): Metrics | undefined {
    const before = this.model.accepted.get(operator);
    const start = Math.max(0, count - WINDOW);
    const entries = this.model.entries.slice(start, count);
    const stale = Math.max(0, (before?.count ?? 0) - start);
    const m = performanceMath.measure(entries, operator as Hex, stale);
    return m.fresh === 0n
      ? undefined
      : metricsOf(entries, operator, { before: before?.reputation ?? WAD, stale });
  }

  /** One that is true, or off by a wei, at one of the last batches. */
  async #post(): Promise<void> {
    const w = this.#w;
    const operator = this.#random.pick(w.owners).address;
    const earlier = this.model.open.get(operator);
    if (earlier && (await now()) + 1n < earlier.openUntil) return;
    if (earlier) this.#accept(operator, earlier);
    const least = Math.max(this.model.entries.length - WINDOW, this.model.accepted.get(operator)?.count ?? 0);
    const ends = this.model.ends.filter((end) => end > least);
    if (ends.length === 0) {
      if (earlier) await w.performance.withdrawBond(w.domain, operator);
      return;
    }
    const count = this.#random.pick(ends);
    const truth = this.#truth(operator, count);
    const metrics = { ...(truth ?? { speed: 0n, forward: 0n, backward: 0n, response: 0n, reputation: WAD }) };
    if (this.#random.chance(0.4)) metrics.speed = metrics.speed === WAD ? 0n : metrics.speed + 1n;
    const head = headOf(this.model.entries.slice(0, count));
    const before = this.model.accepted.get(operator) ?? { reputation: WAD, count: 0 };
    const entry = { operator, before: before.reputation, counted: before.count, metrics };
    await w.performance.connect(w.keeper).postMetrics(w.domain, MODEL, 0, count, head, [entry]);
    this.model.open.set(operator, { count, metrics, truth, openUntil: (await now()) + CHALLENGE_WINDOW });
    this.counts.posted += 1;
  }

  async #challenge(): Promise<void> {
    const w = this.#w;
    const open = [...this.model.open];
    if (open.length === 0) return;
    const [operator, post] = this.#random.pick(open);
    if ((await now()) + 1n >= post.openUntil) return;
    const start = Math.max(0, post.count - WINDOW);
    const base = headOf(this.model.entries.slice(0, start));
    const window = this.model.entries.slice(start, post.count);
    const { id } = await w.performance.postOf(w.domain, operator);
    await w.performance.connect(w.watcher).challengeMetrics(w.domain, operator, id, base, window);
    this.model.burned += BOND / 2n;
    if (JSON.stringify(post.truth, text) === JSON.stringify(post.metrics, text)) {
      this.#accept(operator, post);
      this.counts.proven += 1;
    } else {
      this.model.open.delete(operator);
      this.counts.refuted += 1;
    }
  }

  async #withdraw(): Promise<void> {
    const over = [];
    for (const entry of this.model.open) if ((await now()) + 1n >= entry[1].openUntil) over.push(entry);
    if (over.length === 0) return;
    const [operator, post] = this.#random.pick(over);
    await this.#w.performance.connect(this.#w.outsider).withdrawBond(this.#w.domain, operator);
    this.#accept(operator, post);
    this.counts.withdrawn += 1;
  }

  #accept(operator: string, { metrics, count }: OpenPost): void {
    this.model.open.delete(operator);
    this.model.accepted.set(operator, { reputation: metrics.reputation, count });
  }
}

const text = (_: string, value: unknown) => (typeof value === "bigint" ? String(value) : value);

async function expectModel(w: PerformanceWorld, model: Model, supply: bigint): Promise<void> {
  const held = await w.token.balanceOf(w.addresses.PerformanceLedger);
  expect(held, "a bond for every open post (INV-21)").to.equal(BOND * BigInt(model.open.size));
  expect(supply - (await w.token.totalSupply()), "burned").to.equal(model.burned);
  const count = model.entries.length;
  expect(await w.performance.countOf(w.domain, MODEL), "count").to.equal(BigInt(count));
  expect(await w.performance.headAt(w.domain, MODEL, count), "head").to.equal(headOf(model.entries));
  const time = await now();
  for (const { address } of w.owners) {
    const open = model.open.get(address);
    const accepted = model.accepted.get(address);
    const counted: bigint = await w.performance.countedOf(w.domain, address, MODEL);
    expect(counted, "counted").to.equal(BigInt(accepted?.count ?? 0));
    const expected = open && time >= open.openUntil ? open.metrics.reputation : (accepted?.reputation ?? WAD);
    expect(await w.performance.routingReputationOf(w.domain, address), "R_r").to.equal(expected);
  }
}

/** Heads, open posts and R_r from events alone. */
async function rebuilt(w: PerformanceWorld) {
  const logs = await w.performance.queryFilter("*" as never);
  let head: Hex = ZERO;
  let count = 0;
  const open = new Map<string, { reputation: bigint; count: bigint }>();
  const accepted = new Map<string, { reputation: bigint; count: bigint }>();
  for (const log of logs) {
    const event = w.performance.interface.parseLog(log as never)!;
    const a = event.args;
    if (event.name === "ReceiptRecorded") {
      const r = a.receipt.toObject();
      const numbers = ["inputSize", "outputSize", "loadMs", "inferMs", "roundTripMs"] as const;
      const receipt = { ...r, ...Object.fromEntries(numbers.map((name) => [name, Number(r[name])])) };
      head = performanceMath.link(head, { receipt: receipt as performanceMath.Receipt, late: a.late });
      count += 1;
    } else if (event.name === "ChainExtended") {
      expect([a.count, a.head], "the chain from its receipts").to.deep.equal([BigInt(count), head]);
    } else if (event.name === "MetricsPosted") {
      open.set(a.operator, { reputation: a.metrics.reputation, count: a.count });
    } else if (event.name === "MetricsRefuted") open.delete(a.operator);
    else if (event.name === "MetricsAccepted") {
      accepted.set(a.operator, open.get(a.operator)!);
      open.delete(a.operator);
    }
  }
  return { head, count, open, accepted };
}

describe("PerformanceLedger", () => {
  describe("a long life", () => {
    it("agrees with its model at every step, and with its events at the end [INV-21]", async () => {
      const w = await networkHelpers.loadFixture(performanceWorld);
      for (const account of [w.keeper, w.watcher]) await w.token.transfer(account.address, 10_000n * WAD);
      const supply = await w.token.totalSupply();
      const life = new Life(w);
      for (let i = 0; i < STEPS; i++) {
        await life.step();
        await expectModel(w, life.model, supply);
      }
      for (const [what, times] of Object.entries(life.counts)) expect(times, what).to.be.greaterThan(5);
      expect(life.model.entries.length, "more than a window").to.be.greaterThan(WINDOW);

      const events = await rebuilt(w);
      expect(events.count, "count").to.equal(life.model.entries.length);
      expect(events.head, "head").to.equal(headOf(life.model.entries));
      const posts = (map: Iterable<[string, { reputation: bigint; count: bigint }]>) => [...map].sort();
      const standings = [...life.model.accepted].map(
        ([operator, { reputation, count }]) => [operator, { reputation, count: BigInt(count) }] as const,
      );
      expect(posts(events.accepted), "standings").to.deep.equal(standings.sort());
      expect([...events.open.keys()].sort(), "open posts").to.deep.equal([...life.model.open.keys()].sort());
    });
  });
});
