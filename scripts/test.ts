/**
 * `npm test`: builds, then runs every suite and counts what really ran. A suite that crashes or that lost tests is a
 * failure as much as a failing test. Ends with one line, `N passed, N failed`.
 *
 *   node scripts/test.ts              all suites
 *   node scripts/test.ts keeper       suites by name
 *   node scripts/test.ts --but=models,operator     all others
 *   node scripts/test.ts --pin        writes scripts/test-minimums.json: nine tenths of what passed
 *   node scripts/test.ts contracts --files=test/A.test.ts,test/B.test.ts     only these; no minimum applies
 *   node scripts/test.ts keeper --files=keeper/src/services/voter.test.ts
 */
import { globSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

import type { MochaReport } from "./lib/mochaReport.ts";
import { ROOT, run, tail, type Outcome } from "./lib/run.ts";

const MINIMUMS = join(ROOT, "scripts", "test-minimums.json");
/** What an operator does with a model: half of what the command line's tests take, and no contract. */
const MODEL_COMMANDS = "cli/src/models/";

interface Counts {
  readonly passed: number;
  readonly failed: number;
  readonly pending: number;
  /** What went wrong, for people. */
  readonly details: readonly string[];
}

/** A room without tests; its committed minimum decides whether that is right. */
const NOTHING = {
  outcome: { code: 0, output: "", seconds: 0 },
  counts: { passed: 0, failed: 0, pending: 0, details: [] },
};

interface Suite {
  readonly name: string;
  readonly run: (
    report: string,
    files: readonly string[],
  ) => Promise<{ outcome: Outcome; counts: Counts | undefined }>;
}

/** Counts of a mocha JSON report; undefined if the run did not get as far as writing one. */
function readMochaReport(path: string): Counts | undefined {
  let report: MochaReport;
  try {
    report = JSON.parse(readFileSync(path, "utf8")) as MochaReport;
  } catch {
    return undefined;
  }
  const details = report.failed.map(({ title, error }) => `${title}\n    ${tail(error, 14)}`);
  return { passed: report.passes, failed: report.failures, pending: report.pending, details };
}

/** Counts of Hardhat's Solidity test summary. */
export function readSoliditySummary(output: string): Counts | undefined {
  const count = (word: string): number | undefined => {
    const found = new RegExp(`^\\s*(\\d+) ${word}\\s*$`, "m").exec(output);
    return found === null ? undefined : Number(found[1]);
  };
  const passed = count("passing");
  if (passed === undefined) return undefined;
  const failed = count("failing") ?? 0;
  const details = failed === 0 ? [] : [tail(output.slice(output.lastIndexOf(" passing")), 60)];
  return { passed, failed, pending: count("skipped") ?? 0, details };
}

const solidity: Suite = {
  name: "solidity",
  run: async (_, files) => {
    const outcome = await run("hardhat", ["test", "solidity", ...files]);
    return { outcome, counts: readSoliditySummary(outcome.output) };
  },
};

/** Mocha files on Hardhat's chain; the build is done. */
const onChain = (name: string, isOwn: (file: string) => boolean): Suite => ({
  name,
  run: async (report, files) => {
    const own = files.length > 0 ? files : globSync("test/**/*.test.ts", { cwd: ROOT }).filter(isOwn).sort();
    const outcome = await run("hardhat", ["test", "mocha", "--no-compile", ...own], {
      env: { ASSAY_MOCHA_REPORT: report },
    });
    return { outcome, counts: readMochaReport(report) };
  },
});

const isFlow = (file: string): boolean => file.startsWith("test/flows/");
const contracts = onChain("contracts", (file) => !isFlow(file));
const flows = onChain("flows", isFlow);

/** Mocha files of a room, without a chain in the same process. */
const beside = (name: string, isOwn: (file: string) => boolean): Suite => ({
  name,
  run: async (report, files) => {
    const given = files.length > 0 ? files : globSync("{keeper,cli,models}/src/**/*.test.ts", { cwd: ROOT });
    const own = given.filter(isOwn).sort();
    if (own.length === 0) return NOTHING;
    const reporter = ["--reporter", "scripts/lib/mochaReport.ts", "--reporter-option", `output=${report}`];
    // --exit: a failing test may leave something running that would keep a red run from ending.
    const limits = ["--forbid-only", "--exit", "--timeout", "120000"];
    const outcome = await run("mocha", [...reporter, ...limits, ...own]);
    return { outcome, counts: readMochaReport(report) };
  },
});

const keeper = beside("keeper", (file) => file.startsWith("keeper/"));
const models = beside("models", (file) => file.startsWith("models/"));
const operator = beside("operator", (file) => file.startsWith(MODEL_COMMANDS));
const cli = beside("cli", (file) => file.startsWith("cli/") && !file.startsWith(MODEL_COMMANDS));

async function play(
  suite: Suite,
  folder: string,
  files: readonly string[],
  minimum: number,
): Promise<Counts> {
  const { outcome, counts } = await suite.run(join(folder, `${suite.name}.json`), files);
  const problems = [...(counts?.details ?? [])];
  let failed = counts?.failed ?? 0;
  const passed = counts?.passed ?? 0;
  if (counts === undefined || (outcome.code !== 0 && failed === 0)) {
    failed += 1;
    problems.push(
      `the suite ended with code ${outcome.code} and without a failing test:\n${tail(outcome.output)}`,
    );
  }
  const ran = passed + failed;
  if (ran < minimum) {
    failed += 1;
    problems.push(`ran ${ran} tests, at least ${minimum} expected (scripts/test-minimums.json)`);
  }
  const pending = counts?.pending ?? 0;
  const skipped = pending === 0 ? "" : `, ${pending} skipped`;
  console.log(
    `${suite.name}: ${passed} passed, ${failed} failed${skipped} (${outcome.seconds.toFixed(0)} s)`,
  );
  for (const [i, problem] of problems.entries()) console.log(`\n  ${i + 1}) ${problem}\n`);
  return { passed, failed, pending, details: problems };
}

async function main(args: readonly string[]): Promise<number> {
  const pin = args.includes("--pin");
  const named = args.filter((arg) => !arg.startsWith("--"));
  const but = args.flatMap((arg) => (arg.startsWith("--but=") ? arg.slice(6).split(",") : []));
  const files = args.flatMap((arg) => (arg.startsWith("--files=") ? arg.slice(8).split(",") : []));
  const bare = pin || files.length > 0;
  const isPlayed = ({ name }: Suite): boolean =>
    (named.length === 0 || named.includes(name)) && !but.includes(name);
  // Four at once: much of each is waiting, for keepers, chains and models in processes of their own.
  const lanes = [[flows], [contracts, solidity], [keeper, models], [cli, operator]].map((lane) =>
    lane.filter(isPlayed),
  );
  // Models, and what an operator does with one, know no contract.
  const needsBuild = lanes.flat().some((suite) => suite !== models && suite !== operator);
  const build = needsBuild ? await run("hardhat", ["build", "--quiet"]) : undefined;
  if (build !== undefined && build.code !== 0) {
    console.log(`${tail(build.output)}\n\nthe build failed\n0 passed, 1 failed`);
    return 1;
  }
  const minimums = JSON.parse(readFileSync(MINIMUMS, "utf8")) as Record<string, number>;
  const folder = mkdtempSync(join(tmpdir(), "assay-test-"));
  // Hundreds of processes read the same sources: a start of the command line takes two thirds of its time then.
  process.env.NODE_COMPILE_CACHE ??= join(folder, "compiled");
  let passed = 0;
  let failed = 0;
  const playAll = async (suites: readonly Suite[]): Promise<void> => {
    for (const suite of suites) {
      const counts = await play(suite, folder, files, bare ? 0 : (minimums[suite.name] ?? 0));
      minimums[suite.name] = Math.floor(counts.passed * 0.9);
      passed += counts.passed;
      failed += counts.failed;
    }
  };
  try {
    await Promise.all(lanes.map(playAll));
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
  if (pin && failed === 0) writeFileSync(MINIMUMS, `${JSON.stringify(minimums, null, 2)}\n`);
  console.log(`${passed} passed, ${failed} failed`);
  return failed === 0 ? 0 : 1;
}

process.exitCode = await main(process.argv.slice(2));
