import type { Pixels } from "./png.ts";

export type Channels = "gray" | "rgb" | "bgr";
export type Resize = "none" | "nearest" | "bilinear";
export type Layout = "nchw" | "nhwc" | "nhw";

/** Channels side by side: plane c holds width · height numbers, row by row. */
export interface Planes {
  readonly width: number;
  readonly height: number;
  readonly planes: readonly (Float32Array | Uint8Array)[];
}

/** Pixels as one plane a channel, 0 … 255. Grey of colours is luma as ITU-R BT.601 weighs it, in sixteenths of 4,096. */
export function toPlanes({ width, height, channels, data }: Pixels, order: Channels): Planes {
  const count = width * height;
  const plane = (channel: number): Uint8Array => {
    if (channels === 1) return data;
    const result = new Uint8Array(count);
    for (let i = 0, at = channel; i < count; i++, at += channels) result[i] = data[at]!;
    return result;
  };
  if (order === "rgb") return { width, height, planes: [0, 1, 2].map(plane) };
  if (order === "bgr") return { width, height, planes: [2, 1, 0].map(plane) };
  if (channels === 1) return { width, height, planes: [data] };
  const luma = new Uint8Array(count);
  for (let i = 0, at = 0; i < count; i++, at += 3)
    luma[i] = (data[at]! * 19_595 + data[at + 1]! * 38_470 + data[at + 2]! * 7_471 + 32_768) >>> 16;
  return { width, height, planes: [luma] };
}

/**
 * Another size. Places are those of pixel centres, (i + ½) · old / new − ½, without smoothing when it shrinks: what
 * OpenCV calls INTER_NEAREST_EXACT and INTER_LINEAR. Bilinear results are not rounded.
 */
export function resizePlanes(
  image: Planes,
  width: number,
  height: number,
  how: "nearest" | "bilinear",
): Planes {
  if (image.width === width && image.height === height) return image;
  const columns = places(image.width, width, how);
  const rows = places(image.height, height, how);
  const planes = image.planes.map((plane) => {
    const at = (x: number, y: number): number => plane[y * image.width + x] ?? 0;
    const result = new Float32Array(width * height);
    for (const [y, row] of rows.entries()) {
      for (const [x, column] of columns.entries()) {
        const top = at(column.low, row.low) * (1 - column.share) + at(column.high, row.low) * column.share;
        const bottom =
          at(column.low, row.high) * (1 - column.share) + at(column.high, row.high) * column.share;
        result[y * width + x] = top * (1 - row.share) + bottom * row.share;
      }
    }
    return result;
  });
  return { width, height, planes };
}

interface Place {
  readonly low: number;
  readonly high: number;
  /** Weight of `high`, 0 … 1. */
  readonly share: number;
}

function places(from: number, to: number, how: "nearest" | "bilinear"): Place[] {
  const last = from - 1;
  return Array.from({ length: to }, (_, i) => {
    const centre = ((i + 0.5) * from) / to;
    if (how === "nearest") {
      const nearest = Math.min(last, Math.floor(centre));
      return { low: nearest, high: nearest, share: 0 };
    }
    const place = Math.min(last, Math.max(0, centre - 0.5));
    const low = Math.floor(place);
    return { low, high: Math.min(last, low + 1), share: place - low };
  });
}

/** How planes become a row of a tensor. */
export interface Arrangement {
  readonly layout: Layout;
  readonly scale: number;
  /** One number, or one a channel. */
  readonly mean: readonly number[];
  readonly std: readonly number[];
}

/** (pixel · scale − mean) / std, in the order of the layout, written to `result`: as long as all planes together. */
export function createLayOut({
  layout,
  scale,
  mean,
  std,
}: Arrangement): (image: Planes, result: Float32Array) => Float32Array {
  // Bytes have so few values that looking them up is quicker than to compute each pixel.
  const levels = [0, 1, 2].map((c) => {
    const [m, s] = [mean[c] ?? mean[0] ?? 0, std[c] ?? std[0] ?? 1];
    return { m, s, table: Float32Array.from({ length: 256 }, (_, pixel) => (pixel * scale - m) / s) };
  });
  return ({ width, height, planes }, result) => {
    const count = width * height;
    const step = layout === "nhwc" ? planes.length : 1;
    for (const [c, plane] of planes.entries()) {
      const { m, s, table } = levels[c]!;
      const start = layout === "nhwc" ? c : c * count;
      if (plane instanceof Uint8Array)
        for (let i = 0, at = start; i < count; i++, at += step) result[at] = table[plane[i]!]!;
      else for (let i = 0, at = start; i < count; i++, at += step) result[at] = (plane[i]! * scale - m) / s;
    }
    return result;
  };
}
