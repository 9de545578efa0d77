import type { GraphBuilder, Value } from "./builder.ts";

/** One side of a comparison: what equality needs of words or characters. */
export interface Sequence {
  /** int32 [N, L] */
  readonly ids: Value;
  /** float [N, L], 0 on padding */
  readonly mask: Value;
}

/** float [N, A, T]: 1 where element a of the answer equals element t of the text, padding never. */
export function equality(graph: GraphBuilder, answer: Sequence, text: Sequence): Value {
  const same = graph.cast(
    graph.op("Equal", [graph.unsqueeze(answer.ids, 2), graph.unsqueeze(text.ids, 1)]),
    "float",
  );
  return graph.op("Mul", [
    graph.op("Mul", [same, graph.unsqueeze(answer.mask, 2)]),
    graph.unsqueeze(text.mask, 1),
  ]);
}

/**
 * Runs of equal elements: entry k is float [N, A, T], 1 where answer[a … a+k-1] = text[t … t+k-1]. Only the asked lengths are
 * returned; each is made from the one before, so the cost is linear in the longest.
 */
export function runs(graph: GraphBuilder, equal: Value, lengths: readonly number[]): Map<number, Value> {
  const found = new Map<number, Value>();
  let run = equal;
  let ahead = equal;
  for (let length = 1; length <= Math.max(...lengths); length++) {
    if (length > 1) {
      ahead = shiftBoth(graph, ahead, 1, 1);
      run = graph.op("Mul", [run, ahead]);
    }
    if (lengths.includes(length)) found.set(length, run);
  }
  return found;
}

/** value[…, i] → value[…, i + by] along the last axis of a float [N, L], zeros moving in. `by` may be negative. */
export function shift(graph: GraphBuilder, value: Value, by: number): Value {
  if (by === 0) return value;
  const pads = graph.integers(by > 0 ? [0, 0, 0, by] : [0, -by, 0, 0]);
  const padded = graph.op("Pad", [value, pads, graph.scalar(0)]);
  return by > 0 ? graph.slice(padded, 1, by, FAR) : graph.slice(padded, 1, 0, by);
}

/** matrix[n, a, t] → matrix[n, a + rows, t + columns] of a float [N, A, T], zeros moving in; both amounts ≥ 0. */
export function shiftBoth(graph: GraphBuilder, matrix: Value, rows: number, columns: number): Value {
  const padded = graph.op("Pad", [matrix, graph.integers([0, 0, 0, 0, rows, columns]), graph.scalar(0)]);
  return graph.slice(graph.slice(padded, 1, rows, FAR), 2, columns, FAR);
}

/** float [N, A]: 1 for elements inside some run, given float [N, A] `starts` of runs of `length`. */
export function covered(graph: GraphBuilder, starts: Value, length: number): Value {
  const shifted = Array.from({ length }, (_, back) => shift(graph, starts, -back));
  return shifted.length === 1 ? starts : graph.op("Max", shifted);
}

/** float [N]: sum over the second axis of a product of float [N, L] factors. */
export function count(graph: GraphBuilder, ...factors: readonly Value[]): Value {
  const [first, ...rest] = factors;
  if (first === undefined) throw new RangeError("count: no factors");
  return graph.reduce(
    "ReduceSum",
    rest.reduce((product, factor) => graph.op("Mul", [product, factor]), first),
    1,
  );
}

/** float [N]: part / whole, 0 where the whole is 0. Both are counts, so the quotient is the same on every machine. */
export function ratio(graph: GraphBuilder, part: Value, whole: Value): Value {
  return graph.op("Div", [part, graph.op("Max", [whole, graph.scalar(1)])]);
}

/** float [N]: min(count, cap) / cap. */
export function capped(graph: GraphBuilder, value: Value, cap: number): Value {
  return graph.op("Div", [graph.op("Min", [value, graph.scalar(cap)]), graph.scalar(cap)]);
}

/** float [N, K]: columns side by side. */
export function columns(graph: GraphBuilder, values: readonly Value[]): Value {
  return graph.op(
    "Concat",
    values.map((value) => graph.unsqueeze(value, 1)),
    { axis: 1n },
  );
}

/** float [N, A]: 1 − value, kept 0 on padding. */
export function unmatched(graph: GraphBuilder, matched: Value, mask: Value): Value {
  return graph.op("Sub", [mask, matched]);
}

const FAR = 1 << 30;
