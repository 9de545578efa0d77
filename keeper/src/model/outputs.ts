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
  const { type, dims, data } = tensor;
  const perRow = numbersPerRow(select);
  if (data.length !== rows * perRow)
    throw new OutputShapeError(`${type} [${dims.join(", ")}] for ${rows} claims`, `${perRow} a claim`);
  if (select.by === "label") {
    if (!/^(string|u?int\d+|bool)$/.test(type)) throw new OutputShapeError(type, "labels");
    return answers.map((_, row) => (String(data[row]) === select.label ? 1 : 0));
  }
  if (!/^(float\d+|u?int\d+)$/.test(type)) throw new OutputShapeError(type, "numbers");
  const numbers = data instanceof Float32Array ? data : Float64Array.from(data as ArrayLike<number>, Number);
  return answers.map((answer, row) => {
    const at = chosen(select, answer);
    if (at < 0) return Number.NaN;
    if (values === "logits" && perRow > 1) return probability(softmax(numbers, at, row * perRow, perRow));
    const x = numbers[row * perRow + at]!;
    return probability(values === "logits" ? sigmoid(x) : x);
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
