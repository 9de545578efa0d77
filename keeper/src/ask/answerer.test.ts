import { randomBytes } from "node:crypto";

import { expect } from "chai";
import { bytesToHex, hexToBytes, recoverTypedDataAddress, type Hex } from "viem";
import { privateKeyToAccount } from "viem/accounts";

import type { ChainReads, RequestedEvent } from "../chain/reads.ts";
import { SEAT_REVEALED, type Phase } from "../chain/types.ts";
import { Refusal } from "../lib/httpServer.ts";
import { Secret } from "../lib/secret.ts";
import { voteByte } from "../model/vote.ts";
import { encodePayload, hashPayload, PayloadError, type Payload } from "../payload/schema.ts";
import {
  ASSAY,
  BYTES,
  HOT_KEY,
  OWNER,
  PAYLOAD,
  requestOf,
  stateOf,
  termsOf,
  world,
  type World,
} from "../testing/deps.ts";
import { createAnswerer } from "./answerer.ts";
import {
  NO_REQUEST,
  questionAbout,
  questionOf,
  questionSchema,
  typedAnswer,
  type PreparedQuestion,
} from "./question.ts";

const nonce = (): Hex => bytesToHex(randomBytes(32));
const signal = new AbortController().signal;
const request = requestOf();
const own = { domain: 1, baseRate: 128, claims: 2 };

