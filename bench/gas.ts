/**
 * `npm run gas`: measures every journey and writes bench/gas.json. With ASSAY_GAS_CHECK=1 (`npm run gas:check`) it
 * compares instead and fails on any difference, so a change of gas is a change somebody explains.
 */
import { readFileSync, writeFileSync } from "node:fs";

import { buildWorld, networkHelpers } from "../test/fixtures/world.ts";
import { measureAppeals } from "./appeals.ts";
import { measureCanaries } from "./canaries.ts";
import { measureClones } from "./clones.ts";
import { measureDevices } from "./devices.ts";
import { measureLife, type Figures } from "./life.ts";
import { measureMaxima } from "./maxima.ts";
import { measurePerformance } from "./performance.ts";
import { measurePopulation } from "./population.ts";
import { measureStaking } from "./staking.ts";

const FILE = new URL("gas.json", import.meta.url);
const OPERATORS = 12;

async function measure(): Promise<Figures> {
  const figures: Figures = {};
  const empty = await networkHelpers.takeSnapshot();
  for (const journey of [
    async () => measureLife(await buildWorld(OPERATORS)),
    async () => measureStaking(await buildWorld(OPERATORS)),
    measureAppeals,
    measureCanaries,
    measureClones,
    measureDevices,
    measureMaxima,
    measurePerformance,
    measurePopulation,
  ]) {
    Object.assign(figures, await journey());
    await empty.restore();
  }
  return figures;
}

const sorted = (figures: Figures): Figures =>
  Object.fromEntries(Object.entries(figures).sort(([a], [b]) => (a < b ? -1 : 1)));

const figures = sorted(await measure());
for (const [name, gas] of Object.entries(figures)) {
  console.log(`${name.padEnd(28)} ${gas.toLocaleString("en").padStart(12)}`);
}
if (process.env.ASSAY_GAS_CHECK === undefined) {
  writeFileSync(FILE, `${JSON.stringify(figures, null, 2)}\n`);
} else {
  const committed = JSON.parse(readFileSync(FILE, "utf8")) as Figures;
  const names = [...new Set([...Object.keys(committed), ...Object.keys(figures)])].sort();
  const changed = names.filter((name) => committed[name] !== figures[name]);
  for (const name of changed) {
    console.error(`gas changed: ${name} ${committed[name] ?? "missing"} -> ${figures[name] ?? "gone"}`);
  }
  process.exitCode = changed.length === 0 ? 0 : 1;
}
