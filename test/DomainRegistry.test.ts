import { expect } from "chai";

import {
  DEFAULT_DOMAIN,
  DEFAULT_MIN_FAMILY_WEIGHT,
  DEFAULT_MIN_SELF_BOND,
  PUBLISHED_DOMAIN,
  type DomainParameters,
} from "../deploy/parameters.ts";
import { endReveal, openRequest, sealRequest } from "./fixtures/round.ts";
import { createDomain, DAY, deployProtocol, ethers, networkHelpers, world } from "./fixtures/world.ts";

const DEFAULTS = [DEFAULT_MIN_SELF_BOND, DEFAULT_MIN_FAMILY_WEIGHT, DEFAULT_DOMAIN] as const;

/** A protocol with one domain of four families and two people who own nothing yet. */
async function registry() {
  const p = await deployProtocol();
  const domain = await createDomain(p);
  const [, alice, bob] = await ethers.getSigners();
  await p.token.transfer(alice!.address, 3_000n * 10n ** 18n);
  await p.token.connect(alice!).approve(p.addresses.DomainRegistry, ethers.MaxUint256);
  return { ...p, domain, alice: alice!, bob: bob! };
}

function withAppealWindow(seconds: number): DomainParameters {
  return { ...DEFAULT_DOMAIN, committee: { ...DEFAULT_DOMAIN.committee, appealWindow: seconds } };
}

