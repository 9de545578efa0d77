import type { Example } from "../../pairs/family.ts";
import type { KnownClaim } from "../domain.ts";
import { edited, EDIT_KINDS, type EditKind, vocabularyOf } from "./edits.ts";
import { round } from "../../metrics.ts";
import { seededRandom } from "../../rng.ts";

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

/** Judges all edited copies of true answers among `claims`. */
export async function measureEdits(
  claims: readonly KnownClaim[],
  judge: (claims: readonly KnownClaim[]) => Promise<number[]>,
): Promise<EditsRejected> {
  const examples = claims.map(({ text = "", answer, truth }) => ({ text, answer, truth }));
  const copies = editedCopies(examples);
  return editsRejected(copies, await judge(claims), await judge(copies));
}
