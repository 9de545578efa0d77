/**
 * Puts the same vectors to the mirror and to the EVM and counts what differs. Arguments and results are words, so they are
 * encoded and compared as text: an ABI coder would take longer than both implementations together.
 */
import { expect } from "chai";
import { artifacts } from "hardhat";

import { rpc, startChain, type Chain } from "../fixtures/chain.ts";
import { connection, ethers } from "../fixtures/world.ts";
import { Random } from "./random.ts";
import { rows, type Domain, type Row } from "./vectors.ts";

/** Vectors per mirrored function, and how many a harness answers in one eth_call. */
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
}

/** A harness contract: what is called and how it is spelled. */
export type Harness = Pick<Awaited<ReturnType<typeof harnessFixture>>, "interface" | "getAddress"> & {
  /** Where it is deployed, if not on the chain of the tests. */
  readonly url?: string;
};

/** Hex without its prefix. */
export type Words = string;

export interface Comparison {
  readonly compared: number;
  /** the first few that differ, spelled out */
  readonly mismatches: readonly string[];
}

export async function harnessFixture() {
  return ethers.deployContract("MirrorHarness");
}

let quick: Promise<Chain> | undefined;
after(async () => (await quick)?.stop());

/**
 * A harness of pure functions on a node that keeps no trace of what it runs: Hardhat's network keeps every step, which
 * takes ten times as long and more memory than there is.
 */
export async function quickHarness(name: "MirrorHarness" | "PerformanceHarness"): Promise<Harness> {
  const { url } = await (quick ??= startChain("anvil"));
  const { abi, deployedBytecode } = await artifacts.readArtifact(name);
  const at = ethers.getCreate2Address(ethers.ZeroAddress, ethers.id(name), ethers.ZeroHash);
  await rpc(url, "anvil_setCode", [at, deployedBytecode]);
  return {
    interface: new ethers.Interface(abi) as Harness["interface"],
    getAddress: () => Promise.resolve(at),
    url,
  };
}

/** An eth_call with room for a whole batch. */
export async function call(to: string, data: string, overrides: object = {}, url?: string): Promise<string> {
  const params = [{ to, data, gas: ethers.toQuantity(CALL_GAS) }, "latest", overrides];
  if (url !== undefined) return String(await rpc(url, "eth_call", params));
  return String(await connection.provider.request({ method: "eth_call", params }));
}

/** A number as one word, negative ones in two's complement. */
export function word(value: bigint): string {
  return BigInt.asUintN(256, value).toString(16).padStart(64, "0");
}

/** Words of an answer, `count` of them from the `at`-th one on. */
export const wordsAt = (answer: Words, at: number, count = 1): Words =>
  answer.slice(64 * at, 64 * (at + count));

/** A word that counts or points. */
export const numberAt = (answer: Words, at: number): number => Number(`0x${wordsAt(answer, at)}`);

/**
 * Calls one function of a harness many times in one eth_call.
 * @param all the arguments of each call
 */
export async function callMany(
  harness: Harness,
  name: string,
  all: readonly Words[],
  overrides: object = {},
): Promise<Words[]> {
  const { selector } = harness.interface.getFunction(name)!;
  const calls = all.map((args) => selector.slice(2) + args);
  // An array of byte strings: where each begins, counted from the first of these numbers; then length and bytes of each.
  const padded = calls.map((data) => data + "0".repeat(-data.length & 63));
  let offset = 32 * calls.length;
  const starts = padded.map((data) => {
    const start = word(BigInt(offset));
    offset += 32 + data.length / 2;
    return start;
  });
  const items = padded.map((data, i) => word(BigInt(calls[i]!.length / 2)) + data);
  const multicall = harness.interface.getFunction("multicall")!.selector;
  const data = [multicall, word(32n), word(BigInt(calls.length)), ...starts, ...items].join("");
  const answer = (await call(await harness.getAddress(), data, overrides, harness.url)).slice(2);
  return calls.map((_, i) => {
    const at = 2 + numberAt(answer, 2 + i) / 32;
    return wordsAt(answer, at + 1, numberAt(answer, at) / 32);
  });
}

/** Declares the test of one library function. */
export function itMirrors(c: Case): void {
  it(c.name, async () => {
    const harness = await quickHarness("MirrorHarness");
    const vectors = rows(c.domains, VECTORS, new Random(c.name), c.allowed);
    const result = await compareRows(harness, c.name, [], vectors, (row) => c.mirror(...row));
    expect(result).to.deep.equal({ compared: VECTORS, mismatches: [] });
  });
}

/**
 * Compares vectors whose arguments and results are all single words.
 * @param head arguments before those of the row, such as the address of the contract to ask
 */
export async function compareRows(
  harness: Harness,
  name: string,
  head: readonly bigint[],
  vectors: readonly Row[],
  mirror: (row: Row) => bigint | readonly bigint[],
  overrides: object = {},
): Promise<Comparison> {
  return compareCalls(
    vectors,
    (batch) =>
      callMany(
        harness,
        name,
        batch.map((row) => [...head, ...row].map(word).join("")),
        overrides,
      ),
    (row) => [mirror(row)].flat().map(word).join(""),
    (row) => `${name}(${row.join(", ")})`,
  );
}

/**
 * Compares vectors of any kind in batches.
 * @param ask what the EVM answers to a batch
 * @param mirror what it should answer to one of them
 * @param describe for people
 */
export async function compareCalls<V>(
  vectors: readonly V[],
  ask: (batch: readonly V[]) => Promise<readonly Words[]>,
  mirror: (vector: V) => Words,
  describe: (vector: V) => string,
  size = BATCH,
): Promise<Comparison> {
  const mismatches: string[] = [];
  let compared = 0;
  for (let start = 0; start < vectors.length; start += size) {
    const batch = vectors.slice(start, start + size);
    const answers = await ask(batch);
    if (answers.length !== batch.length)
      throw new Error(`${answers.length} answers to ${batch.length} questions`);
    batch.forEach((vector, i) => {
      compared++;
      const expected = mirror(vector);
      if (answers[i] !== expected && mismatches.length < SHOWN)
        mismatches.push(`${describe(vector)}: EVM ${answers[i]}, mirror ${expected}`);
    });
  }
  return { compared, mismatches };
}
