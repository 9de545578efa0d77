/**
 * Trains, calibrates, measures and writes the built-in models: `npm run models:train -- --data DIR [--domain D]`. The same data
 * give the same bytes.
 */
import { mkdirSync, writeFileSync } from "node:fs";
import { dirname } from "node:path";

import { MODEL_FILE } from "@assay/keeper";

import type { Domain, Member, OpenDomain } from "./domains/domain.ts";
import { measureEdits } from "./domains/grounded/editTest.ts";
import { DOMAINS } from "./domains/index.ts";
import { openJudge } from "./judge.ts";
import { manifestOf, manifestText } from "./manifests.ts";
import { majorityAccuracy, measure, round, roundAll } from "./metrics.ts";
import { commandLine, modelPaths } from "./paths.ts";

const SEED = 7;

/** Trains one model, measures it on the held-out claims and writes it with its manifest. */
async function produce(domain: Domain, { heldOut }: OpenDomain, member: Member): Promise<void> {
  const start = performance.now();
  const trained = await member.train(SEED);
  const seconds = (performance.now() - start) / 1000;
  const plain = manifestOf(domain, member, trained);
  const { judge, release } = await openJudge(plain, trained.bytes);
  const truths = heldOut.map(({ truth }) => truth);
  const quality = roundAll(measure(await judge(heldOut), truths));
  const edits = domain.name === "grounded" ? { editsRejected: await measureEdits(heldOut, judge) } : {};
  await release();
  const { probabilities, truths: known } = trained.outOfFold;
  const outOfFold = round(measure(probabilities, known).accuracy);
  const manifest = manifestOf(domain, member, trained, {
    ...quality,
    majorityAccuracy: round(majorityAccuracy(truths)),
    ...edits,
    training: { rows: trained.rows, seed: SEED, outOfFoldAccuracy: outOfFold },
    split: domain.split,
    calibrationFittedOn: domain.fittedOn,
    ...(trained.inGraph && { plattInsideTheGraph: trained.inGraph }),
  });
  const paths = modelPaths(domain.name, member.family);
  mkdirSync(dirname(paths.model), { recursive: true });
  writeFileSync(paths.model, trained.bytes);
  writeFileSync(paths.manifest, manifestText(manifest));
  console.log(
    `${domain.name.padEnd(10)} ${member.family.padEnd(20)} out-of-fold ${outOfFold.toFixed(3)}  held-out ${quality.accuracy.toFixed(3)}  ` +
      `brier ${quality.brier.toFixed(3)}  ece ${quality.ece.toFixed(3)}  ${String(trained.bytes.length).padStart(7)} bytes  ` +
      `${manifest.files[MODEL_FILE].slice(0, 12)}  ${seconds.toFixed(1)} s`,
  );
}

const { directory, domains } = commandLine(DOMAINS);
for (const domain of domains) {
  const open = await domain.open(directory);
  for (const member of open.members) await produce(domain, open, member);
}
