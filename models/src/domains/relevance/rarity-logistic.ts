import type { Family, Inputs } from "../../pairs/family.ts";
import { rowOf } from "../../onnx/front.ts";
import { fitLogistic } from "../../learn/logistic.ts";
import { rarities } from "../../learn/topics.ts";
import { capped, columns, count, equality, ratio, runs } from "../../onnx/alignment.ts";
import type { GraphBuilder, Value } from "../../onnx/builder.ts";
import { linearHead } from "../../onnx/heads.ts";
import { casedWords, FUNCTION_WORD, matching, words } from "../../onnx/words.ts";
import { BUCKETS, wordBuckets, WORDS } from "./corpus.ts";

const RIDGE = 1;

/** Logistic regression on how rare the words are which claim and passage share; a shared name weighs most. */
export function rarityLogistic(corpus: readonly (readonly number[])[]): Family {
  const rarity = Float32Array.from(
    rarities(
      corpus.map((buckets) => new Set(buckets)),
      BUCKETS,
    ),
  );
  return {
    family: "rarity-logistic",
    name: "Rare words logistic",
    summary: "Logistic regression on the rarity of shared words, shared names and shared pairs of words",
    editWeight: 0,
    front: (graph, inputs) => ({ features: rarityFeatures(graph, inputs, rarity) }),
    fit: (samples) =>
      linearHead(
        fitLogistic(
          samples.map(({ row, label, weight }) => ({ x: rowOf(row, "features").data, label, weight })),
          RIDGE,
        ),
        "features",
      ),
  };
}

/** float [N, K] */
function rarityFeatures(graph: GraphBuilder, inputs: Inputs, rarity: Float32Array): Value {
  const claim = words(graph, inputs.answer, WORDS);
  const passage = words(graph, inputs.text, WORDS);
  const equal = equality(graph, claim, passage);
  const found = graph.reduce("ReduceMax", equal, 2);
  const { ids } = wordBuckets(graph, inputs.answer);
  const table = graph.floats(rarity, [BUCKETS]);
  const rare = graph.op("Mul", [graph.op("Gather", [table, graph.cast(ids, "int64")]), claim.mask]);
  const foundRare = graph.op("Mul", [rare, found]);
  const names = matching(graph, casedWords(graph, inputs.answer, WORDS), "\\p{Lu}.*");
  const content = graph.op("Sub", [claim.mask, matching(graph, claim, FUNCTION_WORD)]);
  const pairs = graph.reduce("ReduceMax", runs(graph, equal, [2]).get(2) as Value, 2);
  const numbers = matching(graph, claim, "\\pN.*");
  return columns(graph, [
    ratio(graph, count(graph, foundRare), count(graph, rare)),
    capped(graph, graph.reduce("ReduceMax", foundRare, 1), 8),
    capped(graph, count(graph, foundRare), 10),
    capped(graph, count(graph, foundRare), 30),
    capped(graph, count(graph, foundRare, names), 8),
    capped(graph, count(graph, found, names), 1),
    ratio(graph, count(graph, found, names), count(graph, names)),
    ratio(graph, count(graph, found, content), count(graph, content)),
    capped(graph, count(graph, found, content), 1),
    capped(graph, count(graph, found, content), 4),
    capped(graph, count(graph, pairs, rare), 8),
    capped(graph, count(graph, found, numbers), 1),
    capped(graph, count(graph, numbers), 1),
    capped(graph, count(graph, claim.mask), 20),
    capped(graph, count(graph, passage.mask), 60),
    capped(graph, count(graph, passage.mask), 15),
  ]);
}
