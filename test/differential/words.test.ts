import { words } from "@assay/keeper";
import { expect } from "chai";

import { callMany, compareCalls, quickHarness, itMirrors, VECTORS, word } from "./compare.ts";
import { Random } from "./random.ts";
import { drawn, range, rows, uint, WAD } from "./vectors.ts";

const FLAGS_OFFSET = 248n;
const MOST = 256n * 255n * 255n;

/** A seat as `Committed` says it: digest, family, v and LATE; later flags are no part of it. */
const seats = drawn((random) => random.bits(248) | (random.bits(4) << FLAGS_OFFSET), [0n, (1n << 252n) - 1n]);

describe("mirror of the packed words", () => {
  itMirrors({
    name: "seat",
    domains: [seats],
    mirror: (packed) => {
      const { digest, family, weight, late } = words.seat(packed!);
      return [digest, BigInt(family), weight | (late ? 8n : 0n)];
    },
  });

  itMirrors({
    name: "account",
    domains: [uint(256)],
    mirror: (packed) => {
      const { score, releasable, served, factor, scored } = words.account(packed!);
      return [score, releasable, served, factor, scored];
    },
  });

  it("score", async () => {
    const harness = await quickHarness("MirrorHarness");
    const claims = range(0n, 256n);
    const quality = range(-(2n ** 63n), 2n ** 63n - 1n);
    const domains = [
      ...[range(-MOST, MOST), claims, claims, claims, range(0n, 256n * 65_025n)],
      ...[range(0n, WAD), quality, range(0n, 1n)],
    ];
    // The EVM packs what the mirror then unpacks; the sum of errors is not in the word.
    const result = await compareCalls(
      rows(domains, VECTORS, new Random("score")),
      async (batch) => {
        const packed = await callMany(
          harness,
          "score",
          batch.map((row) => row.map(word).join("")),
        );
        return packed.map((answer) => {
          const s = words.score(BigInt(`0x${answer}`));
          const counts = [s.numerator, s.scoredTrue, s.scoredFalse, s.losing];
          return [...counts, s.lossMean, s.quality, BigInt(s.late), s.weighed].map(word).join("");
        });
      },
      (row) => [...row.toSpliced(4, 1), row[1]! + row[2]!].map(word).join(""),
      (row) => `score(${row.join(", ")})`,
    );
    expect(result).to.deep.equal({ compared: VECTORS, mismatches: [] });
  });
});
