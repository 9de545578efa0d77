import { expect } from "chai";

import { DEFAULT_DOMAIN, WAD } from "../deploy/parameters.ts";
import { peersOf, signPermit } from "./fixtures/peers.ts";
import {
  ballot,
  drawnOwners,
  openRequest,
  playRound,
  sealRequest,
  votesOf,
  type OpenRequest,
} from "./fixtures/round.ts";
import { buildWorld, DAY, ethers, networkHelpers, nextEpoch, type World } from "./fixtures/world.ts";

const { minFee, feeRate, feeTarget } = DEFAULT_DOMAIN.fees;
const pricing = { minFee, feeTarget, feeRate };
/** Claim-seats that multiply the price by e. */
const UNITS_PER_E = BigInt(feeRate) / 1_000n;

async function market() {
  const w = await buildWorld(12);
  return { ...w, peers: await peersOf(w) };
}

/** Relative distance of a price from `minFee · e^exponent`. */
function error(price: bigint, exponent: number): number {
  return Math.abs(Number(price) / (Number(minFee) * Math.exp(exponent)) - 1);
}

/** Sum of an event's last argument over the whole chain. */
async function total(w: World, event: string): Promise<bigint> {
  const logs = await w.fees.queryFilter(event);
  return logs.reduce((sum, log) => sum + ("args" in log ? BigInt(log.args.at(-1)) : 0n), 0n);
}

