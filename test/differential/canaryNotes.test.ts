import { canaryNotes, rulings } from "@assay/keeper";
import { expect } from "chai";

import { networkHelpers } from "../fixtures/world.ts";
import { call, compareRows, harnessFixture, itMirrors, VECTORS, word } from "./compare.ts";
import { Random } from "./random.ts";
import { drawn, range, rows, uint } from "./vectors.ts";

type Hex = `0x${string}`;

const hex = (value: bigint, bytes: number): Hex => `0x${value.toString(16).padStart(2 * bytes, "0")}`;
const CANARIES = hex(0xca9a51e5n, 20);

/** Answers to some claims, now and then one of them missing, doubtful or too many. */
const words = drawn(
  (random) => {
    const claims = random.below(129);
    let answers = 0n;
    for (let i = 0; i < claims; i++) answers |= BigInt(1 + random.below(2)) << BigInt(2 * i);
    return random.below(4) === 0
      ? answers ^ (BigInt(1 + random.below(3)) << BigInt(2 * random.below(128)))
      : answers;
  },
  [0n, (1n << 256n) / 3n, ((1n << 256n) / 3n) * 2n, (1n << 256n) - 1n],
);

describe("mirror of Rulings.decidesAll", () => {
  itMirrors({
    name: "decidesAll",
    domains: [words, words, range(0n, 256n)],
    mirror: (low, high, claims) => BigInt(rulings.decidesAll([low!, high!], Number(claims))),
  });

  it("knows complete answers, and what is missing or too much", async () => {
    const harness = await networkHelpers.loadFixture(harnessFixture);
    const random = new Random("complete answers");
    const vectors: bigint[][] = [];
    const expected: boolean[] = [];
    for (let claims = 1; claims <= 256; claims++) {
      const answers = [0n, 0n];
      for (let i = 0; i < claims; i++)
        answers[i >> 7]! |= BigInt(1 + random.below(2)) << BigInt(2 * (i & 127));
      for (const given of [claims - 1, claims, claims + 1]) {
        if (given > 256) continue;
        vectors.push([...answers, BigInt(given)]);
        expected.push(given === claims);
      }
    }
    const compared = await compareRows(harness, "decidesAll", [], vectors, ([low, high, claims]) => {
      return BigInt(rulings.decidesAll([low!, high!], Number(claims)));
    });
    expect(compared).to.deep.equal({ compared: vectors.length, mismatches: [] });
    const mirrored = vectors.map(([low, high, claims]) => rulings.decidesAll([low!, high!], Number(claims)));
    expect(mirrored).to.deep.equal(expected);
  });
});

describe("mirror of CanaryNotes", () => {
  it("note", async () => {
    const harness = await networkHelpers.loadFixture(harnessFixture);
    const deployment = { chainId: 31_337n, canaries: CANARIES };
    const vectors = rows([160, 160, 256, 256, 256, 256].map(uint), VECTORS, new Random("notes")).map(
      (row) => [BigInt(canaryNotes.separator(deployment)), ...row],
    );
    const compared = await compareRows(
      harness,
      "canaryNote",
      [],
      vectors,
      ([, inspector, requester, payload, low, high, salt]) =>
        BigInt(
          canaryNotes.noteOf(deployment, {
            inspector: hex(inspector!, 20),
            requester: hex(requester!, 20),
            payloadHash: hex(payload!, 32),
            answers: [low!, high!],
            salt: hex(salt!, 32),
          }),
        ),
    );
    expect(compared).to.deep.equal({ compared: VECTORS, mismatches: [] });
  });

  itMirrors({
    name: "canaryLeaf",
    domains: [uint(256), uint(256)],
    mirror: (note, salt) => BigInt(canaryNotes.leafOf(hex(note!, 32), hex(salt!, 32))),
  });

  it("depth and root: every leaf of trees of 1 … 256 leads to the root, and nothing else does", async () => {
    const harness = await networkHelpers.loadFixture(harnessFixture);
    const address = await harness.getAddress();
    const random = new Random("trees");
    const ask = async (name: string, values: readonly unknown[]) =>
      call(address, harness.interface.encodeFunctionData(name, values));
    for (let count = 1; count <= canaryNotes.MAX_BATCH; count++) {
      expect(await ask("canaryDepth", [count]), `depth of ${count}`).to.equal(
        `0x${word(BigInt(canaryNotes.depthOf(count)))}`,
      );
    }
    for (const count of [1, 2, 3, 5, 8, 13, 100, 129, 256]) {
      const leaves = Array.from({ length: count }, () => hex(random.bits(256), 32));
      const root = canaryNotes.rootOf(leaves);
      for (const position of new Set([0, count - 1, random.below(count)])) {
        const siblings = canaryNotes.siblingsOf(leaves, position);
        expect(siblings.length).to.equal(canaryNotes.depthOf(count));
        const leaf = leaves[position]!;
        expect(await ask("canaryRoot", [leaf, position, siblings])).to.equal(root);
        expect(canaryNotes.rootBy(leaf, position, siblings)).to.equal(root);
        if (count === 1) continue;
        const elsewhere = position ^ 1;
        expect(await ask("canaryRoot", [leaf, elsewhere, siblings])).to.equal(
          canaryNotes.rootBy(leaf, elsewhere, siblings),
        );
        expect(canaryNotes.rootBy(leaf, elsewhere, siblings)).to.not.equal(root);
      }
    }
  });
});
