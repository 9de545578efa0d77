/**
 * Solady's FixedPointMathLib, bit for bit. `WAD` = 1e18 = 1.0.
 *
 * Every number is a bigint. BigInt `/` truncates towards zero as SDIV does and `>>` keeps the sign as SAR does, so
 * the signed polynomials below read as the Solidity ones. What would not fit its Solidity type throws a RangeError
 * where the contract reverts.
 */
export const WAD = 10n ** 18n;
/** wei a gwei has: bonds and weights are gwei. Mirrors `Units.GWEI`. */
export const GWEI = 10n ** 9n;

const UINT256_END = 1n << 256n;
const INT256_END = 1n << 255n;

function uint256(value: bigint): bigint {
  if (value < 0n || value >= UINT256_END) throw new RangeError(`not a uint256: ${value}`);
  return value;
}

function int256(value: bigint): bigint {
  if (value < -INT256_END || value >= INT256_END) throw new RangeError(`not an int256: ${value}`);
  return value;
}

/** Mirrors `min`. */
export function min(x: bigint, y: bigint): bigint {
  return x < y ? x : y;
}

/** Mirrors `max`. */
export function max(x: bigint, y: bigint): bigint {
  return x > y ? x : y;
}

/** `x` moved into [low, high]. Mirrors `clamp`. */
export function clamp(x: bigint, low: bigint, high: bigint): bigint {
  return min(max(x, low), high);
}

/** `max(0, x − y)`. Mirrors `zeroFloorSub`. */
export function zeroFloorSub(x: bigint, y: bigint): bigint {
  return x > y ? x - y : 0n;
}

/** `x · y / 1e18`, rounded down. Mirrors `mulWad`. */
export function mulWad(x: bigint, y: bigint): bigint {
  return uint256(x * y) / WAD;
}

/** `x · y / 1e18`, rounded up. Mirrors `mulWadUp`. */
export function mulWadUp(x: bigint, y: bigint): bigint {
  return divUp(uint256(x * y), WAD);
}

/** `x / d`, rounded up. Mirrors `divUp`. */
export function divUp(x: bigint, d: bigint): bigint {
  return x / d + (x % d === 0n ? 0n : 1n);
}

/** `x · y / d` with a 512-bit product, rounded down. Mirrors `fullMulDiv`. */
export function fullMulDiv(x: bigint, y: bigint, d: bigint): bigint {
  return uint256((x * y) / d);
}

/** `x · y / d` with a 512-bit product, rounded up. Mirrors `fullMulDivUp`. */
export function fullMulDivUp(x: bigint, y: bigint, d: bigint): bigint {
  return uint256(divUp(x * y, d));
}

/** √x of a uint256, rounded down. Mirrors `sqrt`. */
export function sqrt(x: bigint): bigint {
  if (uint256(x) === 0n) return 0n;
  // Newton from above: 2^⌈bits/2⌉ ≥ √x, and the sequence falls until it reaches the floor.
  let root = 1n << BigInt((bitLength(x) + 1) >> 1);
  for (;;) {
    const next = (root + x / root) >> 1n;
    if (next >= root) return root;
    root = next;
  }
}

/** `e^x`, WAD in and out, Solady's (6, 7)-term rational approximation. Mirrors `expWad`. */
export function expWad(x: bigint): bigint {
  if (int256(x) <= -41446531673892822313n) return 0n;
  if (x >= 135305999368893231589n) throw new RangeError(`e^x overflows: ${x}`);

  // From WAD to a base of 2^96, then to (−½ ln 2, ½ ln 2) by factoring out 2^k.
  let t = (x << 78n) / 5n ** 18n;
  const k = ((t << 96n) / 54916777467707473351141471128n + (1n << 95n)) >> 96n;
  t -= k * 54916777467707473351141471128n;

  let y = t + 1346386616545796478920950773328n;
  y = ((y * t) >> 96n) + 57155421227552351082224309758442n;
  let p = y + t - 94201549194550492254356042504812n;
  p = ((p * y) >> 96n) + 28719021644029726153956944680412240n;
  p = p * t + (4385272521454847904659076985693276n << 96n);

  let q = t - 2855989394907223263936484059900n;
  q = ((q * t) >> 96n) + 50020603652535783019961831881945n;
  q = ((q * t) >> 96n) - 533845033583426703283633433725380n;
  q = ((q * t) >> 96n) + 3604857256930695427073651918091429n;
  q = ((q * t) >> 96n) - 14423608567350463180887372962807573n;
  q = ((q * t) >> 96n) + 26449188498355588339934803723976023n;

  return ((p / q) * 3822833074963236453042738258902158003155416615667n) >> (195n - k);
}

/** `ln x`, WAD in and out, Solady's (8, 8)-term rational approximation; x > 0. Mirrors `lnWad`. */
export function lnWad(x: bigint): bigint {
  if (int256(x) <= 0n) throw new RangeError(`ln is undefined at ${x}`);
  // x = t · 2^k with t in [1, 2) · 2^96; the base conversion of x itself is the constant added at the end.
  const k = BigInt(bitLength(x)) - 97n;
  const t = k >= 0n ? x >> k : x << -k;

  let p = t + 3273285459638523848632254066296n;
  p = ((p * t) >> 96n) + 24828157081833163892658089445524n;
  p = ((p * t) >> 96n) + 43456485725739037958740375743393n;
  p = ((p * t) >> 96n) - 11111509109440967052023855526967n;
  p = ((p * t) >> 96n) - 45023709667254063763336534515857n;
  p = ((p * t) >> 96n) - 14706773417378608786704636184526n;
  p = p * t - (795164235651350426258249787498n << 96n);

  let q = t + 5573035233440673466300451813936n;
  q = ((q * t) >> 96n) + 71694874799317883764090561454958n;
  q = ((q * t) >> 96n) + 283447036172924575727196451306956n;
  q = ((q * t) >> 96n) + 401686690394027663651624208769553n;
  q = ((q * t) >> 96n) + 204048457590392012362485061816622n;
  q = ((q * t) >> 96n) + 31853899698501571402653359427138n;
  q = ((q * t) >> 96n) + 909429971244387300277376558375n;

  const scaled = (p / q) * 1677202110996718588342820967067443963516166n;
  const powers = k * 16597577552685614221487285958193947469193820559219878177908093499208371n;
  const base = 600920179829731861736702779321621459595472258049074101567377883020018308n;
  return (scaled + powers + base) >> 174n;
}

/** `x^y = e^(y · ln x)`, WAD in and out, x > 0. Mirrors `powWad`. */
export function powWad(x: bigint, y: bigint): bigint {
  return expWad(int256(lnWad(x) * y) / WAD);
}

function bitLength(x: bigint): number {
  return x.toString(2).length;
}
