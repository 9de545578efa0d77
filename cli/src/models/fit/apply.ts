import type { Calibration } from "@assay/keeper";

/** Keeps log-odds finite. */
const EDGE = 1e-6;

/** What a keeper makes of a model's probability, as the manifest's schema says. */
export function applyCalibration(p: number, calibration: Calibration): number {
  const inside = Math.min(1 - EDGE, Math.max(EDGE, p));
  const logit = Math.log(inside / (1 - inside));
  switch (calibration.method) {
    case "none":
      return p;
    case "temperature":
      return 1 / (1 + Math.exp(-logit / calibration.temperature));
    case "platt":
      return 1 / (1 + Math.exp(-(calibration.slope * logit + calibration.offset)));
    case "isotonic":
      return interpolate(p, calibration.from, calibration.to);
  }
}

/** Straight lines between the points (from, to), flat outside. */
function interpolate(p: number, from: readonly number[], to: readonly number[]): number {
  const above = from.findIndex((x) => x >= p);
  const [x1 = 1, y1 = 1] = [from.at(above), to.at(above)];
  if (above <= 0) return y1;
  const [x0 = 0, y0 = 0] = [from[above - 1], to[above - 1]];
  return y0 + ((p - x0) / (x1 - x0)) * (y1 - y0);
}
