import { captureMath, sortition } from "@assay/keeper";
import { expect } from "chai";

import { DEFAULT_DOMAIN, WAD } from "../deploy/parameters.ts";
import { ask, openRequest, playRound } from "./fixtures/round.ts";
import { openSealed, seatedWorld, unanimous } from "./fixtures/seated.ts";
import { createDomain, networkHelpers, nextEpoch, world, type World } from "./fixtures/world.ts";

const SHARE = WAD / 5n;

/** What the mirror says of a committee while θ is `threshold`; the four families of the domain weigh the same. */
function expected(
  seats: bigint,
  quorum: bigint,
  { isAppeal = false, threshold = 32_768n, share = SHARE, of = [1n, 1n, 1n, 1n], unit = 6_000n } = {},
): bigint {
  const { boostCap, decisiveMargin } = DEFAULT_DOMAIN.committee;
  const weights = of.map((part) => part * unit * 10n ** 9n);
  const families = {
    weights,
    weight: weights.reduce((a, b) => a + b, 0n),
    roots: weights.reduce((sum, weight) => sum + sortition.root(weight), 0n),
    boostCap: BigInt(boostCap),
  };
  return captureMath.capture({
    seats,
    quorum,
    ...captureMath.shares(families, share),
    threshold,
    margin: BigInt(decisiveMargin),
    isAppeal,
  });
}

const FIRST = [7n, 4n] as const;
const SECOND = [15n, 8n] as const;
/** ⌊8 · 31 / 15⌋, as the rounds of appeals count. */
const THIRD = [31n, 16n] as const;
const APPEAL = { isAppeal: true };

const balance = async (w: World): Promise<bigint> => w.fees.credits(w.requester.address);

