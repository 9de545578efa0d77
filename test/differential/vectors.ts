/** Where arguments come from: a domain is its edges and a way to draw from its inside. */
import type { Random } from "./random.ts";

export interface Domain {
  readonly edges: readonly bigint[];
  draw(random: Random): bigint;
}

export type Row = readonly bigint[];

export const WAD = 10n ** 18n;
export const MAX_UINT256 = 2n ** 256n - 1n;

/** Part of the vectors that walk through combinations of edges, and share of edges among the others. */
const WALKED = 5_000;
const EDGE_SHARE = 0.2;

/**
 * Whole numbers in [min, max]: both ends, zero and `extra` are edges, each with its neighbours; what is drawn is small,
 * close to the end, or anything.
 */
export function range(min: bigint, max: bigint, ...extra: readonly bigint[]): Domain {
  const inside = (x: bigint) => x >= min && x <= max;
  const around = [min, max, 0n, ...extra].flatMap((x) => [x, x + 1n, x - 1n]).filter(inside);
  return {
    edges: [...new Set(around)],
    draw(random) {
      const kind = random.below(4);
      if (kind >= 2) return random.between(min, max);
      const offset = random.bits(1 + random.below((max - min + 1n).toString(2).length));
      const x = kind === 0 ? min + offset : max - offset;
      return inside(x) ? x : random.between(min, max);
    },
  };
}

/** Unsigned integers of `bits` bits. */
export function uint(bits: number): Domain {
  return range(0n, 2n ** BigInt(bits) - 1n);
}

/** What `make` draws, with `edges` beside. */
export function drawn(make: (random: Random) => bigint, edges: readonly bigint[] = []): Domain {
  return { edges, draw: make };
}

/** Either of two domains, evenly. */
export function either(a: Domain, b: Domain): Domain {
  return {
    edges: [...new Set([...a.edges, ...b.edges])],
    draw: (random) => (random.chance(0.5) ? a : b).draw(random),
  };
}

/** `count` rows: first combinations of edges, then random ones with edges strewn in. */
export function rows(
  domains: readonly Domain[],
  count: number,
  random: Random,
  allowed: (row: Row) => boolean = () => true,
): Row[] {
  const result: Row[] = [];
  const combinations = domains.reduce((n, { edges }) => n * edges.length, 1);
  // Every combination if they are few, else a stride through them.
  const stride = Math.max(1, Math.floor(combinations / WALKED));
  for (let i = 0; i < combinations && result.length < Math.min(count, WALKED); i += stride) {
    const row = combination(domains, i);
    if (allowed(row)) result.push(row);
  }
  while (result.length < count) {
    const row = domains.map((d) =>
      d.edges.length > 0 && random.chance(EDGE_SHARE) ? random.pick(d.edges) : d.draw(random),
    );
    if (allowed(row)) result.push(row);
  }
  return result;
}

function combination(domains: readonly Domain[], index: number): Row {
  return domains.map(({ edges }) => {
    const edge = edges[index % edges.length]!;
    index = Math.floor(index / edges.length);
    return edge;
  });
}
