import { capped, columns, count, covered, equality, ratio, runs, unmatched } from "../../onnx/alignment.ts";
import type { GraphBuilder, Value } from "../../onnx/builder.ts";
import { linearHead } from "../../onnx/heads.ts";
import { FUNCTION_WORD, matching, NEGATION, NUMBER, PERSONAL, words } from "../../onnx/words.ts";
import { fitLogistic } from "../../learn/logistic.ts";
import type { Family, Inputs } from "../../pairs/family.ts";
import { rowOf } from "../../onnx/front.ts";

const ANSWER_WORDS = 128;
const TEXT_WORDS = 512;
const RUN_LENGTHS = [2, 3, 5];
const RIDGE = 1;

/**
 * Logistic regression on shares of words and of word runs which the answer has in common with the text. The plainest family: each
 * weight can be read.
 */
export const overlapLogistic: Family = {
  family: "overlap-logistic",
  name: "Overlap logistic",
  summary:
    "Logistic regression on shares of words, content words and word runs of the answer found in the text",
  editWeight: 0.1,
  front: (graph, inputs) => ({ features: overlapFeatures(graph, inputs) }),
  fit(samples) {
    const model = fitLogistic(
      samples.map(({ row, label, weight }) => ({ x: rowOf(row, "features").data, label, weight })),
      RIDGE,
    );
    return linearHead(model, "features");
  },
};

/** float [N, K]; all columns are counts or quotients of counts. */
function overlapFeatures(graph: GraphBuilder, inputs: Inputs): Value {
  const answer = words(graph, inputs.answer, ANSWER_WORDS);
  const text = words(graph, inputs.text, TEXT_WORDS);
  const equal = equality(graph, answer, text);
  const found = graph.reduce("ReduceMax", equal, 2);
  const used = graph.reduce("ReduceMax", equal, 1);
  const missing = unmatched(graph, found, answer.mask);
  const content = graph.op("Sub", [answer.mask, matching(graph, answer, FUNCTION_WORD)]);
  const textContent = graph.op("Sub", [text.mask, matching(graph, text, FUNCTION_WORD)]);
  const personal = matching(graph, answer, PERSONAL);
  const answerLength = count(graph, answer.mask);
  const inRun = new Map(
    [...runs(graph, equal, RUN_LENGTHS)].map(([length, run]) => [
      length,
      covered(graph, graph.reduce("ReduceMax", run, 2), length),
    ]),
  );
  const share = (length: number): Value =>
    ratio(graph, count(graph, inRun.get(length) as Value), answerLength);
  const missingContent = count(graph, missing, content);
  return columns(graph, [
    ratio(graph, count(graph, found), answerLength),
    ratio(graph, count(graph, found, content), count(graph, content)),
    share(2),
    share(3),
    share(5),
    ratio(graph, count(graph, used), count(graph, text.mask)),
    ratio(graph, count(graph, used, textContent), count(graph, textContent)),
    capped(graph, count(graph, missing), 1),
    capped(graph, count(graph, missing), 3),
    capped(graph, count(graph, missing), 10),
    capped(graph, missingContent, 1),
    capped(graph, missingContent, 3),
    capped(graph, missingContent, 8),
    capped(graph, count(graph, missing, personal), 1),
    capped(graph, count(graph, missing, personal), 3),
    capped(graph, count(graph, missing, matching(graph, answer, NUMBER)), 1),
    capped(graph, count(graph, missing, matching(graph, answer, NEGATION)), 1),
    capped(graph, count(graph, missing, matching(graph, answer, "[?]")), 1),
    capped(graph, answerLength, 5),
    capped(graph, answerLength, 30),
    capped(graph, count(graph, text.mask), 60),
  ]);
}
