import { inflateSync } from "node:zlib";

/** Pixels of eight bits a channel, row by row from the top, channels of a pixel together. */
export interface Pixels {
  readonly width: number;
  readonly height: number;
  readonly channels: 1 | 3;
  readonly data: Uint8Array;
}

export interface PngHeader {
  readonly width: number;
  readonly height: number;
  readonly depth: number;
  readonly colour: number;
}

/** Bytes that tell what kind of file it is. */
export const PNG_HEADER_BYTES = 33;
/** Bounds memory: a claim's image of 196,608 bytes could otherwise unfold to gigabytes. */
export const MAX_PIXELS = 4_194_304;

/** The bytes are no PNG image that is read here. */
export class PngError extends Error {
  override readonly name = "PngError";
}

/** How every file begins: signature, length and type of the first chunk, four bytes each. */
const BEGINNING = [0x89504e47, 0x0d0a1a0a, 13, 0x49484452];
/** Samples a pixel has in each colour type: grey, RGB, palette, grey and alpha, RGB and alpha. */
const SAMPLES: Readonly<Record<number, number>> = { 0: 1, 2: 3, 3: 1, 4: 2, 6: 4 };
const DEPTHS: Readonly<Record<number, readonly number[]>> = {
  0: [1, 2, 4, 8, 16],
  2: [8, 16],
  3: [1, 2, 4, 8],
  4: [8, 16],
  6: [8, 16],
};

/**
 * Size and kind of a PNG file, from its first bytes: asked before anything is unfolded.
 *
 * @throws PngError if it is no PNG file, too big, or interlaced
 */
export function readPngHeader(bytes: Buffer): PngHeader {
  if (bytes.length < PNG_HEADER_BYTES || !BEGINNING.every((word, i) => bytes.readUInt32BE(i * 4) === word))
    throw new PngError("no PNG file");
  const [width, height] = [bytes.readUInt32BE(16), bytes.readUInt32BE(20)];
  const [depth, colour] = [bytes[24]!, bytes[25]!];
  if (width === 0 || height === 0 || width * height > MAX_PIXELS)
    throw new PngError(`${width} × ${height} pixels`);
  if (DEPTHS[colour]?.includes(depth) !== true) throw new PngError(`colour type ${colour}, depth ${depth}`);
  // Compression, filter, interlace.
  if (bytes[26] !== 0 || bytes[27] !== 0 || bytes[28] !== 0)
    throw new PngError("interlaced, or unknown coding");
  return { width, height, depth, colour };
}

/**
 * Decodes a PNG file to grey or RGB. 16 bits are cut to the upper eight; transparent pixels lie on black.
 *
 * @param size what it must have, looked at before anything is unfolded; any if left out
 * @throws PngError
 */
export function decodePng(bytes: Buffer, size?: Pick<Pixels, "width" | "height">): Pixels {
  const header = readPngHeader(bytes);
  if (size !== undefined && (header.width !== size.width || header.height !== size.height))
    throw new PngError(
      `${header.width} × ${header.height} pixels, wanted are ${size.width} × ${size.height}`,
    );
  const chunks = readChunks(bytes);
  const samples = SAMPLES[header.colour] ?? 0;
  const rowBytes = Math.ceil((header.width * samples * header.depth) / 8);
  const raw = inflate(Buffer.concat(chunks.get("IDAT") ?? []), (rowBytes + 1) * header.height);
  const rows = unfilter(raw, header.height, rowBytes, Math.max(1, (samples * header.depth) >> 3));
  const { width, height, depth, colour } = header;
  const alpha = chunks.get("tRNS")?.[0];
  // The usual kinds are done: their bytes are what is wanted.
  if (depth === 8 && alpha === undefined && (colour === 0 || colour === 2))
    return { width, height, channels: colour === 0 ? 1 : 3, data: new Uint8Array(rows) };
  const values = unpack(rows, header, samples, rowBytes);
  return { width, height, ...colours(values, header, chunks.get("PLTE")?.[0], alpha) };
}

/** Contents by chunk type. */
function readChunks(bytes: Buffer): Map<string, Buffer[]> {
  const chunks = new Map<string, Buffer[]>();
  for (let at = 8; at + 12 <= bytes.length;) {
    const length = bytes.readUInt32BE(at);
    const type = bytes.toString("latin1", at + 4, at + 8);
    if (at + 12 + length > bytes.length) throw new PngError("cut off");
    if (type === "IEND") return chunks;
    const content = bytes.subarray(at + 8, at + 8 + length);
    const known = chunks.get(type);
    if (known === undefined) chunks.set(type, [content]);
    else known.push(content);
    at += 12 + length;
  }
  throw new PngError("cut off");
}

/** Most bytes unfolded at once. */
const CHUNK = 65_536;

