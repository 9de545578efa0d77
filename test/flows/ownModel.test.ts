import { spawnSync } from "node:child_process";
import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { delimiter, join } from "node:path";

import { readSamples, ROOT } from "@assay/cli/local-network";
import { expect } from "chai";

import { flowerSamples, writeFlowers } from "../fixtures/flowers.ts";
import { judgedByKeepers } from "../fixtures/keepers.ts";

const CLAIMS = 8;
const GENERATOR = join(ROOT, "keeper/src/testing/writeSklearn.ts");

/** The line of the operators' page that tells init everything, as it is printed there. */
function initOfPage(): string {
  const page = readFileSync(join(ROOT, "docs/operators.md"), "utf8");
  return /^assay models init mine\/model\.onnx --name (?:.*\\\n)*.*$/m.exec(page)?.[0] ?? "";
}

function run(folder: string, command: string, ...args: readonly string[]): void {
  const PATH = [join(ROOT, "cli/bin"), join(process.execPath, ".."), process.env["PATH"]].join(delimiter);
  const ran = spawnSync(command, args, { cwd: folder, encoding: "utf8", env: { ...process.env, PATH } });
  expect(ran.status, `${args.join(" ")}\n${ran.stdout}${ran.stderr}`).to.equal(0);
}

/** What an operator with a scikit-learn pipeline does, up to a folder that can be registered. */
function fromExport(folder: string, ...flags: readonly string[]): string {
  mkdirSync(folder);
  run(folder, process.execPath, GENERATOR, ".", "locale=C", ...flags);
  run(folder, "sh", "-ec", `mkdir mine\ncp export.onnx mine/model.onnx\n${initOfPage()}`);
  return join(folder, "mine");
}

/** The same for a graph that takes plain numbers. */
function fromGraph(folder: string, graph: Uint8Array): string {
  mkdirSync(folder);
  writeFileSync(join(folder, "model.onnx"), graph);
  const about = [
    "--name",
    "Flowers",
    "--domain",
    "flowers",
    "--family",
    "f",
    "--source",
    "us",
    "--licence",
    "MIT",
  ];
  run(folder, "assay", "models", "init", "model.onnx", ...about, "--yes");
  return folder;
}

describe("an operator with a model of its own (KEEP)", function () {
  this.timeout(300_000);

  it("goes from an export and the page's words to revealed votes; so does one with plain numbers", async () => {
    await judgedByKeepers((folder) => {
      const [text, counted] = ["first", "second"].map((name) => join(folder, name)) as [string, string];
      const mine = fromExport(text);
      const families = JSON.parse(readFileSync(join(mine, "manifest.json"), "utf8")) as {
        domain: string;
        family: string;
      };
      expect(families).to.include({ domain: "reviews", family: "tfidf-logistic" });
      const [linear, curved] = writeFlowers();
      return {
        plans: [
          { name: "words", domain: "reviews", family: "tfidf-logistic", model: mine },
          { name: "counts", domain: "reviews", family: "other", model: fromExport(counted, "int64") },
          {
            name: "linear",
            domain: "flowers",
            family: "linear",
            model: fromGraph(join(folder, "linear"), linear),
          },
          {
            name: "curved",
            domain: "flowers",
            family: "curved",
            model: fromGraph(join(folder, "curved"), curved),
          },
        ],
        samples: {
          reviews: readSamples(join(text, "claims.jsonl")).slice(0, CLAIMS),
          flowers: flowerSamples(CLAIMS),
        },
      };
    });
  });
});
