import type { ManifestOutput } from "./manifest.ts";
import { sigmoid, softmax } from "./numbers.ts";

/** A tensor as onnxruntime gives it. */
export interface OutputTensor {
  readonly type: string;
  readonly dims: readonly number[];
  readonly data: ArrayLike<number | bigint | string | boolean>;
}

/** The output of a graph is not what the manifest says: a mistake in the manifest, not in a claim. */
export class OutputShapeError extends Error {
  readonly given: string;
  readonly allowed: string;

  constructor(given: string, allowed: string) {
    super(`the output is ${given}, the manifest promises ${allowed}`);
    this.name = "OutputShapeError";
    this.given = given;
    this.allowed = allowed;
  }
}

/** Float32 sums of probabilities miss 1 by this much at most. */
const ROUNDING = 1e-4;

/**
 * Probability that each claim is true, or NaN where the model gave none.
 *
 * @param answers the claims' answers, one a row
 * @throws OutputShapeError
 */
export function readOutput(
  tensor: OutputTensor,
  output: ManifestOutput,
  answers: readonly string[],
): number[] {
  const rows = answers.length;
  const { select, values } = output;
  const perRow = numbersPerRow(select);
  if (tensor.data.length !== rows * perRow)
    throw new OutputShapeError(
      `${tensor.type} [${tensor.dims.join(", ")}] for ${rows} claims`,
      `${perRow} a claim`,
    );
  if (select.by === "label") {
    if (!/^(string|u?int\d+|bool)$/.test(tensor.type)) throw new OutputShapeError(tensor.type, "labels");
    return answers.map((_, row) => (String(tensor.data[row]) === select.label ? 1 : 0));
  }
  if (!/^(float\d+|u?int\d+)$/.test(tensor.type)) throw new OutputShapeError(tensor.type, "numbers");
  return answers.map((answer, row) => {
    const numbers = Array.from({ length: perRow }, (_, i) => Number(tensor.data[row * perRow + i]));
    const shares = values === "logits" ? (perRow === 1 ? numbers.map(sigmoid) : softmax(numbers)) : numbers;
    return probability(shares[chosen(select, answer)] ?? Number.NaN);
  });
}

type Select = ManifestOutput["select"];

function numbersPerRow(select: Select): number {
  if (select.by === "index") return select.classes;
  return select.by === "answer" ? select.labels.length : 1;
}

/** Place of the number that is about the claim; −1 if its answer is none of the labels. */
function chosen(select: Select, answer: string): number {
  if (select.by === "index") return select.index;
  return select.by === "answer" ? select.labels.indexOf(answer) : 0;
}

/** What is beyond 0 and 1 by a rounding counts as 0 or 1, what is further away as no answer. */
function probability(p: number): number {
  return p >= -ROUNDING && p <= 1 + ROUNDING ? Math.min(1, Math.max(0, p)) : Number.NaN;
}
