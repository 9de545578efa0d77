import type { InferenceSession } from "onnxruntime-node";
import type { Example } from "./data.ts";
import { edited, EDIT_KINDS, type EditKind, vocabularyOf } from "./edits.ts";
import { majorityAccuracy, measure, type Quality } from "./metrics.ts";
import { runEach } from "./onnx/session.ts";
import { seededRandom } from "./rng.ts";

const EDIT_SEED = 202;

/** One edited copy of a true answer, with the place of its original among the examples. */
export interface EditedExample extends Example {
  readonly kind: EditKind;
  readonly original: number;
}

/** One copy per kind of every true example, where the kind has a hold. The same examples give the same copies. */
export function editedCopies(examples: readonly Example[]): EditedExample[] {
  const random = seededRandom(EDIT_SEED);
  const vocabulary = vocabularyOf(examples.map(({ text }) => text));
  return examples.flatMap((example, original) =>
    EDIT_KINDS.flatMap((kind) => {
      const copy = example.truth ? edited(example, kind, vocabulary, random) : undefined;
      return copy === undefined ? [] : [{ ...copy, kind, original }];
    }),
  );
}

/** Per kind of edit: share of edited copies that are rejected, and how many copies there were. */
export type EditsRejected = Readonly<Record<EditKind, { readonly rejected: number; readonly rows: number }>>;

/** What a model is worth on rows that it has never seen. */
export interface Measured extends Quality {
  /** What answering always the same gets. */
  readonly majorityAccuracy: number;
  /** Of true answers which the model accepts. */
  readonly editsRejected: EditsRejected;
}

/** Measures a model on rows that it has never seen. */
export async function evaluate(session: InferenceSession, examples: readonly Example[]): Promise<Measured> {
  const copies = editedCopies(examples);
  const probabilities = await runEach(session, examples);
  const copyProbabilities = await runEach(session, copies);
  const truths = examples.map(({ truth }) => truth);
  return {
    ...roundAll(measure(probabilities, truths)),
    majorityAccuracy: round(majorityAccuracy(truths)),
    editsRejected: editsRejected(copies, probabilities, copyProbabilities),
  };
}

/** Per kind, over copies whose original is accepted: the share of copies that are rejected. */
export function editsRejected(
  copies: readonly EditedExample[],
  probabilities: readonly number[],
  copyProbabilities: readonly number[],
): EditsRejected {
  const of = (kind: EditKind) => {
    const judged = copies
      .map((copy, index) => ({ ...copy, probability: copyProbabilities[index] ?? 0 }))
      .filter((copy) => copy.kind === kind && (probabilities[copy.original] ?? 0) > 0.5);
    const rejected = judged.filter((copy) => copy.probability <= 0.5).length;
    return { rejected: round(rejected / Math.max(1, judged.length)), rows: judged.length };
  };
  return { negation: of("negation"), number: of("number"), wordSwap: of("wordSwap") };
}

/** Four decimals: more would be noise. */
export function round(value: number): number {
  return Math.round(value * 1e4) / 1e4;
}

function roundAll<Fields extends object>(fields: Fields): Fields {
  return Object.fromEntries(
    Object.entries(fields).map(([name, value]) => [name, typeof value === "number" ? round(value) : value]),
  ) as Fields;
}
