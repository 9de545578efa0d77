import { existsSync, readFileSync, writeFileSync } from "node:fs";
import type { InferenceSession } from "onnxruntime-node";
import { type Example, readGroundedData } from "./data.ts";
import { type EditedExample, editedCopies, type EditsRejected, editsRejected, round } from "./evaluate.ts";
import { FAMILIES } from "./families/index.ts";
import { correlation, majorityAccuracy, mean, measure, type Quality } from "./metrics.ts";
import { openSession, type Pair, runEach } from "./onnx/session.ts";
import { dataDirectory, modelPaths, REPORT_FILE, SAMPLES_FILE } from "./paths.ts";

const COMMITTEE_SIZES = [3, FAMILIES.length];

/** One model or one committee on one set of rows. */
interface Line extends Quality {
  readonly name: string;
  readonly editsRejected?: EditsRejected;
}

interface Report {
  readonly heldOut: readonly Line[];
  readonly samples: readonly Line[];
  /** Correlation of errors (1 = wrong) on the held-out rows; order of `families`. */
  readonly families: readonly string[];
  readonly errorCorrelation: readonly (readonly number[])[];
  /** Rows on which all families agree: their share, and how often they are right there. */
  readonly unanimous: { readonly share: number; readonly accuracy: number };
  readonly majorityAccuracy: number;
}

/** probabilities[model][row] */
type Table = readonly (readonly number[])[];

/** Runs every model over `pairs`, one at a time: memory stays small, and nothing depends on who shares the batch. */
async function predict(sessions: readonly InferenceSession[], pairs: readonly Pair[]): Promise<Table> {
  const table: number[][] = [];
  for (const session of sessions) table.push(await runEach(session, pairs));
  return table;
}

/** Per row the mean probability of the chosen models: what a committee of equal votes says. */
function committee(table: Table, members: readonly number[]): number[] {
  const rows = table[0]?.length ?? 0;
  return Array.from({ length: rows }, (_, row) => mean(members.map((member) => table[member]?.[row] ?? 0)));
}

/** Every choice of `size` out of `count` indices. */
function choices(count: number, size: number): number[][] {
  if (size === 0) return [[]];
  return Array.from({ length: count }, (_, last) => last).flatMap((last) =>
    choices(last, size - 1).map((rest) => [...rest, last]),
  );
}

/** Models alone, the mean over all committees of a size, and the full committee. */
function linesOf(
  table: Table,
  truths: readonly boolean[],
  copies?: { of: readonly EditedExample[]; table: Table },
): Line[] {
  const line = (name: string, members: readonly number[]): Line => {
    const probabilities = committee(table, members);
    const edits =
      copies === undefined
        ? {}
        : { editsRejected: editsRejected(copies.of, probabilities, committee(copies.table, members)) };
    return { name, ...measure(probabilities, truths), ...edits };
  };
  const alone = FAMILIES.map(({ family }, index) => line(family, [index]));
  const together = COMMITTEE_SIZES.flatMap((size) => {
    const lines = choices(FAMILIES.length, size).map((members) =>
      line(`committee of ${size}: ${members.map((member) => FAMILIES[member]?.family).join(" + ")}`, members),
    );
    return lines.length === 1
      ? lines.map((only) => ({ ...only, name: `committee of all ${size}` }))
      : [average(size, lines), ...lines];
  });
  return [...alone, ...together];
}

/** The committee of `size` that one may expect when it is drawn at random. */
function average(size: number, lines: readonly Line[]): Line {
  const of = (read: (line: Line) => number): number => mean(lines.map(read));
  const kind = (name: keyof EditsRejected) => ({
    rejected: of((line) => line.editsRejected?.[name].rejected ?? 0),
    rows: Math.round(of((line) => line.editsRejected?.[name].rows ?? 0)),
  });
  return {
    name: `committee of ${size}, mean of ${lines.length}`,
    accuracy: of((line) => line.accuracy),
    brier: of((line) => line.brier),
    logLoss: of((line) => line.logLoss),
    ece: of((line) => line.ece),
    rows: lines[0]?.rows ?? 0,
    ...(lines[0]?.editsRejected && {
      editsRejected: { negation: kind("negation"), number: kind("number"), wordSwap: kind("wordSwap") },
    }),
  };
}

async function makeReport(heldOut: readonly Example[], samples: readonly Example[]): Promise<Report> {
  const sessions: InferenceSession[] = [];
  for (const { family } of FAMILIES) sessions.push(await openSession(modelPaths(family).model));
  const truths = heldOut.map(({ truth }) => truth);
  const table = await predict(sessions, heldOut);
  const copies = editedCopies(heldOut);
  const copyTable = await predict(sessions, copies);
  const errors = table.map((row) => row.map((p, index) => (p > 0.5 === truths[index] ? 0 : 1)));
  const agreed = truths.flatMap((_, row) =>
    new Set(table.map((model) => (model[row] ?? 0) > 0.5)).size === 1 ? [row] : [],
  );
  return {
    heldOut: linesOf(table, truths, { of: copies, table: copyTable }),
    samples: linesOf(
      await predict(sessions, samples),
      samples.map(({ truth }) => truth),
    ),
    families: FAMILIES.map(({ family }) => family),
    errorCorrelation: errors.map((left) => errors.map((right) => correlation(left, right))),
    unanimous: {
      share: agreed.length / truths.length,
      accuracy: 1 - mean(agreed.map((row) => errors[0]?.[row] ?? 0)),
    },
    majorityAccuracy: majorityAccuracy(truths),
  };
}

function printLines(title: string, lines: readonly Line[]): void {
  console.log(`\n${title}`);
  console.log(`${"".padEnd(34)} accuracy  brier   ece    rejected: negation number word swap`);
  for (const { name, accuracy, brier, ece, editsRejected: edits } of lines.filter(
    ({ name }) => !name.includes(":"),
  )) {
    const rejected = edits === undefined ? [] : [edits.negation, edits.number, edits.wordSwap];
    console.log(
      `${name.padEnd(34)} ${accuracy.toFixed(3)}     ${brier.toFixed(4)}  ${ece.toFixed(3)}            ` +
        rejected.map((edit) => edit.rejected.toFixed(2).padEnd(7)).join("  "),
    );
  }
}

function readSamples(): Example[] {
  if (!existsSync(SAMPLES_FILE)) return [];
  const lines = readFileSync(SAMPLES_FILE, "utf8")
    .split("\n")
    .filter((line) => line !== "");
  return lines.map((line) => JSON.parse(line) as Example);
}

const report = await makeReport(readGroundedData(dataDirectory()).heldOut, readSamples());
printLines(
  `held-out rows: ${report.heldOut[0]?.rows} (always the same answer: ${report.majorityAccuracy.toFixed(3)})`,
  report.heldOut,
);
printLines(`self-written samples: ${report.samples[0]?.rows}`, report.samples);
console.log("\ncorrelation of errors");
report.errorCorrelation.forEach((row, index) =>
  console.log(
    `${(report.families[index] ?? "").padEnd(20)} ${row.map((value) => value.toFixed(2)).join("  ")}`,
  ),
);
console.log(
  `\nall agree on ${(100 * report.unanimous.share).toFixed(1)} % of rows and are right on ${(100 * report.unanimous.accuracy).toFixed(1)} % of those`,
);
const rounded = JSON.stringify(
  report,
  (_, value: unknown) => (typeof value === "number" ? round(value) : value),
  2,
);
writeFileSync(REPORT_FILE, `${rounded}\n`);
