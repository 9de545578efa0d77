import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";

import { expect } from "chai";

import { silentLogger } from "../lib/logger.ts";
import { Secret } from "../lib/secret.ts";
import { embeddedSource } from "../model/source.ts";
import type { Model } from "../model/session.ts";
import { startChildServer, type ChildServer } from "../testing/childServer.ts";
import { FAILURES, judgeTimed, listen } from "../testing/conformance.ts";
import { remoteSchema, type OpenInferenceConfig } from "./config.ts";
import { openInferenceSource } from "./openInferenceSource.ts";

const FOLDER = resolve(import.meta.dirname, "../../../models/grounded/overlap-logistic");
const MANIFEST = `${FOLDER}/manifest.json`;
const TOKEN = "a-token-of-the-operator";
/** Time of one judgement where the server fails, milliseconds. */
const TIMEOUT_MS = 700;

const SAMPLES = resolve(import.meta.dirname, "../../../samples/grounded-claims.jsonl");
const claims = [
  ...readFileSync(SAMPLES, "utf8").trim().split("\n"),
  JSON.stringify({ text: 'A "quoted"\nline, 5 € and a NUL \0 in it.', answer: "A line, 5 €." }),
].map((line) => {
  const { text, answer } = JSON.parse(line) as { text: string; answer: string };
  return { text, answer };
});

