import { type Random } from "../../rng.ts";
import { SIDE } from "./data.ts";

type Point = readonly [x: number, y: number];

/** Strokes of each digit in a unit square, y downwards; bends are drawn as short straight pieces. */
const STROKES: readonly (readonly (readonly Point[])[])[] = [
  [ring(0.5, 0.5, 0.3, 0.45)],
  [
    [
      [0.35, 0.2],
      [0.52, 0.05],
      [0.52, 0.95],
    ],
  ],
  [[...arc(0.5, 0.3, 0.28, 0.25, 180, 380), [0.22, 0.95], [0.8, 0.95]]],
  [arc(0.45, 0.28, 0.28, 0.23, 200, 450), arc(0.45, 0.72, 0.32, 0.24, 270, 520)],
  [
    [
      [0.62, 0.95],
      [0.62, 0.05],
      [0.18, 0.65],
      [0.85, 0.65],
    ],
  ],
  [[[0.76, 0.06], [0.3, 0.06], [0.27, 0.45], ...arc(0.46, 0.67, 0.3, 0.27, 240, 510)]],
  [
    [
      [0.66, 0.05],
      [0.38, 0.35],
      [0.25, 0.68],
    ],
    ring(0.5, 0.7, 0.26, 0.25),
  ],
  [
    [
      [0.18, 0.07],
      [0.8, 0.07],
      [0.42, 0.95],
    ],
  ],
  [ring(0.5, 0.27, 0.23, 0.22), ring(0.5, 0.72, 0.28, 0.23)],
  [
    ring(0.5, 0.3, 0.25, 0.25),
    [
      [0.75, 0.3],
      [0.7, 0.65],
      [0.55, 0.95],
    ],
  ],
];

/** Size of the unit square on the image, and half the width of a stroke, pixels. */
const BOX = 20;
const HALF_WIDTH = 1.3;

/** A hand of our own: the digit as white strokes on black, with a slant, a width and a place drawn from `random`. */
export function drawDigit(digit: number, random: Random): Uint8Array {
  const slant = (random() - 0.5) * 0.35;
  const half = HALF_WIDTH * (0.8 + 0.5 * random());
  const [dx, dy] = [(random() - 0.5) * 2, (random() - 0.5) * 2];
  const place = ([x, y]: Point): Point => [
    SIDE / 2 + dx + BOX * (x - 0.5 + slant * (0.5 - y)),
    SIDE / 2 + dy + BOX * (y - 0.5),
  ];
  const lines = (STROKES[digit] ?? []).map((stroke) => stroke.map(place));
  return Uint8Array.from({ length: SIDE * SIDE }, (_, index) => {
    const pixel: Point = [(index % SIDE) + 0.5, Math.floor(index / SIDE) + 0.5];
    const nearest = Math.min(...lines.map((line) => distanceToLine(pixel, line)));
    return Math.round(255 * Math.min(1, Math.max(0, half + 0.5 - nearest)));
  });
}

/** Points on an ellipse; angles in degrees, clockwise from the right. */
function arc(x: number, y: number, rx: number, ry: number, from: number, to: number): Point[] {
  const steps = Math.ceil((to - from) / 20);
  return Array.from({ length: steps + 1 }, (_, step) => {
    const angle = ((from + ((to - from) * step) / steps) * Math.PI) / 180;
    return [x + rx * Math.cos(angle), y + ry * Math.sin(angle)];
  });
}

function ring(x: number, y: number, rx: number, ry: number): Point[] {
  return arc(x, y, rx, ry, 0, 360);
}

function distanceToLine(point: Point, line: readonly Point[]): number {
  return Math.min(...line.slice(1).map((end, index) => distanceToPiece(point, line[index] ?? end, end)));
}

function distanceToPiece([px, py]: Point, [ax, ay]: Point, [bx, by]: Point): number {
  const [dx, dy] = [bx - ax, by - ay];
  const along = ((px - ax) * dx + (py - ay) * dy) / (dx * dx + dy * dy || 1);
  const t = Math.min(1, Math.max(0, along));
  return Math.hypot(px - ax - t * dx, py - ay - t * dy);
}
