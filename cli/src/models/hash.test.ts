import { createHash } from "node:crypto";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

import { expect } from "chai";

import { assay } from "../testing/assay.ts";
import { ROOT } from "../testing/chain.ts";

const MODEL = join(ROOT, "models/grounded/overlap-logistic/manifest.json");
const CHAT = {
  schemaVersion: 2,
  name: "Chat",
  domain: "grounded",
  family: "chat",
  prompt: {
    system: "Judge.",
    template: "{{text}} {{answer}}",
    answers: { true: { word: "yes", probability: 0.8 }, false: { word: "no", probability: 0.2 } },
  },
  weights: { name: "some" },
  calibration: { method: "none" },
  baseRate: 0.5,
  limits: {},
  provenance: { source: "none", licence: "MIT" },
};
/** By hand: keys sorted, no spaces. */
const CANONICAL =
  '{"baseRate":0.5,"calibration":{"method":"none"},"domain":"grounded","family":"chat","limits":{},"name":"Chat",' +
  '"prompt":{"answers":{"false":{"probability":0.2,"word":"no"},"true":{"probability":0.8,"word":"yes"}},' +
  '"system":"Judge.","template":"{{text}} {{answer}}"},"provenance":{"licence":"MIT","source":"none"},' +
  '"schemaVersion":2,"weights":{"name":"some"}}';

describe("assay models hash", function () {
  this.timeout(30_000);
  let folder: string;
  before(() => {
    folder = mkdtempSync(join(tmpdir(), "assay-hash-"));
  });
  after(() => rmSync(folder, { recursive: true, force: true }));

  it("prints the hash of a model file", async () => {
    const { code, stdout } = await assay(["models", "hash", MODEL]);
    const bytes = readFileSync(join(ROOT, "models/grounded/overlap-logistic/model.onnx"));
    expect(stdout).to.equal(`0x${createHash("sha256").update(bytes).digest("hex")}\n`);
    expect(code).to.equal(0);
  });

  it("prints the hash of a chat model, which is that of its manifest", async () => {
    const path = join(folder, "manifest.json");
    writeFileSync(path, JSON.stringify({ ...CHAT, summary: "for people" }, null, 2));
    const { code, stdout } = await assay(["models", "hash", path]);
    expect(stdout).to.equal(`0x${createHash("sha256").update(CANONICAL).digest("hex")}\n`);
    expect(code).to.equal(0);
  });

  it("refuses a prompt that is none", async () => {
    const path = join(folder, "manifest.json");
    writeFileSync(path, JSON.stringify({ ...CHAT, prompt: {} }));
    const { code, stderr } = await assay(["models", "hash", path]);
    expect(code).to.equal(1);
    expect(stderr).to.include("MANIFEST_INVALID");
  });
});
