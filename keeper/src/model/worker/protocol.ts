import { deserialize, serialize } from "node:v8";

import type { Claim } from "../../payload/schema.ts";
import type { Refusal } from "../errors.ts";
import type { GraphFacts } from "../graphFacts.ts";
import type { GivenClaim } from "../inputs/feeds.ts";
import type { Judged, ModelParts } from "../runtime.ts";

/** What the keeper says to the process that runs the model. */
export type Request =
  | { readonly kind: "load"; readonly model: ModelParts; readonly isThrifty: boolean }
  /** What a file says about itself, and whether it opens: for whoever looks at a model without a manifest. */
  | { readonly kind: "describe"; readonly bytes: Uint8Array }
  | { readonly kind: "open"; readonly bytes: Uint8Array }
  /** Claims of one batch or of several, which are judged one after the other. */
  | { readonly kind: "judge"; readonly claims: PackedClaims; readonly batch: number };

/**
 * Its answers, one a request, in order. `ms` is its own time: loading, or preparing and running batches. `bareMb` is the
 * memory it held before it read the model, MiB.
 */
export type Reply =
  | { readonly kind: "loaded"; readonly ms: number; readonly bareMb: number }
  | { readonly kind: "refused"; readonly refusal: Refusal }
  | { readonly kind: "described"; readonly facts: GraphFacts }
  | { readonly kind: "opened" }
  | ({ readonly kind: "judged"; readonly ms: number } & Judged);

/** All of them one after the other, and how many each claim has; −1: it has no such field. */
interface Joined<List> {
  readonly all: List;
  readonly counts: readonly number[];
}

/** Claims field by field: a few long lists cross faster than many small objects. */
export interface PackedClaims {
  readonly answer: readonly string[];
  readonly text?: readonly (string | undefined)[];
  /** What base64 stands for: the keeper has the time to read it, the process of a quick model has not. */
  readonly image?: Joined<Uint8Array>;
  readonly values?: Joined<Float64Array>;
}

export function packClaims(claims: readonly Claim[]): PackedClaims {
  const has = (field: keyof Claim): boolean => claims.some((claim) => claim[field] !== undefined);
  return {
    answer: claims.map(({ answer }) => answer),
    ...(has("text") && { text: claims.map(({ text }) => text) }),
    ...(has("image") && { image: packImages(claims) }),
    ...(has("values") && { values: packValues(claims) }),
  };
}

function packImages(claims: readonly Claim[]): Joined<Uint8Array> {
  const room = claims.reduce((sum, { image = "" }) => sum + Buffer.byteLength(image, "base64"), 0);
  const all = Buffer.allocUnsafe(room);
  let at = 0;
  const counts = claims.map(({ image }) => {
    if (image === undefined) return -1;
    const count = all.write(image, at, "base64");
    at += count;
    return count;
  });
  return { all: all.subarray(0, at), counts };
}

function packValues(claims: readonly Claim[]): Joined<Float64Array> {
  const counts = claims.map(({ values }) => values?.length ?? -1);
  const all = new Float64Array(counts.reduce((sum, count) => sum + Math.max(0, count), 0));
  let at = 0;
  for (const { values = [] } of claims) {
    all.set(values, at);
    at += values.length;
  }
  return { all, counts };
}

export function unpackClaims({ answer, text, image, values }: PackedClaims): GivenClaim[] {
  const [nextImage, nextValues] = [image && partsOf(image), values && partsOf(values)];
  return answer.map((answer, i) => {
    const claim: { -readonly [field in keyof GivenClaim]: GivenClaim[field] } = { answer };
    if (text?.[i] !== undefined) claim.text = text[i];
    const [ownImage, ownValues] = [nextImage?.(), nextValues?.()];
    if (ownImage !== undefined) claim.image = ownImage;
    if (ownValues !== undefined) claim.values = ownValues;
    return claim;
  });
}

/** The part of each claim, one call after the other. */
function partsOf<List extends Uint8Array | Float64Array>({
  all,
  counts,
}: Joined<List>): () => List | undefined {
  let [i, at] = [0, 0];
  return () => {
    const count = counts[i++] ?? -1;
    return count < 0 ? undefined : (all.subarray(at, (at += count)) as List);
  };
}

/** Descriptor of the socket to the keeper, in the process of a model. */
export const CHANNEL = 3;

/** Bytes of the length that stands before every message. */
export const HEAD_BYTES = 4;

/** A message as it travels: its length in four bytes, little end first, then what V8 makes of it. */
export function encodeFrame(message: Request | Reply): readonly [head: Buffer, body: Buffer] {
  const body = serialize(message);
  const head = Buffer.allocUnsafe(HEAD_BYTES);
  head.writeUInt32LE(body.length);
  return [head, body];
}

export function decodeBody(body: Buffer): unknown {
  return deserialize(body);
}

/** Largest answer that is taken, bytes: what a graph says about itself can be long, probabilities are not. */
const MAX_ANSWER_BYTES = 16_777_216;

/**
 * Puts answers together again from pieces as they come; calls `onMessage` for each that is whole.
 *
 * @throws RangeError if one is larger than answers are
 */
export function createAssembler(onMessage: (message: unknown) => void): (piece: Buffer) => void {
  let rest: Buffer = Buffer.alloc(0);
  return (piece) => {
    rest = rest.length === 0 ? piece : Buffer.concat([rest, piece]);
    while (rest.length >= HEAD_BYTES) {
      const length = rest.readUInt32LE();
      if (length > MAX_ANSWER_BYTES) throw new RangeError(`${length} bytes, allowed are ${MAX_ANSWER_BYTES}`);
      const end = HEAD_BYTES + length;
      if (rest.length < end) return;
      const body = rest.subarray(HEAD_BYTES, end);
      rest = rest.subarray(end);
      onMessage(decodeBody(body));
    }
  };
}
