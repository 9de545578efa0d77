import { fixedPoint } from "@assay/keeper";
import { expect } from "chai";

import { ethers, networkHelpers } from "../fixtures/world.ts";
import { call, harnessFixture, itMirrors, word } from "./compare.ts";
import { drawn, either, MAX_UINT256, range, uint, WAD, type Row } from "./vectors.ts";

const MAX_INT256 = 2n ** 255n - 1n;
const EXP_ZERO = -41446531673892822313n;
const EXP_END = 135305999368893231589n;

const fitsProduct = ([x, y]: Row) => x! * y! <= MAX_UINT256;
const positive = range(1n, MAX_UINT256, WAD);
/** Squares and their neighbours: where a floor can be off by one. */
const nearSquares = drawn((random) => {
  const n = random.bits(1 + random.below(128));
  return fixedPoint.max(0n, n * n + BigInt(random.below(3)) - 1n);
});

describe("mirror of FixedPointMathLib", () => {
  itMirrors({
    name: "mulWad",
    domains: [uint(256), uint(256)],
    allowed: fitsProduct,
    mirror: fixedPoint.mulWad,
  });
  itMirrors({
    name: "mulWadUp",
    domains: [uint(256), uint(256)],
    allowed: fitsProduct,
    mirror: fixedPoint.mulWadUp,
  });
  itMirrors({ name: "divUp", domains: [uint(256), positive], mirror: fixedPoint.divUp });
  itMirrors({ name: "zeroFloorSub", domains: [uint(256), uint(256)], mirror: fixedPoint.zeroFloorSub });
  itMirrors({ name: "clamp", domains: [uint(256), uint(256), uint(256)], mirror: fixedPoint.clamp });
  itMirrors({
    name: "fullMulDiv",
    domains: [uint(256), uint(256), positive],
    allowed: ([x, y, d]) => (x! * y!) / d! <= MAX_UINT256,
    mirror: fixedPoint.fullMulDiv,
  });
  itMirrors({
    name: "fullMulDivUp",
    domains: [uint(256), uint(256), positive],
    allowed: ([x, y, d]) => (x! * y! + d! - 1n) / d! <= MAX_UINT256,
    mirror: fixedPoint.fullMulDivUp,
  });
  itMirrors({ name: "sqrt", domains: [either(uint(256), nearSquares)], mirror: fixedPoint.sqrt });
  itMirrors({
    name: "expWad",
    domains: [either(range(EXP_ZERO, EXP_END - 1n), range(-MAX_INT256 - 1n, EXP_END - 1n, EXP_ZERO))],
    mirror: fixedPoint.expWad,
  });
  itMirrors({
    name: "lnWad",
    domains: [either(range(1n, MAX_INT256, WAD), range(WAD / 1_000n, 1_000n * WAD, WAD))],
    mirror: fixedPoint.lnWad,
  });
  itMirrors({
    name: "powWad",
    domains: [range(WAD / 1_000n, 1_000n * WAD, WAD), range(-10n * WAD, 10n * WAD, WAD)],
    mirror: fixedPoint.powWad,
  });

  describe("throws where the EVM reverts", () => {
    const failures: readonly [name: keyof typeof fixedPoint, why: string, error: string, args: bigint[]][] = [
      ["mulWad", "a product above 2^256", "MulWadFailed()", [MAX_UINT256, 2n]],
      ["mulWadUp", "a product of 2^256", "MulWadFailed()", [2n ** 128n, 2n ** 128n]],
      ["divUp", "a divisor of zero", "DivFailed()", [1n, 0n]],
      ["fullMulDiv", "a divisor of zero", "FullMulDivFailed()", [1n, 1n, 0n]],
      ["fullMulDiv", "a quotient above 2^256", "FullMulDivFailed()", [MAX_UINT256, 2n, 1n]],
      [
        "fullMulDivUp",
        "a quotient of 2^256 once rounded",
        "FullMulDivFailed()",
        [2n ** 255n + 2n, 2n ** 256n - 2n, 2n ** 255n + 1n],
      ],
      ["expWad", "a power above int256", "ExpOverflow()", [EXP_END]],
      ["lnWad", "zero", "LnWadUndefined()", [0n]],
      ["lnWad", "a negative number", "LnWadUndefined()", [-1n]],
      ["powWad", "a power above int256", "ExpOverflow()", [10n * WAD, 59n * WAD]],
      ["powWad", "an exponent above int256", "Panic(uint256)", [10n * WAD, MAX_INT256]],
    ];
    for (const [name, why, error, args] of failures) {
      it(`${name}, ${why}`, async () => {
        const harness = await networkHelpers.loadFixture(harnessFixture);
        const { selector } = harness.interface.getFunction(name)!;
        const data = selector + args.map(word).join("");
        const refusal = await call(await harness.getAddress(), data).then(
          () => expect.fail("the EVM answered"),
          (thrown: { data?: unknown }) => String(thrown.data),
        );
        expect(refusal.slice(0, 10)).to.equal(ethers.id(error).slice(0, 10));
        const mirror = fixedPoint[name] as (...args: bigint[]) => bigint;
        expect(() => mirror(...args)).to.throw(RangeError);
      });
    }
  });
});