describe("SecurityQuote", () => {
  // quote
  // ├── when the domain is unknown → UnknownDomain
  // ├── when there are no claims, or more than allowed → ClaimsOutOfBounds
  // ├── when the ring holds more than everything → ShareOutOfBounds
  // └── otherwise seats, fee and capture of now, with and without appeals
  describe("quote", () => {
    it("gives seats, fee and capture of now [ACC-9]", async () => {
      const w = await networkHelpers.loadFixture(world);
      const quote = await w.security.quote(w.domain, 64, expected(...SECOND, APPEAL), SHARE);
      expect(quote.toObject()).to.deep.equal({
        seats: 7n,
        fee: DEFAULT_DOMAIN.fees.minFee * 64n * 7n,
        capture: expected(...FIRST),
        captureAppealed: expected(...THIRD, APPEAL),
        secureSeats: 15n,
      });
      const before = await balance(w);
      await openRequest(w, 64);
      expect(before - (await balance(w)), "what a request then costs").to.equal(quote.fee);
    });

    it("says when no round is secure enough", async () => {
      const w = await networkHelpers.loadFixture(world);
      const secureSeats = async (most: bigint) =>
        (await w.security.quote(w.domain, 1, most, SHARE)).secureSeats;
      expect(await secureSeats(expected(...THIRD, APPEAL) - 1n)).to.equal(0n);
      expect(await secureSeats(expected(...FIRST))).to.equal(7n);
    });

    it("follows the threshold of the domain", async () => {
      const w = await networkHelpers.loadFixture(seatedWorld);
      await playRound(w, await openSealed(w, 256), unanimous(w, 8, new Uint8Array(256).fill(20)));
      const [, threshold] = await w.assay.meansOf(w.domain);
      expect(threshold < WAD / 2n, "moved").to.equal(true);
      const given = await w.security.captureOf(w.domain, 8, SHARE);
      const now = { threshold: (threshold * 65_536n) / WAD, unit: 4_000n };
      expect(given).to.equal(expected(8n, 4n, now));
      // An appeal needs 60 % all the same.
      const { captureAppealed } = await w.security.quote(w.domain, 1, 0, SHARE);
      expect(captureAppealed).to.equal(expected(17n, 8n, { ...APPEAL, ...now }));
      expect(captureAppealed < expected(17n, 8n, now), "by the bounds of a first round").to.equal(true);
    });

    it("counts the ring in the families where its stake has most seats, those of this epoch", async () => {
      const w = await networkHelpers.loadFixture(world);
      // Families 1 to 3 shrink to a third: 6,000 and three times 2,000 WORK.
      for (const [i, owner] of w.owners.entries()) {
        if (i % 4 !== 0 && i >= 4) await w.vault.connect(owner).rest(w.domain, true);
      }
      expect((await w.security.quote(w.domain, 1, 0, SHARE)).capture, "until then").to.equal(
        expected(...FIRST),
      );
      await nextEpoch(w);
      const uneven = { of: [3n, 1n, 1n, 1n] };
      for (const share of [0n, SHARE / 4n, SHARE, WAD / 2n, (4n * WAD) / 5n, WAD]) {
        const given = await w.security.captureOf(w.domain, 7, share);
        expect(given, `share ${share}`).to.equal(expected(...FIRST, { ...uneven, share, unit: 2_000n }));
      }
      expect(expected(...FIRST, uneven) > expected(...FIRST), "likelier than among equals").to.equal(true);
    });

    it("counts no family that is too light", async () => {
      const w = await networkHelpers.loadFixture(world);
      for (const i of [3, 7, 11]) {
        const vault = w.vault.connect(w.owners[i]!);
        await vault.requestUnstake(w.domain, w.owners[i]!.address, 1_700n * WAD * 1_000n);
      }
      await nextEpoch(w);
      expect((await w.vault.domainSums(w.domain)).families, "families").to.equal(3n);
      expect(await w.security.captureOf(w.domain, 7, SHARE)).to.equal(
        expected(...FIRST, { of: [1n, 1n, 1n] }),
      );
    });

    it("refuses a domain in which nobody weighs anything, as a request would be", async () => {
      const w = await networkHelpers.loadFixture(world);
      const empty = await createDomain(w);
      await expect(w.security.quote(empty, 1, 0, SHARE))
        .to.be.revertedWithCustomError(w.assay, "EmptyDomain")
        .withArgs(empty);
    });

    it("reverts for what is out of bounds", async () => {
      const w = await networkHelpers.loadFixture(world);
      await expect(w.security.quote(w.domain + 1, 1, 0, SHARE))
        .to.be.revertedWithCustomError(w.registry, "UnknownDomain")
        .withArgs(w.domain + 1);
      for (const claims of [0, 257]) {
        await expect(w.security.quote(w.domain, claims, 0, SHARE))
          .to.be.revertedWithCustomError(w.security, "ClaimsOutOfBounds")
          .withArgs(claims, 1, 256);
      }
      await expect(w.security.quote(w.domain, 1, 0, WAD + 1n))
        .to.be.revertedWithCustomError(w.security, "ShareOutOfBounds")
        .withArgs(WAD + 1n, WAD);
      for (const seats of [0, 32]) {
        await expect(w.security.captureOf(w.domain, seats, SHARE))
          .to.be.revertedWithCustomError(w.security, "SeatsOutOfBounds")
          .withArgs(seats, 1, 31);
      }
    });
  });

  // requestSecured
  // ├── when a ring of that size would capture it more often → InsufficientSecurity
  // └── otherwise it is a request
  describe("requestSecured", () => {
    it("refuses a request that is not as secure as demanded, by one part in 1e18 [ACC-10]", async () => {
      const w = await networkHelpers.loadFixture(world);
      const assay = w.assay.connect(w.requester);
      const available = expected(...FIRST);
      await expect(assay.requestSecured(ask(w.domain, 1), available - 1n, SHARE))
        .to.be.revertedWithCustomError(w.security, "InsufficientSecurity")
        .withArgs(available - 1n, available);
      await expect(assay.requestSecured(ask(w.domain, 1), available, SHARE)).to.emit(w.assay, "Requested");
    });
  });
});
