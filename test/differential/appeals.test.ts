/**
 * What the rounds of a request say together is arithmetic on Assay's storage, so the deployed Appeals is asked, with
 * rounds set by eth_call overrides.
 */
import { commitment, laneTally, rulings, skillScore, verdictMath } from "@assay/keeper";
import { expect } from "chai";

import { DEFAULT_DOMAIN } from "../../deploy/parameters.ts";
import { createDomain, deployProtocol, ethers, networkHelpers } from "../fixtures/world.ts";
import { callMany, compareCalls, harnessFixture, VECTORS, word, type Words } from "./compare.ts";
import { Random } from "./random.ts";
import { answersSlot, assaySlots, packDraw, packRound, type Slots } from "./slots.ts";

type Hex = `0x${string}`;

const REQUESTS_A_CALL = 250;
const MARGINS = [0, 1_000, 4_500] as const;
const ZERO: Hex = `0x${"0".repeat(64)}`;

async function fixture() {
  const p = await deployProtocol();
  for (const decisiveMargin of MARGINS)
    await createDomain(p, {
      ...DEFAULT_DOMAIN,
      committee: { ...DEFAULT_DOMAIN.committee, decisiveMargin },
    });
  const { chainId } = await ethers.provider.getNetwork();
  const deployment = { chainId, assay: p.addresses.Assay as Hex };
  return { ...p, deployment, harness: await harnessFixture() };
}

/** A round that reached its end; without quorum it has no verdicts. */
interface Round {
  readonly isVoid: boolean;
  /** Σv */
  readonly weight: bigint;
  /** lane words */
  readonly lanes: readonly bigint[];
}

interface Vector {
  readonly terms: commitment.Terms;
  readonly id: Hex;
  readonly threshold: bigint;
  readonly margin: bigint;
  readonly rounds: readonly Round[];
  /** of a canary */
  readonly answers: rulings.Words | undefined;
  /** the one that is asked for */
  readonly index: number;
}

function vector(random: Random, deployment: commitment.Deployment, nonce: bigint): Vector {
  const which = random.below(MARGINS.length);
  const margin = BigInt(MARGINS[which]!);
  const claims = random.chance(0.03)
    ? random.pick([15, 16, 17, 127, 128, 129, 255, 256])
    : 1 + random.below(6);
  const terms = {
    requester: ethers.ZeroAddress as Hex,
    nonce,
    domain: which + 1,
    version: 1,
    epoch: 0,
    claims,
    baseRate: 128,
    price: 1n,
    payloadHash: ZERO,
    sealedNote: ZERO,
  };
  const threshold = random.chance(0.5) ? verdictMath.ONE / 2n : random.between(13_107n, 52_428n);
  const rounds = Array.from({ length: 1 + random.below(3) }, (_, r) =>
    round(random, claims, threshold, margin, r),
  );
  const id = commitment.requestId(deployment, terms);
  const answers = random.chance(0.5) ? answersTo(random, claims) : undefined;
  return { terms, id, threshold, margin, rounds, answers, index: random.below(rounds.length) };
}

/** TRUE or FALSE for each of the claims. */
function answersTo(random: Random, claims: number): rulings.Words {
  const words: [bigint, bigint] = [0n, 0n];
  for (let claim = 0; claim < claims; claim++)
    words[claim < 128 ? 0 : 1] |= BigInt(1 + random.below(2)) << BigInt(2 * (claim % 128));
  return words;
}

/** Lanes anywhere, and on and beside what decides. */
function round(random: Random, claims: number, threshold: bigint, margin: bigint, index: number): Round {
  const weight = random.between(1n, 255n);
  const { high, low } = boundsOf(threshold, margin, weight, index);
  const full = 255n * weight;
  const lanes = laneTally.empty();
  for (let claim = 0; claim < claims; claim++) {
    const near = random.pick([high, high - 1n, low, low + 1n, 0n, full, random.between(0n, full)]);
    const lane = near < 0n ? 0n : near > full ? full : near;
    lanes[claim >> 4]! |= lane << BigInt(16 * (15 - (claim & 15)));
  }
  // A first round without quorum cannot be appealed, but a later one can be void.
  return { isVoid: index > 0 && random.chance(0.15), weight, lanes };
}

function boundsOf(threshold: bigint, margin: bigint, weight: bigint, index: number): verdictMath.Bounds {
  const limits = verdictMath.bounds(threshold, margin, weight);
  return index === 0 ? limits : rulings.appealBounds(limits, weight);
}

/** Storage of Assay in which all these requests ran. */
function stored(all: readonly Vector[]): Slots {
  const slots: Slots = {};
  for (const { terms, id, threshold, rounds, answers } of all)
    for (const [r, { isVoid, weight, lanes }] of rounds.entries()) {
      const roundId = BigInt(commitment.roundIdOf(id, r));
      slots[assaySlots.draw(roundId)] = packDraw(threshold, BigInt(terms.claims));
      slots[assaySlots.round(roundId)] = packRound(isVoid, weight, r === 0 && answers !== undefined);
      for (let w = 0; w << 4 < terms.claims; w++)
        slots[assaySlots.lanes(roundId, w)] = `0x${word(lanes[w]!)}`;
    }
  return slots;
}

