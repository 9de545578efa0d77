import { mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

import { encodePng, loadModel, MODEL_FILE, readModel, type Claim } from "@assay/keeper";
import { expect } from "chai";

import { drawDigit } from "./domains/digits/draw.ts";
import { digits } from "./domains/digits/index.ts";
import { DOMAINS } from "./domains/index.ts";
import { type Judge, openJudge } from "./judge.ts";
import { mean, measure } from "./metrics.ts";
import { writeMisbehavingModels } from "./misbehave.ts";
import { modelPaths, MODELS_ROOM, samplesFile } from "./paths.ts";
import { seededRandom } from "./rng.ts";
import { askAllClasses } from "./report/classChoice.ts";
import { readSamples } from "./samples.ts";
import { oddClaim } from "./testing/oddClaims.ts";

const MAX_BYTES = 2 * 1024 * 1024;
const MAX_BYTES_OF_ALL = 12 * 1024 * 1024;
const MIN_FAMILIES = 4;

function familiesOf(domain: string): string[] {
  const entries = readdirSync(join(MODELS_ROOM, domain), { withFileTypes: true });
  return entries.filter((entry) => entry.isDirectory()).map(({ name }) => name);
}

const ALL = DOMAINS.flatMap((domain) =>
  familiesOf(domain.name).map((family) => ({ domain, family, ...modelPaths(domain.name, family) })),
);

describe("models", () => {
  it("have no two files with the same bytes", () => {
    const hashes = ALL.map(({ manifest }) => readModel(manifest).manifest.files[MODEL_FILE]);
    expect(new Set(hashes).size).to.equal(ALL.length);
  });

  it("fit twelve megabytes together", () => {
    const bytes = ALL.reduce((sum, { manifest }) => sum + readModel(manifest).bytes.length, 0);
    expect(bytes).to.be.at.most(MAX_BYTES_OF_ALL);
  });

  for (const { name } of DOMAINS) {
    it(`has at least ${MIN_FAMILIES} families for ${name}`, () => {
      expect(familiesOf(name).length).to.be.at.least(MIN_FAMILIES);
    });
  }

  for (const { domain, family, manifest: path } of ALL) {
    describe(`${domain.name}/${family}`, () => {
      const { manifest, bytes } = readModel(path);
      const { select } = manifest.output;
      const answers = select.by === "answer" ? select.labels : [];
      let judge: Judge;

      before(async () => {
        judge = await openJudge(manifest, bytes);
      });

      after(() => judge.release());

      it("is what its manifest says, and not too large", () => {
        expect(manifest.family).to.equal(family);
        expect(manifest.domain).to.equal(domain.name);
        expect(manifest.inputs).to.deep.equal(domain.inputs);
        expect(bytes.length).to.be.at.most(MAX_BYTES);
      });

      it("was measured to know more than always the same answer", () => {
        const { accuracy, majorityAccuracy } = manifest.measured as Record<string, number>;
        expect(accuracy).to.be.greaterThan(majorityAccuracy ?? 1);
      });

      it("abstains below its minimum, and judges what is not", async () => {
        const [line = ""] = readFileSync(samplesFile(domain.name), "utf8").split("\n");
        const { truth: _truth, ...sample } = JSON.parse(line) as Claim & { truth: boolean };
        const below = (["text", "answer"] as const).flatMap((field) => {
          const limit = manifest.limits[field];
          if (limit === undefined) return [];
          return ["", "a", "x".repeat(limit.min - 1)].map((short) => ({ ...sample, [field]: short }));
        });
        const small = [1, (manifest.limits.image?.min ?? 1) - 1].map((side) => ({
          ...sample,
          image: encodePng({
            width: side,
            height: side,
            channels: 1,
            data: new Uint8Array(side * side),
          }).toString("base64"),
        }));
        const tooSmall = manifest.limits.image === undefined ? below : [...below, ...small];
        expect(tooSmall, "fields with a minimum").not.to.deep.equal([]);
        const model = await loadModel(readModel(path));
        const [judged, ...abstained] = await model.judge([sample, ...tooSmall]);
        await model.close();
        expect(judged).to.be.within(0, 1);
        for (const [i, p] of abstained.entries()) expect(p, JSON.stringify(tooSmall[i])).to.be.NaN;
      });

      it("gives a probability on whatever it is fed", async () => {
        const random = seededRandom(5);
        const claims = Array.from({ length: 40 }, () => oddClaim(random, answers));
        for (const [index, value] of (await judge.judge(claims)).entries()) {
          expect(value, JSON.stringify(claims[index]).slice(0, 200)).to.be.within(0, 1);
        }
      });
    });
  }
});

describe("committees", () => {
  for (const domain of DOMAINS) {
    it(`judge our own samples of ${domain.name} better than a coin`, async () => {
      const samples = readSamples(domain.name);
      const sums = new Array<number>(samples.length).fill(0);
      const members = ALL.filter((model) => model.domain === domain);
      for (const { manifest: path } of members) {
        const { manifest, bytes } = readModel(path);
        const judge = await openJudge(manifest, bytes);
        (await judge.judge(samples)).forEach((p, row) => (sums[row] = (sums[row] ?? 0) + p / members.length));
        await judge.release();
      }
      const { brier } = measure(
        sums,
        samples.map(({ truth }) => truth),
      );
      expect(brier, "mean squared error; one half everywhere gets 0.25").to.be.lessThan(0.18);
    });
  }
});

describe("committees of digits", function () {
  this.timeout(60_000);
  const random = seededRandom(1);
  const drawn = Array.from({ length: 100 }, (_, i) => ({
    pixels: drawDigit(i % 10, random),
    answer: String(i % 10),
    truth: true,
  }));
  const few = ["pixel-softmax", "neighbours", "gradient-perceptron", "pixel-forest", "stroke-conv"];
  const blind = familiesOf("digits").filter((family) => family.startsWith("blind-"));

  for (const [name, families, isBeforeBest] of [
    ["few examples", few, false],
    ["two digits never met", blind, true],
  ] as const) {
    it(`see more of unknown hands than their members, trained on ${name}`, async () => {
      const choice = await askAllClasses(digits, families, drawn);
      const alone = families.map((_, index) => choice!([index]));
      const together = choice!([...families.keys()]);
      expect(families).to.have.length(5);
      expect(together).to.be.at.least(mean(alone) + 0.05);
      if (isBeforeBest) expect(together).to.be.greaterThan(Math.max(...alone) + 0.05);
    });
  }
});

describe("misbehaving models", () => {
  it("are made again from the honest ones byte for byte", () => {
    const folder = mkdtempSync(join(tmpdir(), "assay-misbehaving-"));
    try {
      writeMisbehavingModels(folder);
      for (const name of readdirSync(join(MODELS_ROOM, "misbehaving"))) {
        for (const file of ["manifest.json", MODEL_FILE]) {
          const committed = readFileSync(join(MODELS_ROOM, "misbehaving", name, file));
          const made = readFileSync(join(folder, "misbehaving", name, file));
          expect(made.equals(committed), `${name}/${file}`).to.equal(true);
        }
      }
    } finally {
      rmSync(folder, { recursive: true, force: true });
    }
  });
});
