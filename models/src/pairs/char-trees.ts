import { fitBoostedTrees } from "../learn/boosting.ts";
import { count, covered, columns, equality, ratio, runs, shift, unmatched } from "../onnx/alignment.ts";
import type { GraphBuilder, Value } from "../onnx/builder.ts";
import { treesHead } from "../onnx/heads.ts";
import { characters, matching } from "../onnx/words.ts";
import type { Family, Inputs } from "./family.ts";
import { rowOf } from "../onnx/front.ts";

const ANSWER_CHARACTERS = 400;
const TEXT_CHARACTERS = 1600;
/** Lengths of character n-grams whose share in the text is a feature. */
const LENGTHS = [2, 3, 4, 5, 6, 8, 12, 18, 26];
/** n-grams that count as found when gaps are looked for, and the gap lengths asked about. */
const GAP_NGRAMS = [3, 5];
const GAPS = [2, 4, 6, 9, 13, 20, 30];
const OPTIONS = { trees: 140, depth: 3, learningRate: 0.07, rowShare: 0.7, ridge: 2, minCurvature: 3 };

/**
 * Boosted trees on character n-grams: knows no words, so that inflection and spelling cost it little, and bends where a linear
 * model cannot.
 */
export const charTrees: Family = {
  family: "char-trees",
  name: "Character n-gram trees",
  summary: "Boosted trees on shares of character n-grams found in the text and on the gaps between them",
  editWeight: 0.1,
  front: (graph, inputs) => ({ features: characterFeatures(graph, inputs) }),
  fit(samples, random) {
    const observations = samples.map(({ row, label, weight }) => ({
      x: rowOf(row, "features").data,
      label,
      weight,
    }));
    return treesHead(fitBoostedTrees(observations, OPTIONS, random), "features");
  },
};

/** float [N, K]; quotients of counts of characters. */
function characterFeatures(graph: GraphBuilder, inputs: Inputs): Value {
  const answer = characters(graph, inputs.answer, ANSWER_CHARACTERS);
  const text = characters(graph, inputs.text, TEXT_CHARACTERS);
  const digits = matching(graph, answer, "\\pN");
  const length = count(graph, answer.mask);
  const textLength = count(graph, text.mask);
  const found = runs(graph, equality(graph, answer, text), LENGTHS);
  const covers = new Map(
    [...found].map(([n, run]) => [n, covered(graph, graph.reduce("ReduceMax", run, 2), n)] as const),
  );
  const usedText = [4, 8].map((n) => {
    const starts = graph.reduce("ReduceMax", found.get(n) as Value, 1);
    return ratio(graph, count(graph, covered(graph, starts, n)), textLength);
  });
  const gapFeatures = GAP_NGRAMS.flatMap((n) => {
    const open = unmatched(graph, covers.get(n) as Value, answer.mask);
    const begins = graph.op("Max", [graph.op("Sub", [open, shift(graph, open, -1)]), graph.scalar(0)]);
    const deep = GAPS.map((gap) => {
      const inside = graph.op(
        "Min",
        Array.from({ length: gap }, (_, ahead) => shift(graph, open, ahead)),
      );
      return count(graph, inside);
    });
    return [count(graph, open), count(graph, begins), count(graph, open, digits), ...deep];
  });
  return columns(graph, [
    ...LENGTHS.map((n) => ratio(graph, count(graph, covers.get(n) as Value), length)),
    ...usedText,
    ...gapFeatures,
    length,
    textLength,
    ratio(graph, length, textLength),
  ]);
}
