import type { Calibration } from "./manifest.ts";
import { logit, sigmoid } from "./numbers.ts";

/** Keeps log-odds finite: float32 cannot tell what is nearer to 0 or 1 anyway. */
const EDGE = 1e-6;

/**
 * A model's own probability made as trustworthy as its author found out. NaN stays NaN.
 *
 * @param p probability in [0, 1]
 */
export function calibrate(p: number, calibration: Calibration): number {
  const logOdds = (): number => logit(Math.min(1 - EDGE, Math.max(EDGE, p)));
  switch (calibration.method) {
    case "none":
      return p;
    case "temperature":
      return sigmoid(logOdds() / calibration.temperature);
    case "platt":
      return sigmoid(calibration.slope * logOdds() + calibration.offset);
    case "isotonic":
      return interpolate(p, calibration.from, calibration.to);
  }
}

/** Straight lines between the points (from, to), flat outside; `from` rises. */
function interpolate(p: number, from: readonly number[], to: readonly number[]): number {
  const above = from.findIndex((x) => x >= p);
  if (Number.isNaN(p)) return p;
  if (above === -1) return to.at(-1) ?? Number.NaN;
  const [x1, y1] = [from[above] ?? Number.NaN, to[above] ?? Number.NaN];
  if (above === 0) return y1;
  const [x0, y0] = [from[above - 1] ?? Number.NaN, to[above - 1] ?? Number.NaN];
  return y0 + ((p - x0) / (x1 - x0)) * (y1 - y0);
}
