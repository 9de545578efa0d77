/**
 * Puts the same rows to the mirror and to the EVM and counts what differs. Rows and results are fixed arrays of words,
 * so they are encoded and compared as text: an ABI coder would take longer than both implementations together.
 */
import { expect } from "chai";

import { connection, ethers, networkHelpers } from "../fixtures/world.ts";
import { Random } from "./random.ts";
import { rows, type Domain, type Row } from "./vectors.ts";

/** Vectors per mirrored function, and per eth_call. */
export const VECTORS = 20_000;
export const BATCH = 500;
const CALL_GAS = 4_000_000_000n;
const SHOWN = 5;

export interface Case {
  /** function of MirrorHarness */
  readonly name: string;
  readonly domains: readonly Domain[];
  readonly mirror: (...args: bigint[]) => bigint | readonly bigint[];
  /** joint limits of the arguments */
  readonly allowed?: (row: Row) => boolean;
  /** fewer for a function that costs the chain much */
  readonly vectors?: number;
}

/** A harness contract: what is called and how it is spelled. */
export type Harness = Pick<Awaited<ReturnType<typeof harnessFixture>>, "interface" | "getAddress">;

export interface Comparison {
  readonly compared: number;
  /** the first few that differ, spelled out */
  readonly mismatches: readonly string[];
}

export async function harnessFixture() {
  return ethers.deployContract("MirrorHarness");
}

/** An eth_call with room for a whole batch. */
export async function call(to: string, data: string, overrides: object = {}): Promise<string> {
  const request = { to, data, gas: ethers.toQuantity(CALL_GAS) };
  const answer = await connection.provider.request({
    method: "eth_call",
    params: [request, "latest", overrides],
  });
  return String(answer);
}

/** A number as one word, negative ones in two's complement. */
export function word(value: bigint): string {
  return BigInt.asUintN(256, value).toString(16).padStart(64, "0");
}

/** Declares the test of one library function. */
export function itMirrors(c: Case): void {
  it(c.name, async () => {
    const harness = await networkHelpers.loadFixture(harnessFixture);
    const count = c.vectors ?? VECTORS;
    const vectors = rows(c.domains, count, new Random(c.name), c.allowed);
    const result = await compareRows(harness, c.name, [], vectors, (row) => c.mirror(...row));
    expect(result).to.deep.equal({ compared: count, mismatches: [] });
  });
}

/**
 * Compares rows in batches.
 * @param head words before the rows, such as the address of the contract to ask
 */
export async function compareRows(
  harness: Harness,
  name: string,
  head: readonly bigint[],
  vectors: readonly Row[],
  mirror: (row: Row) => bigint | readonly bigint[],
  overrides: object = {},
): Promise<Comparison> {
  const selector = harness.interface.getFunction(name)!.selector;
  const to = await harness.getAddress();
  const batches: Row[][] = [];
  for (let i = 0; i < vectors.length; i += BATCH) batches.push(vectors.slice(i, i + BATCH));
  const parts = await Promise.all(
    batches.map(async (batch) => {
      const words = [...head, 32n * BigInt(head.length + 1), BigInt(batch.length), ...batch.flat()];
      const answer = await call(to, selector + words.map(word).join(""), overrides);
      // Two words of array header, then the results.
      return compareBatch(name, batch, mirror, answer.slice(2 + 128));
    }),
  );
  return {
    compared: parts.reduce((n, { compared }) => n + compared, 0),
    mismatches: parts.flatMap(({ mismatches }) => mismatches).slice(0, SHOWN),
  };
}

function compareBatch(
  name: string,
  batch: readonly Row[],
  mirror: (row: Row) => bigint | readonly bigint[],
  answer: string,
): Comparison {
  const width = answer.length / batch.length;
  const mismatches: string[] = [];
  batch.forEach((row, i) => {
    const given = answer.slice(i * width, (i + 1) * width);
    const expected = [mirror(row)].flat().map(word).join("");
    if (given !== expected) mismatches.push(`${name}(${row.join(", ")}): EVM ${given}, mirror ${expected}`);
  });
  return { compared: batch.length, mismatches };
}
