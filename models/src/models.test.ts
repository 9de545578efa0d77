import { mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

import { MODEL_FILE, readModel } from "@assay/keeper";
import { expect } from "chai";
import type { InferenceSession } from "onnxruntime-node";
import { FAMILIES } from "./families/index.ts";
import type { Measured } from "./evaluate.ts";
import { MISBEHAVING_DIRECTORY, writeMisbehavingModels } from "./misbehave.ts";
import { openSession, type Pair, runBatch, runEach } from "./onnx/session.ts";
import { modelPaths, MODELS_DIRECTORY } from "./paths.ts";
import { below, pick, type Random, seededRandom } from "./rng.ts";

const MAX_BYTES = 2 * 1024 * 1024;
const TOLERANCE = 1e-5;

const ODD_STRINGS = [
  "",
  " ",
  "?",
  ".",
  "a",
  "\0",
  "before\0after",
  "\u2403 \u2403",
  "\n\t\r",
  "日本語のテキスト",
  "Émile n’est pas là, ÉCOLE",
  "👩‍🚀👩‍🚀 🇩🇪 e\u0301",
  "مرحبا بالعالم",
  "don't do n't cannot n't",
  "1,000.5 3.14 ٣٤ ½",
  "\ud800 lone surrogate",
  "word ".repeat(20_000),
  "x".repeat(50_000),
];

const PLAIN: Pair[] = [
  {
    text: "The bridge was opened in 1932 and carries eight lanes.",
    answer: "The bridge was opened in 1932.",
  },
  { text: "The bridge was opened in 1932 and carries eight lanes.", answer: "i love bridges! do you?" },
  {
    text: "Tea contains caffeine.",
    answer: "Tea does not contain caffeine, and it is grown on Mars by nine old robots.",
  },
];

function oddPair(random: Random): Pair {
  const part = (): string =>
    random() < 0.6
      ? pick(random, ODD_STRINGS)
      : String.fromCodePoint(...Array.from({ length: below(random, 60) }, () => 1 + below(random, 0xd7fe)));
  return { text: part(), answer: part() };
}

describe("models", () => {
  it("has a folder for every family and no other", () => {
    const folders = readdirSync(MODELS_DIRECTORY, { withFileTypes: true }).filter((entry) =>
      entry.isDirectory(),
    );
    expect(folders.map(({ name }) => name).sort()).to.deep.equal(FAMILIES.map(({ family }) => family).sort());
  });

  it("has no two models with the same bytes", () => {
    const hashes = FAMILIES.map(
      ({ family }) => readModel(modelPaths(family).manifest).manifest.files[MODEL_FILE],
    );
    expect(new Set(hashes).size).to.equal(FAMILIES.length);
  });

  for (const { family } of FAMILIES) {
    describe(family, () => {
      const paths = modelPaths(family);
      let session: InferenceSession;

      before(async () => {
        session = await openSession(paths.model);
      });

      after(() => session.release());

      it("has a manifest that fits the schema and the bytes of the model", () => {
        const { manifest, bytes } = readModel(paths.manifest);
        expect(manifest.family).to.equal(family);
        expect(bytes.length).to.be.at.most(MAX_BYTES);
      });

      it("was measured to know more than always the same answer", () => {
        const { accuracy, majorityAccuracy } = readModel(paths.manifest).manifest
          .measured as unknown as Measured;
        expect(accuracy).to.be.greaterThan(majorityAccuracy);
      });

      it("takes the strings text and answer and gives probability", () => {
        expect(session.inputNames).to.deep.equal(["text", "answer"]);
        expect(session.outputNames).to.deep.equal(["probability"]);
        const types = session.inputMetadata.map((input) => (input.isTensor ? input.type : "none"));
        expect(types).to.deep.equal(["string", "string"]);
      });

      it("tells a copied answer from chat", async () => {
        const [copied = 0, chat = 1] = await runBatch(session, PLAIN);
        expect(copied).to.be.greaterThan(0.5);
        expect(chat).to.be.lessThan(0.5);
      });

      it("gives a row the same probability alone and in a batch", async () => {
        const random = seededRandom(3);
        const short = ODD_STRINGS.filter((value) => value.length < 1000);
        const mixed = short.map((text): Pair => ({ text, answer: pick(random, short) }));
        const pairs = [...PLAIN, ...mixed, { text: "long ".repeat(300), answer: "long ".repeat(90) }];
        const together = await runBatch(session, pairs);
        const alone = await runEach(session, pairs);
        alone.forEach((value, row) => expect(together[row], `row ${row}`).to.be.closeTo(value, TOLERANCE));
      });

      it("gives a finite probability on whatever it is fed", async () => {
        const random = seededRandom(5);
        const pairs = Array.from({ length: 60 }, () => oddPair(random));
        for (const [index, value] of (await runEach(session, pairs)).entries()) {
          expect(value, JSON.stringify(pairs[index]).slice(0, 200)).to.be.within(0, 1);
        }
      });
    });
  }
});

describe("misbehaving models", () => {
  it("are made again from the honest ones byte for byte", () => {
    const folder = mkdtempSync(join(tmpdir(), "assay-misbehaving-"));
    try {
      writeMisbehavingModels(folder);
      for (const name of readdirSync(MISBEHAVING_DIRECTORY)) {
        for (const file of ["manifest.json", MODEL_FILE]) {
          const committed = readFileSync(join(MISBEHAVING_DIRECTORY, name, file));
          expect(readFileSync(join(folder, name, file)).equals(committed), `${name}/${file}`).to.equal(true);
        }
      }
    } finally {
      rmSync(folder, { recursive: true, force: true });
    }
  });
});