describe("FeeMarket", () => {
  // buy
  // ├── when the amount is zero → ZeroAmount
  // ├── when allowance or balance are short → the token's errors
  // └── else WORK burns one to one for the beneficiary's credits
  describe("buy", () => {
    it("reverts when the amount is zero", async () => {
      const { fees, requester } = await networkHelpers.loadFixture(market);
      await expect(fees.connect(requester).buy(requester.address, 0n)).to.be.revertedWithCustomError(
        fees,
        "ZeroAmount",
      );
    });

    it("reverts when the allowance is short", async () => {
      const { fees, token, outsider, addresses } = await networkHelpers.loadFixture(market);
      await expect(fees.connect(outsider).buy(outsider.address, 5n))
        .to.be.revertedWithCustomError(token, "ERC20InsufficientAllowance")
        .withArgs(addresses.FeeMarket, 0n, 5n);
    });

    it("reverts when the balance is short", async () => {
      const { fees, token, outsider, addresses } = await networkHelpers.loadFixture(market);
      await token.connect(outsider).approve(addresses.FeeMarket, 5n);
      await expect(fees.connect(outsider).buy(outsider.address, 5n))
        .to.be.revertedWithCustomError(token, "ERC20InsufficientBalance")
        .withArgs(outsider.address, 0n, 5n);
    });

    it("burns one to one at once, for a beneficiary [FEE-1]", async () => {
      const { fees, token, requester, outsider, addresses } = await networkHelpers.loadFixture(market);
      const supply = await token.totalSupply();
      const held = await fees.credits(requester.address);
      await expect(fees.connect(requester).buy(outsider.address, 7n * WAD))
        .to.emit(fees, "CreditsBought")
        .withArgs(requester.address, outsider.address, 7n * WAD);
      expect(await token.totalSupply()).to.equal(supply - 7n * WAD);
      expect(await token.balanceOf(addresses.FeeMarket)).to.equal(0n);
      expect(await fees.credits(outsider.address)).to.equal(7n * WAD);
      expect(await fees.credits(requester.address)).to.equal(held);
    });
  });

  // buyWithPermit
  // ├── when the permit is good → credits without an allowance before
  // ├── when somebody used the permit already → works all the same
  // └── when it is bad and there is no allowance → ERC20InsufficientAllowance
  describe("buyWithPermit", () => {
    async function funded() {
      const w = await market();
      await w.token.transfer(w.outsider.address, 10n * WAD);
      const permit = await signPermit(w, w.outsider, w.addresses.FeeMarket, 10n * WAD);
      return { ...w, permit };
    }

    it("needs no allowance before", async () => {
      const { fees, outsider, permit } = await networkHelpers.loadFixture(funded);
      const { deadline, v, r, s } = permit;
      await fees.connect(outsider).buyWithPermit(outsider.address, 10n * WAD, deadline, v, r, s);
      expect(await fees.credits(outsider.address)).to.equal(10n * WAD);
    });

    it("is not stopped by a front-run permit [STK-22]", async () => {
      const { fees, token, outsider, requester, addresses, permit } =
        await networkHelpers.loadFixture(funded);
      const { deadline, v, r, s } = permit;
      await token
        .connect(requester)
        .permit(outsider.address, addresses.FeeMarket, 10n * WAD, deadline, v, r, s);
      await fees.connect(outsider).buyWithPermit(outsider.address, 10n * WAD, deadline, v, r, s);
      expect(await fees.credits(outsider.address)).to.equal(10n * WAD);
    });

    it("reverts when the permit is for less and nothing else is allowed", async () => {
      const { fees, token, outsider, addresses, permit } = await networkHelpers.loadFixture(funded);
      const { deadline, v, r, s } = permit;
      await expect(fees.connect(outsider).buyWithPermit(outsider.address, 10n * WAD - 1n, deadline, v, r, s))
        .to.be.revertedWithCustomError(token, "ERC20InsufficientAllowance")
        .withArgs(addresses.FeeMarket, 0n, 10n * WAD - 1n);
    });
  });

  // reserve
  // ├── when the caller is not Assay → NotAssay
  // ├── when the fee is above maxFee → FeeAboveMax
  // ├── when credits are short → InsufficientCredits
  // ├── at the floor → price · units leave the credits
  // ├── under demand → price = minFee · e^(excess / rate)
  // └── at a floor → that floor, whatever the version in force says
  describe("reserve", () => {
    it("reverts when the caller is not Assay", async () => {
      const { fees, requester, domain, addresses, peers } = await networkHelpers.loadFixture(market);
      for (const caller of [requester, peers.minter, peers.vault, peers.ledger]) {
        await expect(fees.connect(caller).reserve(requester.address, domain, pricing, 7n, ethers.MaxUint256))
          .to.be.revertedWithCustomError(fees, "NotAssay")
          .withArgs(caller.address, addresses.Assay);
      }
    });

    it("reverts when the fee is one wei above maxFee and not when it is equal [REQ-6]", async () => {
      const { fees, requester, domain, peers } = await networkHelpers.loadFixture(market);
      const assay = fees.connect(peers.assay);
      await expect(assay.reserve(requester.address, domain, pricing, 7n, 7n * minFee - 1n))
        .to.be.revertedWithCustomError(fees, "FeeAboveMax")
        .withArgs(7n * minFee, 7n * minFee - 1n);
      await expect(assay.reserve(requester.address, domain, pricing, 7n, 7n * minFee))
        .to.emit(fees, "CreditsReserved")
        .withArgs(requester.address, domain, 7n, minFee, 7n * minFee);
    });

    it("reverts when the requester has one credit too few and not when it has enough", async () => {
      const { fees, requester, outsider, domain, peers } = await networkHelpers.loadFixture(market);
      await fees.connect(requester).buy(outsider.address, 7n * minFee - 1n);
      const assay = fees.connect(peers.assay);
      await expect(assay.reserve(outsider.address, domain, pricing, 7n, ethers.MaxUint256))
        .to.be.revertedWithCustomError(fees, "InsufficientCredits")
        .withArgs(outsider.address, 7n * minFee - 1n, 7n * minFee);
      await fees.connect(requester).buy(outsider.address, 1n);
      await assay.reserve(outsider.address, domain, pricing, 7n, ethers.MaxUint256);
      expect(await fees.credits(outsider.address)).to.equal(0n);
    });

    it("multiplies the price by e for every feeRate of demand [FEE-2]", async () => {
      const { fees, requester, domain, peers } = await networkHelpers.loadFixture(market);
      const assay = fees.connect(peers.assay);
      expect(await fees.price(domain)).to.equal(minFee);
      const start = BigInt(await networkHelpers.time.latest()) + 10n;
      let elapsed = 0n;
      for (let step = 1n; step <= 3n; step++) {
        elapsed = 5n * (step - 1n);
        await networkHelpers.time.setNextBlockTimestamp(start + elapsed);
        await assay.reserve(requester.address, domain, pricing, UNITS_PER_E, ethers.MaxUint256);
        const excess = Number(step) - Number(elapsed) * (feeTarget / feeRate);
        expect(error(await fees.price(domain), excess)).to.be.below(1e-12);
      }
    });

    it("charges the price before its own demand [FEE-3]", async () => {
      const { fees, requester, domain, peers } = await networkHelpers.loadFixture(market);
      const held = await fees.credits(requester.address);
      await fees
        .connect(peers.assay)
        .reserve(requester.address, domain, pricing, UNITS_PER_E, UNITS_PER_E * minFee);
      expect(await fees.credits(requester.address)).to.equal(held - UNITS_PER_E * minFee);
    });

    it("saturates at e^20 times the floor, however large the demand [FEE-2, FEE-3]", async () => {
      const { fees, requester, domain, peers } = await networkHelpers.loadFixture(market);
      await fees
        .connect(peers.assay)
        .reserve(requester.address, domain, pricing, 25n * UNITS_PER_E, ethers.MaxUint256);
      expect(error(await fees.price(domain), 20)).to.be.below(1e-12);
    });

    it("keeps domains apart [DOM-1]", async () => {
      const { fees, registry, requester, domain, peers } = await networkHelpers.loadFixture(market);
      await registry.createDomain("other", 1n, 1n, DEFAULT_DOMAIN);
      await fees
        .connect(peers.assay)
        .reserve(requester.address, domain, pricing, UNITS_PER_E, ethers.MaxUint256);
      expect(await fees.price(domain + 1)).to.equal(minFee);
    });

    it("takes the floor it is given [DOM-6]", async () => {
      const { fees, requester, domain, peers } = await networkHelpers.loadFixture(market);
      const dearer = { ...pricing, minFee: 3n * minFee };
      await expect(
        fees.connect(peers.assay).reserve(requester.address, domain, dearer, 1n, ethers.MaxUint256),
      )
        .to.emit(fees, "CreditsReserved")
        .withArgs(requester.address, domain, 1n, 3n * minFee, 3n * minFee);
    });
  });

  // price
  // ├── when the domain is unknown → UnknownDomain
  // ├── as time goes by → falls by feeTarget a second, down to the floor
  // └── at an epoch boundary → the floor of the version in force
  describe("price", () => {
    it("reverts when the domain is unknown", async () => {
      const { fees, registry } = await networkHelpers.loadFixture(market);
      await expect(fees.price(9)).to.be.revertedWithCustomError(registry, "UnknownDomain").withArgs(9);
    });

    it("decays at feeTarget a second and stops at the floor [FEE-3]", async () => {
      const { fees, requester, domain, peers } = await networkHelpers.loadFixture(market);
      await fees
        .connect(peers.assay)
        .reserve(requester.address, domain, pricing, UNITS_PER_E, ethers.MaxUint256);
      const start = BigInt(await networkHelpers.time.latest());
      const perE = BigInt(feeRate / feeTarget);
      await networkHelpers.time.increaseTo(start + perE / 4n);
      expect(error(await fees.price(domain), 0.75)).to.be.below(1e-12);
      await networkHelpers.time.increaseTo(start + perE - 1n);
      expect(await fees.price(domain)).to.be.above(minFee);
      await networkHelpers.time.increaseTo(start + perE);
      expect(await fees.price(domain)).to.equal(minFee);
      await networkHelpers.time.increaseTo(start + 50n * perE);
      expect(await fees.price(domain)).to.equal(minFee);
    });

    it("follows a new floor from its epoch on [DOM-5]", async () => {
      const { fees, registry, domain, parameters } = await networkHelpers.loadFixture(market);
      const dearer = { ...DEFAULT_DOMAIN, fees: { ...DEFAULT_DOMAIN.fees, minFee: 2n * minFee } };
      await registry.announce(domain, dearer);
      const boundary = parameters.genesis + 4n * DAY; // announced in epoch 1, two days of delay
      await networkHelpers.time.increaseTo(boundary - 1n);
      expect(await fees.price(domain)).to.equal(minFee);
      await networkHelpers.time.increaseTo(boundary);
      expect(await fees.price(domain)).to.equal(2n * minFee);
    });
  });

  // release, earn, spend
  // ├── when the caller is not the peer → NotAssay, NotMinter
  // ├── release → credits return
  // ├── earn → adds to (domain, this epoch)
  // └── spend → at most what (domain, this epoch) earned
  describe("release", () => {
    it("reverts when the caller is not Assay", async () => {
      const { fees, requester, addresses, peers } = await networkHelpers.loadFixture(market);
      for (const caller of [requester, peers.minter, peers.vault]) {
        await expect(fees.connect(caller).release(requester.address, 1n))
          .to.be.revertedWithCustomError(fees, "NotAssay")
          .withArgs(caller.address, addresses.Assay);
      }
    });

    it("gives credits back", async () => {
      const { fees, requester, peers } = await networkHelpers.loadFixture(market);
      const held = await fees.credits(requester.address);
      await expect(fees.connect(peers.assay).release(requester.address, 3n))
        .to.emit(fees, "CreditsReleased")
        .withArgs(requester.address, 3n);
      expect(await fees.credits(requester.address)).to.equal(held + 3n);
    });
  });

  describe("earn", () => {
    it("reverts when the caller is not Assay", async () => {
      const { fees, domain, requester, addresses, peers } = await networkHelpers.loadFixture(market);
      for (const caller of [requester, peers.minter, peers.vault]) {
        await expect(fees.connect(caller).earn(domain, 1n))
          .to.be.revertedWithCustomError(fees, "NotAssay")
          .withArgs(caller.address, addresses.Assay);
      }
    });

    it("adds to the earned burn of the domain and the epoch of the call [FEE-6]", async () => {
      const w = await networkHelpers.loadFixture(market);
      const assay = w.fees.connect(w.peers.assay);
      await expect(assay.earn(w.domain, 5n)).to.emit(w.fees, "BurnEarned").withArgs(w.domain, 1n, 5n);
      await assay.earn(w.domain, 6n);
      await nextEpoch(w);
      await assay.earn(w.domain, 7n);
      expect(await w.fees.earned(w.domain, 1n)).to.equal(11n);
      expect(await w.fees.earned(w.domain, 2n)).to.equal(7n);
      expect(await w.fees.earned(w.domain + 1, 2n)).to.equal(0n);
    });
  });

  // sponsor
  // ├── when nothing is given → ZeroAmount; the domain does not exist → UnknownDomain
  // └── otherwise it burns WORK of anyone, which the domain earned in this epoch
  describe("sponsor", () => {
    it("reverts when nothing is given, and for a domain nobody created", async () => {
      const { fees, registry, domain, requester } = await networkHelpers.loadFixture(market);
      const sponsor = fees.connect(requester);
      await expect(sponsor.sponsor(domain, 0)).to.be.revertedWithCustomError(fees, "ZeroAmount");
      await expect(sponsor.sponsor(domain + 1, 1))
        .to.be.revertedWithCustomError(registry, "UnknownDomain")
        .withArgs(domain + 1);
    });

    it("burns what anyone gives, as earned burn of the domain in this epoch [FEE-9]", async () => {
      const { fees, token, domain, requester } = await networkHelpers.loadFixture(market);
      const supply: bigint = await token.totalSupply();
      const epoch: bigint = await fees.currentEpoch();
      const held: bigint = await fees.credits(requester.address);
      const tx = await fees.connect(requester).sponsor(domain, 7n);
      await expect(tx).to.emit(fees, "Sponsored").withArgs(requester.address, domain, epoch, 7n);
      await expect(tx).to.changeTokenBalance(ethers, token, requester, -7n);
      expect(await fees.earned(domain, epoch), "earned").to.equal(7n);
      expect(supply - (await token.totalSupply()), "burned").to.equal(7n);
      expect(await fees.credits(requester.address), "no credits for it").to.equal(held);
    });
  });

  describe("spend", () => {
    it("reverts when the caller is not the RewardMinter", async () => {
      const { fees, domain, requester, addresses, peers } = await networkHelpers.loadFixture(market);
      for (const caller of [requester, peers.assay, peers.ledger]) {
        await expect(fees.connect(caller).spend(domain, 1n))
          .to.be.revertedWithCustomError(fees, "NotMinter")
          .withArgs(caller.address, addresses.RewardMinter);
      }
    });

    it("takes at most what this epoch earned, never an earlier epoch's burn [REW-1]", async () => {
      const w = await networkHelpers.loadFixture(market);
      await w.fees.connect(w.peers.assay).earn(w.domain, 5n);
      await nextEpoch(w);
      await w.fees.connect(w.peers.assay).earn(w.domain, 10n);
      const minter = w.fees.connect(w.peers.minter);
      await expect(minter.spend(w.domain, 4n)).to.emit(w.fees, "BountySpent").withArgs(w.domain, 2n, 4n);
      await expect(minter.spend(w.domain, 100n)).to.emit(w.fees, "BountySpent").withArgs(w.domain, 2n, 6n);
      await expect(minter.spend(w.domain, 1n)).to.emit(w.fees, "BountySpent").withArgs(w.domain, 2n, 0n);
      expect(await w.fees.earned(w.domain, 1n)).to.equal(5n);
      expect(await w.fees.earned(w.domain, 2n)).to.equal(0n);
    });
  });

  // FEE-5: burned for credits = credits + reserved + earned + spent
  // ├── while requests are open
  // ├── when all are closed, one with a verdict and one without → nothing stays reserved
  // └── credits cannot be moved or cashed
  describe("accounting", () => {
    it("holds through requests with and without a verdict [FEE-5]", async () => {
      const w = await networkHelpers.loadFixture(market);
      const minter = w.fees.connect(w.peers.minter);
      const bought = await total(w, "CreditsBought");
      let price = 0n;
      const open: OpenRequest[] = [];
      let drawn: Awaited<ReturnType<typeof drawnOwners>> = [];
      while (drawn.length < 4) {
        const request = await openRequest(w, 5);
        await sealRequest(w, request);
        drawn = await drawnOwners(w, request);
        open.push(request);
        price += request.terms.price * 5n * 7n;
        expect(await w.fees.credits(w.requester.address)).to.equal(bought - price);
      }
      open.push(await openRequest(w, 3));
      await sealRequest(w, open.at(-1)!);

      const judged = open.at(-2)!;
      const ballots = drawn.map((owner) => ballot(owner, [10, 240, 10, 240, 10]));
      await playRound(w, judged, ballots);
      for (const other of open) if (other !== judged) await w.assay.finalize(other.terms);
      await w.assay.settle(judged.terms, 0, votesOf(ballots));
      await minter.spend(w.domain, 1_000n);

      const epoch = await w.fees.currentEpoch();
      const seats = BigInt(Math.min(drawn.length, 7));
      const burned = seats * 5n * judged.terms.price;
      expect(await w.fees.earned(w.domain, epoch)).to.equal(burned - 1_000n);
      expect(await total(w, "BountySpent")).to.equal(1_000n);
      expect(await w.fees.credits(w.requester.address)).to.equal(bought - burned);
      const reserved = (await total(w, "CreditsReserved")) - (await total(w, "CreditsReleased")) - burned;
      expect(reserved).to.equal(0n);
    });
  });
});
