import type { Calibration } from "@assay/keeper";

import { targets, type Judged } from "./judged.ts";

type Isotonic = Extract<Calibration, { method: "isotonic" }>;

/** Answers within a run of claims that get the same calibrated value. */
interface Block {
  first: number;
  last: number;
  sum: number;
  count: number;
}

/** Digits after the point in the table: far below what a vote byte shows. */
const SCALE = 1e6;

/**
 * Isotonic regression by pooling adjacent violators: the rising steps that fit best (Zadrozny, Elkan, 2002). The table
 * holds both ends of every step; between two steps the keeper goes in a straight line.
 */
export function fitIsotonic(rows: readonly Judged[]): Isotonic {
  const wanted = targets(rows);
  const points = rows
    .map(({ probability }, i) => ({ x: Math.round(probability * SCALE) / SCALE, y: wanted[i] ?? 0 }))
    .sort((a, b) => a.x - b.x);
  const blocks: Block[] = [];
  for (const { x, y } of points) {
    const top = blocks.at(-1);
    // Equal answers cannot be told apart: they share a block from the start.
    if (top !== undefined && top.last === x) add(top, { first: top.first, last: x, sum: y, count: 1 });
    else blocks.push({ first: x, last: x, sum: y, count: 1 });
    pool(blocks);
  }
  const from: number[] = [];
  const to: number[] = [];
  for (const { first, last, sum, count } of blocks) {
    const value = Math.round((sum / count) * SCALE) / SCALE;
    for (const x of first === last ? [first] : [first, last]) {
      from.push(x);
      to.push(value);
    }
  }
  // One answer for everything: a table needs two points.
  if (from.length === 1) return { method: "isotonic", from: [0, 1], to: [to[0] ?? 0, to[0] ?? 0] };
  return { method: "isotonic", from, to };
}

/** Joins the last blocks until they rise. */
function pool(blocks: Block[]): void {
  for (;;) {
    const [below, top] = [blocks.at(-2), blocks.at(-1)];
    if (below === undefined || top === undefined || below.sum / below.count < top.sum / top.count) return;
    blocks.pop();
    add(below, top);
  }
}

function add(block: Block, more: Block): void {
  block.last = more.last;
  block.sum += more.sum;
  block.count += more.count;
}
