import { mkdirSync, writeFileSync } from "node:fs";
import { dirname } from "node:path";

import { manifestSchema, MODEL_FILE } from "@assay/keeper";

import { type GroundedData, readGroundedData } from "./data.ts";
import { evaluate, round } from "./evaluate.ts";
import type { Family } from "./families/family.ts";
import { FAMILIES } from "./families/index.ts";
import { groundedManifest } from "./grounded.ts";
import { measure } from "./metrics.ts";
import { openSession } from "./onnx/session.ts";
import { dataDirectory, modelPaths } from "./paths.ts";
import { trainFamily } from "./pipeline.ts";

const SEED = 7;
const SOURCE =
  "BEGIN (google/BEGIN-dataset @ 6e65f0d5), wow/begin_test_wow.tsv; held-out: wow/begin_dev_wow.tsv";
const LICENCE = "CC BY 4.0";
const ATTRIBUTION =
  "BEGIN dataset, Google LLC, CC BY 4.0. Contains conversation histories and knowledge snippets of Wizard of Wikipedia, developed at " +
  "Facebook, Inc. by Emily Dinan, Stephen Roller, Kurt Shuster, Angela Fan, Michael Auli and Jason Weston, Copyright (c) 2021 " +
  "Facebook, Inc and its affiliates, CC BY 4.0. Changed: spacing of punctuation, edited copies of answers; the weights are derived.";

/** Trains, calibrates, measures and writes one family. */
async function produce(family: Family, data: GroundedData): Promise<void> {
  const trained = await trainFamily(family, data.training, SEED);
  const session = await openSession(trained.bytes);
  const measured = await evaluate(session, data.heldOut);
  await session.release();
  const { slope, offset } = trained.calibration;
  const manifest = manifestSchema.parse(
    groundedManifest(
      {
        name: family.name,
        family: family.family,
        summary: family.summary,
        baseRate: round(trained.baseRate),
        provenance: { source: SOURCE, licence: LICENCE, attribution: ATTRIBUTION },
        measured: {
          ...measured,
          training: { rows: trained.rows, seed: SEED },
          // Inside the graph; stated so that it can be undone.
          platt: {
            slope,
            offset,
            fittedOn: "out-of-fold log-odds of the training file, five folds by text",
          },
        },
      },
      trained.bytes,
    ),
  );
  const paths = modelPaths(family.family);
  mkdirSync(dirname(paths.model), { recursive: true });
  writeFileSync(paths.model, trained.bytes);
  writeFileSync(paths.manifest, `${JSON.stringify(manifest, null, 2)}\n`);
  const outOfFold = measure(
    trained.outOfFold,
    data.training.map(({ truth }) => truth),
  );
  console.log(
    `${family.family.padEnd(18)} out-of-fold ${outOfFold.accuracy.toFixed(3)}  held-out ${measured.accuracy.toFixed(3)}  ` +
      `brier ${measured.brier.toFixed(3)}  ece ${measured.ece.toFixed(3)}  ${trained.bytes.length} bytes  ${manifest.files[MODEL_FILE].slice(0, 12)}`,
  );
}

const data = readGroundedData(dataDirectory());
console.log(`${data.training.length} training rows, ${data.heldOut.length} held-out rows`);
for (const family of FAMILIES) await produce(family, data);
