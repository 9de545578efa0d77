import { rowOf, valueOf } from "../../onnx/front.ts";
import type { ClassFamily, ClassHead, ClassSample } from "../../classes/family.ts";
import type { RowTensors } from "../../onnx/front.ts";
import { quarterPixels } from "./features.ts";

/** Squared distance at which a neighbour's say has fallen to 1/e; typical distances between images are 10 to 30. */
const REACH = 1.5;
/** Say that every class has from nowhere. */
const FLOOR = 1e-6;

/** Keeps its examples and lets the near ones speak: learns nothing, forgets nothing. */
export const neighbours: ClassFamily = {
  family: "neighbours",
  name: "Neighbours, 200 examples",
  summary: "Kernel vote of 200 stored images of 14 × 14 pixels",
  front: (graph, image) => ({ pixels: quarterPixels(graph, image) }),
  fit: keepExamples,
};

function keepExamples(samples: readonly ClassSample[], classes: number): ClassHead {
  const stored = samples.map(({ row, label }) => ({ x: rowOf(row, "pixels").data, label }));
  const norms = stored.map(({ x }) => x.reduce((sum, value) => sum + value * value, 0));
  const width = stored[0]?.x.length ?? 0;
  return {
    logits(row: RowTensors) {
      const { data } = rowOf(row, "pixels");
      const votes = new Float64Array(classes).fill(FLOOR);
      for (const { x, label } of stored) {
        const distance = x.reduce((sum, value, column) => sum + (value - (data[column] ?? 0)) ** 2, 0);
        votes[label] = (votes[label] ?? 0) + Math.exp(-distance / REACH);
      }
      return votes.map(Math.log);
    },
    build(graph, front) {
      // |a − b|² = |a|² − 2ab + |b|²
      const pixels = valueOf(front, "pixels");
      const columns = Array.from({ length: width }, (_, column) => stored.map(({ x }) => x[column] ?? 0));
      const own = graph.op("ReduceSum", [graph.op("Mul", [pixels, pixels]), graph.integers([1])], {
        keepdims: 1n,
      });
      const products = graph.op("MatMul", [pixels, graph.floats(columns.flat(), [width, stored.length])]);
      const far = graph.op("Sub", [
        graph.op("Add", [own, graph.floats(norms, [norms.length])]),
        graph.op("Mul", [products, graph.scalar(2)]),
      ]);
      const say = graph.op("Exp", [graph.op("Div", [far, graph.scalar(-REACH)])]);
      const members = stored.flatMap(({ label }) =>
        Array.from({ length: classes }, (_, other) => (other === label ? 1 : 0)),
      );
      const votes = graph.op("MatMul", [say, graph.floats(members, [stored.length, classes])]);
      return graph.op("Log", [graph.op("Add", [votes, graph.scalar(FLOOR)])]);
    },
  };
}
