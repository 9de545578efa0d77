/** A seeded stream of numbers (sfc32), so that every run compares the same vectors. */
export class Random {
  readonly #state: Uint32Array;

  /** @param name every name is its own stream */
  constructor(name: string) {
    let hash = 0x811c9dc5;
    for (const char of name) hash = Math.imul(hash ^ char.codePointAt(0)!, 0x01000193);
    this.#state = Uint32Array.of(hash, 0x9e3779b9, 0x243f6a88, 1);
    for (let i = 0; i < 16; i++) this.word();
  }

  /** 32 bits. */
  word(): number {
    const s = this.#state;
    const out = (s[0]! + s[1]! + s[3]!) >>> 0;
    s[3] = s[3]! + 1;
    s[0] = s[1]! ^ (s[1]! >>> 9);
    s[1] = s[2]! + (s[2]! << 3);
    s[2] = ((s[2]! << 21) | (s[2]! >>> 11)) + out;
    return out;
  }

  /** A whole number in [0, end). */
  below(end: number): number {
    return Math.floor((this.word() / 2 ** 32) * end);
  }

  /** True with probability `share`. */
  chance(share: number): boolean {
    return this.word() < share * 2 ** 32;
  }

  /** One of `list`. */
  pick<T>(list: readonly T[]): T {
    return list[this.below(list.length)]!;
  }

  /** A number of exactly `bits` random bits, so in [0, 2^bits). */
  bits(bits: number): bigint {
    let hex = "0x0";
    for (let filled = 0; filled < bits; filled += 32) hex += this.word().toString(16).padStart(8, "0");
    return BigInt.asUintN(bits, BigInt(hex));
  }

  /** A number in [min, max], all alike. */
  between(min: bigint, max: bigint): bigint {
    const span = max - min + 1n;
    return min + (this.bits(span.toString(2).length + 32) % span);
  }
}
