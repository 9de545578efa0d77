import type { Claim } from "../../payload/schema.ts";
import type { ManifestInput } from "../manifest.ts";
import { createLayOut, resizePlanes, toPlanes } from "./pixels.ts";
import { decodePng, PngError } from "./png.ts";
import { countOf, createRows, integerTensor, joined, numberTensor, type InputTensor } from "./tensors.ts";
import type { Encoding, Tokenizer } from "./tokenizer.ts";

/** A claim as far as a model sees it. */
export type GivenClaim = Pick<Claim, "text" | "answer"> & {
  /** Base64 of a file, or its bytes. */
  readonly image?: string | Uint8Array | undefined;
  readonly values?: ArrayLike<number> | undefined;
};

/** The first bytes of an image's file, all of them if no number is given. */
export function bytesOf(image: string | Uint8Array, most = Infinity): Buffer {
  if (typeof image === "string") return Buffer.from(image.slice(0, Math.ceil(most / 3) * 4), "base64");
  return Buffer.from(image.buffer, image.byteOffset, Math.min(most, image.length));
}

/** One input of a graph: how a claim becomes a row of it, and rows become its tensor. */
export interface Feed<Row = unknown> {
  readonly name: string;
  /** undefined if this claim cannot be given to the model. */
  row(claim: GivenClaim): Row | undefined;
  tensor(rows: readonly Row[]): InputTensor;
  /** Lets go of all rows and tensors so far, whose memory may be used again; where it is not called, none is. */
  recycle?(): void;
}

/**
 * The feed of every input of a manifest.
 *
 * @param tokenizer needed for inputs of kind tokens
 */
export function createFeeds(inputs: readonly ManifestInput[], tokenizer: Tokenizer | undefined): Feed[] {
  // Ids, mask and types are three inputs and one encoding.
  const encodings = new Map<string, WeakMap<GivenClaim, Encoding>>();
  return inputs.map((input): Feed => {
    switch (input.kind) {
      case "string":
        return stringFeed(input) as Feed;
      case "strings":
        return stringsFeed(input) as Feed;
      case "values":
        return valuesFeed(input);
      case "image":
        return imageFeed(input) as Feed;
      case "tokens": {
        if (tokenizer === undefined) throw new Error("there is no tokenizer.json");
        const key = `${input.fields.join()} ${input.maxTokens}`;
        const known = encodings.get(key) ?? new WeakMap<GivenClaim, Encoding>();
        encodings.set(key, known);
        return tokensFeed(input, tokenizer, known) as Feed;
      }
    }
  });
}

/** A claim as all inputs take it. */
export interface PreparedClaim {
  readonly answer: string;
  /** One row for each feed. */
  readonly rows: readonly unknown[];
}

/** undefined if the claim has not what the model takes. */
export function prepareClaim(feeds: readonly Feed[], claim: GivenClaim): PreparedClaim | undefined {
  const rows: unknown[] = [];
  for (const feed of feeds) {
    const row = feed.row(claim);
    if (row === undefined) return undefined;
    rows.push(row);
  }
  return { answer: claim.answer, rows };
}

/** The tensors of a batch, by input. */
export function tensorsOf(
  feeds: readonly Feed[],
  claims: readonly PreparedClaim[],
): Record<string, InputTensor> {
  // Without a prototype: an input may have any name.
  const tensors = Object.create(null) as Record<string, InputTensor>;
  for (const [f, feed] of feeds.entries())
    tensors[feed.name] = feed.tensor(claims.map(({ rows }) => rows[f]));
  return tensors;
}

/** Element type of an input. */
export function typeOf(input: ManifestInput): InputTensor["type"] {
  return input.kind === "string" || input.kind === "strings" ? "string" : input.type;
}

type Input<Kind extends ManifestInput["kind"]> = Extract<ManifestInput, { kind: Kind }>;

/** The native binding ends a string at the first NUL; a space keeps what follows in view of the model. */
const withoutNul = (text: string | undefined): string | undefined =>
  text?.includes("\0") === true ? text.replaceAll("\0", " ") : text;

function stringFeed({ name, field }: Input<"string">): Feed<string> {
  return {
    name,
    row: (claim) => withoutNul(claim[field]),
    tensor: (rows) => ({ type: "string", dims: [rows.length], data: rows }),
  };
}