describe("DomainRegistry", () => {
  // createDomain
  // ├── when the name is empty or longer than 32 bytes → InvalidName
  // ├── when all numbers are taken → TooManyDomains
  // ├── when the fee is not allowed → ERC20InsufficientAllowance
  // ├── when a parameter is out of bounds → see DomainRegistry/bounds.test.ts
  // └── else the fee burns, version 1 is in force at once
  describe("createDomain", () => {
    for (const name of ["", "x".repeat(33), "é".repeat(17)]) {
      it(`reverts when the name has ${Buffer.byteLength(name)} bytes [DOM-13]`, async () => {
        const { registry: r } = await networkHelpers.loadFixture(registry);
        await expect(r.createDomain(name, ...DEFAULTS))
          .to.be.revertedWithCustomError(r, "InvalidName")
          .withArgs(name);
      });
    }

    it("accepts names of 1 and of 32 bytes [DOM-13]", async () => {
      const { registry: r, domain } = await networkHelpers.loadFixture(registry);
      await r.createDomain("x", ...DEFAULTS);
      await r.createDomain("x".repeat(32), ...DEFAULTS);
      expect(await r.domainCount()).to.equal(domain + 2);
    });

    it("reverts when all numbers are taken [DOM-15]", async () => {
      const { registry: r, addresses } = await networkHelpers.loadFixture(registry);
      // Packed behind the authority and a flag of AccessManaged.
      const word = BigInt(addresses.AccessManager) | (65_534n << 168n);
      await networkHelpers.setStorageAt(addresses.DomainRegistry, 0, ethers.toBeHex(word, 32));
      await r.createDomain("last", ...DEFAULTS);
      expect(await r.domainCount()).to.equal(65_535n);
      await expect(r.createDomain("one more", ...DEFAULTS))
        .to.be.revertedWithCustomError(r, "TooManyDomains")
        .withArgs(65_535n);
    });

    it("reverts when the fee is not allowed", async () => {
      const { registry: r, token, bob, addresses, parameters } = await networkHelpers.loadFixture(registry);
      await expect(r.connect(bob).createDomain("bob", ...DEFAULTS))
        .to.be.revertedWithCustomError(token, "ERC20InsufficientAllowance")
        .withArgs(addresses.DomainRegistry, 0n, parameters.domainFee);
    });

    it("burns the fee of anyone, who then owns the domain [DOM-2]", async () => {
      const { registry: r, token, alice, domain, parameters } = await networkHelpers.loadFixture(registry);
      const supply = await token.totalSupply();
      const tx = await r.connect(alice).createDomain("alice", ...DEFAULTS);
      await expect(tx).to.changeTokenBalance(ethers, token, alice, -parameters.domainFee);
      expect(await token.totalSupply()).to.equal(supply - parameters.domainFee);
      expect(await r.ownerOf(domain + 1)).to.equal(alice.address);
      expect(await r.stakeFloor(domain + 1)).to.deep.equal([
        DEFAULT_MIN_SELF_BOND,
        DEFAULT_MIN_FAMILY_WEIGHT,
      ]);
      const event = (await r.queryFilter("DomainCreated")).at(-1)!;
      const args = r.interface.parseLog(event)!.args;
      expect(args.slice(0, 5)).to.deep.equal([
        BigInt(domain + 1),
        alice.address,
        "alice",
        DEFAULT_MIN_SELF_BOND,
        DEFAULT_MIN_FAMILY_WEIGHT,
      ]);
      expect(args.parameters).to.deep.equal(await r.parametersOf(domain + 1, 1));
    });

    for (const [name, preset] of Object.entries({ default: DEFAULT_DOMAIN, published: PUBLISHED_DOMAIN })) {
      it(`stores every number of the ${name} preset`, async () => {
        const { registry: r, domain } = await networkHelpers.loadFixture(registry);
        await r.createDomain(name, 1n, 1n, preset);
        expect(await r.currentVersion(domain + 1)).to.equal(1n);
        const stored = await r.parametersOf(domain + 1, 1);
        for (const group of ["committee", "fees", "rewards", "reputation"] as const) {
          const expected = Object.entries(preset[group]).map(([key, value]) => [key, BigInt(value)]);
          expect(Object.entries(stored[group].toObject()), group).to.deep.equal(expected);
        }
      });
    }
  });

  // announce
  // ├── when the domain is unknown → UnknownDomain
  // ├── when the caller is not its owner → NotDomainOwner
  // ├── when it is → in force at the first epoch boundary after the delay
  // ├── given a pending version → replaced, the wait begins again
  // ├── given a version that came into force → the next number
  // └── given a running request → it keeps its version
  describe("announce", () => {
    it("reverts when the domain is unknown", async () => {
      const { registry: r } = await networkHelpers.loadFixture(registry);
      await expect(r.announce(7, DEFAULT_DOMAIN))
        .to.be.revertedWithCustomError(r, "UnknownDomain")
        .withArgs(7);
    });

    it("reverts when the caller is not the domain's owner", async () => {
      const { registry: r, domain, alice, deployer } = await networkHelpers.loadFixture(registry);
      await expect(r.connect(alice).announce(domain, DEFAULT_DOMAIN))
        .to.be.revertedWithCustomError(r, "NotDomainOwner")
        .withArgs(alice.address, deployer.address);
    });

    for (const [when, second, boundary] of [
      ["in the first second of an epoch", 0n, 13n],
      ["in the last second of an epoch", DAY - 1n, 13n],
    ] as const) {
      it(`takes effect at an epoch boundary after the delay, announced ${when} [DOM-5]`, async () => {
        const { registry: r, domain, parameters } = await networkHelpers.loadFixture(registry);
        const at = parameters.genesis + 10n * DAY + second;
        await networkHelpers.time.setNextBlockTimestamp(at);
        const tx = await r.announce(domain, PUBLISHED_DOMAIN);
        await expect(tx)
          .to.emit(r, "ParametersAnnounced")
          .withArgs(domain, 2n, boundary, await r.parametersOf(domain, 2));
        const start = parameters.genesis + boundary * DAY;
        expect(start - at).to.be.at.least(parameters.parameterDelay);
        await networkHelpers.time.increaseTo(start - 1n);
        expect(await r.currentVersion(domain)).to.equal(1n);
        await networkHelpers.time.increaseTo(start);
        expect(await r.currentVersion(domain)).to.equal(2n);
        expect((await r.committeeOf(domain, 2)).preset).to.equal(1n);
      });
    }

    it("replaces a pending version and starts its wait again [DOM-5]", async () => {
      const { registry: r, domain, parameters } = await networkHelpers.loadFixture(registry);
      await r.announce(domain, withAppealWindow(700)); // epoch 0: in force in epoch 3
      await networkHelpers.time.increaseTo(parameters.genesis + 3n * DAY - 10n);
      await r.announce(domain, withAppealWindow(800)); // epoch 2: in force in epoch 5
      await networkHelpers.time.increaseTo(parameters.genesis + 5n * DAY - 1n);
      expect(await r.currentVersion(domain)).to.equal(1n);
      expect((await r.requestRulesOf(domain, 1)).version).to.equal(1n);
      await networkHelpers.time.increaseTo(parameters.genesis + 5n * DAY);
      expect(await r.currentVersion(domain)).to.equal(2n);
      expect((await r.verdictRuleOf(domain, 2)).appealWindow).to.equal(800n);
      await expect(r.parametersOf(domain, 3))
        .to.be.revertedWithCustomError(r, "UnknownVersion")
        .withArgs(domain, 3);
    });

    it("counts on once a version is in force and keeps the old ones", async () => {
      const { registry: r, domain, parameters } = await networkHelpers.loadFixture(registry);
      await r.announce(domain, withAppealWindow(700));
      await networkHelpers.time.increaseTo(parameters.genesis + 3n * DAY);
      await r.announce(domain, withAppealWindow(800));
      expect(await r.currentVersion(domain)).to.equal(2n);
      await networkHelpers.time.increaseTo(parameters.genesis + 6n * DAY);
      expect(await r.currentVersion(domain)).to.equal(3n);
      const windows = [1, 2, 3].map(async (v) => (await r.verdictRuleOf(domain, v)).appealWindow);
      expect(await Promise.all(windows)).to.deep.equal([600n, 700n, 800n]);
    });

    it("leaves a running request its version [DOM-6]", async () => {
      const w = await networkHelpers.loadFixture(world);
      await w.registry.announce(w.domain, withAppealWindow(900)); // epoch 1: in force in epoch 4
      const boundary = w.parameters.genesis + 4n * DAY;
      await networkHelpers.time.increaseTo(boundary - 60n);
      const request = await openRequest(w, 4);
      await networkHelpers.time.increaseTo(boundary);
      const later = await openRequest(w, 4);
      expect([request.terms.version, later.terms.version]).to.deep.equal([1n, 2n]);
      for (const [opened, appealWindow] of [
        [request, 600n],
        [later, 900n],
      ] as const) {
        await sealRequest(w, opened);
        await endReveal(w, opened);
        await w.assay.finalize(opened.terms);
        const now = BigInt(await networkHelpers.time.latest());
        expect((await w.lens.roundOf(opened.id)).clock).to.equal(now + appealWindow);
      }
    });
  });

  // transferDomain
  // ├── when the domain is unknown, the caller not its owner, the heir zero → refused
  // └── else only the new owner governs
  describe("transferDomain", () => {
    it("reverts when the domain is unknown", async () => {
      const { registry: r, alice } = await networkHelpers.loadFixture(registry);
      await expect(r.transferDomain(0, alice.address))
        .to.be.revertedWithCustomError(r, "UnknownDomain")
        .withArgs(0);
    });

    it("reverts when the caller is not the domain's owner", async () => {
      const { registry: r, domain, alice, deployer } = await networkHelpers.loadFixture(registry);
      await expect(r.connect(alice).transferDomain(domain, alice.address))
        .to.be.revertedWithCustomError(r, "NotDomainOwner")
        .withArgs(alice.address, deployer.address);
    });

    it("reverts when the heir is nobody [DOM-14]", async () => {
      const { registry: r, domain } = await networkHelpers.loadFixture(registry);
      await expect(r.transferDomain(domain, ethers.ZeroAddress)).to.be.revertedWithCustomError(
        r,
        "InvalidOwner",
      );
    });

    it("hands everything to the new owner [DOM-14]", async () => {
      const { registry: r, domain, alice, deployer } = await networkHelpers.loadFixture(registry);
      await expect(r.transferDomain(domain, alice.address))
        .to.emit(r, "DomainTransferred")
        .withArgs(domain, deployer.address, alice.address);
      await r.connect(alice).announce(domain, PUBLISHED_DOMAIN);
      await expect(r.announce(domain, PUBLISHED_DOMAIN))
        .to.be.revertedWithCustomError(r, "NotDomainOwner")
        .withArgs(deployer.address, alice.address);
    });
  });

  // setAttestation
  // ├── when the domain is unknown → UnknownDomain; when the caller does not own it → NotDomainOwner
  // ├── when there is no contract → NotAContract
  // └── otherwise it is asked from now on, or nobody is; what it does is in StakeVault/attestation.test.ts
  describe("setAttestation", () => {
    it("is for the owner of a known domain", async () => {
      const { registry: r, domain, alice, deployer, addresses } = await networkHelpers.loadFixture(registry);
      const hook = addresses.WorkToken;
      await expect(r.setAttestation(0, hook)).to.be.revertedWithCustomError(r, "UnknownDomain").withArgs(0);
      await expect(r.connect(alice).setAttestation(domain, hook))
        .to.be.revertedWithCustomError(r, "NotDomainOwner")
        .withArgs(alice.address, deployer.address);
    });

    it("takes a contract or nothing, at once", async () => {
      const { registry: r, domain, alice, addresses } = await networkHelpers.loadFixture(registry);
      await expect(r.setAttestation(domain, alice.address))
        .to.be.revertedWithCustomError(r, "NotAContract")
        .withArgs(alice.address);
      for (const hook of [addresses.WorkToken, ethers.ZeroAddress]) {
        await expect(r.setAttestation(domain, hook)).to.emit(r, "AttestationSet").withArgs(domain, hook);
        expect(await r.attestationOf(domain)).to.equal(hook);
      }
    });
  });

  // views
  // ├── given an unknown domain → UnknownDomain, or empty
  // ├── given an unknown version → UnknownVersion
  // └── requestRulesOf → twice the expected time, at least a second; no λ under the proportional rule
  describe("views", () => {
    it("revert when the domain is unknown", async () => {
      const { registry: r, domain } = await networkHelpers.loadFixture(registry);
      const unknown = domain + 1;
      for (const call of [r.currentVersion(unknown), r.stakeFloor(unknown), r.requestRulesOf(unknown, 1)]) {
        await expect(call).to.be.revertedWithCustomError(r, "UnknownDomain").withArgs(unknown);
      }
      await expect(r.parametersOf(unknown, 1))
        .to.be.revertedWithCustomError(r, "UnknownVersion")
        .withArgs(unknown, 1);
      expect(await r.ownerOf(unknown)).to.equal(ethers.ZeroAddress);
      expect((await r.familyOf(unknown, 0)).proposer).to.equal(ethers.ZeroAddress);
    });

    it("revert when the version is zero", async () => {
      const { registry: r, domain } = await networkHelpers.loadFixture(registry);
      await expect(r.parametersOf(domain, 0))
        .to.be.revertedWithCustomError(r, "UnknownVersion")
        .withArgs(domain, 0);
    });

    it("give what a request pins", async () => {
      const { registry: r, domain } = await networkHelpers.loadFixture(registry);
      const { minFee, feeRate, feeTarget, seatBond } = DEFAULT_DOMAIN.fees;
      const rules = (commitWindow: bigint) => [
        ...[1n, 256n, 7n, 4n, 32n, commitWindow, 60n, 1_200n, seatBond, 20_000n],
        [minFee, BigInt(feeTarget), BigInt(feeRate)],
      ];
      expect(await r.requestRulesOf(domain, 1)).to.deep.equal(rules(40n));
      expect(await r.requestRulesOf(domain, 256)).to.deep.equal(rules(142n));
    });

    it("give at least a second to vote, and no λ under the proportional rule [REQ-15]", async () => {
      const { registry: r, domain } = await networkHelpers.loadFixture(registry);
      const committee = { ...DEFAULT_DOMAIN.committee, expectedBase: 0, expectedPerClaim: 4, rule: 0 };
      await r.createDomain("fast", 1n, 1n, { ...DEFAULT_DOMAIN, committee });
      expect((await r.requestRulesOf(domain + 1, 1)).commitWindow).to.equal(1n);
      expect((await r.requestRulesOf(domain + 1, 256)).commitWindow).to.equal(2n);
      expect((await r.requestRulesOf(domain + 1, 1)).boostCap).to.equal(0n);
    });

    it("give each peer its part of a version", async () => {
      const { registry: r, domain, parameters, addresses } = await networkHelpers.loadFixture(registry);
      const all = await r.parametersOf(domain, 1);
      expect(await r.committeeOf(domain, 1)).to.deep.equal(all.committee);
      expect(await r.feesOf(domain, 1)).to.deep.equal(all.fees);
      expect(await r.rewardsOf(domain, 1)).to.deep.equal(all.rewards);
      expect(await r.reputationOf(domain, 1)).to.deep.equal(all.reputation);
      expect(await r.verdictRuleOf(domain, 1)).to.deep.equal([2n, 1_000n, 600n, 1_200n]);
      expect(await r.qualityOf(domain, 1)).to.deep.equal([0n, 32n, 250_000_000_000_000_000n]);
      expect(await r.DOMAIN_FEE()).to.equal(parameters.domainFee);
      expect(await r.FAMILY_BOND()).to.equal(parameters.familyBond);
      expect(await r.PARAMETER_DELAY()).to.equal(parameters.parameterDelay);
      expect(await r.VAULT()).to.equal(addresses.StakeVault);
    });
  });
});
