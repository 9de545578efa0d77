import type { Example } from "./data.ts";
import { edited, EDIT_KINDS, vocabularyOf } from "./edits.ts";
import type { Family, Head, Inputs, Sample } from "./families/family.ts";
import { fitLogistic, sigmoid } from "./learn/logistic.ts";
import { mean } from "./metrics.ts";
import { GraphBuilder } from "./onnx/builder.ts";
import { openSession, type Row, runRows } from "./onnx/session.ts";
import { seededRandom, stringHash } from "./rng.ts";

/** Folds are made by text: an answer is never judged by a head that has seen another answer to the same text. */
const FOLDS = 5;
const EDIT_SEED = 101;

/** A trained, calibrated model, ready to be written. */
export interface TrainedModel {
  readonly bytes: Uint8Array;
  /** Calibrated log-odds = slope · log-odds + offset, already inside `bytes`. */
  readonly calibration: { readonly slope: number; readonly offset: number };
  /** Uncalibrated log-odds of the kept head on its own training rows: only to check the graph against. */
  readonly trainedLogits: readonly number[];
  /** Share of true rows among the training rows (without edited copies). */
  readonly baseRate: number;
  readonly rows: number;
  /** Calibrated out-of-fold probability of each training row: what choices between designs are made on. */
  readonly outOfFold: readonly number[];
  /** Out of fold, of edited copies of true answers that are accepted: the share rejected. */
  readonly editsRejected: number;
}

interface Prepared {
  readonly fold: number;
  readonly original: Sample;
  readonly edits: readonly Sample[];
}

/**
 * Trains one family: per fold a head on the other folds, whose log-odds on the fold calibrate; then the head that is kept, on all
 * rows.
 */
export async function trainFamily(
  family: Family,
  examples: readonly Example[],
  seed: number,
): Promise<TrainedModel> {
  const prepared = await prepare(family, examples);
  const logits = new Array<number>(prepared.length).fill(0);
  const editLogits = prepared.map((): number[] => []);
  for (let fold = 0; fold < FOLDS; fold++) {
    const head = family.fit(
      samplesOf(prepared.filter((item) => item.fold !== fold)),
      seededRandom(seed + fold + 1),
    );
    prepared.forEach((item, index) => {
      if (item.fold === fold) {
        logits[index] = head.logit(item.original.row);
        editLogits[index] = item.edits.map(({ row }) => head.logit(row));
      }
    });
  }
  const platt = fitLogistic(
    prepared.map(({ original }, index) => ({ x: [logits[index] ?? 0], label: original.label, weight: 1 })),
    1e-3,
  );
  const calibration = { slope: platt.weights[0] ?? 1, offset: platt.bias };
  const calibrated = (logit: number): number => sigmoid(calibration.slope * logit + calibration.offset);
  const acceptedEdits = editLogits.flatMap((list, index) =>
    calibrated(logits[index] ?? 0) > 0.5 ? list : [],
  );
  const head = family.fit(samplesOf(prepared), seededRandom(seed));
  return {
    bytes: modelGraph(family, head, calibration),
    calibration,
    trainedLogits: prepared.map(({ original }) => head.logit(original.row)),
    baseRate: prepared.reduce((sum, { original }) => sum + original.label, 0) / prepared.length,
    rows: prepared.length,
    outOfFold: logits.map(calibrated),
    editsRejected: mean(acceptedEdits.map((logit) => (calibrated(logit) > 0.5 ? 0 : 1))),
  };
}

/** The whole graph: two strings [N] → probability [N]. */
function modelGraph(family: Family, head: Head, { slope, offset }: TrainedModel["calibration"]): Uint8Array {
  const graph = new GraphBuilder();
  const logit = head.build(graph, family.front(graph, inputsOf(graph)));
  const calibrated = graph.op("Add", [graph.op("Mul", [logit, graph.scalar(slope)]), graph.scalar(offset)]);
  const probability = graph.op("Sigmoid", [calibrated]);
  return graph.build(family.family, [
    { name: "probability", from: probability, type: "float", shape: ["N"] },
  ]);
}

function inputsOf(graph: GraphBuilder): Inputs {
  return { text: graph.input("text", "string", ["N"]), answer: graph.input("answer", "string", ["N"]) };
}

async function prepare(family: Family, examples: readonly Example[]): Promise<Prepared[]> {
  const graph = new GraphBuilder();
  const front = family.front(graph, inputsOf(graph));
  const outputs = Object.entries(front).map(([name, from]) => ({
    name,
    from,
    type: "float" as const,
    shape: [],
  }));
  const session = await openSession(graph.build(`${family.family}-front`, outputs));
  const rowsOf = async (items: readonly Example[]): Promise<Readonly<Record<string, Row>>[]> =>
    runRows(session, items);
  const originals = await rowsOf(examples);
  const copies = editedCopies(examples);
  const prepared: Prepared[] = [];
  for (const [index, example] of examples.entries()) {
    const edits = await rowsOf(copies[index] ?? []);
    prepared.push({
      fold: stringHash(example.text.toLowerCase()) % FOLDS,
      original: { row: originals[index] ?? {}, label: example.truth ? 1 : 0, weight: 1 },
      edits: edits.map((row) => ({ row, label: 0, weight: family.editWeight })),
    });
  }
  await session.release();
  return prepared;
}

/** For each example the edited copies of its answer, if the answer is true. */
function editedCopies(examples: readonly Example[]): Example[][] {
  const random = seededRandom(EDIT_SEED);
  const vocabulary = vocabularyOf(examples.map(({ text }) => text));
  return examples.map((example) =>
    example.truth ? EDIT_KINDS.flatMap((kind) => edited(example, kind, vocabulary, random) ?? []) : [],
  );
}

function samplesOf(prepared: readonly Prepared[]): Sample[] {
  return prepared.flatMap(({ original, edits }) => [original, ...edits.filter(({ weight }) => weight > 0)]);
}
