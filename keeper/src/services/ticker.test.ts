import { setTimeout as sleep } from "node:timers/promises";

import { expect } from "chai";
import { HttpRequestError, type Hex } from "viem";

import { RefusedError } from "../chain/sender.ts";
import type { Duty, RoundState } from "../chain/reads.ts";
import { PHASES, ROUND_APPEALED, ROUND_SEALED, type Phase } from "../chain/types.ts";
import { DatabaseError } from "../db/errors.ts";
import { Secret } from "../lib/secret.ts";
import { roundIdOf } from "../mirror/commitment.ts";
import { requestOf, stateOf, world, type World } from "../testing/deps.ts";
import { createTicker, GONE_AFTER, type Ticker } from "./ticker.ts";

const request = requestOf({}, 100n);
const { requestId } = request;

describe("ticker", () => {
  let deps: World;
  let phase: Phase;
  let block: bigint;
  let now: bigint;
  let did: string[];
  let duties: Duty[];
  let roundState: (roundId: Hex) => Promise<RoundState>;
  let work: () => Promise<void>;
  let seed: bigint | undefined;
  let time: (() => number) | undefined;
  let failHead: (() => never) | undefined;

  const make = (): Ticker => {
    const note = (name: string) => async (duty: Duty) => {
      did.push(name);
      duties.push(duty);
      await work();
    };
    return createTicker({
      deps,
      voter: {
        commit: (duty, _state, _seed, clock) => {
          time = clock;
          return note("commit")(duty);
        },
        reveal: note("reveal"),
        closeWindow: () => void did.push("closeWindow"),
      },
      closer: { close: note("close") },
      bookkeeper: { keepBooks: async () => {} },
      follow: { confirmations: 0, startBlock: 0n },
      pollMs: 5,
    });
  };
  const settle = async (): Promise<void> => void (await sleep(15));

  beforeEach(() => {
    phase = "COMMIT";
    block = 110n;
    now = 900n;
    did = [];
    duties = [];
    roundState = async () => stateOf(phase);
    seed = 7n;
    failHead = undefined;
    work = async () => {};
    deps = world({
      head: async () => {
        failHead?.();
        return { number: block, hash: `0x${"01".repeat(32)}`, timestamp: now };
      },
      blockHash: async () => `0x${"01".repeat(32)}`,
      requestsBetween: async () => [],
      roundState: async (roundId: Hex) => roundState(roundId),
      seedOf: async () => seed,
    });
    deps.requests.add(request);
  });
  afterEach(() => deps.close());

  const DUTIES: Record<Phase, string[]> = {
    NONE: [],
    REQUESTED: ["commit"],
    COMMIT: ["commit"],
    EXTENSION: ["close"],
    REVEAL: ["closeWindow", "reveal"],
    TALLY: ["closeWindow", "close"],
    FINALIZED: ["closeWindow", "close"],
    FINAL: ["closeWindow", "close"],
    VOID: ["closeWindow", "close"],
    APPEALED: ["closeWindow", "close"],
  };
  for (const name of PHASES) {
    it(`does ${DUTIES[name].join(" and ") || "nothing"} in ${name}`, async () => {
      phase = name;
      await make().tick();
      await settle();
      expect(did).to.deep.equal(DUTIES[name]);
    });
  }

  it("attends to the round the latest appeal opened", async () => {
    const states = new Map([
      [requestId, stateOf("APPEALED", { round: { flags: ROUND_SEALED | ROUND_APPEALED } })],
      [roundIdOf(requestId, 1), stateOf("VOID", { round: { flags: ROUND_SEALED | ROUND_APPEALED } })],
      [roundIdOf(requestId, 2), stateOf("COMMIT")],
    ]);
    roundState = async (roundId) => states.get(roundId)!;
    await make().tick();
    await settle();
    expect(did).to.deep.equal(["commit"]);
    expect(duties.map(({ index, roundId }) => [index, roundId])).to.deep.equal([
      [2, roundIdOf(requestId, 2)],
    ]);
  });

  it("waits for the seed, and closes what was not sealed in time", async () => {
    phase = "REQUESTED";
    const ticker = make();
    seed = undefined;
    await ticker.tick();
    await settle();
    seed = 7n;
    block = 42n; // the ticket: its block is not complete
    await ticker.tick();
    await settle();
    expect(did).to.deep.equal([]);
    now = 1_001n;
    await ticker.tick();
    await settle();
    expect(did).to.deep.equal(["close"]);
  });

  it("tells the voter the time since the newest block was first seen", async () => {
    const times: number[] = [];
    work = async () => void times.push(time!());
    const ticker = make();
    await ticker.tick();
    await settle();
    await sleep(500);
    await ticker.tick();
    await settle();
    now = 912n;
    await ticker.tick();
    await settle();
    const [first, later, next] = times as [number, number, number];
    expect(first).to.be.at.least(900);
    expect(later - first).to.be.greaterThan(0.4);
    expect(next, "another block").to.be.at.least(912);
    expect(next - 912).to.be.lessThan(later - 900);
  });

  it("drops a request the chain no longer has, but not for a node that lags", async () => {
    phase = "NONE";
    const salt = new Secret<`0x${string}`>(`0x${"22".repeat(32)}`);
    deps.guard.recordVote({
      requestId,
      round: 0,
      domain: 1,
      votes: "0x0102",
      salt,
      digest: `0x${"05".repeat(30)}`,
    });
    const ticker = make();
    block = request.block + GONE_AFTER;
    await ticker.tick();
    await settle();
    expect(deps.requests.open()).to.have.length(1);
    block += 1n;
    await ticker.tick();
    await settle();
    expect(deps.requests.open()).to.deep.equal([]);
    expect(deps.guard.getVote({ requestId, round: 0 })).to.include({
      state: "abandoned",
      reason: "the chain does not have the request any more",
    });
  });

  it("keeps an old request whose appeal a lagging node does not know yet", async () => {
    const states = new Map([
      [requestId, stateOf("APPEALED", { round: { flags: ROUND_SEALED | ROUND_APPEALED } })],
      [roundIdOf(requestId, 1), stateOf("NONE", { round: { flags: 0 } })],
    ]);
    roundState = async (roundId) => states.get(roundId)!;
    block = request.block + GONE_AFTER + 1n;
    await make().tick();
    await settle();
    expect(did).to.deep.equal([]);
    expect(deps.requests.open()).to.have.length(1);
  });

  it("does not start a duty that still runs", async () => {
    let release = (): void => {};
    work = () => new Promise((resolve) => (release = resolve));
    const ticker = make();
    await ticker.tick();
    await settle();
    await ticker.tick();
    await settle();
    expect(did).to.deep.equal(["commit"]);
    release();
    await settle();
    await ticker.tick();
    await settle();
    expect(did).to.deep.equal(["commit", "commit"]);
  });

  const levelOf = (sentence: string): string[] =>
    deps.lines
      .filter((line) => line.includes(sentence))
      .map((line) => (JSON.parse(line) as { level: string }).level);

  it("tells a failure once, and repetitions only for the desk", async () => {
    work = async () => {
      throw new RefusedError("commit", "NotHotKey", []);
    };
    const ticker = make();
    for (let i = 0; i < 3; i++) {
      await ticker.tick();
      await settle();
    }
    expect(levelOf("a duty failed")).to.deep.equal(["warn", "debug", "debug"]);
  });

  it("is quiet where somebody else was first, and warns of every other refusal", async () => {
    phase = "TALLY";
    let reason = "WrongPhase";
    work = async () => {
      throw new RefusedError("finalize", reason, []);
    };
    const ticker = make();
    for (const error of ["WrongPhase", "RequestsPaused", "RequestsPaused"]) {
      reason = error;
      await ticker.tick();
      await settle();
    }
    expect(levelOf("a duty failed")).to.deep.equal(["debug", "warn", "debug"]);
  });

  it("goes on when the endpoint fails, and keeps its address out of the log", async () => {
    const url = "https://node.example/v3/0123456789abcdef0123456789abcdef";
    let heads = 0;
    failHead = () => {
      heads += 1;
      throw new HttpRequestError({ url, body: { secret: "salt" } });
    };
    const stop = new AbortController();
    const running = make().run(stop.signal);
    while (heads < 2) await sleep(10);
    stop.abort();
    await running;
    expect(levelOf("a duty failed")[0]).to.equal("warn");
    expect(deps.lines.join("")).to.not.include("0123456789abcdef").and.not.include("salt");
  });

  it("ends when the database cannot be used any more", async () => {
    work = async () => {
      throw new DatabaseError("DATABASE_CORRUPT", "The database is damaged", { data: {}, advice: "stop" });
    };
    const failed = await make()
      .run(new AbortController().signal)
      .then(
        () => undefined,
        (error: unknown) => error,
      );
    expect(failed).to.be.instanceOf(DatabaseError);
  });

  it("stops at once although the endpoint hangs and a duty never ends", async () => {
    work = () => new Promise(() => {});
    const ticker = make();
    await ticker.tick();
    await settle();
    const hanging = { ...deps, reads: { ...deps.reads, head: () => new Promise<never>(() => {}) } };
    const stop = new AbortController();
    const other = createTicker({
      deps: hanging,
      voter: { commit: work, reveal: work, closeWindow: () => {} },
      closer: { close: work },
      bookkeeper: { keepBooks: work },
      follow: { confirmations: 0, startBlock: 0n },
      pollMs: 5,
    });
    const began = Date.now();
    const running = other.run(stop.signal);
    stop.abort();
    await running;
    expect(await ticker.stop(), "the duty is left").to.equal(false);
    expect(Date.now() - began).to.be.lessThan(10_000);
    await ticker.tick();
    expect(did, "nothing starts after the stop").to.deep.equal(["commit"]);
  });
});
