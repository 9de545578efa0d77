import { setTimeout as sleep } from "node:timers/promises";

import { expect } from "chai";
import { hexToBytes } from "viem";

import type { RoundState } from "../chain/reads.ts";
import { RefusedError } from "../chain/sender.ts";
import { ROUND_EXTENDED, SEAT_REVEALED } from "../chain/types.ts";
import { Secret } from "../lib/secret.ts";
import { PayloadUnavailableError } from "../payload/fetch.ts";
import { encodePayload, hashPayload, PayloadError, type Payload } from "../payload/schema.ts";
import { BYTES, PAYLOAD, requestOf, stateOf, TX, world, type World } from "../testing/deps.ts";
import { loopingModel, modelOf } from "../testing/models.ts";
import { loadModel } from "../model/session.ts";
import { COMMIT_LOOKS, createVoter } from "./voter.ts";

const never = new AbortController().signal;
const SEED = 42n;
/** The commit window has just begun. */
const atSeal = (): number => 1_000;

describe("voter", () => {
  const worlds: World[] = [];
  const make = (...args: Parameters<typeof world>): World => {
    const made = world(...args);
    worlds.push(made);
    return made;
  };
  afterEach(() => {
    for (const { close } of worlds.splice(0)) close();
  });
  const request = requestOf();
  const key = { requestId: request.requestId, round: 0 };
  const digestOf = ({ guard }: World): bigint => BigInt(guard.getVote(key)!.digest);

  it("records the vote, then commits it, and marks it [KEEP-1]", async () => {
    const seen: string[] = [];
    const deps = make({}, { onStep: (step) => void seen.push(`${step} ${deps.guard.getVote(key)?.state}`) });
    await createVoter(deps).commit(request, stateOf("COMMIT"), SEED, atSeal, never);
    expect(seen).to.deep.equal(["decided decided", "commitSent decided", "committed committed"]);
    expect(deps.sent).to.deep.equal([
      { call: "commit", args: [request.requestId, deps.me.owner, digestOf(deps)] },
    ]);
    expect(deps.guard.getVote(key)).to.include({ votes: "0xe633", commitTx: TX });
  });

  it("sends the recorded vote again when its commit went missing, without asking the model", async () => {
    const deps = make();
    const voter = createVoter(deps);
    await voter.commit(request, stateOf("COMMIT"), SEED, atSeal, never);
    // A node that lags does not know it yet: a second commit could count as late.
    for (let i = 0; i < COMMIT_LOOKS; i++)
      await voter.commit(request, stateOf("COMMIT"), SEED, atSeal, never);
    expect(deps.sent).to.have.length(1);
    await voter.commit(request, stateOf("COMMIT"), SEED, atSeal, never);
    expect(deps.sent).to.have.length(2);
    expect(deps.sent[0]).to.deep.equal(deps.sent[1]);
    expect(deps.judged.count).to.equal(1);
  });

  it("knows a commit of its own that it does not remember sending", async () => {
    const deps = make();
    await createVoter(deps).commit(request, stateOf("COMMIT"), SEED, atSeal, never);
    deps.guard.markAbandoned({ ...key, reason: "test" });
    const state = stateOf("COMMIT", { seat: { digest: digestOf(deps) } });
    await createVoter(deps).commit(request, state, SEED, atSeal, never);
    expect(deps.sent).to.have.length(1);
    expect(deps.guard.getVote(key)?.state).to.equal("committed");
  });

  it("is silent when not drawn, when its family is too light and when the bond is not free", async () => {
    const none = make({
      seatWeights: async () => ({ weight: 0n, familyWeight: 1_000n, family: 0, tier: 2 }),
    });
    const light = make({
      seatWeights: async () => ({ weight: 1_000n, familyWeight: 0n, family: 0, tier: 2 }),
    });
    const poor = make({ freeStake: async () => 63n });
    for (const deps of [none, light, poor]) {
      await createVoter(deps).commit(request, stateOf("COMMIT"), SEED, atSeal, never);
      expect(deps.sent).to.deep.equal([]);
      expect(deps.guard.getVote(key)).to.equal(undefined);
    }
    expect(none.lines.join("")).to.include("not drawn");
    expect(poor.lines.join("")).to.include("the free stake does not cover the bond");
  });

  it("asks again after an extension: the committee has grown", async () => {
    // One fiftieth of the stake: found by counting seeds, drawn among 14 seats and not among 7.
    const deps = make({
      seatWeights: async () => ({ weight: 50n, familyWeight: 1_000n, family: 0, tier: 2 }),
    });
    const voter = createVoter(deps);
    const extended = { round: { flags: 1 | ROUND_EXTENDED } };
    for (let seed = 0n; seed < 200n; seed++) {
      await voter.commit(request, stateOf("COMMIT"), seed, atSeal, never);
      if (deps.sent.length > 0) {
        deps.sent.length = 0;
        continue;
      }
      await voter.commit(request, stateOf("COMMIT", extended), seed, atSeal, never);
      if (deps.sent.length > 0) return;
    }
    throw new Error("no seed draws the operator only after the extension");
  });

  for (const [what, payload] of [
    ["another domain", { ...PAYLOAD, domain: "medical" }],
    ["another number of claims", { ...PAYLOAD, claims: PAYLOAD.claims.slice(1) }],
  ] as const) {
    it(`never votes on a payload with ${what}, and keeps the reason`, async () => {
      const bytes = encodePayload(payload as Payload);
      let fetched = 0;
      const fetchPayload = async () => {
        fetched += 1;
        return { payload: payload as Payload, bytes, uri: "test" };
      };
      const deps = make({}, { fetchPayload });
      const wrong = requestOf({ payloadHash: hashPayload(bytes) });
      deps.requests.add(wrong);
      const voter = createVoter(deps);
      for (let i = 0; i < 3; i++) await voter.commit(wrong, stateOf("COMMIT"), SEED, atSeal, never);
      expect(fetched).to.equal(1);
      expect(deps.sent).to.deep.equal([]);
      expect(deps.requests.refusalOf(wrong.requestId)).to.include("does not belong to the request");
      expect(deps.lines.filter((line) => line.includes("payload cannot be judged"))).to.have.length(1);
    });
  }

  it("never votes on terms that are not the request's", async () => {
    const deps = make();
    const forged = { ...request, terms: { ...request.terms, baseRate: 13 } };
    deps.requests.add(forged);
    await createVoter(deps).commit(forged, stateOf("COMMIT"), SEED, atSeal, never);
    expect(deps.sent).to.deep.equal([]);
    expect(deps.requests.refusalOf(request.requestId)).to.include("terms of");
  });

  it("refuses bytes that are no payload at once, and tries again what could not be fetched", async () => {
    const broken = make(
      {},
      {
        fetchPayload: async () => {
          throw new PayloadError("PAYLOAD_NOT_JSON", "The payload is not JSON", {
            given: "x",
            allowed: "JSON",
          });
        },
      },
    );
    broken.requests.add(request);
    await createVoter(broken).commit(request, stateOf("COMMIT"), SEED, atSeal, never);
    expect(broken.requests.refusalOf(request.requestId)).to.equal("The payload is not JSON (x)");

    let fetched = 0;
    const away = make(
      {},
      {
        fetchPayload: async () => {
          fetched += 1;
          if (fetched === 3) return { payload: PAYLOAD, bytes: BYTES, uri: "test" };
          throw new PayloadUnavailableError(request.terms.payloadHash, [], true);
        },
      },
    );
    const voter = createVoter(away);
    for (let i = 0; i < 2; i++) {
      const failed = await voter.commit(request, stateOf("COMMIT"), SEED, atSeal, never).then(
        () => undefined,
        (error: unknown) => error,
      );
      expect(failed).to.be.instanceOf(PayloadUnavailableError);
    }
    await voter.commit(request, stateOf("COMMIT"), SEED, atSeal, never);
    expect(away.sent).to.have.length(1);
  });

  it("abandons with the reason when the window closes, once", async () => {
    const failures = [{ uri: "https://store.example/x", code: "HASH_MISMATCH", message: "other bytes" }];
    const deps = make(
      {},
      {
        fetchPayload: async () => {
          throw new PayloadUnavailableError(request.terms.payloadHash, failures, false);
        },
      },
    );
    deps.requests.add(request);
    const voter = createVoter(deps);
    await voter.commit(request, stateOf("COMMIT"), SEED, atSeal, never).catch(() => undefined);
    for (let i = 0; i < 3; i++) voter.closeWindow(request, stateOf("REVEAL"));
    expect(deps.requests.refusalOf(request.requestId)).to.include("https://store.example/x HASH_MISMATCH");
    expect(deps.lines.filter((line) => line.includes("vote abandoned"))).to.have.length(1);
  });

  it("abandons a vote whose commit was refused until the end", async () => {
    const deps = make(
      {},
      {
        refuse: () => {
          throw new RefusedError("commit", "CommitteeFull", [256n, 255n]);
        },
      },
    );
    deps.requests.add(request);
    const voter = createVoter(deps);
    await voter.commit(request, stateOf("COMMIT"), SEED, atSeal, never).catch(() => undefined);
    voter.closeWindow(request, stateOf("REVEAL"));
    const { state, reason } = deps.guard.getVote(key)!;
    expect({ state, reason }).to.deep.equal({
      state: "abandoned",
      reason: "The contract refused commit: CommitteeFull(256, 255)",
    });
    expect(deps.guard.openDuties()).to.deep.equal([]);
  });

  it("reveals what it committed, also after losing the database [KEEP-6]", async () => {
    const first = make();
    await createVoter(first).commit(request, stateOf("COMMIT"), SEED, atSeal, never);
    const state = stateOf("REVEAL", { seat: { digest: digestOf(first) } });
    const fresh = make();
    for (const deps of [first, fresh]) {
      deps.sent.length = 0;
      await createVoter(deps).reveal(request, state, never);
      const salt = deps.guard.getVote(key)!.salt.reveal();
      const opening = { owner: deps.me.owner, votes: "0xe633", salt };
      expect(deps.sent).to.deep.equal([{ call: "reveal", args: [request.requestId, [opening]] }]);
      expect(deps.guard.getVote(key)?.state).to.equal("revealed");
    }
    expect(fresh.guard.getVote(key)!.salt.reveal()).to.equal(first.guard.getVote(key)!.salt.reveal());
  });

  it("reveals with the recorded salt after the hot key was replaced; without the record it says that it cannot", async () => {
    const before = make();
    await createVoter(before).commit(request, stateOf("COMMIT"), SEED, atSeal, never);
    const state = stateOf("REVEAL", { seat: { digest: digestOf(before) } });
    const hotKey = new Secret<`0x${string}`>(`0x${"11".repeat(32)}`);
    await createVoter({ ...before, me: { ...before.me, hotKey } }).reveal(request, state, never);
    expect(before.sent.map(({ call }) => call)).to.deep.equal(["commit", "reveal"]);

    const lost = make();
    const voter = createVoter({ ...lost, me: { ...lost.me, hotKey } });
    for (let i = 0; i < 3; i++) await voter.reveal(request, state, never);
    expect(lost.sent).to.deep.equal([]);
    expect(lost.guard.getVote(key), "a vote that cannot be revealed is not recorded").to.equal(undefined);
    expect(lost.judged.count).to.equal(1);
    expect(lost.lines.filter((line) => line.includes("cannot reveal"))).to.have.length(1);
  });

  it("judges again after losing the database while the model abstains", async () => {
    const first = make();
    await createVoter(first).commit(request, stateOf("COMMIT"), SEED, atSeal, never);
    const state = stateOf("REVEAL", { seat: { digest: digestOf(first) } });
    const fresh = make();
    let failing = 2;
    const judge: typeof fresh.model.judge = async (claims) => {
      if (failing-- > 0) throw new Error("the server is away");
      return fresh.model.judge(claims);
    };
    const voter = createVoter({ ...fresh, model: { ...fresh.model, judge } });
    for (let i = 0; i < 3; i++) await voter.reveal(request, state, never);
    expect(fresh.sent.map(({ call }) => call)).to.deep.equal(["reveal"]);
    expect(fresh.lines.filter((line) => line.includes("judging again"))).to.have.length(1);
  });

  /** A commit window of 4 s: late after 3 s, so judged for at most 2 s. */
  const shortWindow = (): RoundState => {
    const state = stateOf("COMMIT");
    return { ...state, draw: { ...state.draw, commitWindow: 4 } };
  };

  it("commits the base rate in time when the model hangs; its keeper lives [KEEP-21]", async function () {
    this.timeout(30_000);
    const slow = 1e15;
    const claims = [1, slow].map((x) => ({ values: [x], answer: "a" }));
    const payload = { ...PAYLOAD, claims } as Payload;
    const deps = make(
      {},
      { fetchPayload: async () => ({ payload, bytes: encodePayload(payload), uri: "test" }) },
    );
    // The times of a keeper's own: none of them would end it before the window does.
    const model = await loadModel(modelOf(loopingModel(), {}), { batch: 1, deadlineMs: 10_000 });
    try {
      const voter = createVoter({ ...deps, model });
      const started = performance.now();
      await voter.commit(request, shortWindow(), SEED, atSeal, never);
      expect(performance.now() - started, "before the model's own deadline").to.be.lessThan(8_000);
      const [judged, hung] = hexToBytes(deps.guard.getVote(key)!.votes);
      expect(judged).to.be.greaterThan(150);
      expect(hung).to.equal(request.terms.baseRate);
      expect(deps.sent.map(({ call }) => call)).to.deep.equal(["commit"]);
      // The next request is judged, once the process was started again.
      while (Number.isNaN((await model.judge([{ values: [1], answer: "a" }]))[0])) await sleep(100);
    } finally {
      await model.close();
    }
  });

  it("leaves a payload half of the time, and the model what it did not take [KEEP-21]", async () => {
    const given: (number | undefined)[] = [];
    const deps = make(
      {},
      {
        fetchPayload: async (_request, _signal, mostMs) => {
          given.push(mostMs);
          await sleep(300);
          return { payload: PAYLOAD, bytes: BYTES, uri: "test" };
        },
      },
    );
    const judge: typeof deps.model.judge = async (claims, _signal, mostMs) => {
      given.push(mostMs);
      return claims.map(() => 0.9);
    };
    const voter = createVoter({ ...deps, model: { ...deps.model, judge } });
    await voter.commit(request, shortWindow(), SEED, () => 1_000.3, never);
    const [forPayload, forModel] = given;
    expect(forPayload).to.be.closeTo(900, 1e-6);
    expect(forModel).to.be.within(500, 1_501);
  });

  it("has no such deadline for a vote that is judged again to be revealed", async () => {
    const first = make();
    await createVoter(first).commit(request, stateOf("COMMIT"), SEED, atSeal, never);
    const fresh = make();
    const given: (number | undefined)[] = [];
    const judge: typeof fresh.model.judge = (claims, signal, mostMs) => {
      given.push(mostMs);
      return fresh.model.judge(claims, signal);
    };
    const state = stateOf("REVEAL", { seat: { digest: digestOf(first) } });
    await createVoter({ ...fresh, model: { ...fresh.model, judge } }).reveal(request, state, never);
    expect(given).to.deep.equal([Infinity]);
    expect(fresh.sent.map(({ call }) => call)).to.deep.equal(["reveal"]);
  });

  it("notes a reveal somebody else made, and reveals nothing without a seat", async () => {
    const deps = make();
    await createVoter(deps).commit(request, stateOf("COMMIT"), SEED, atSeal, never);
    const seat = { digest: 7n, flags: SEAT_REVEALED };
    await createVoter(deps).reveal(request, stateOf("REVEAL", { seat }), never);
    expect(deps.guard.getVote(key)?.state).to.equal("revealed");
    await createVoter(make()).reveal(request, stateOf("REVEAL"), never);
    expect(deps.sent.map(({ call }) => call)).to.deep.equal(["commit"]);
  });

  it("writes no salt and no key into the log [KEEP-12]", async () => {
    const deps = make();
    const voter = createVoter(deps);
    await voter.commit(request, stateOf("COMMIT"), SEED, atSeal, never);
    const { salt } = deps.guard.getVote(key)!;
    await voter.reveal(request, stateOf("REVEAL", { seat: { digest: digestOf(deps) } }), never);
    const text = deps.lines.join("");
    expect(text).to.include("vote revealed");
    expect(text).to.not.include(salt.reveal().slice(2));
    expect(text).to.not.include(deps.me.hotKey.reveal().slice(2));
  });
});
