import { anyValue } from "@nomicfoundation/hardhat-ethers-chai-matchers/withArgs";
import { expect } from "chai";

import { DEFAULT_DOMAIN, GWEI, WAD } from "../../deploy/parameters.ts";
import { ask, openRequest, termsOf } from "../fixtures/round.ts";
import { bondOf } from "../fixtures/scoring.ts";
import { eventsIn, PHASE } from "../fixtures/seated.ts";
import { createDomain, ethers, networkHelpers, nextEpoch, world } from "../fixtures/world.ts";

const MIN_FEE = DEFAULT_DOMAIN.fees.minFee;
const TERMS = "tuple(address,uint256,uint16,uint16,uint24,uint16,uint8,uint88,bytes32,bytes32)" as const;

describe("Assay", () => {
  // request
  // ├── when requests are paused → RequestsPaused (pause.test.ts)
  // ├── when the domain does not exist → UnknownDomain
  // ├── when there are no claims or more than the domain allows → ClaimsOutOfBounds
  // ├── when the URI is too long → UriTooLong
  // ├── when the payload is too long → PayloadTooLong; does not hash to its hash → PayloadMismatch
  // ├── when there is neither a URI nor a payload → PayloadMissing
  // ├── when nobody carries weight → EmptyDomain
  // ├── when the fee is above maxFee → FeeAboveMax; above the credits → InsufficientCredits
  // ├── when the same terms were opened before → RequestExists
  // └── otherwise
  //     ├── it takes price · claims · seats out of the credits
  //     ├── it hashes chain, contract and terms to the id
  //     ├── it pins version, epoch, weights, base rate, threshold, windows and the bond
  //     └── it waits for the seed
  describe("request", () => {
    it("reverts when the domain does not exist", async () => {
      const w = await networkHelpers.loadFixture(world);
      await expect(w.assay.connect(w.requester).request(ask(99, 1)))
        .to.be.revertedWithCustomError(w.registry, "UnknownDomain")
        .withArgs(99);
    });

    it("reverts when there are no claims [REQ-1]", async () => {
      const w = await networkHelpers.loadFixture(world);
      await expect(w.assay.connect(w.requester).request(ask(w.domain, 0)))
        .to.be.revertedWithCustomError(w.assay, "ClaimsOutOfBounds")
        .withArgs(0, 1, 256);
    });

    it("reverts when there are more claims than the domain allows [REQ-1]", async () => {
      const w = await networkHelpers.loadFixture(world);
      for (const claims of [257, 65_535]) {
        await expect(w.assay.connect(w.requester).request(ask(w.domain, claims)))
          .to.be.revertedWithCustomError(w.assay, "ClaimsOutOfBounds")
          .withArgs(claims, 1, 256);
      }
    });

    it("reverts when the URI is longer than 1,024 bytes [REQ-2]", async () => {
      const w = await networkHelpers.loadFixture(world);
      const assay = w.assay.connect(w.requester);
      await expect(assay.request(ask(w.domain, 1, { uri: "u".repeat(1_025) })))
        .to.be.revertedWithCustomError(w.assay, "UriTooLong")
        .withArgs(1_025, 1_024);
      await expect(assay.request(ask(w.domain, 1, { uri: "u".repeat(1_024) }))).to.emit(w.assay, "Requested");
    });

    it("reverts when the payload is longer than 65,536 bytes [REQ-2]", async () => {
      const w = await networkHelpers.loadFixture(world);
      const payload = `0x${"00".repeat(65_537)}`;
      const asked = ask(w.domain, 1, { payload, payloadHash: ethers.keccak256(payload) });
      await expect(w.assay.connect(w.requester).request(asked))
        .to.be.revertedWithCustomError(w.assay, "PayloadTooLong")
        .withArgs(65_537, 65_536);
    });

    it("reverts when the payload does not hash to the payload hash [REQ-2]", async () => {
      const w = await networkHelpers.loadFixture(world);
      const asked = ask(w.domain, 1, { payload: "0x1234" });
      await expect(w.assay.connect(w.requester).request(asked))
        .to.be.revertedWithCustomError(w.assay, "PayloadMismatch")
        .withArgs(ethers.keccak256("0x1234"), asked.payloadHash);
    });

    it("reverts when there is neither a URI nor a payload [REQ-2]", async () => {
      const w = await networkHelpers.loadFixture(world);
      await expect(
        w.assay.connect(w.requester).request(ask(w.domain, 1, { uri: "" })),
      ).to.be.revertedWithCustomError(w.assay, "PayloadMissing");
    });

    it("reverts when nobody in the domain carries weight [REQ-3]", async () => {
      const w = await networkHelpers.loadFixture(world);
      await w.registry.createDomain("empty", 1, 1, DEFAULT_DOMAIN);
      const empty = await w.registry.domainCount();
      await expect(w.assay.connect(w.requester).request(ask(Number(empty), 1)))
        .to.be.revertedWithCustomError(w.assay, "EmptyDomain")
        .withArgs(empty);
    });

    it("reverts when the fee is one wei above maxFee [REQ-6]", async () => {
      const w = await networkHelpers.loadFixture(world);
      const fee = MIN_FEE * 10n * 7n;
      const assay = w.assay.connect(w.requester);
      await expect(assay.request(ask(w.domain, 10, { maxFee: fee - 1n })))
        .to.be.revertedWithCustomError(w.fees, "FeeAboveMax")
        .withArgs(fee, fee - 1n);
      await expect(assay.request(ask(w.domain, 10, { maxFee: fee }))).to.emit(w.assay, "Requested");
    });

    it("reverts when the requester holds too few credits", async () => {
      const w = await networkHelpers.loadFixture(world);
      await expect(w.assay.connect(w.outsider).request(ask(w.domain, 1)))
        .to.be.revertedWithCustomError(w.fees, "InsufficientCredits")
        .withArgs(w.outsider.address, 0, MIN_FEE * 7n);
    });

    it("reverts when the same terms were opened before [REQ-4]", async () => {
      const w = await networkHelpers.loadFixture(world);
      const asked = ask(w.domain, 1);
      const assay = w.assay.connect(w.requester);
      const { id } = termsOf(w, await (await assay.request(asked)).wait());
      // One claim decays out of the price within a second, so the price is the same again.
      await expect(assay.request(asked)).to.be.revertedWithCustomError(w.assay, "RequestExists").withArgs(id);
    });

    it("hashes chain, contract and terms to the id [REQ-4]", async () => {
      const w = await networkHelpers.loadFixture(world);
      const { id, terms } = await openRequest(w, 3);
      const { chainId } = await ethers.provider.getNetwork();
      const encoded = ethers.AbiCoder.defaultAbiCoder().encode(
        ["uint256", "address", TERMS],
        [chainId, w.addresses.Assay, Object.values(terms)],
      );
      expect(id, "requestId").to.equal(ethers.keccak256(encoded));
      expect(await w.assay.idOf(terms), "idOf").to.equal(id);
    });

    it("gives every requester and nonce an id of its own", async () => {
      const w = await networkHelpers.loadFixture(world);
      const { id, terms } = await openRequest(w, 1);
      expect(await w.assay.idOf({ ...terms, nonce: terms.nonce + 1n }), "nonce").to.not.equal(id);
      expect(await w.assay.idOf({ ...terms, requester: w.outsider.address }), "requester").to.not.equal(id);
    });

    it("announces the terms, the ticket of the seed, the URI and the payload", async () => {
      const w = await networkHelpers.loadFixture(world);
      const payload = "0xdeadbeef";
      const asked = ask(w.domain, 2, { payload, payloadHash: ethers.keccak256(payload), uri: "" });
      const tx = await w.assay.connect(w.requester).request(asked);
      const receipt = await tx.wait();
      const { id, terms } = termsOf(w, receipt);
      await expect(tx)
        .to.emit(w.assay, "Requested")
        .withArgs(id, w.requester.address, w.domain, anyValue, receipt!.blockNumber + 2, "", payload);
      expect(terms, "terms").to.deep.equal({
        requester: w.requester.address,
        nonce: asked.nonce,
        domain: BigInt(w.domain),
        version: 1n,
        epoch: 1n,
        claims: 2n,
        baseRate: 128n,
        price: MIN_FEE,
        payloadHash: asked.payloadHash,
        sealedNote: asked.sealedNote,
      });
    });

    it("takes price · claims · seats out of the credits [REQ-6]", async () => {
      const w = await networkHelpers.loadFixture(world);
      const before = await w.fees.credits(w.requester.address);
      const { terms } = await openRequest(w, 40);
      const fee = terms.price * 40n * 7n;
      expect(before - (await w.fees.credits(w.requester.address)), "credits taken").to.equal(fee);
    });

    it("pins the sums of this epoch, whatever moves for the next one [EPO-5, REQ-7]", async () => {
      const w = await networkHelpers.loadFixture(world);
      await w.vault.connect(w.owners[0]!).rest(w.domain, true);
      const { id } = await openRequest(w, 1);
      const draw = await w.lens.drawOf(id);
      const family = 6_000n * 10n ** 9n; // three operators of 2,000 WORK, in gwei
      expect(draw.weight, "W").to.equal(4n * family);
      expect(draw.roots, "Σroot").to.equal(4n * isqrt(family << 32n));
      await nextEpoch(w);
      const later = await w.lens.drawOf((await openRequest(w, 1)).id);
      expect(later.weight, "W of the next epoch").to.equal(4n * family - 2_000n * 10n ** 9n);
    });

    it("pins windows, base rate, threshold and bond, and waits for the seed [REQ-7]", async () => {
      const w = await networkHelpers.loadFixture(world);
      const tx = await w.assay.connect(w.requester).request(ask(w.domain, 256));
      const receipt = await tx.wait();
      const { id, terms } = termsOf(w, receipt);
      const draw = (await w.lens.drawOf(id)).toObject();
      expect(draw.seats, "seats").to.equal(7n);
      expect(draw.baseRate, "b: a half, rounded to a byte").to.equal(128n);
      expect(draw.threshold, "θ: a half").to.equal(32_768n);
      expect(draw.domain, "domain").to.equal(w.domain);
      expect(draw.commitWindow, "2 · (20 s + 256 · 0.2 s)").to.equal(142n);
      expect(draw.revealWindow, "reveal window").to.equal(60n);
      expect(draw.boostCap, "λ in sixteenths").to.equal(32n);
      expect(draw.lastClaim, "claims − 1").to.equal(255n);
      // 4 · ρ · price · claims / (4b(1 − b)) = 8 · 0.001 · 256 / (4 · 128 · 127 / 255²) = 2.048031… WORK
      expect(draw.bond, "bond").to.equal(bondOf(DEFAULT_DOMAIN.fees, terms.price, 256n, 128n));
      expect(draw.bond, "bond, by hand").to.be.within(2_048n * 10n ** 6n, 2_049n * 10n ** 6n);
      const round = (await w.lens.roundOf(id)).toObject();
      const { timestamp } = (await ethers.provider.getBlock(receipt!.blockNumber))!;
      expect(round.seed, "ticket").to.equal(receipt!.blockNumber + 2);
      expect(round.clock, "last moment to seal").to.equal(timestamp + 1_200);
      expect(round.epoch, "epoch").to.equal(1n);
      expect(round.minSeats, "quorum").to.equal(4n);
      expect([round.flags, round.commits, round.reveals], "nothing happened yet").to.deep.equal([0n, 0n, 0n]);
      expect(await w.assay.phaseOf(id), "phase").to.equal(PHASE.REQUESTED);
    });

    it("asks for the floor of the bond when few claims are at stake [SCORE-6]", async () => {
      const w = await networkHelpers.loadFixture(world);
      const { id } = await openRequest(w, 1);
      expect((await w.lens.drawOf(id)).bond, "64 · minFee").to.equal((64n * MIN_FEE) / GWEI);
    });

    it("keeps the parameters it began with [DOM-6]", async () => {
      const w = await networkHelpers.loadFixture(world);
      const wider = {
        ...DEFAULT_DOMAIN,
        committee: { ...DEFAULT_DOMAIN.committee, seats: 9, rule: 0 },
      };
      await w.registry.announce(w.domain, wider);
      const before = await openRequest(w, 1);
      await nextEpoch(w, 3n);
      const after = await openRequest(w, 1);
      const [old, young] = [await w.lens.drawOf(before.id), await w.lens.drawOf(after.id)];
      expect([before.terms.version, old.seats, old.boostCap], "old").to.deep.equal([1n, 7n, 32n]);
      expect([after.terms.version, young.seats, young.boostCap], "new, proportional").to.deep.equal([
        2n,
        9n,
        0n,
      ]);
    });

    it("charges each domain its own price [DOM-1]", async () => {
      const w = await networkHelpers.loadFixture(world);
      const other = await createDomain(w, {
        ...DEFAULT_DOMAIN,
        fees: { ...DEFAULT_DOMAIN.fees, minFee: WAD / 100n },
      });
      for (const owner of w.owners.slice(0, 2)) {
        await w.token.transfer(owner.address, 2_000n * WAD);
        await w.vault.connect(owner).register(other, owner.address, 0, 0, ethers.id("model"), "");
        await w.vault.connect(owner).stake(other, owner.address, 2_000n * WAD);
      }
      await nextEpoch(w);
      const tx = await w.assay.connect(w.requester).request(ask(other, 5));
      const [reserved] = eventsIn<{ price: bigint; amount: bigint }>(
        w.fees,
        await tx.wait(),
        "CreditsReserved",
      );
      expect(reserved!.price, "price").to.equal(WAD / 100n);
      expect(reserved!.amount, "fee").to.equal((WAD / 100n) * 5n * 7n);
    });
  });
});

function isqrt(x: bigint): bigint {
  let low = 0n;
  let high = 1n << 128n;
  while (low + 1n < high) {
    const middle = (low + high) / 2n;
    if (middle * middle <= x) low = middle;
    else high = middle;
  }
  return low;
}
