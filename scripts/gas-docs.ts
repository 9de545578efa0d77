/**
 * `npm run docs:gas`: writes the tables of docs/gas.md from bench/gas.json and bench/budgets.json. With --check it only
 * says whether they are up to date.
 */
import { readFileSync } from "node:fs";
import { join } from "node:path";

import { GasTables, type Figures } from "./lib/gasTables.ts";
import { ROOT } from "./lib/run.ts";
import { writeSections } from "./lib/section.ts";

const read = (name: string): Figures =>
  JSON.parse(readFileSync(join(ROOT, "bench", name), "utf8")) as Figures;

const tables = new GasTables(read("gas.json"), read("budgets.json"));
const SECTIONS = ["budgets", "keys", "parts", "upkeep", "peers", "maxima", "population"] as const;
await writeSections(
  "docs/gas.md",
  SECTIONS.map((name) => ({
    begin: `<!-- ${name}: made by npm run docs:gas from bench/gas.json -->`,
    end: `<!-- end of ${name} -->`,
    text: tables[name](),
  })),
  "does not tell today's gas: npm run docs:gas",
);
