/**
 * `npm run coverage`: runs the unit and flow tests of the contracts instrumented and fails when fewer than 95 % of the
 * production lines ran. Doubles do not count; tests that run processes or a million vectors are left out, because
 * instrumented contracts are too large for a real node and too slow for the latter. `--read` runs nothing and judges the
 * report of the last run.
 */
import { globSync, readFileSync } from "node:fs";
import { join } from "node:path";

import { ROOT, run, tail } from "./lib/run.ts";

const MINIMUM_PERCENT = 95;

interface Lines {
  found: number;
  hit: number;
}

/** Lines found and hit per file of an lcov report. */
export function readLcov(report: string): Map<string, Lines> {
  const files = new Map<string, Lines>();
  let current: Lines = { found: 0, hit: 0 };
  for (const line of report.split("\n")) {
    if (line.startsWith("SF:")) {
      current = { found: 0, hit: 0 };
      files.set(line.slice(3).replace(`${ROOT}/`, ""), current);
    } else if (line.startsWith("DA:")) {
      current.found += 1;
      if (!line.endsWith(",0")) current.hit += 1;
    }
  }
  return files;
}

const isProduction = (file: string): boolean =>
  file.startsWith("contracts/") && !file.startsWith("contracts/mocks/");

const LEFT_OUT = [/^test\/deploy\//, /^test\/differential\//];
const runsProcesses = (file: string): boolean => /@assay\/cli/.test(readFileSync(join(ROOT, file), "utf8"));
const files = globSync("test/**/*.test.ts", { cwd: ROOT }).filter(
  (file) => !LEFT_OUT.some((pattern) => pattern.test(file)) && !runsProcesses(file),
);
if (!process.argv.includes("--read")) {
  const tests = await run("hardhat", ["test", "mocha", "--coverage", ...files]);
  if (tests.code !== 0) {
    console.error(`${tail(tests.output, 80)}\n\ncoverage: the tests failed`);
    process.exit(1);
  }
}
const report = readLcov(readFileSync(join(ROOT, "coverage", "lcov.info"), "utf8"));
const total: Lines = { found: 0, hit: 0 };
for (const [file, { found, hit }] of [...report].sort(([a], [b]) => (a < b ? -1 : 1))) {
  if (!isProduction(file)) continue;
  total.found += found;
  total.hit += hit;
  console.log(`${((100 * hit) / Math.max(found, 1)).toFixed(1).padStart(6)} %  ${file} (${hit} of ${found})`);
}
const percent = (100 * total.hit) / Math.max(total.found, 1);
console.log(
  `coverage: ${percent.toFixed(2)} % of ${total.found} lines of contracts/, at least ${MINIMUM_PERCENT} %`,
);
process.exitCode = total.found > 0 && percent >= MINIMUM_PERCENT ? 0 : 1;
