/**
 * Domain parameters as people write them, and the packed units the DomainRegistry takes.
 * Defaults are the ones of SPEC.md; a second preset carries the published numbers to the letter.
 */

export const WAD = 10n ** 18n;
export const GWEI = 10n ** 9n;

export interface DomainParameters {
  committee: {
    seats: number;
    minSeats: number;
    minFamilies: number;
    /** 0 proportional, 1 square root */
    rule: number;
    /** sixteenths */
    boostCap: number;
    /** 0 quality windows, 1 published */
    preset: number;
    maxClaims: number;
    /** seconds */
    expectedBase: number;
    /** milliseconds */
    expectedPerClaim: number;
    revealWindow: number;
    appealWindow: number;
    sealWindow: number;
    /** basis points */
    decisiveMargin: number;
    qualityWindow: number;
    maturity: number;
  };
  fees: {
    /** wei */
    minFee: bigint;
    /** gwei */
    seatBond: bigint;
    /** milli claim-seats per second */
    feeTarget: number;
    /** milli claim-seats */
    feeRate: number;
    /** basis points */
    penaltyRatio: number;
    absenceRatio: number;
  };
  rewards: {
    /** basis points */
    mintRatio: number;
    mintCap: number;
    /** WAD */
    gamma: bigint;
    delta: bigint;
    qualityBar: bigint;
    /** gwei */
    postBounty: number;
  };
  reputation: {
    /** all WAD */
    pull: bigint;
    success: bigint;
    wrong: bigint;
    late: bigint;
    absent: bigint;
    catchUp: bigint;
  };
}

const wad = (thousandths: number): bigint => (BigInt(thousandths) * WAD) / 1_000n;

/** The default preset. */
export const DEFAULT_DOMAIN: DomainParameters = {
  committee: {
    seats: 7,
    minSeats: 4,
    minFamilies: 2,
    rule: 1,
    boostCap: 32,
    preset: 0,
    maxClaims: 256,
    expectedBase: 20,
    expectedPerClaim: 200,
    revealWindow: 60,
    appealWindow: 600,
    sealWindow: 1_200,
    decisiveMargin: 1_000,
    qualityWindow: 32,
    maturity: 64,
  },
  fees: {
    minFee: WAD / 1_000n,
    seatBond: (64n * WAD) / 1_000n / GWEI,
    feeTarget: 10_000,
    feeRate: 100_000_000,
    penaltyRatio: 20_000,
    absenceRatio: 10_000,
  },
  rewards: {
    mintRatio: 9_000,
    mintCap: 15_000,
    gamma: wad(500),
    delta: wad(500),
    qualityBar: wad(250),
    postBounty: 100_000,
  },
  reputation: {
    pull: wad(55),
    success: wad(1_050),
    wrong: wad(940),
    late: wad(970),
    absent: wad(940),
    catchUp: 0n,
  },
};

/** The published numbers to the letter: one outcome a request, no pull, catch-up. */
export const PUBLISHED_DOMAIN: DomainParameters = {
  ...DEFAULT_DOMAIN,
  committee: { ...DEFAULT_DOMAIN.committee, preset: 1 },
  rewards: { ...DEFAULT_DOMAIN.rewards, gamma: wad(1_200), delta: wad(500) },
  reputation: {
    pull: 0n,
    success: wad(1_010),
    wrong: wad(1_000),
    late: wad(800),
    absent: wad(640),
    catchUp: wad(20),
  },
};

/** gwei of WORK an operator's own share must be worth to be drawn. */
export const DEFAULT_MIN_SELF_BOND = (100n * WAD) / GWEI;
/** gwei of WORK a family must weigh to count: ten self-bonds. */
export const DEFAULT_MIN_FAMILY_WEIGHT = 10n * DEFAULT_MIN_SELF_BOND;
