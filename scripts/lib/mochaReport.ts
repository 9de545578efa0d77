/**
 * Mocha reporter for `scripts/test.ts`: writes the counts and what failed to the file of its `output` option. Mocha's own
 * JSON report is lost as soon as one failed assertion compares a bigint.
 */
import { writeFileSync } from "node:fs";

import type Mocha from "mocha";

/** What is written. */
export interface MochaReport {
  readonly passes: number;
  readonly failures: number;
  readonly pending: number;
  /** Full title and stack of every failed test. */
  readonly failed: readonly { readonly title: string; readonly error: string }[];
}

/** A failed test may leave something running, such as a wait for a transaction of a chain that is gone. */
const GRACE_MS = 15_000;

export default class MochaReporter {
  constructor(runner: Mocha.Runner, options: { readonly reporterOptions?: { readonly output?: string } }) {
    const output = options.reporterOptions?.output;
    if (output === undefined) throw new Error("the reporter option `output` says where the report goes");
    let passes = 0;
    let pending = 0;
    const failed: { title: string; error: string }[] = [];
    runner.on("pass", () => (passes += 1));
    runner.on("pending", () => (pending += 1));
    runner.on("fail", (test, error: Error) => {
      failed.push({ title: test.fullTitle(), error: error.stack ?? String(error) });
    });
    runner.once("end", () => {
      const report: MochaReport = { passes, failures: failed.length, pending, failed };
      writeFileSync(output, JSON.stringify(report));
      setTimeout(() => process.exit(failed.length === 0 ? 0 : 1), GRACE_MS).unref();
    });
  }
}