/** Storage of Canaries that knows their answers. */
function known(all: readonly Vector[]): Slots {
  const slots: Slots = {};
  for (const { id, answers } of all)
    for (const [i, words] of answers?.entries() ?? []) slots[answersSlot(BigInt(id), i)] = `0x${word(words)}`;
  return slots;
}

const termsWords = (t: commitment.Terms): Words =>
  [
    ...[BigInt(t.requester), t.nonce, BigInt(t.domain), BigInt(t.version), BigInt(t.epoch)],
    ...[BigInt(t.claims), BigInt(t.baseRate), t.price, BigInt(t.payloadHash), BigInt(t.sealedNote)],
  ]
    .map(word)
    .join("");

/** The sides of a round as SkillScore packs them: a field a claim, claims 0 and 1 of sixteen highest in their halves. */
function halvesOf(sides: readonly skillScore.Side[]): bigint[] {
  const blank = Array.from({ length: 8 }, (_, i) => 1n << BigInt(17 + 32 * i)).reduce((a, b) => a | b);
  const count = 2 * (sides.length >> 4) + Math.min(2, sides.length & 15);
  const halves = new Array<bigint>(count).fill(blank);
  sides.forEach(({ verdict, error, isForeign }, claim) => {
    if (verdict === verdictMath.UNDECIDED) return;
    const shift = BigInt(224 - 32 * ((claim & 15) >> 1));
    const at = 2 * (claim >> 4) + (claim & 1);
    const field = error | (verdict === verdictMath.TRUE ? 1n << 24n : 0n) | (isForeign ? 1n << 25n : 0n);
    halves[at] = (halves[at]! & ~(0xffff_ffffn << shift)) | (field << shift);
  });
  return halves;
}

/** What Appeals.rulingOf answers. */
function mirrored(
  { terms, id, threshold, margin, rounds, answers, index }: Vector,
  met: Record<string, number>,
): Words {
  const claims = BigInt(terms.claims);
  const own = rounds.map(({ isVoid, weight, lanes }, r): rulings.Words => {
    if (isVoid) return rulings.NO_VERDICTS;
    return verdictMath.read(lanes, claims, weight, threshold, boundsOf(threshold, margin, weight, r)).words;
  });
  const ruling = rulings.rulingOf(own, index, answers);
  const { verdicts, foreign, overturned, winner } = ruling;
  const { weight, lanes } = rounds[index]!;
  const frame = { claims, baseRate: 128n, weight, threshold, bounds: { high: 0n, low: 0n } };
  const sides = skillScore.sidesBy(frame, lanes, verdicts, foreign);
  const halves = halvesOf(sides);
  met.void! += rounds.filter(({ isVoid }) => isVoid).length;
  met.undecided! += sides.filter(({ verdict }) => verdict === verdictMath.UNDECIDED).length;
  met.foreign! += sides.filter(({ isForeign }) => isForeign).length;
  if (winner !== undefined) met[`won by ${winner}`]!++;
  const won = winner === undefined ? 0n : BigInt(commitment.roundIdOf(id, winner));
  const judged =
    answers === undefined ? [] : skillScore.sidesBy(frame, lanes, ruling.reference, ruling.apart);
  const inspected = answers === undefined ? [] : halvesOf(judged);
  met.answered! += judged.filter(({ verdict }) => verdict !== verdictMath.UNDECIDED).length;
  met["on its own votes"]! += judged.filter(({ isForeign }) => !isForeign).length;
  if (answers?.some((words, i) => words !== ruling.reference[i])) met.amended!++;
  // Two pointers; the halves behind their number; the ruling, whose last field is the sides of a canary.
  const count = BigInt(halves.length);
  const head = [64n, 32n * (3n + count), count, ...halves, ...verdicts, ...overturned, won, 192n];
  return [...head, BigInt(inspected.length), ...inspected].map(word).join("");
}

describe("mirror of Appeals' rulings", () => {
  it("chain and rulingOf, round by round, of canaries and others [CAN-9]", async function () {
    // Real contracts read by a chain that keeps every step: minutes on a busy machine.
    this.timeout(900_000);
    const { harness, deployment, addresses } = await networkHelpers.loadFixture(fixture);
    const random = new Random("rulings of rounds");
    const met = {
      void: 0,
      undecided: 0,
      foreign: 0,
      answered: 0,
      "on its own votes": 0,
      amended: 0,
      "won by 1": 0,
      "won by 2": 0,
    };
    const head = word(BigInt(addresses.Appeals));
    let compared = 0;
    while (compared < VECTORS) {
      const all = Array.from({ length: REQUESTS_A_CALL }, (_, i) =>
        vector(random, deployment, BigInt(compared + i)),
      );
      const overrides = {
        [addresses.Assay]: { stateDiff: stored(all) },
        [addresses.Canaries]: { stateDiff: known(all) },
      };
      const result = await compareCalls(
        all,
        (batch) =>
          callMany(
            harness,
            "rulingOf",
            batch.map(({ terms, index }) => head + termsWords(terms) + word(BigInt(index))),
            overrides,
          ),
        (one) => mirrored(one, met),
        ({ terms, index }) => `round ${index} of request ${terms.nonce}`,
      );
      expect(result.mismatches).to.deep.equal([]);
      compared += result.compared;
    }
    expect(compared).to.equal(VECTORS);
    for (const [name, times] of Object.entries(met)) expect(times, `met ${name}`).to.be.greaterThan(500);
  });
});
