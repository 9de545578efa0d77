import { fitLogistic, sigmoid } from "../learn/logistic.ts";
import { mean } from "../metrics.ts";
import { GraphBuilder } from "../onnx/builder.ts";
import type { RowTensors } from "../onnx/front.ts";
import { openSession, runRows } from "../onnx/session.ts";
import { below, seededRandom, stringHash } from "../rng.ts";
import type { Example, Family, Head, Inputs, Sample } from "./family.ts";

/** Folds are made by group, which is the text by default: no row is judged by a head that has seen its text. */
const FOLDS = 5;

/** A trained, calibrated model, ready to be written. */
export interface TrainedPairs {
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

/** One training example as the family's front sees it. */
export interface Prepared {
  readonly fold: number;
  readonly original: Sample;
  readonly edits: readonly Sample[];
}

export interface PairOptions<Item> {
  /** Examples of one group stay in one fold. */
  readonly groupOf?: (example: Item) => string;
  /** For each example its edited copies, all false. */
  readonly copies?: readonly (readonly Example[])[];
}

/**
 * Trains one family: per fold a head on the other folds, whose log-odds on the fold calibrate; then the head that is kept, on all
 * rows.
 */
export async function trainFamily<Item extends Example>(
  family: Family,
  examples: readonly Item[],
  seed: number,
  options: PairOptions<Item> = {},
): Promise<TrainedPairs> {
  return trainPrepared(family, await preparePairs(family, examples, options), seed);
}

/** Trains on rows that are already prepared. `resample` draws as many rows with replacement, as another data set would have. */
export function trainPrepared(
  family: Family,
  prepared: readonly Prepared[],
  seed: number,
  resample = false,
): TrainedPairs {
  const random = seededRandom(seed);
  const chosen = resample
    ? prepared.map(() => prepared[below(random, prepared.length)] as Prepared)
    : prepared;
  const logits = new Array<number>(prepared.length).fill(0);
  const editLogits = prepared.map((): number[] => []);
  for (let fold = 0; fold < FOLDS; fold++) {
    const head = family.fit(
      samplesOf(chosen.filter((item) => item.fold !== fold)),
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
  const head = family.fit(samplesOf(chosen), seededRandom(seed));
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
function modelGraph(family: Family, head: Head, { slope, offset }: TrainedPairs["calibration"]): Uint8Array {
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

/** Runs every example (and its edited copies, if the family learns from them) through the family's front. */
export async function preparePairs<Item extends Example>(
  family: Family,
  examples: readonly Item[],
  { groupOf = ({ text }) => text.toLowerCase(), copies = [] }: PairOptions<Item> = {},
): Promise<Prepared[]> {
  const graph = new GraphBuilder();
  const front = family.front(graph, inputsOf(graph));
  const outputs = Object.entries(front).map(([name, from]) => ({
    name,
    from,
    type: "float" as const,
    shape: [],
  }));
  const session = await openSession(graph.build(`${family.family}-front`, outputs));
  const rowsOf = async (items: readonly Example[]): Promise<RowTensors[]> => runRows(session, items);
  const originals = await rowsOf(examples);
  const prepared: Prepared[] = [];
  for (const [index, example] of examples.entries()) {
    const edits = await rowsOf(family.editWeight > 0 ? (copies[index] ?? []) : []);
    prepared.push({
      fold: stringHash(groupOf(example)) % FOLDS,
      original: { row: originals[index] ?? {}, label: example.truth ? 1 : 0, weight: 1 },
      edits: edits.map((row) => ({ row, label: 0, weight: family.editWeight })),
    });
  }
  await session.release();
  return prepared;
}

function samplesOf(prepared: readonly Prepared[]): Sample[] {
  return prepared.flatMap(({ original, edits }) => [original, ...edits.filter(({ weight }) => weight > 0)]);
}
