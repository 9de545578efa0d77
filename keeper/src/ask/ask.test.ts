import { randomBytes } from "node:crypto";
import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";

import { expect } from "chai";
import { bytesToHex, type Hex } from "viem";
import { generatePrivateKey, privateKeyToAccount } from "viem/accounts";

import { SEAT_REVEALED } from "../chain/types.ts";
import type { HttpServer } from "../lib/httpServer.ts";
import { GuardError } from "../payload/addressGuard.ts";
import { ASSAY, BYTES, HOT_KEY, OWNER, requestOf, stateOf, world, type World } from "../testing/deps.ts";
import { createAnswerer } from "./answerer.ts";
import { AskError, askOperator, type AskOptions } from "./client.ts";
import {
  MAX_ANSWER_BYTES,
  questionAbout,
  typedAnswer,
  type Answer,
  type PreparedQuestion,
  type SignedAnswer,
} from "./question.ts";
import { AskServerError, serveAsk, type AskLimits } from "./server.ts";

const request = requestOf();
const hot = privateKeyToAccount(HOT_KEY.reveal());
const deployment = { chainId: 31_337, assay: ASSAY };
const question = (): PreparedQuestion => questionAbout(request, BYTES, bytesToHex(randomBytes(32)));

describe("asking an operator over HTTP (ASK)", () => {
  let deps: World;
  const servers: { close(): Promise<void> }[] = [];

  beforeEach(() => {
    deps = world({ roundState: async () => stateOf("FINAL", { seat: { flags: SEAT_REVEALED } }) });
  });
  afterEach(async () => {
    await Promise.all(servers.splice(0).map((server) => server.close()));
    deps.close();
  });

  const keeper = async (limits: Partial<AskLimits> = {}): Promise<HttpServer> => {
    const answerer = createAnswerer(deps, { anyClaims: false });
    const server = await serveAsk({ host: "127.0.0.1", port: 0, answerer, limits, now: () => 0 });
    servers.push({ close: () => server.close(0) });
    return server;
  };
  /** Somebody else in the operator's place. */
  const impostor = async (
    serve: (request: IncomingMessage, response: ServerResponse) => void,
  ): Promise<string> => {
    const server = createServer(serve).listen(0, "127.0.0.1");
    await new Promise((resolve) => server.once("listening", resolve));
    servers.push({
      close: () =>
        new Promise((resolve) => {
          server.close(() => resolve());
          server.closeAllConnections();
        }),
    });
    return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  };
  const ask = (url: string, asked = question(), options: Partial<AskOptions> = {}) =>
    askOperator({ url, operator: OWNER, hotKey: hot.address, modelHash: deps.model.hash }, asked, {
      deployment,
      policy: { allowPrivate: true },
      deadlineMs: 2_000,
      ...options,
    });
  const refusal = async (running: Promise<unknown>): Promise<AskError> => {
    const error = await running.then(
      () => "no refusal",
      (thrown: unknown) => thrown,
    );
    if (!(error instanceof AskError)) throw new Error(`no refusal: ${String(error)}`);
    return error;
  };
  const send = (url: string, path: string, init?: RequestInit) => fetch(`${url}${path}`, init);
  const codeOf = async (response: Response): Promise<string> =>
    `${response.status} ${((await response.json()) as { error: { code: string } }).error.code}`;

  it("brings an answer that is the operator's, and its round trip", async () => {
    deps.model.judge = async (claims) => {
      await new Promise((resolve) => setTimeout(resolve, 30));
      return claims.map(() => 0.9);
    };
    const { url } = await keeper();
    const { answer, roundTripMs } = await ask(url);
    expect(answer.requestId).to.equal(request.requestId);
    expect(answer.inferMs).to.be.within(25, roundTripMs);
    expect((await ask(`${url}/`)).answer.operator, "with a slash at the end").to.equal(OWNER);
  });

  it("takes no answer that somebody else signed, or that belongs to another question (ASK-3)", async () => {
    const other = privateKeyToAccount(generatePrivateKey());
    const asked = question();
    const truth: Answer = {
      question: asked.hash,
      domain: 1,
      operator: OWNER,
      requestId: request.requestId,
      payloadHash: asked.payloadHash,
      modelHash: deps.model.hash,
      baseRate: 128,
      votes: "0x8080",
      loadMs: 0,
      inferMs: 1,
    };
    const answers = async (answer: Answer, signer = hot, of = answer): Promise<string> => {
      const signature = await signer.signTypedData(typedAnswer(deployment, of));
      const body: SignedAnswer = { version: 1, answer, signature };
      return impostor((_, response) => response.end(JSON.stringify(body)));
    };
    expect((await ask(await answers(truth), asked)).answer).to.deep.equal(truth);
    expect((await refusal(ask(await answers(truth, other), asked))).code).to.equal("ANSWER_FORGED");
    const altered = { ...truth, votes: "0xffff" as Hex };
    expect((await refusal(ask(await answers(altered, hot, truth), asked))).code).to.equal("ANSWER_FORGED");
    expect((await refusal(ask(await answers(truth), question()))).code).to.equal("ANSWER_OF_ANOTHER");
    for (const change of [
      { domain: 2 },
      { operator: ASSAY },
      { requestId: asked.hash },
      { payloadHash: asked.hash },
      { modelHash: asked.hash },
      { baseRate: 129 },
    ]) {
      const error = await refusal(ask(await answers({ ...truth, ...change }), asked));
      expect(error.code, JSON.stringify(change)).to.equal("ANSWER_OF_ANOTHER");
    }
    const short = await refusal(ask(await answers({ ...truth, votes: "0x80" }), asked));
    expect(short.code).to.equal("ANSWER_NOT_VALID");
    const slow = await refusal(ask(await answers({ ...truth, loadMs: 60_000 }), asked));
    expect(slow.code).to.equal("TIMES_NOT_POSSIBLE");
  });

  it("tells what is no answer at all, and what may pass", async () => {
    const cases: [string, boolean, (request: IncomingMessage, response: ServerResponse) => void][] = [
      ["ANSWER_NOT_VALID", false, (_, response) => response.end("<html>hello</html>")],
      ["ANSWER_NOT_VALID", false, (_, response) => response.end('{"version":1}')],
      ["ANSWER_TOO_BIG", false, (_, response) => response.end("x".repeat(MAX_ANSWER_BYTES + 1))],
      ["OPERATOR_TOO_SLOW", false, () => {}],
      ["OPERATOR_REFUSED", false, (_, response) => response.writeHead(302, { location: "/" }).end()],
      ["OPERATOR_REFUSED", false, (_, response) => response.writeHead(409).end("not yet")],
      ["OPERATOR_REFUSED", true, (_, response) => response.writeHead(503).end("busy")],
      ["OPERATOR_UNREACHABLE", true, (_, response) => response.destroy()],
    ];
    for (const [code, retryable, serve] of cases) {
      const deadlineMs = code === "OPERATOR_TOO_SLOW" ? 300 : 10_000;
      const error = await refusal(ask(await impostor(serve), question(), { deadlineMs }));
      expect([error.code, error.retryable]).to.deep.equal([code, retryable]);
    }
    const gone = await refusal(ask("http://127.0.0.1:1"));
    expect([gone.code, gone.retryable]).to.deep.equal(["OPERATOR_UNREACHABLE", true]);
  });

  it("goes to no private address unless it is allowed (ASK-4)", async () => {
    const { url } = await keeper();
    for (const target of [
      url,
      "http://10.0.0.1",
      "http://[::1]:80",
      "ftp://example.com",
      "http://2130706433",
    ]) {
      const error = await ask(target, question(), { policy: {} }).catch((thrown: unknown) => thrown);
      expect(error, target).to.be.instanceOf(GuardError);
    }
    const lookup = async () => ["127.0.0.1"];
    const named = ask("http://operator.example", question(), { policy: {}, lookup });
    expect(await named.catch((error: GuardError) => error.code)).to.equal("ADDRESS_NOT_ALLOWED");
    expect(deps.judged.count).to.equal(0);
  });

  it("refuses what is too big, malformed, elsewhere, or asked in another way", async () => {
    const { url } = await keeper({ questionBytes: 5_000 });
    const post = (body: string) => send(url, "/ask", { method: "POST", body });
    expect(await codeOf(await post("x".repeat(5_001)))).to.equal("413 QUESTION_TOO_BIG");
    expect(await codeOf(await post(""))).to.equal("400 QUESTION_EMPTY");
    expect(await codeOf(await post("{"))).to.equal("400 QUESTION_NOT_JSON");
    expect(await codeOf(await post("[".repeat(4_000)))).to.equal("400 QUESTION_NOT_JSON");
    const { body } = question();
    const given = JSON.parse(body) as { terms: object };
    for (const change of [
      { version: 2 },
      { nonce: "0x12" },
      { payload: "%%" },
      { extra: 1 },
      { baseRate: 128 },
      { terms: { ...given.terms, nonce: "-1" } },
      { terms: { ...given.terms, price: String(2n ** 88n) } },
      { terms: { ...given.terms, domain: 65_536 } },
      { terms: { ...given.terms, requester: "0x12" } },
    ]) {
      const refused = await post(JSON.stringify({ ...given, ...change }));
      expect(await codeOf(refused), JSON.stringify(change)).to.equal("400 QUESTION_NOT_VALID");
    }
    expect(await codeOf(await send(url, "/ask"))).to.equal("405 METHOD_NOT_ALLOWED");
    expect(await codeOf(await send(url, "/elsewhere"))).to.equal("404 NOT_FOUND");
    expect(await (await send(url, "/health")).json()).to.deep.equal({ status: "ok" });
    expect(deps.judged.count).to.equal(0);
  });

  it("lets one client ask so often only [ASK-5]", async () => {
    const { url } = await keeper({ burst: 2, perSecond: 0.5 });
    const statuses = [];
    for (let i = 0; i < 3; i++) {
      const response = await send(url, "/ask", { method: "POST", body: question().body });
      statuses.push(`${response.status} ${response.headers.get("retry-after") ?? ""}`);
    }
    expect(statuses).to.deep.equal(["200 ", "200 ", "429 2"]);
  });

  it("answers so many at once only, each within the deadline, and frees the place [ASK-5]", async () => {
    const waiting: (() => void)[] = [];
    deps.model.judge = (claims, signal) =>
      new Promise((resolve, reject) => {
        waiting.push(() => resolve(claims.map(() => 0.5)));
        signal?.addEventListener("abort", () => reject(signal.reason as Error));
      });
    const { url } = await keeper({ atOnce: 1, deadlineMs: 1_500 });
    const post = () => send(url, "/ask", { method: "POST", body: question().body });
    const first = post();
    while (waiting.length === 0) await new Promise((resolve) => setTimeout(resolve, 5));
    expect(await codeOf(await post())).to.equal("503 BUSY");
    expect(await codeOf(await first)).to.equal("504 TOO_SLOW");
    const again = post();
    while (waiting.length === 1) await new Promise((resolve) => setTimeout(resolve, 5));
    waiting[1]!();
    expect((await again).status).to.equal(200);
  });

  it("says so when it cannot listen, and hides what went wrong inside", async () => {
    const { port, url } = await keeper();
    const answerer = createAnswerer(deps, { anyClaims: false });
    const taken = await serveAsk({ host: "127.0.0.1", port, answerer }).catch((error: unknown) => error);
    expect(taken).to.be.instanceOf(AskServerError).and.include({ code: "ASK_UNAVAILABLE", retryable: false });
    (deps.reads as { roundState: unknown }).roundState = async () => {
      throw new Error("https://rpc.example/secret-access-key");
    };
    const failed = await send(url, "/ask", { method: "POST", body: question().body });
    const text = await failed.text();
    expect([failed.status, text.includes("secret-access-key")]).to.deep.equal([500, false]);
  });
});
