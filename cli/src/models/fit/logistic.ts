import type { Calibration } from "@assay/keeper";

import { targets, type Judged } from "./judged.ts";

/** Steps of Newton's method at most; it needs a handful, and more only where the data hardly bend the loss. */
const STEPS = 100;
/** Smallest part of a Newton step that is tried before it is given up. */
const SMALLEST_STEP = 1e-6;
const CONVERGED = 1e-10;
/** Bounds of a temperature: outside of them a model says nothing, or everything for certain. */
const MIN_TEMPERATURE = 0.05;
const MAX_TEMPERATURE = 20;

type Temperature = Extract<Calibration, { method: "temperature" }>;
type Platt = Extract<Calibration, { method: "platt" }>;

/** A convex loss of one or two parameters: its value, gradient and second derivatives. */
interface Loss {
  readonly value: number;
  readonly gradient: readonly [number, number];
  readonly hessian: readonly [number, number, number];
}

/**
 * Temperature scaling: the one number that softens or sharpens every answer and moves none across ½ (Guo, Pleiss, Sun,
 * Weinberger, "On Calibration of Modern Neural Networks", 2017).
 */
export function fitTemperature(rows: readonly Judged[]): Temperature {
  const [slope] = newton(rows, [1, 0], false);
  // A slope of zero or less means answers that point the wrong way: as good as flat, and no temperature turns them.
  const temperature = slope <= 0 ? MAX_TEMPERATURE : 1 / slope;
  return {
    method: "temperature",
    temperature: Math.min(MAX_TEMPERATURE, Math.max(MIN_TEMPERATURE, temperature)),
  };
}

/**
 * Platt scaling: a logistic regression on the model's own logit (Platt, "Probabilistic Outputs for Support Vector
 * Machines", 1999), by Newton's method with backtracking (Lin, Lin, Weng, 2007).
 */
export function fitPlatt(rows: readonly Judged[]): Platt {
  const [slope, offset] = newton(rows, [1, 0], true);
  return { method: "platt", slope, offset };
}

/** Minimises the log loss of σ(slope · logit + offset) against the smoothed targets. */
function newton(
  rows: readonly Judged[],
  start: readonly [number, number],
  withOffset: boolean,
): readonly [number, number] {
  const wanted = targets(rows);
  let point = start;
  let loss = lossAt(rows, wanted, point);
  for (let step = 0; step < STEPS; step++) {
    const direction = newtonStep(loss, withOffset);
    const descent = loss.gradient[0] * direction[0] + loss.gradient[1] * direction[1];
    if (descent > -CONVERGED) break;
    let part = 1;
    let next = point;
    let nextLoss = loss;
    for (; part > SMALLEST_STEP; part /= 2) {
      next = [point[0] + part * direction[0], point[1] + part * direction[1]];
      nextLoss = lossAt(rows, wanted, next);
      if (nextLoss.value <= loss.value + 1e-4 * part * descent) break;
    }
    if (part <= SMALLEST_STEP) break;
    [point, loss] = [next, nextLoss];
  }
  return point;
}

function newtonStep(
  { gradient: [ga, gb], hessian: [aa, ab, bb] }: Loss,
  withOffset: boolean,
): [number, number] {
  if (!withOffset) return [-ga / aa, 0];
  const determinant = aa * bb - ab * ab;
  return [-(bb * ga - ab * gb) / determinant, -(aa * gb - ab * ga) / determinant];
}

/** Mean log loss with a touch on the diagonal, so that logits that are all alike still have a step. */
function lossAt(
  rows: readonly Judged[],
  wanted: readonly number[],
  [slope, offset]: readonly [number, number],
): Loss {
  let [value, ga, gb, ab] = [0, 0, 0, 0];
  let [aa, bb] = [1e-12 * rows.length, 1e-12 * rows.length];
  rows.forEach(({ logit }, i) => {
    const z = slope * logit + offset;
    const t = wanted[i] ?? 0;
    // ln(1 + e^z) − t·z without overflow.
    value += Math.max(z, 0) + Math.log1p(Math.exp(-Math.abs(z))) - t * z;
    const p = 1 / (1 + Math.exp(-z));
    const bend = p * (1 - p);
    ga += (p - t) * logit;
    gb += p - t;
    aa += bend * logit * logit;
    ab += bend * logit;
    bb += bend;
  });
  const n = rows.length;
  return { value: value / n, gradient: [ga / n, gb / n], hessian: [aa / n, ab / n, bb / n] };
}