/** Against a process that runs the same file behind the published protocol. */
describe("Open Inference Protocol", function () {
  this.timeout(30_000);
  let server: ChildServer;
  let embedded: number[];
  const open: Model[] = [];

  before(async () => {
    const environment = { ASSAY_TEST_TOKEN: TOKEN };
    server = await startChildServer(
      "openInferenceServer.ts",
      ["overlap", `${FOLDER}/model.onnx`],
      environment,
    );
    const model = await embeddedSource(MANIFEST).open(silentLogger);
    embedded = await model.judge(claims);
    await model.close();
  });
  afterEach(() => Promise.all(open.splice(0).map((model) => model.close())));
  after(() => server.close());

  const configOf = (change: Partial<OpenInferenceConfig> = {}, prefix = ""): OpenInferenceConfig =>
    remoteSchema.parse({
      kind: "open-inference",
      url: `${server.url}${prefix}`,
      model: "overlap",
      ...change,
    }) as OpenInferenceConfig;
  const connect = async (
    change: Partial<OpenInferenceConfig> = {},
    prefix = "",
    log = silentLogger,
  ): Promise<Model> => {
    const source = openInferenceSource(MANIFEST, configOf(change, prefix), new Secret(TOKEN));
    const model = await source.open(log);
    open.push(model);
    return model;
  };
  const refusal = async (change: Partial<OpenInferenceConfig>, token?: Secret): Promise<string> => {
    const source = openInferenceSource(MANIFEST, configOf({ retries: 0, ...change }), token);
    return source.open(silentLogger).then(
      () => "opened",
      (error: { code: string; retryable: boolean }) =>
        `${error.code} ${error.retryable ? "may pass" : "for good"}`,
    );
  };
  const expectSame = (given: readonly number[], wanted = embedded): void => {
    expect(given).to.have.length(wanted.length);
    given.forEach((p, i) => expect(p, `claim ${i}`).to.be.closeTo(wanted[i]!, 1e-5));
  };

  it("gives what the keeper's own runtime gives, whatever the size of a batch", async () => {
    for (const batch of [1, 16, 256]) expectSame(await (await connect({ batch })).judge(claims));
    expect(new Set(embedded).size, "different claims").to.be.greaterThan(10);
  });

  it("asks for the version that is configured, and reads nested data", async () => {
    expectSame(await (await connect({ version: "1" }, "/nested")).judge(claims));
  });

  it("is the model of its manifest to the chain", () => {
    const { identity } = openInferenceSource(MANIFEST, configOf());
    expect(identity).to.deep.equal(embeddedSource(MANIFEST).identity);
  });

  it("refuses to start where the model, the version or the token is wrong, or nobody listens", async () => {
    const token = new Secret(TOKEN);
    expect(await refusal({ model: "another" }, token)).to.equal("REMOTE_REFUSED for good");
    expect(await refusal({ version: "2" }, token)).to.equal("REMOTE_REFUSED for good");
    expect(await refusal({}, new Secret("another-token"))).to.equal("REMOTE_REFUSED for good");
    expect(await refusal({})).to.equal("REMOTE_REFUSED for good");
    expect(await refusal({ url: "http://127.0.0.1:1" }, token)).to.equal("REMOTE_UNREACHABLE may pass");
  });

  it("refuses a server whose model takes or gives something else than the manifest says", async () => {
    const folder = mkdtempSync(join(tmpdir(), "assay-remote-"));
    const manifest = JSON.parse(readFileSync(MANIFEST, "utf8")) as { inputs: object[]; output: object };
    try {
      for (const change of [
        { inputs: manifest.inputs.slice(1) },
        { inputs: manifest.inputs.map((input, i) => (i === 0 ? { ...input, name: "source" } : input)) },
        { output: { ...manifest.output, name: "logits" } },
      ]) {
        const path = join(folder, "manifest.json");
        writeFileSync(path, JSON.stringify({ ...manifest, ...change }));
        const code = await openInferenceSource(path, configOf(), new Secret(TOKEN))
          .open(silentLogger)
          .then(
            () => "opened",
            (error: { code: string }) => error.code,
          );
        expect(code, JSON.stringify(change)).to.equal("REMOTE_MODEL_WRONG");
      }
    } finally {
      rmSync(folder, { recursive: true, force: true });
    }
  });

  const wrong = "REMOTE_ANSWER_WRONG";
  const own = {
    "few-rows": wrong,
    "other-name": wrong,
    "other-id": wrong,
    "other-type": wrong,
  };
  for (const [failure, code] of Object.entries({ ...FAILURES, ...own })) {
    it(`abstains before its deadline: ${failure}`, async () => {
      const { log, lines } = listen();
      const model = await connect({ timeoutMs: TIMEOUT_MS, attemptMs: 300, retries: 1 }, `/${failure}`, log);
      const { votes, ms } = await judgeTimed(model, claims.slice(0, 20));
      expect(votes).to.deep.equal(Array<number>(20).fill(NaN));
      expect(ms).to.be.lessThan(TIMEOUT_MS + 500);
      expect(lines).to.have.length(1);
      expect(lines[0]).to.include(code).and.to.not.include(TOKEN);
    });
  }

  it("abstains in the time a round leaves it, however much it is configured [KEEP-21]", async () => {
    const model = await connect({ timeoutMs: 20_000, attemptMs: 20_000 }, "/slow");
    const { votes, ms } = await judgeTimed(model, claims.slice(0, 2), 400);
    expect(votes).to.deep.equal([NaN, NaN]);
    expect(ms).to.be.within(390, 10_000);
  });

  it("takes numbers that are no probabilities for abstentions", async () => {
    const model = await connect({}, "/out-of-range");
    expect(await model.judge(claims.slice(0, 3))).to.deep.equal([NaN, NaN, NaN]);
  });

  it("loses the one claim the server refuses, not its batch", async () => {
    const spoiled = claims.with(5, { text: "POISON", answer: "POISON" });
    const result = await (await connect()).judge(spoiled);
    expect(result[5]).to.be.NaN;
    expectSame(result.with(5, embedded[5]!));
  });

  /** Votes on two claims, and how many questions they took. */
  const judgeCounted = async (
    prefix: string,
    retries: number,
  ): Promise<{ votes: number[]; asked: number }> => {
    const count = async (): Promise<number> =>
      Number(await (await fetch(`${server.url}/count${prefix}/v2/models/overlap/infer`)).text());
    const model = await connect({ retries }, prefix);
    const before = await count();
    return { votes: await model.judge(claims.slice(0, 2)), asked: (await count()) - before };
  };

  it("comes back after passing trouble, as often as it may", async () => {
    // Its questions at the start fail twice as well.
    const { votes, asked } = await judgeCounted("/flaky-2-times", 2);
    expectSame(votes, embedded.slice(0, 2));
    expect(asked).to.equal(3);
    expect(await judgeCounted("/status-503", 2)).to.deep.equal({ votes: [NaN, NaN], asked: 3 });
    expect(await judgeCounted("/status-503", 0)).to.deep.equal({ votes: [NaN, NaN], asked: 1 });
  });

  it("does not ask again where that cannot help", async () => {
    expect(await judgeCounted("/status-401", 5)).to.deep.equal({ votes: [NaN, NaN], asked: 1 });
    expect(await judgeCounted("/status-429-long", 5)).to.deep.equal({ votes: [NaN, NaN], asked: 1 });
    expect(await judgeCounted("/redirect", 5)).to.deep.equal({ votes: [NaN, NaN], asked: 1 });
  });

  it("says what failed without the claims", async () => {
    const { log, lines } = listen();
    await (await connect({ retries: 0 }, "/status-500", log)).judge(claims);
    expect(lines.join("")).to.include("remote inference failed").and.to.not.include("harbour");
  });

  it("stops at once when the keeper does, without a vote", async () => {
    const model = await connect({ timeoutMs: 20_000, attemptMs: 20_000 }, "/slow");
    const reason = new Error("the keeper stops");
    const stop = new AbortController();
    setTimeout(() => stop.abort(reason), 50);
    const started = performance.now();
    expect(await model.judge(claims, stop.signal).catch((error: unknown) => error)).to.equal(reason);
    expect(performance.now() - started).to.be.lessThan(10_000);
  });
});
