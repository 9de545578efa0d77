import type { GraphBuilder, Value } from "../../onnx/builder.ts";

/** image [N, 1, 28, 28] → float [N, 196]: means of two by two pixels. */
export function quarterPixels(graph: GraphBuilder, image: Value): Value {
  return flat(graph, graph.op("AveragePool", [image], { kernel_shape: [2n, 2n], strides: [2n, 2n] }));
}

const DIRECTIONS = 8;

/**
 * image [N, 1, 28, 28] → float [N, 200]: how strongly the brightness rises in each of eight directions, averaged over 5 × 5
 * overlapping cells.
 */
export function gradientCells(graph: GraphBuilder, image: Value): Value {
  const kernels = Array.from({ length: DIRECTIONS }, (_, direction) => {
    const angle = (2 * Math.PI * direction) / DIRECTIONS;
    const [x, y] = [Math.cos(angle), Math.sin(angle)];
    return [-1, 0, 1].flatMap((row) =>
      [-1, 0, 1].map((column) => (x * column * (2 - Math.abs(row)) + y * row * (2 - Math.abs(column))) / 4),
    );
  });
  const filters = graph.floats(kernels.flat(), [DIRECTIONS, 1, 3, 3]);
  const rises = graph.op("Relu", [graph.op("Conv", [image, filters], { pads: [1n, 1n, 1n, 1n] })]);
  return flat(graph, graph.op("AveragePool", [rises], { kernel_shape: [8n, 8n], strides: [5n, 5n] }));
}

/** [N, …] → [N, F] */
export function flat(graph: GraphBuilder, value: Value): Value {
  return graph.op("Flatten", [value], { axis: 1n });
}
