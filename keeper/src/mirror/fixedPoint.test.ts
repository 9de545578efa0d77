import { expect } from "chai";

import {
  divUp,
  expWad,
  fullMulDiv,
  fullMulDivUp,
  lnWad,
  mulWad,
  mulWadUp,
  powWad,
  sqrt,
  WAD,
} from "./fixedPoint.ts";

const MAX_UINT256 = 2n ** 256n - 1n;
const MAX_INT256 = 2n ** 255n - 1n;

describe("fixedPoint", () => {
  it("rounds products down or up as the name says", () => {
    expect(mulWad((3n * WAD) / 2n, 1n)).to.equal(1n);
    expect(mulWadUp((3n * WAD) / 2n, 1n)).to.equal(2n);
    expect(mulWadUp(2n * WAD, 3n)).to.equal(6n);
    expect(divUp(7n, 2n)).to.equal(4n);
    expect(divUp(8n, 2n)).to.equal(4n);
  });

  it("keeps the whole product of fullMulDiv", () => {
    expect(fullMulDiv(2n ** 255n, 6n, 8n)).to.equal(3n * 2n ** 253n);
    expect(fullMulDiv(MAX_UINT256, MAX_UINT256, MAX_UINT256)).to.equal(MAX_UINT256);
    expect(fullMulDiv(10n, 10n, 3n)).to.equal(33n);
    expect(fullMulDivUp(10n, 10n, 3n)).to.equal(34n);
  });

  it("takes the floor of a root", () => {
    for (const n of [1n, 2n, 3n, 65_536n, 10n ** 30n, 2n ** 128n - 1n]) {
      expect(sqrt(n * n), `√${n}²`).to.equal(n);
      expect(sqrt(n * n - 1n), `√(${n}² − 1)`).to.equal(n - 1n);
    }
    expect(sqrt(0n)).to.equal(0n);
    expect(sqrt(MAX_UINT256)).to.equal(2n ** 128n - 1n);
  });

  it("knows e to the last digit WAD holds", () => {
    expect(expWad(0n)).to.equal(WAD);
    expect(expWad(WAD)).to.equal(2_718281828459045235n);
    expect(expWad(2n * WAD)).to.equal(7_389056098930650227n);
    expect(expWad(-WAD)).to.equal(367879441171442321n);
    expect(expWad(-41446531673892822312n)).to.equal(1n);
    expect(expWad(-41446531673892822313n)).to.equal(0n);
  });

  it("knows logarithms to the last digit WAD holds", () => {
    expect(lnWad(WAD)).to.equal(0n);
    expect(lnWad(2_718281828459045235n)).to.equal(999999999999999999n);
    expect(lnWad(10n * WAD)).to.equal(2_302585092994045683n);
    expect(lnWad(1n)).to.equal(-41446531673892822313n);
    expect(lnWad(MAX_INT256)).to.equal(135305999368893231589n);
  });

  it("raises to powers, short by what ln and exp round off", () => {
    expect(powWad(WAD, 5n * WAD)).to.equal(WAD);
    expect(powWad(7n * WAD, 0n)).to.equal(WAD);
    const root = powWad(4n * WAD, WAD / 2n);
    expect(2n * WAD - root >= 0n && 2n * WAD - root < 10n, `4^½ = ${root}`).to.equal(true);
  });

  it("throws where the contract reverts", () => {
    const bad: readonly (() => bigint)[] = [
      () => mulWad(MAX_UINT256, 2n),
      () => mulWadUp(MAX_UINT256, 2n),
      () => divUp(1n, 0n),
      () => fullMulDiv(MAX_UINT256, 2n, 1n),
      () => fullMulDivUp(MAX_UINT256, MAX_UINT256, MAX_UINT256 - 1n),
      () => fullMulDiv(1n, 1n, 0n),
      () => sqrt(-1n),
      () => expWad(135305999368893231589n),
      () => lnWad(0n),
      () => lnWad(-1n),
      () => powWad(2n * WAD, MAX_INT256),
    ];
    for (const run of bad) expect(run, run.toString()).to.throw(RangeError);
  });
});
