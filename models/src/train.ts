/**
 * Trains, calibrates, measures and writes the built-in models: `npm run models:train [-- --data DIR --domain D]`. The same data
 * give the same bytes: with `--check` they are written elsewhere and compared with the committed ones, byte by byte.
 */
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";

import { MODEL_FILE } from "@assay/keeper";

import type { Domain, Member, OpenDomain } from "./domains/domain.ts";
import { measureEdits } from "./domains/grounded/editTest.ts";
import { DOMAINS } from "./domains/index.ts";
import { openJudge } from "./judge.ts";
import { manifestOf, manifestText } from "./manifests.ts";
import { majorityAccuracy, measure, round, roundAll } from "./metrics.ts";
import { commandLine, modelPaths, MODELS_ROOM } from "./paths.ts";

const SEED = 7;

/** Trains one model, measures it on the held-out claims and writes it with its manifest below `room`. */
async function produce(domain: Domain, { heldOut }: OpenDomain, member: Member, room: string): Promise<void> {
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
  const paths = modelPaths(domain.name, member.family, room);
  mkdirSync(dirname(paths.model), { recursive: true });
  writeFileSync(paths.model, trained.bytes);
  writeFileSync(paths.manifest, manifestText(manifest));
  console.log(
    `${domain.name.padEnd(10)} ${member.family.padEnd(20)} out-of-fold ${outOfFold.toFixed(3)}  held-out ${quality.accuracy.toFixed(3)}  ` +
      `brier ${quality.brier.toFixed(3)}  ece ${quality.ece.toFixed(3)}  ${String(trained.bytes.length).padStart(7)} bytes  ` +
      `${manifest.files[MODEL_FILE].slice(0, 12)}  ${seconds.toFixed(1)} s`,
  );
}

/** Compares a model that was made below `room` with the committed one; returns how many of its files differ. */
function compare(domain: Domain, { family }: Member, room: string): number {
  const [made, committed] = [modelPaths(domain.name, family, room), modelPaths(domain.name, family)];
  return (["model", "manifest"] as const).filter((file) => {
    const same = readFileSync(made[file]).equals(readFileSync(committed[file]));
    if (!same) console.log(`DIFFERS: ${committed[file]}`);
    return !same;
  }).length;
}

const args = process.argv.slice(2);
const isCheck = args.includes("--check");
const { directory, domains } = commandLine(
  DOMAINS,
  args.filter((arg) => arg !== "--check"),
);
const room = isCheck ? mkdtempSync(join(tmpdir(), "assay-models-")) : MODELS_ROOM;
let [files, differing] = [0, 0];
for (const domain of domains) {
  const open = await domain.open(directory);
  for (const member of open.members) {
    await produce(domain, open, member, room);
    if (!isCheck) continue;
    files += 2;
    differing += compare(domain, member, room);
  }
}
if (isCheck) {
  rmSync(room, { recursive: true });
  console.log(`${files - differing} of ${files} files are the same, byte for byte`);
  process.exitCode = differing === 0 ? 0 : 1;
}
