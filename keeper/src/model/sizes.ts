import type { Claim } from "../payload/schema.ts";

/** Characters of a claim, or numbers: what a row of a padded batch grows with. */
export function sizeOf({ text = "", answer, image = "", values = [] }: Claim): number {
  return text.length + answer.length + image.length + values.length;
}

/** Places of claims, the smallest claim first: a batch costs what its longest claim costs, so alike go together. */
export function bySize(claims: readonly Claim[]): number[] {
  const count = claims.length;
  // Size and place in one number each, which the engine sorts without asking back.
  const keys = new Float64Array(count);
  for (let i = 0; i < count; i++) keys[i] = sizeOf(claims[i]!) * count + i;
  keys.sort();
  const places = new Array<number>(count);
  for (let i = 0; i < count; i++) places[i] = keys[i]! % count;
  return places;
}
