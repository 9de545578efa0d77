import { fitLogistic, sigmoid } from "../learn/logistic.ts";
import { classLogit } from "../learn/softmax.ts";
import { GraphBuilder, type Value } from "../onnx/builder.ts";
import { type Feeds, openSession, runFeeds } from "../onnx/session.ts";
import { pick, seededRandom } from "../rng.ts";
import type { ClassClaim } from "./claims.ts";
import type { ClassFamily, ClassHead, ClassSample } from "./family.ts";
import type { RowTensors } from "../onnx/front.ts";

const FOLDS = 3;

/** What all members of a domain of classes share. */
export interface ClassTask {
  /** Answers of claims, in the order of the classes. */
  readonly labels: readonly string[];
  /** Declares the graph's only input. */
  input(graph: GraphBuilder): Value;
  /** Training items: one row each, already as the graph takes it. */
  readonly items: readonly { readonly feeds: Feeds; readonly label: number }[];
  /** Claims about the training items: what calibration is fitted on. */
  readonly claims: readonly ClassClaim[];
}

/** One model to train: a family, and the training items which it sees. */
export interface ClassMember {
  readonly family: ClassFamily;
  /** True if the training item `index` of class `label` is seen; calibration still uses all items. */
  sees(index: number, label: number): boolean;
}

export interface TrainedClasses {
  readonly bytes: Uint8Array;
  /** Calibrated log-odds of a claim = slope · log-odds of its class under softmax + offset. */
  readonly calibration: { readonly slope: number; readonly offset: number };
  /** Calibrated probability of each training claim by a head that has not seen its item. */
  readonly outOfFold: readonly number[];
  readonly rows: number;
  readonly head: ClassHead;
}

/**
 * Trains one member on what it sees. Items it does not see are judged by the kept head, the others by heads of folds that have
 * not seen them; all these log-odds together calibrate. `resample` draws as many of the seen items with replacement.
 *
 * @param rows what the family's front made of the task's items
 */
export function trainClasses(
  { family, sees }: ClassMember,
  task: ClassTask,
  rows: readonly RowTensors[],
  seed: number,
  resample = false,
): TrainedClasses {
  const random = seededRandom(seed);
  const samples = task.items.map(({ label }, index): ClassSample => ({ row: rows[index] ?? {}, label }));
  const seen = samples.flatMap(({ label }, index) => (sees(index, label) ? [index] : []));
  const chosen = resample ? seen.map(() => pick(random, seen)) : seen;
  const fit = (indices: readonly number[], offset: number): ClassHead =>
    family.fit(
      indices.flatMap((index) => samples[index] ?? []),
      task.labels.length,
      seededRandom(seed + offset),
    );
  const head = fit(chosen, 0);
  const judges = Array.from({ length: FOLDS }, (_, fold) =>
    fit(
      chosen.filter((index) => index % FOLDS !== fold),
      fold + 1,
    ),
  );
  const isSeen = new Set(seen);
  const logits = samples.map(({ row }, index) =>
    (isSeen.has(index) ? (judges[index % FOLDS] ?? head) : head).logits(row),
  );
  const odds = task.claims.map(({ item, label }) => classLogit(logits[item] ?? [], label));
  const platt = fitLogistic(
    task.claims.map(({ truth }, index) => ({ x: [odds[index] ?? 0], label: truth ? 1 : 0, weight: 1 })),
    1e-3,
  );
  const calibration = { slope: platt.weights[0] ?? 1, offset: platt.bias };
  return {
    bytes: modelGraph(family, task, head),
    calibration,
    outOfFold: odds.map((value) => sigmoid(calibration.slope * value + calibration.offset)),
    rows: seen.length,
    head,
  };
}

/** What the family's front makes of each item. */
export async function frontRows(
  family: ClassFamily,
  { input, items }: Pick<ClassTask, "input" | "items">,
): Promise<RowTensors[]> {
  const graph = new GraphBuilder();
  const front = family.front(graph, input(graph));
  const outputs = Object.entries(front).map(([name, from]) => ({
    name,
    from,
    type: "float" as const,
    shape: [],
  }));
  const session = await openSession(graph.build(`${family.family}-front`, outputs));
  const rows = await runFeeds(
    session,
    items.map(({ feeds }) => feeds),
  );
  await session.release();
  return rows;
}

/** The whole graph: the domain's input → `logits`, float [N, K]. */
function modelGraph(family: ClassFamily, task: ClassTask, head: ClassHead): Uint8Array {
  const graph = new GraphBuilder();
  const logits = head.build(graph, family.front(graph, task.input(graph)));
  return graph.build(family.family, [
    { name: "logits", from: logits, type: "float", shape: ["N", task.labels.length] },
  ]);
}
