import { readModel } from "@assay/keeper";
import { expect } from "chai";
import { type InferenceSession, Tensor } from "onnxruntime-node";

import { DOMAINS } from "./domains/index.ts";
import { openSession, stringTensor } from "./onnx/session.ts";
import { modelPaths, MODELS_ROOM } from "./paths.ts";
import { readSamples } from "./samples.ts";
import { ODD_STRINGS } from "./testing/oddClaims.ts";
import { readdirSync } from "node:fs";
import { join } from "node:path";

const TOLERANCE = 1e-5;

/** A claim as the graph of its domain takes it: strings by name, or the pixels of an image. */
type Row = Readonly<Record<string, string | Uint8Array>>;

function feedsOf(rows: readonly Row[]): Record<string, Tensor> {
  const names = Object.keys(rows[0] ?? {});
  return Object.fromEntries(
    names.map((name) => {
      const values = rows.map((row) => row[name] ?? "");
      if (values.every((value) => typeof value === "string")) return [name, stringTensor(values)];
      const pixels = values.flatMap((value) => (typeof value === "string" ? [] : [...value]));
      return [
        name,
        new Tensor(
          "float32",
          Float32Array.from(pixels, (pixel) => pixel / 255),
          [rows.length, 1, 28, 28],
        ),
      ];
    }),
  );
}

async function numbersOf(session: InferenceSession, rows: readonly Row[]): Promise<number[]> {
  const outputs = await session.run(feedsOf(rows));
  const values = Object.values(outputs)[0];
  return Array.from(values?.data as Float32Array);
}

function rowsOf(domain: string): Row[] {
  const samples = readSamples(domain).slice(0, 8);
  if (domain === "digits") return samples.map(({ pixels }) => ({ image: pixels ?? new Uint8Array(784) }));
  const short = ODD_STRINGS.filter((value) => value.length < 1000);
  const long = { text: "long ".repeat(300), answer: "long ".repeat(90) };
  const odd = short.map((text, index) => ({ text, answer: short[(index + 7) % short.length] ?? "" }));
  const pairs = [...samples.map(({ text = "", answer }) => ({ text, answer })), ...odd, long];
  return domain === "language" ? pairs.map(({ text }) => ({ text })) : pairs;
}

describe("batches", () => {
  for (const { name } of DOMAINS) {
    for (const { name: family } of readdirSync(join(MODELS_ROOM, name), { withFileTypes: true }).filter(
      (entry) => entry.isDirectory(),
    )) {
      it(`give every row of ${name}/${family} what it gets alone`, async () => {
        const session = await openSession(readModel(modelPaths(name, family).manifest).bytes);
        const rows = rowsOf(name);
        const together = await numbersOf(session, rows);
        const alone: number[] = [];
        for (const row of rows) alone.push(...(await numbersOf(session, [row])));
        await session.release();
        expect(together).to.have.length(alone.length);
        alone.forEach((value, index) => {
          const allowed = TOLERANCE * Math.max(1, Math.abs(value));
          expect(together[index], `number ${index}`).to.be.closeTo(value, allowed);
        });
      });
    }
  }
});
