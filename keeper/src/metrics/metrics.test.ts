import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";

import { expect } from "chai";

import { readModel } from "../model/manifest.ts";
import { loadModel, type EmbeddedModel } from "../model/session.ts";
import { modelOf, nanModel } from "../testing/models.ts";
import type { WatchStats } from "../watches/runner.ts";
import { createMetrics } from "./registry.ts";
import { MetricsServerError, serveMetrics, type MetricsServer } from "./server.ts";

const REAL = join(import.meta.dirname, "../../../models/grounded/overlap-logistic/manifest.json");

describe("metrics", function () {
  this.timeout(60_000);
  let model: EmbeddedModel | undefined;
  let server: MetricsServer | undefined;
  let problems: string[] = [];

  afterEach(async () => {
    await server?.close();
    await model?.close();
    [server, model, problems] = [undefined, undefined, []];
  });

  const serve = async (
    sources: Partial<Parameters<typeof createMetrics>[0]> = {},
  ): Promise<MetricsServer> => {
    const registry = createMetrics({
      stats: model?.stats,
      lastBlock: () => 12n,
      openRequests: () => 3,
      lastLook: () => 1_700_000_000_500,
      ...sources,
    });
    server = await serveMetrics({ host: "127.0.0.1", port: 0, registry, problems: () => problems });
    return server;
  };
  /** Series by name and labels, as a scraper reads them. */
  const scrape = async (): Promise<Record<string, number>> => {
    const response = await fetch(`${server!.url}/metrics`);
    expect(response.status).to.equal(200);
    expect(response.headers.get("content-type")).to.match(/^text\/plain; version=/);
    const lines = (await response.text()).split("\n").filter((line) => line !== "" && !line.startsWith("#"));
    return Object.fromEntries(
      lines.map((line) => {
        const at = line.lastIndexOf(" ");
        return [line.slice(0, at), Number(line.slice(at + 1))];
      }),
    );
  };
  const ABSTENTIONS = "assay_keeper_model_abstentions_total";
  const ENDS = "assay_keeper_model_process_ends_total";

  it("tell of each watch how often it looked, what it did, what it spent and what it left undone", async () => {
    const refusals = { pays_too_little: 3, budget: 0, too_little_work: 0, first: 1 };
    const stats = { name: "appeals", looks: 5, acts: 2, gas: 3n * 10n ** 15n, work: 10n ** 18n, refusals };
    await serve({ watches: () => [stats as WatchStats] });
    expect(await scrape()).to.include({
      'assay_keeper_watch_looks_total{watch="appeals"}': 5,
      'assay_keeper_watch_acts_total{watch="appeals"}': 2,
      'assay_keeper_watch_gas_spent_total{watch="appeals"}': 0.003,
      'assay_keeper_watch_work_risked_total{watch="appeals"}': 1,
      'assay_keeper_watch_refusals_total{watch="appeals",reason="pays_too_little"}': 3,
      'assay_keeper_watch_refusals_total{watch="appeals",reason="first"}': 1,
    });
  });

  it("tell loading apart from inference, and every abstention with its reason", async () => {
    model = await loadModel(readModel(REAL), { batch: 4 });
    await serve();
    const before = await scrape();
    expect(before).to.include({
      assay_keeper_last_block: 12,
      assay_keeper_open_requests: 3,
      assay_keeper_last_look_timestamp_seconds: 1_700_000_000.5,
      assay_keeper_model_loads_total: 1,
      assay_keeper_model_batches_total: 0,
      assay_keeper_model_inference_seconds_total: 0,
      [`${ABSTENTIONS}{reason="unfit"}`]: 0,
      [`${ENDS}{reason="crashed"}`]: 0,
    });
    expect(before["assay_keeper_model_load_seconds_total"]).to.be.within(0.001, 60);

    const claim = { text: "The bridge was opened in 1932.", answer: "It opened in 1932." };
    const judged = await model.judge([claim, { text: "no", answer: "?" }, claim, claim, claim]);
    expect(judged.map(Number.isNaN)).to.deep.equal([false, true, false, false, false]);
    const after = await scrape();
    expect(after).to.include({
      assay_keeper_model_loads_total: 1,
      assay_keeper_model_load_seconds_total: before["assay_keeper_model_load_seconds_total"],
      assay_keeper_model_batches_total: 2,
      assay_keeper_model_claims_total: 5,
      [`${ABSTENTIONS}{reason="unfit"}`]: 1,
      [`${ABSTENTIONS}{reason="no_number"}`]: 0,
    });
    const { inferenceMs, peakMb } = model.stats();
    expect(after["assay_keeper_model_inference_seconds_total"]).to.be.closeTo(inferenceMs / 1_000, 1e-9);
    expect(after["assay_keeper_model_inference_seconds_total"]).to.be.greaterThan(0);
    expect(after["assay_keeper_model_process_peak_bytes"]).to.be.within(2 ** 20, (peakMb + 1) * 2 ** 20);
    // The process may still free and take memory.
    const again = { ...(await scrape()), assay_keeper_model_process_peak_bytes: 0 };
    expect(again, "reading changes nothing").to.deep.equal({
      ...after,
      assay_keeper_model_process_peak_bytes: 0,
    });
  });

  it("count processes that ended, and what nobody was there to judge", async () => {
    model = await loadModel(modelOf(nanModel(), {}));
    await serve();
    await model.judge([
      { values: [-1], answer: "a" },
      { values: [1, 2], answer: "a" },
    ]);
    process.kill(model.pid()!, "SIGKILL");
    while (model.isRunning()) await sleep(10);
    while (!model.isRunning()) await sleep(10);
    expect(await scrape()).to.include({
      assay_keeper_model_loads_total: 2,
      [`${ABSTENTIONS}{reason="no_number"}`]: 1,
      [`${ABSTENTIONS}{reason="unfit"}`]: 1,
      [`${ENDS}{reason="crashed"}`]: 1,
      [`${ENDS}{reason="took_too_much_memory"}`]: 0,
    });
  });

  it("of a model at a server leave out what only the keeper's own process knows", async () => {
    await serve({ lastBlock: () => undefined, lastLook: () => undefined });
    expect(await scrape()).to.deep.equal({ assay_keeper_open_requests: 3 });
  });

  it("say whether the keeper is well, and refuse everything else", async () => {
    const { url } = await serve();
    const ask = async (path: string, method = "GET") => {
      const response = await fetch(`${url}${path}`, { method });
      return [response.status, await response.text()] as const;
    };
    expect(await ask("/healthz")).to.deep.equal([200, '{"status":"ok","problems":[]}\n']);
    expect(await ask("/healthz", "HEAD")).to.deep.equal([200, ""]);
    problems = ["the model is not running"];
    const unwell = '{"status":"unwell","problems":["the model is not running"]}\n';
    expect(await ask("/healthz?now")).to.deep.equal([503, unwell]);
    expect((await ask("/"))[0]).to.equal(404);
    expect((await ask("/metrics", "POST"))[0]).to.equal(405);
    expect((await ask("/metrics"))[1]).to.include("# TYPE assay_keeper_open_requests gauge");
  });

  it("name the address that is taken", async () => {
    const { url } = await serve();
    const port = Number(new URL(url).port);
    const registry = createMetrics({
      stats: undefined,
      lastBlock: () => 1n,
      openRequests: () => 0,
      lastLook: () => 1,
    });
    const error = await serveMetrics({ host: "127.0.0.1", port, registry, problems: () => [] }).catch(
      (reason: unknown) => reason,
    );
    expect(error).to.be.instanceOf(MetricsServerError);
    expect((error as MetricsServerError).data).to.deep.equal({ host: "127.0.0.1", port });
  });
});
