import { softmax } from "../learn/softmax.ts";
import type { ClassHead } from "./family.ts";

/** The same head, but no class falls below about `least`: logits become ln(probability + least). */
export function withFloor(head: ClassHead, least: number): ClassHead {
  return {
    logits: (row) => softmax(head.logits(row)).map((p) => Math.log(p + least)),
    build(graph, front) {
      const probabilities = graph.op("Softmax", [head.build(graph, front)], { axis: 1n });
      return graph.op("Log", [graph.op("Add", [probabilities, graph.scalar(least)])]);
    },
  };
}
