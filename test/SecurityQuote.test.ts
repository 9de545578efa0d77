import { captureMath } from "@assay/keeper";
import { expect } from "chai";

import { DEFAULT_DOMAIN, WAD } from "../deploy/parameters.ts";
import { ask, openRequest, playRound } from "./fixtures/round.ts";
import { openSealed, seatedWorld, unanimous } from "./fixtures/seated.ts";
import { networkHelpers, world, type World } from "./fixtures/world.ts";

const SHARE = WAD / 5n;

/** What the mirror says of a committee of the default domain while θ is `threshold`. */
function expected(seats: bigint, threshold = 32_768n): bigint {
  const { committee } = DEFAULT_DOMAIN;
  return captureMath.capture(
    {
      seats,
      quorum: (BigInt(committee.minSeats) * seats) / BigInt(committee.seats),
      boostCap: BigInt(committee.boostCap),
      threshold,
      margin: BigInt(committee.decisiveMargin),
    },
    SHARE,
  );
}

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
      const quote = await w.security.quote(w.domain, 64, expected(15n), SHARE);
      expect(quote.toObject()).to.deep.equal({
        seats: 7n,
        fee: DEFAULT_DOMAIN.fees.minFee * 64n * 7n,
        capture: expected(7n),
        captureAppealed: expected(31n),
        secureSeats: 15n,
      });
      const before = await balance(w);
      await openRequest(w, 64);
      expect(before - (await balance(w)), "what a request then costs").to.equal(quote.fee);
    });

    it("says when no round is secure enough", async () => {
      const w = await networkHelpers.loadFixture(world);
      expect((await w.security.quote(w.domain, 1, expected(31n) - 1n, SHARE)).secureSeats).to.equal(0n);
      expect((await w.security.quote(w.domain, 1, expected(7n), SHARE)).secureSeats).to.equal(7n);
    });

    it("follows the threshold of the domain", async () => {
      const w = await networkHelpers.loadFixture(seatedWorld);
      await playRound(w, await openSealed(w, 256), unanimous(w, 8, new Uint8Array(256).fill(20)));
      const [, threshold] = await w.assay.meansOf(w.domain);
      expect(threshold < WAD / 2n, "moved").to.equal(true);
      const given = await w.security.captureOf(w.domain, 8, SHARE);
      const { committee } = DEFAULT_DOMAIN;
      const mirrored = captureMath.capture(
        {
          seats: 8n,
          quorum: BigInt(committee.minSeats),
          boostCap: BigInt(committee.boostCap),
          threshold: (threshold * 65_536n) / WAD,
          margin: BigInt(committee.decisiveMargin),
        },
        SHARE,
      );
      expect(given).to.equal(mirrored);
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
      const available = expected(7n);
      await expect(assay.requestSecured(ask(w.domain, 1), available - 1n, SHARE))
        .to.be.revertedWithCustomError(w.security, "InsufficientSecurity")
        .withArgs(available - 1n, available);
      await expect(assay.requestSecured(ask(w.domain, 1), available, SHARE)).to.emit(w.assay, "Requested");
    });
  });
});
