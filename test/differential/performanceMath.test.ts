import { performanceMath } from "@assay/keeper";
import { expect } from "chai";

import { BATCH, callMany, compareCalls, compareRows, quickHarness, VECTORS, word } from "./compare.ts";
import { Random } from "./random.ts";
import { drawn, range, rows, uint, WAD, type Domain, type Row } from "./vectors.ts";

/** Windows as long as a ledger's, in one eth_call. */
const LONG_WINDOWS = 50;
/** Small enough for three times to make a 32-bit round trip. */
const TIME_BITS = 30;
const OPERATORS = 4;
const MASK = 2n ** 32n - 1n;

const size = uint(32);
const time = uint(TIME_BITS);
const inferred = range(1n, 2n ** BigInt(TIME_BITS) - 1n);

/** Declares the test of one function on flat rows. */
function itMirrors(
  name: string,
  domains: readonly Domain[],
  mirror: (row: Row) => bigint | readonly bigint[],
  allowed?: (row: Row) => boolean,
): void {
  it(name, async () => {
    const harness = await quickHarness("PerformanceHarness");
    const vectors = rows(domains, VECTORS, new Random(`performance ${name}`), allowed);
    const result = await compareRows(harness, name, [], vectors, mirror);
    expect(result).to.deep.equal({ compared: VECTORS, mismatches: [] });
  });
}

/** A receipt as PerformanceHarness reads it. */
function packed(random: Random, draw: (domain: Domain) => bigint): bigint {
  const fields = [size, size, time, inferred, time].map(draw);
  const head = BigInt(random.below(OPERATORS)) | (random.chance(0.3) ? 256n : 0n);
  return [...fields, head].reduce((sum, field, i) => sum | (field << BigInt(32 * i)), 0n);
}

function entryOf(receipt: bigint, requestId = 0n, modelHash = 0n): performanceMath.Entry {
  const field = (i: number) => Number((receipt >> BigInt(32 * i)) & MASK);
  return {
    receipt: {
      requestId: `0x${word(requestId)}`,
      operator: addressOf((receipt >> 160n) & 0xffn),
      modelHash: `0x${word(modelHash)}`,
      inputSize: field(0),
      outputSize: field(1),
      loadMs: field(2),
      inferMs: field(3),
      roundTripMs: field(2) + field(3) + field(4),
    },
    late: ((receipt >> 168n) & 1n) === 1n,
  };
}

const addressOf = (operator: bigint) => `0x${word(operator).slice(24)}` as const;
const anyReceipt = drawn((random) =>
  packed(random, (domain) =>
    domain.edges.length > 0 && random.chance(0.2) ? random.pick(domain.edges) : domain.draw(random),
  ),
);

interface Window {
  readonly operator: bigint;
  readonly stale: bigint;
  readonly receipts: readonly bigint[];
}

/** Windows of all kinds: alike in everything, alike in something, of few different receipts, of any. */
function windowOf(random: Random, length: number): Window {
  const kind = random.below(4);
  const pool = Array.from({ length: kind === 0 ? 1 : kind === 1 ? 2 : length }, () =>
    anyReceipt.draw(random),
  );
  const shared = kind === 2 ? MASK << BigInt(32 * random.below(5)) : 0n;
  const receipts = Array.from({ length }, () => {
    const receipt = random.pick(pool);
    return (receipt & ~shared) | (pool[0]! & shared);
  });
  return {
    operator: BigInt(random.below(OPERATORS)),
    stale: BigInt(random.below(length + 1)),
    receipts,
  };
}

/** Windows differ in length, so they do not fit {@link compareRows}. */
async function compareWindows(windows: readonly Window[], size: number) {
  const harness = await quickHarness("PerformanceHarness");
  return compareCalls(
    windows,
    (batch) =>
      callMany(
        harness,
        "measure",
        batch.map(({ operator, stale, receipts }) =>
          // The third argument begins behind the first three words.
          [operator, stale, 96n, BigInt(receipts.length), ...receipts].map(word).join(""),
        ),
      ),
    ({ operator, stale, receipts }) => {
      const entries = receipts.map((receipt) => entryOf(receipt));
      const m = performanceMath.measure(entries, addressOf(operator), Number(stale));
      return [m.speed, m.forward, m.backward, m.response, m.count, m.fresh, m.late].map(word).join("");
    },
    ({ operator, stale, receipts }) => `measure(${operator}, ${stale}, ${receipts.length} receipts)`,
    size,
  );
}

describe("mirror of PerformanceMath", () => {
  itMirrors("rates", [anyReceipt], ([receipt]) => {
    const r = performanceMath.rates(entryOf(receipt!).receipt);
    return [r.speed, r.forward, r.backward, r.wait];
  });

  itMirrors(
    "normalize",
    [uint(96), uint(96), uint(96)],
    ([x, low, high]) => performanceMath.normalize(x!, low!, high!),
    ([x, low, high]) => low! <= x! && x! <= high!,
  );

  itMirrors("roll", [range(0n, WAD), range(0n, WAD)], ([mean, x]) => performanceMath.roll(mean!, x!));

  itMirrors("link", [uint(256), uint(256), uint(256), anyReceipt], ([head, id, model, receipt]) =>
    BigInt(performanceMath.link(`0x${word(head!)}`, entryOf(receipt!, id!, model!))),
  );

  it("measure, windows of 1 to 16", async () => {
    const random = new Random("windows");
    const windows = Array.from({ length: VECTORS }, () => windowOf(random, 1 + random.below(16)));
    expect(await compareWindows(windows, BATCH)).to.deep.equal({ compared: VECTORS, mismatches: [] });
  });

  it("measure, whole windows", async () => {
    const random = new Random("whole windows");
    let compared = 0;
    for (let start = 0; start < VECTORS; start += BATCH) {
      const windows = Array.from({ length: BATCH }, () => windowOf(random, performanceMath.WINDOW));
      const result = await compareWindows(windows, LONG_WINDOWS);
      expect(result.mismatches).to.deep.equal([]);
      compared += result.compared;
    }
    expect(compared).to.equal(VECTORS);
  });

  const measured = range(0n, WAD, WAD / 2n);
  const ratio = range(0n, 10_000n, 2_500n);
  itMirrors(
    "reputation",
    [
      range(WAD / 10n, 10n * WAD, WAD),
      ...[measured, measured, measured, measured],
      // All receipts, new ones, late ones.
      ...[range(1n, 100n), range(1n, 100n), range(0n, 100n)],
      ...[ratio, ratio, range(1n, 10n), range(10_000n, 20_000n, 10_100n), range(1_000n, 10_000n, 8_000n)],
      ...[ratio, ratio, ratio, ratio],
    ],
    ([before, speed, forward, backward, response, count, fresh, late, ...r]) => {
      const [alpha, beta, scale, success, lateness, speedWeight, forwardWeight, backwardWeight, rest] =
        r.map(Number);
      return performanceMath.reputation(
        before!,
        {
          speed: speed!,
          forward: forward!,
          backward: backward!,
          response: response!,
          count: count!,
          fresh: fresh!,
          late: late!,
        },
        {
          alpha: alpha!,
          beta: beta!,
          scale: scale!,
          success: success!,
          late: lateness!,
          speedWeight: speedWeight!,
          forwardWeight: forwardWeight!,
          backwardWeight: backwardWeight!,
          responseWeight: rest!,
        },
      );
    },
    (row) => row[7]! <= row[6]!,
  );
});
