import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";

import { expect } from "chai";

import { contractsSchema } from "./chain/addresses.ts";
import { HOT_KEY_VARIABLE, readConfig } from "./config.ts";
import { silentLogger } from "./lib/logger.ts";
import { ModelFileError } from "./model/errors.ts";
import { readIdentity, readModelSource } from "./modelSource.ts";
import { REMOTE_TOKEN_VARIABLE } from "./remote/config.ts";
import { startChildServer } from "./testing/childServer.ts";

const ROOT = resolve(import.meta.dirname, "../..");
const FOLDER = join(ROOT, "models/grounded/overlap-logistic");
const MANIFEST = join(FOLDER, "manifest.json");
const TOKEN = "a-token-of-the-operator";
const CLAIM = { text: "The bridge was opened in 1932.", answer: "It was opened in 1932." };

/** From a keeper's configuration to a probability. */
describe("readModelSource", function () {
  this.timeout(30_000);
  let folder: string;
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), "assay-source-"));
  });
  afterEach(() => rmSync(folder, { recursive: true, force: true }));

  const sourceOf = (model: string, remote?: object) => {
    const contracts = Object.keys(contractsSchema.shape).map((name) => [name, `0x${"01".repeat(20)}`]);
    const config = {
      rpcUrl: "http://127.0.0.1:1",
      chainId: 31_337,
      contracts: Object.fromEntries(contracts) as object,
      owner: `0x${"02".repeat(20)}`,
      domain: { id: 1, name: "grounded" },
      model,
      database: "keeper.sqlite",
      ...(remote && { remote }),
    };
    const path = join(folder, "keeper.json");
    writeFileSync(path, JSON.stringify(config));
    const environment = { [HOT_KEY_VARIABLE]: `0x${"4c".repeat(32)}`, [REMOTE_TOKEN_VARIABLE]: TOKEN };
    return readModelSource(readConfig(path, environment));
  };
  const judgeOne = async (model: string, remote?: object): Promise<number> => {
    const source = sourceOf(model, remote);
    expect(source.identity).to.deep.equal(readIdentity(model));
    const opened = await source.open(silentLogger);
    try {
      const { name, family, hash } = opened;
      expect(source.identity).to.include({ name, family, hash });
      return (await opened.judge([CLAIM]))[0]!;
    } finally {
      await opened.close();
    }
  };

  it("opens the same model here, at a server of tensors, and as what a chat model thinks", async () => {
    const own = await judgeOne(MANIFEST);
    expect(own).to.be.within(0.01, 0.99);
    const file = join(FOLDER, "model.onnx");
    const environment = { ASSAY_TEST_TOKEN: TOKEN };
    const tensors = await startChildServer("openInferenceServer.ts", ["m", file], environment);
    const chat = await startChildServer("openaiChatServer.ts", [file], environment);
    try {
      const remote = { kind: "open-inference", url: tensors.url, model: "m" };
      expect(await judgeOne(MANIFEST, remote)).to.be.closeTo(own, 1e-5);
      const prompt = join(folder, "manifest.json");
      const [, example = ""] = /```json\n(\{\n {2}"schemaVersion".*?)```/s.exec(
        readFileSync(join(ROOT, "docs/operators.md"), "utf8"),
      )!;
      writeFileSync(prompt, example);
      const asked = { kind: "openai-chat", url: `${chat.url}/v1`, model: "gullible" };
      expect(await judgeOne(prompt, asked)).to.be.closeTo(own, 1e-5);
    } finally {
      await Promise.all([tensors.close(), chat.close()]);
    }
  });

  it("refuses a manifest of another kind than the server", () => {
    const chat = { kind: "openai-chat", url: "http://127.0.0.1:1/v1", model: "m" };
    expect(() => sourceOf(MANIFEST, chat))
      .to.throw(ModelFileError)
      .with.property("code", "MANIFEST_INVALID");
  });
});