function stringsFeed({ name, fields }: Input<"strings">): Feed<readonly string[]> {
  return {
    name,
    row(claim) {
      const texts = fields.map((field) => withoutNul(claim[field]));
      return texts.every((text) => text !== undefined) ? texts : undefined;
    },
    tensor: (rows) => ({ type: "string", dims: [rows.length, fields.length], data: rows.flat() }),
  };
}

function tokensFeed(
  { name, part, fields, maxTokens, pad, type }: Input<"tokens">,
  tokenizer: Tokenizer,
  known: WeakMap<GivenClaim, Encoding>,
): Feed<Encoding> {
  return {
    name,
    row(claim) {
      const texts = fields.map((field) => claim[field]);
      if (!texts.every((text) => text !== undefined)) return undefined;
      const encoding = known.get(claim) ?? tokenizer.encode(texts, maxTokens);
      known.set(claim, encoding);
      return encoding;
    },
    tensor(rows) {
      const longest = Math.max(1, ...rows.map(({ ids }) => ids.length));
      const length = pad === "maximum" ? maxTokens : longest;
      const padded = rows.flatMap(({ ids, typeIds }) => {
        const own = part === "ids" ? ids : part === "typeIds" ? typeIds : ids.map(() => 1);
        const filler = new Array<number>(length - own.length).fill(part === "ids" ? tokenizer.padId : 0);
        return tokenizer.padsLeft ? [...filler, ...own] : [...own, ...filler];
      });
      return integerTensor(type, padded, [rows.length, length]);
    },
  };
}

function imageFeed(input: Input<"image">): Feed<Float32Array> {
  const { name, width, height, resize, layout, type } = input;
  const channels = input.channels === "gray" ? 1 : 3;
  const shape = { nchw: [channels, height, width], nhwc: [height, width, channels], nhw: [height, width] }[
    layout
  ];
  const memory = createRows(channels * width * height);
  const layOut = createLayOut(input);
  return {
    name,
    row(claim) {
      if (claim.image === undefined) return undefined;
      try {
        const pixels = decodePng(bytesOf(claim.image), resize === "none" ? input : undefined);
        const planes = toPlanes(pixels, input.channels);
        const fitting = resize === "none" ? planes : resizePlanes(planes, width, height, resize);
        return layOut(fitting, memory.next());
      } catch (error) {
        if (error instanceof PngError) return undefined;
        throw error;
      }
    },
    tensor: (rows) => numberTensor(type, joined(rows, channels * width * height), [rows.length, ...shape]),
    recycle: () => memory.recycle(),
  };
}

/** Writes (number · scale − mean) / std of every number to a row. */
type Fill = <Row extends Float32Array | Float64Array>(row: Row, values: ArrayLike<number>) => Row;

function createFill({ shape, scale, mean, std }: Input<"values">): Fill {
  const length = countOf(shape);
  // One mean and one std for all stay in registers: no look-up a number.
  if (typeof mean === "number" && typeof std === "number") {
    return (row, values) => {
      for (let i = 0; i < length; i++) row[i] = (values[i]! * scale - mean) / std;
      return row;
    };
  }
  const each = (numbers: number | readonly number[]): Float64Array =>
    typeof numbers === "number" ? new Float64Array(length).fill(numbers) : Float64Array.from(numbers);
  const [means, stds] = [each(mean), each(std)];
  return (row, values) => {
    for (let i = 0; i < length; i++) row[i] = (values[i]! * scale - means[i]!) / stds[i]!;
    return row;
  };
}

function valuesFeed(input: Input<"values">): Feed {
  const { name, shape, type } = input;
  const length = countOf(shape);
  const fill = createFill(input);
  const fits = (values: ArrayLike<number> | undefined): values is ArrayLike<number> =>
    values?.length === length;
  if (type === "float32" || type === "float16") {
    const memory = createRows(length);
    const feed: Feed<Float32Array> = {
      name,
      row: ({ values }) => (fits(values) ? fill(memory.next(), values) : undefined),
      tensor: (rows) => numberTensor(type, joined(rows, length), [rows.length, ...shape]),
      recycle: () => memory.recycle(),
    };
    return feed as Feed;
  }
  // Identifiers and amounts need more digits than a float32 has.
  const feed: Feed<Float64Array> = {
    name,
    row: ({ values }) => (fits(values) ? fill(new Float64Array(length), values) : undefined),
    tensor(rows) {
      const all = new Float64Array(rows.length * length);
      for (const [i, row] of rows.entries()) all.set(row, i * length);
      return numberTensor(type, all, [rows.length, ...shape]);
    },
  };
  return feed as Feed;
}
