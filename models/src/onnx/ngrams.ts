import { shift } from "./alignment.ts";
import type { GraphBuilder, Value } from "./builder.ts";
import type { Words } from "./words.ts";

/** Characters and n-grams are first hashed below this prime: exact in float32, products exact in int64. */
const BASE = 8191;

/** Places of a table, one for each position of a string. */
export interface Buckets {
  /** float [N, L], whole numbers in [0, buckets) */
  readonly ids: Value;
  /** float [N, L]: 1 where an n-gram begins */
  readonly mask: Value;
}

/** Hashed runs of `n` neighbours (characters or words), n ≥ 1. Equal runs share a bucket. */
export function ngrams(graph: GraphBuilder, source: Words, n: number, buckets: number): Buckets {
  const modulo = (value: Value, by: number): Value => graph.op("Mod", [value, graph.integers([by], [])]);
  const codes = graph.cast(modulo(graph.cast(source.ids, "int64"), BASE), "float");
  let hash = graph.cast(codes, "int64");
  let mask = source.mask;
  for (let ahead = 1; ahead < n; ahead++) {
    const next = graph.cast(shift(graph, codes, ahead), "int64");
    hash = modulo(graph.op("Add", [graph.op("Mul", [hash, graph.integers([BASE], [])]), next]), 2 ** 31 - 1);
    mask = graph.op("Mul", [mask, shift(graph, source.mask, ahead)]);
  }
  return { ids: graph.cast(modulo(hash, buckets), "float"), mask };
}

/** Σ mask · table[id] over the positions, divided by max(1, Σ mask)^power: float [N, width]. */
export function bagOf(
  graph: GraphBuilder,
  { ids, mask }: Buckets,
  table: Float32Array,
  width: number,
  power: 0.5 | 1,
): Value {
  const rows = graph.op("Gather", [
    graph.floats(table, [table.length / width, width]),
    graph.cast(ids, "int64"),
  ]);
  const sum = graph.reduce("ReduceSum", graph.op("Mul", [rows, graph.unsqueeze(mask, 2)]), 1);
  const count = graph.op("Max", [graph.reduce("ReduceSum", mask, 1), graph.scalar(1)]);
  const divisor = power === 1 ? count : graph.op("Sqrt", [count]);
  return graph.op("Div", [sum, graph.unsqueeze(divisor, 1)]);
}
