/**
 * Writes strangers' models into folders, each as its owner would bring it: model.onnx, and a manifest.json where what is
 * wrong shows only with one.
 *
 *   node writeStrangers.ts FOLDER
 */
import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";

import { MODEL_FILE, type Manifest } from "../model/manifest.ts";
import {
  crashingModel,
  externalModel,
  greedyModel,
  hangingModel,
  hugeModel,
  localeModel,
  modelOf,
  nanModel,
  nestedModel,
  rudeModel,
  SIGMOID,
  swellingModel,
  VALUES,
  zipMapModel,
} from "./models.ts";
import { onnxFile } from "./onnx.ts";

const good = onnxFile(SIGMOID);
const flipped = Uint8Array.from(good, (byte, i) => (i === 20 ? byte ^ 0x40 : byte));
const text = { kind: "string", name: "t", field: "text" } as const;
const byMap: Partial<Manifest> = {
  inputs: [{ ...VALUES, shape: [2] }],
  output: {
    name: "output_probability",
    values: "probabilities",
    select: { by: "index", index: 1, classes: 2 },
  },
};

/** Bytes by name, and what the manifest beside them says that is not the common. */
const STRANGERS: Readonly<Record<string, readonly [Uint8Array, Partial<Manifest>]>> = {
  good: [good, {}],
  "cut-off": [good.slice(0, good.length / 2), {}],
  "flipped-bit": [flipped, {}],
  "unknown-operator": [onnxFile({ ...SIGMOID, nodes: [["Frobnicate", ["x"], ["p"]]] }), {}],
  "new-opset": [onnxFile(SIGMOID, 99), {}],
  "external-absolute": [externalModel("/etc/hostname"), {}],
  "external-above": [externalModel("../../secret.bin"), {}],
  "nan-maker": [nanModel(), {}],
  hang: [hangingModel(), {}],
  "huge-allocation": [hugeModel(), {}],
  // The trial run is made with zeros: here they become many.
  greedy: [greedyModel(), { inputs: [{ ...VALUES, mean: -3_000 }] }],
  "crash-opened": [crashingModel(), {}],
  "crash-tried": [crashingModel(0), {}],
  "crash-asked": [crashingModel(7), {}],
  swelling: [swellingModel(), {}],
  nested: [nestedModel(), {}],
  rude: [rudeModel(), {}],
  "map-output": [zipMapModel(["no", "yes"]), byMap],
  "wrong-locale": [localeModel("xx_XX.UTF-8"), { inputs: [text] }],
  "wrong-shape": [good, { inputs: [{ ...VALUES, shape: [2] }] }],
};

const [folder = "."] = process.argv.slice(2);
for (const [name, [bytes, own]] of Object.entries(STRANGERS)) {
  const home = join(folder, name);
  mkdirSync(home, { recursive: true });
  writeFileSync(join(home, MODEL_FILE), bytes);
  writeFileSync(join(home, "manifest.json"), JSON.stringify(modelOf(bytes, own).manifest, null, 2));
}
