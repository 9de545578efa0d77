import { fitPerceptron } from "../../learn/perceptron.ts";
import {
  count,
  capped,
  columns,
  equality,
  ratio,
  runs,
  shift,
  shiftBoth,
  unmatched,
} from "../../onnx/alignment.ts";
import type { GraphBuilder, Value } from "../../onnx/builder.ts";
import { perceptronHead } from "../../onnx/heads.ts";
import { FUNCTION_WORD, matching, NEGATION, NUMBER, PERSONAL, type Words, words } from "../../onnx/words.ts";
import type { Family, Inputs } from "../../pairs/family.ts";

const ANSWER_WORDS = 128;
const TEXT_WORDS = 512;
const HIDDEN = 12;
const TRAINING = { epochs: 30, batch: 32, learningRate: 5e-3, weightDecay: 0.05 };

/**
 * Trained against edited copies of true answers: an inserted "not", a changed number, a swapped word. Its features are the traces
 * which such edits leave in the alignment of answer and text.
 */
export const hardNegative: Family = {
  family: "hard-negative",
  name: "Edit hunter",
  summary:
    "Perceptron on traces of edits in the word alignment, trained with negated, renumbered and word-swapped answers",
  editWeight: 0.4,
  front: (graph, inputs) => ({ features: editTraces(graph, inputs) }),
  fit: (samples, random) =>
    perceptronHead(fitPerceptron(samples, "features", HIDDEN, TRAINING, random), "features"),
};

/** float [N, K]; capped counts and quotients of counts. */
function editTraces(graph: GraphBuilder, inputs: Inputs): Value {
  const answer = words(graph, inputs.answer, ANSWER_WORDS);
  const text = words(graph, inputs.text, TEXT_WORDS);
  const equal = equality(graph, answer, text);
  const found = graph.reduce("ReduceMax", equal, 2);
  const used = graph.reduce("ReduceMax", equal, 1);
  const missing = unmatched(graph, found, answer.mask);
  const traces = editMarks(graph, equal, answer);
  const inAnswer = (pattern: string): Value => matching(graph, answer, pattern);
  const function_ = inAnswer(FUNCTION_WORD);
  const content = graph.op("Sub", [answer.mask, function_]);
  const length = count(graph, answer.mask);
  const negations = count(graph, inAnswer(NEGATION));
  const textNegations = count(graph, matching(graph, text, NEGATION));
  const kinds = [NUMBER, NEGATION, PERSONAL].map(inAnswer);
  const few = (value: Value): Value[] => [capped(graph, value, 1), capped(graph, value, 4)];
  return columns(graph, [
    ...few(count(graph, missing, content)),
    ...few(count(graph, missing, function_)),
    ...kinds.map((kind) => capped(graph, count(graph, missing, kind), 2)),
    ...[traces.inserted, traces.replaced, traces.skipped, traces.broken].flatMap((mark) =>
      few(count(graph, mark)),
    ),
    capped(graph, count(graph, traces.inserted, shift(graph, content, 1)), 1),
    capped(graph, count(graph, traces.replaced, shift(graph, content, 1)), 1),
    ...kinds.flatMap((kind) =>
      [traces.inserted, traces.replaced].map((mark) =>
        capped(graph, count(graph, mark, shift(graph, kind, 1)), 1),
      ),
    ),
    ratio(graph, count(graph, found), length),
    ratio(graph, count(graph, found, content), count(graph, content)),
    ratio(graph, count(graph, traces.pairs), length),
    ratio(graph, count(graph, used), count(graph, text.mask)),
    capped(graph, negations, 2),
    capped(graph, graph.op("Max", [graph.op("Sub", [negations, textNegations]), graph.scalar(0)]), 1),
    capped(graph, graph.op("Max", [graph.op("Sub", [textNegations, negations]), graph.scalar(0)]), 1),
    capped(graph, count(graph, inAnswer("[?]")), 1),
    capped(graph, length, 6),
    capped(graph, length, 30),
  ]);
}

/** Marks of edits, float [N, A] each, standing at the word before the edit. */
function editMarks(
  graph: GraphBuilder,
  equal: Value,
  answer: Words,
): Record<"inserted" | "replaced" | "skipped" | "broken" | "pairs", Value> {
  /** answer[a] = text[t] and answer[a + rows] = text[t + columns], for some t. */
  const joined = (rows: number, columns: number): Value =>
    graph.reduce("ReduceMax", graph.op("Mul", [equal, shiftBoth(graph, equal, rows, columns)]), 2);
  const pairs = graph.reduce("ReduceMax", runs(graph, equal, [2]).get(2) as Value, 2);
  const triples = graph.reduce("ReduceMax", runs(graph, equal, [3]).get(3) as Value, 2);
  const noPair = graph.op("Sub", [answer.mask, pairs]);
  const found = graph.reduce("ReduceMax", equal, 2);
  const bothFound = graph.op("Mul", [found, shift(graph, found, 1)]);
  return {
    pairs,
    inserted: graph.op("Mul", [joined(2, 1), noPair]),
    replaced: graph.op("Max", [graph.op("Sub", [joined(2, 2), triples]), graph.scalar(0)]),
    skipped: graph.op("Mul", [graph.op("Max", [joined(1, 2), joined(1, 3)]), noPair]),
    broken: graph.op("Mul", [bothFound, noPair]),
  };
}
