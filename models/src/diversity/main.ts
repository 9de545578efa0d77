/** Writes docs/diversity.md and its plots: `npm run models:diversity -- --data DIR`. */
import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";

import { DOMAINS } from "../domains/index.ts";
import { commandLine, DOCS } from "../paths.ts";
import { pinnedRate, predictAll } from "../report/predictions.ts";
import { cloneStudy, type Studied } from "./clones.ts";
import {
  describeGeneralists,
  type Generalist,
  GENERALIST_FAMILIES,
  trainGeneralist,
  unionOf,
} from "./generalist.ts";
import { monoculture, retrain } from "./monoculture.ts";
import { specialistMatrix } from "./specialists.ts";
import { teachingTable } from "./teaching.ts";
import { diversityText } from "./text.ts";

const PLOTS = join(DOCS, "plots");

const { directory } = commandLine(DOMAINS);
const studied: Studied[] = [];
for (const domain of DOMAINS) {
  const { members, training, heldOut } = await domain.open(directory);
  const predictions = await predictAll(
    domain,
    members.map(({ family }) => family),
    heldOut,
  );
  const measured = {
    domain,
    training,
    claims: heldOut,
    truths: heldOut.map(({ truth }) => truth),
    pinned: pinnedRate(heldOut),
    predictions,
  };
  studied.push({ measured, retrained: await retrain(measured, members) });
  console.log(`${domain.name} is retrained`);
}
const all = studied.map(({ measured }) => measured);
const generalists: Generalist[] = [];
for (const family of GENERALIST_FAMILIES) {
  generalists.push(await trainGeneralist(family, unionOf(all)));
  console.log(`${family.family} has learned all texts`);
}
const matrix = await specialistMatrix(all, generalists);
const teaching = await teachingTable(all, generalists);
const mono = monoculture(studied);
const clones = cloneStudy(studied);
mkdirSync(PLOTS, { recursive: true });
for (const [name, svg] of Object.entries({ specialists: matrix.plot, ...mono.plots, ...clones.plots })) {
  writeFileSync(join(PLOTS, `${name}.svg`), svg);
}
writeFileSync(
  join(DOCS, "diversity.md"),
  diversityText({
    matrix: matrix.text,
    generalists: describeGeneralists(generalists),
    teaching,
    monoculture: mono.text,
    clones: clones.text,
  }),
);