describe("answering directly (ASK)", () => {
  const worlds: World[] = [];
  let flags: number;
  let phase: Phase;
  let head: bigint;
  let unseen: RequestedEvent[];
  let payloads: Map<Hex, Payload | Error>;

  /** A keeper that has read the chain up to block 100. */
  const make = (anyClaims = true) => {
    const reads: Partial<ChainReads> = {
      roundState: async () => stateOf(phase, { seat: { digest: 1n, flags } }),
      head: async () => ({ number: head, hash: NO_REQUEST, timestamp: 0n }),
      requestsBetween: async (_, from, to) => unseen.filter(({ block }) => block >= from && block <= to),
    };
    const deps = world(reads, {
      fetchPayload: async ({ terms }) => {
        const payload = payloads.get(terms.payloadHash) ?? PAYLOAD;
        if (payload instanceof Error) throw payload;
        return { payload, bytes: BYTES, uri: "test" };
      },
    });
    worlds.push(deps);
    deps.cursor.set({ number: 100n, hash: NO_REQUEST });
    const answerer = createAnswerer(deps, { anyClaims });
    const ask = ({ body, hash }: PreparedQuestion) =>
      answerer.answer(questionSchema.parse(JSON.parse(body)), hash, signal);
    const refusal = async (question: PreparedQuestion): Promise<string> => {
      const before = deps.judged.count;
      const given = await ask(question).catch((error: unknown) => error);
      if (!(given instanceof Refusal)) throw new Error(`no refusal: ${JSON.stringify(given)}`);
      return `${given.status} ${given.code}${deps.judged.count > before ? ", judged" : ""}`;
    };
    return { deps, ask, refusal };
  };

  beforeEach(() => {
    flags = SEAT_REVEALED;
    phase = "FINAL";
    head = 100n;
    unseen = [];
    payloads = new Map();
  });
  afterEach(() => {
    for (const { close } of worlds.splice(0)) close();
  });

  it("signs what it would vote, and nothing can be changed in it (ASK-3)", async () => {
    const { ask } = make();
    const question = questionAbout(request, BYTES, nonce());
    const { answer, signature } = await ask(question);
    const votes = Uint8Array.from([voteByte(0.9, 0.5, 128), voteByte(0.2, 0.5, 128)]);
    expect(answer).to.deep.include({
      question: question.hash,
      domain: 1,
      operator: OWNER,
      requestId: request.requestId,
      payloadHash: hashPayload(BYTES),
      baseRate: 128,
      votes: bytesToHex(votes),
      loadMs: 0,
    });
    expect(answer.inferMs).to.be.at.least(1);
    const hot = privateKeyToAccount(HOT_KEY.reveal()).address;
    const signerOf = (changed: object) =>
      recoverTypedDataAddress({
        ...typedAnswer({ chainId: 31_337, assay: ASSAY }, { ...answer, ...changed }),
        signature,
      });
    expect(await signerOf({})).to.equal(hot);
    for (const changed of [
      { question: NO_REQUEST },
      { domain: 2 },
      { operator: ASSAY },
      { requestId: NO_REQUEST },
      { payloadHash: NO_REQUEST },
      { modelHash: NO_REQUEST },
      { baseRate: 129 },
      { votes: "0xffff" },
      { loadMs: 1 },
      { inferMs: answer.inferMs + 1 },
    ])
      expect(await signerOf(changed), JSON.stringify(changed)).to.not.equal(hot);
  });

  it("says nothing about a request before its own vote is revealed, and does not even judge it (ASK-1)", async () => {
    flags = 0;
    const { ask, refusal } = make();
    const question = questionAbout(request, BYTES, nonce());
    expect(await refusal(question)).to.equal("409 VOTE_NOT_REVEALED");
    flags = SEAT_REVEALED;
    expect((await ask(question)).answer.requestId).to.equal(request.requestId);
  });

  it("only repeats its revealed vote until the request is final: an appeal may ask it again (ASK-1)", async () => {
    const { deps, ask, refusal } = make();
    const question = questionAbout(request, BYTES, nonce());
    const votes = [voteByte(0.9, 0.5, 128), voteByte(0.2, 0.5, 128)];
    for (const open of ["REVEAL", "TALLY", "FINALIZED", "APPEALED"] as const) {
      phase = open;
      expect(await refusal(question), "nothing on record").to.equal("409 VOTE_DIFFERS, judged");
    }
    const salt = new Secret<Hex>(nonce());
    deps.guard.recordVote({
      requestId: request.requestId,
      round: 0,
      domain: 1,
      votes: bytesToHex(Uint8Array.from(votes)),
      salt,
      digest: `0x${"12".repeat(30)}`,
    });
    expect((await ask(question)).answer.votes).to.equal(bytesToHex(Uint8Array.from(votes)));
    deps.model.judge = async (claims) => claims.map(() => 0.7);
    expect(await refusal(question), "another model").to.equal("409 VOTE_DIFFERS");
    for (const over of ["FINAL", "VOID"] as const) {
      phase = over;
      expect((await ask(question)).answer.votes).to.not.equal(bytesToHex(Uint8Array.from(votes)));
    }
  });

  it("asks the chain for the seat of exactly the request whose terms were given (ASK-1)", async () => {
    const asked: [Hex, Hex][] = [];
    const deps = world({
      roundState: async (roundId, owner) => {
        asked.push([roundId, owner]);
        return stateOf("FINAL");
      },
    });
    worlds.push(deps);
    const other = requestOf({ nonce: 2n });
    const { body, hash } = questionAbout(other, BYTES, nonce());
    const answerer = createAnswerer(deps, { anyClaims: true });
    await answerer.answer(questionSchema.parse(JSON.parse(body)), hash, signal).catch(() => {});
    expect(asked).to.deep.equal([[other.requestId, OWNER]]);
  });

  it("answers claims of no request only if its operator wants that (ASK-2)", async () => {
    const question = questionOf(own, BYTES, nonce());
    expect(await make(false).refusal(question)).to.equal("403 REQUESTS_ONLY");
    const { answer } = await make(true).ask(question);
    expect([answer.requestId, answer.baseRate]).to.deep.equal([NO_REQUEST, 128]);
  });

  it("does not answer claims that are in an open request, under whatever name (ASK-2)", async () => {
    const { deps, ask, refusal } = make();
    deps.requests.add(request);
    const again = encodePayload({
      version: 1,
      domain: "grounded",
      claims: [
        { text: "Snow is cold.", answer: "Snow is warm." },
        { ...PAYLOAD.claims[1]!, id: "another name" },
      ],
    });
    expect(await refusal(questionOf(own, again, nonce()))).to.equal("409 CLAIM_OPEN");
    const fresh = encodePayload({
      version: 1,
      domain: "grounded",
      claims: [{ text: "Snow is cold.", answer: "Snow is warm." }],
    });
    await ask(questionOf({ ...own, claims: 1 }, fresh, nonce()));
    deps.requests.close(request.requestId);
    await ask(questionOf(own, again, nonce()));
  });

  it("sees requests that its own look at the chain has not seen yet (ASK-2)", async () => {
    const { ask, refusal } = make();
    const question = questionOf(own, BYTES, nonce());
    await ask(question);
    head = 101n;
    unseen = [{ ...request, payload: "0x", block: 101n }];
    expect(await refusal(question)).to.equal("409 CLAIM_OPEN");
    // Its payload is read from the event: no table holds it yet.
    const inline = requestOf({ nonce: 9n });
    payloads.set(inline.terms.payloadHash, new Error("no mirror"));
    unseen = [{ ...inline, payload: bytesToHex(BYTES), block: 101n }];
    expect(await refusal(question)).to.equal("409 CLAIM_OPEN");
  });

  it("looks again after judging: a request opened meanwhile silences the answer (ASK-2)", async () => {
    const { deps, refusal } = make();
    const { model } = deps;
    const judge = model.judge.bind(model);
    model.judge = async (claims, stop) => {
      deps.requests.add(request);
      return judge(claims, stop);
    };
    expect(await refusal(questionOf(own, BYTES, nonce()))).to.equal("409 CLAIM_OPEN, judged");
  });

  it("keeps silent where it cannot know: unread payloads, a chain it is behind of or has not read (ASK-2)", async () => {
    const question = questionOf(own, BYTES, nonce());
    const { deps, ask, refusal } = make();
    const hidden = requestOf({ nonce: 5n, payloadHash: hashPayload(Uint8Array.of(1)) });
    deps.requests.add(hidden);
    payloads.set(hidden.terms.payloadHash, new Error("no mirror"));
    expect(await refusal(question)).to.equal("409 CLAIM_MAY_BE_OPEN");
    // Bytes that are no payload are voted on by nobody.
    payloads.set(
      hidden.terms.payloadHash,
      new PayloadError("PAYLOAD_NOT_JSON", "no", { given: 1, allowed: 2 }),
    );
    await ask(question);
    head = 100n + deps.reads.blockRange + 1n;
    expect(await refusal(question)).to.equal("409 CLAIM_MAY_BE_OPEN");
    const blank = world({ head: async () => ({ number: 1n, hash: NO_REQUEST, timestamp: 0n }) });
    worlds.push(blank);
    const { body, hash } = question;
    const given = await createAnswerer(blank, { anyClaims: true })
      .answer(questionSchema.parse(JSON.parse(body)), hash, signal)
      .catch((error: unknown) => error);
    expect(given).to.be.instanceOf(Refusal).and.include({ code: "CLAIM_MAY_BE_OPEN" });
  });

  it("refuses terms, payloads and domains that do not belong together", async () => {
    const { refusal } = make();
    const about = (change: object, bytes = BYTES) =>
      questionAbout({ requestId: NO_REQUEST, terms: termsOf(change) }, bytes, nonce());
    expect(await refusal(about({ domain: 2 }))).to.equal("400 QUESTION_UNFIT");
    expect(await refusal(about({ payloadHash: NO_REQUEST }))).to.equal("400 QUESTION_UNFIT");
    expect(await refusal(about({ claims: 3 }))).to.equal("400 QUESTION_UNFIT");
    const foreign = encodePayload({ ...PAYLOAD, domain: "relevance" });
    expect(await refusal(questionOf(own, foreign, nonce()))).to.equal("400 QUESTION_UNFIT");
    expect(await refusal(questionOf(own, Uint8Array.from([...BYTES, 32]), nonce()))).to.equal(
      "400 PAYLOAD_NOT_CANONICAL",
    );
    expect(await refusal(questionOf(own, Uint8Array.of(255), nonce()))).to.equal("400 PAYLOAD_NOT_UTF8");
  });

  it("judges in parts of sixteen, so that a vote never waits for a whole question", async () => {
    const { deps, ask } = make();
    const sizes: number[] = [];
    deps.model.judge = async (claims) => {
      sizes.push(claims.length);
      return claims.map(() => 0.9);
    };
    const claims = Array.from({ length: 40 }, (_, i) => ({ text: "t", answer: `a ${i}` }));
    const bytes = encodePayload({ version: 1, domain: "grounded", claims });
    const { answer } = await ask(questionOf({ ...own, claims: 40 }, bytes, nonce()));
    expect(sizes).to.deep.equal([16, 16, 8]);
    expect(hexToBytes(answer.votes)).to.deep.equal(new Uint8Array(40).fill(voteByte(0.9, 0.5, 128)));
  });

  it("counts loading apart from inference", async () => {
    const { deps, ask } = make();
    let loadMs = 500;
    deps.model.stats = () => ({ loadMs }) as never;
    deps.model.judge = async (claims) => {
      await new Promise((resolve) => setTimeout(resolve, 60));
      loadMs += 40;
      return claims.map(() => 0.5);
    };
    const { answer } = await ask(questionAbout(request, BYTES, nonce()));
    expect(answer.loadMs).to.equal(40);
    expect(answer.inferMs).to.be.at.least(15);
  });
});