/** Exactly `size` bytes; stops as soon as there would be more. */
function inflate(data: Buffer, size: number): Buffer {
  let raw: Buffer;
  try {
    // One byte more than there should be: a small image is done in one step, in memory of its own size.
    const chunkSize = Math.min(CHUNK, Math.max(64, size + 1));
    raw = inflateSync(data, { maxOutputLength: size, chunkSize });
  } catch (error) {
    throw new PngError(`pixels cannot be unfolded: ${String(error)}`);
  }
  if (raw.length !== size) throw new PngError(`${raw.length} bytes of pixels, ${size} expected`);
  return raw;
}

/** Undoes the filters of the PNG specification, clause 9; `step` is the bytes of a whole pixel, at least one. */
function unfilter(raw: Buffer, height: number, rowBytes: number, step: number): Buffer {
  const rows = Buffer.alloc(height * rowBytes);
  for (let y = 0; y < height; y++) {
    const filter = raw[y * (rowBytes + 1)] ?? 0;
    if (filter > 4) throw new PngError(`filter ${filter}`);
    const from = y * (rowBytes + 1) + 1;
    const to = y * rowBytes;
    if (filter === 0) {
      raw.copy(rows, to, from, from + rowBytes);
      continue;
    }
    for (let x = 0; x < rowBytes; x++) {
      const left = x >= step ? (rows[to + x - step] ?? 0) : 0;
      const up = y > 0 ? (rows[to + x - rowBytes] ?? 0) : 0;
      const corner = x >= step && y > 0 ? (rows[to + x - rowBytes - step] ?? 0) : 0;
      rows[to + x] = (raw[from + x] ?? 0) + predict(filter, left, up, corner);
    }
  }
  return rows;
}

function predict(filter: number, left: number, up: number, corner: number): number {
  if (filter === 1) return left;
  if (filter === 2) return up;
  if (filter === 3) return (left + up) >> 1;
  return filter === 4 ? paeth(left, up, corner) : 0;
}

/** Whichever of the three is nearest to left + up − corner. */
function paeth(left: number, up: number, corner: number): number {
  const estimate = left + up - corner;
  const [a, b, c] = [Math.abs(estimate - left), Math.abs(estimate - up), Math.abs(estimate - corner)];
  if (a <= b && a <= c) return left;
  return b <= c ? up : corner;
}

/** One number a sample: eight bits as they are, sixteen whole, fewer as their own small numbers. */
function unpack(
  rows: Buffer,
  { width, height, depth }: PngHeader,
  samples: number,
  rowBytes: number,
): Uint16Array {
  const perRow = width * samples;
  const values = new Uint16Array(perRow * height);
  for (let y = 0; y < height; y++) {
    for (let x = 0; x < perRow; x++) {
      const bit = x * depth;
      const at = y * rowBytes + (bit >> 3);
      const byte = rows[at] ?? 0;
      values[y * perRow + x] =
        depth === 16
          ? (byte << 8) | (rows[at + 1] ?? 0)
          : (byte >> (8 - depth - (bit & 7))) & ((1 << depth) - 1);
    }
  }
  return values;
}

/** From samples to grey or RGB of eight bits, on black. */
function colours(
  values: Uint16Array,
  { width, height, depth, colour }: PngHeader,
  palette: Buffer | undefined,
  transparent: Buffer | undefined,
): Pick<Pixels, "channels" | "data"> {
  const count = width * height;
  const eight = (value: number): number =>
    depth === 16 ? value >> 8 : Math.round((value * 255) / ((1 << depth) - 1));
  const onBlack = (value: number, alpha: number): number => Math.round((value * alpha) / 255);
  if (colour === 3) {
    if (palette === undefined) throw new PngError("no palette");
    const data = new Uint8Array(count * 3);
    for (let i = 0; i < count; i++) {
      const entry = values[i] ?? 0;
      if (entry * 3 + 3 > palette.length) throw new PngError(`no colour ${entry}`);
      for (let c = 0; c < 3; c++)
        data[i * 3 + c] = onBlack(palette[entry * 3 + c] ?? 0, transparent?.[entry] ?? 255);
    }
    return { channels: 3, data };
  }
  const samples = SAMPLES[colour] ?? 0;
  const channels = samples > 2 ? 3 : 1;
  const hasAlpha = samples === 2 || samples === 4;
  // One colour may be transparent where there is no alpha; read once, because there are millions of pixels.
  const hasKey = !hasAlpha && transparent !== undefined && transparent.length >= channels * 2;
  const key = hasKey ? Array.from({ length: channels }, (_, c) => transparent.readUInt16BE(c * 2)) : [];
  const isKey = (i: number): boolean => {
    for (let c = 0; c < channels; c++) if (values[i * samples + c] !== key[c]) return false;
    return true;
  };
  const data = new Uint8Array(count * channels);
  for (let i = 0; i < count; i++) {
    const alpha = hasAlpha ? eight(values[i * samples + channels] ?? 0) : hasKey && isKey(i) ? 0 : 255;
    for (let c = 0; c < channels; c++)
      data[i * channels + c] = onBlack(eight(values[i * samples + c] ?? 0), alpha);
  }
  return { channels, data };
}
