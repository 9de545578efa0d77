import { expect } from "chai";

import { WAD } from "../deploy/parameters.ts";
import { impersonated, signPermit } from "./fixtures/peers.ts";
import { deployProtocol, ethers, networkHelpers } from "./fixtures/world.ts";

const MAX_SUPPLY = 2n ** 84n - 1n;

async function protocol() {
  const p = await deployProtocol();
  const [, alice, bob] = await ethers.getSigners();
  await p.token.transfer(alice!.address, 100n * WAD);
  return { ...p, alice: alice!, bob: bob! };
}

describe("WorkToken", () => {
  // constructor
  // ├── when the supply is above 2^84 − 1 → SupplyTooLarge
  // ├── when it is exactly 2^84 − 1 → all of it at the treasury
  // └── names, decimals and the minter are fixed
  describe("constructor", () => {
    it("reverts when the genesis supply would not fit the packed fields [TOK-2]", async () => {
      const { token, alice, bob } = await networkHelpers.loadFixture(protocol);
      await expect(ethers.deployContract("WorkToken", [alice.address, MAX_SUPPLY + 1n, bob.address]))
        .to.be.revertedWithCustomError(token, "SupplyTooLarge")
        .withArgs(MAX_SUPPLY + 1n, MAX_SUPPLY);
    });

    it("gives the largest supply to the treasury [TOK-2, TOK-3]", async () => {
      const { alice, bob } = await networkHelpers.loadFixture(protocol);
      const token = await ethers.deployContract("WorkToken", [alice.address, MAX_SUPPLY, bob.address]);
      expect(await token.totalSupply()).to.equal(MAX_SUPPLY);
      expect(await token.balanceOf(alice.address)).to.equal(MAX_SUPPLY);
    });

    it("fixes name, symbol, decimals and minter [TOK-1]", async () => {
      const { token, addresses, parameters } = await networkHelpers.loadFixture(protocol);
      expect(await token.name()).to.equal("Assay Work");
      expect(await token.symbol()).to.equal("WORK");
      expect((await token.eip712Domain()).name, "permits are signed under the same name").to.equal(
        "Assay Work",
      );
      expect(await token.decimals()).to.equal(18n);
      expect(await token.MINTER()).to.equal(addresses.RewardMinter);
      expect(await token.totalSupply()).to.equal(parameters.genesisSupply);
    });
  });

  // mint
  // ├── when the caller is not the RewardMinter → NotMinter
  // └── when it is → supply and balance grow
  describe("mint", () => {
    for (const name of ["StakeVault", "Assay", "FeeMarket", "ReputationLedger", "DomainRegistry"] as const) {
      it(`reverts when ${name} mints [TOK-4]`, async () => {
        const { token, addresses, alice } = await networkHelpers.loadFixture(protocol);
        const caller = await impersonated(addresses[name]);
        await expect(token.connect(caller).mint(alice.address, 1n))
          .to.be.revertedWithCustomError(token, "NotMinter")
          .withArgs(caller.address, addresses.RewardMinter);
      });
    }

    it("reverts when the treasury mints", async () => {
      const { token, addresses, deployer } = await networkHelpers.loadFixture(protocol);
      await expect(token.mint(deployer.address, 1n))
        .to.be.revertedWithCustomError(token, "NotMinter")
        .withArgs(deployer.address, addresses.RewardMinter);
    });

    it("lets the RewardMinter mint [TOK-4]", async () => {
      const { token, addresses, bob, parameters } = await networkHelpers.loadFixture(protocol);
      const minter = await impersonated(addresses.RewardMinter);
      await expect(token.connect(minter).mint(bob.address, 5n)).to.changeTokenBalance(ethers, token, bob, 5n);
      expect(await token.totalSupply()).to.equal(parameters.genesisSupply + 5n);
    });
  });

  // burn, burnFrom
  // ├── when more than held → ERC20InsufficientBalance
  // ├── when more than allowed → ERC20InsufficientAllowance
  // └── else supply falls by exactly as much
  describe("burn", () => {
    it("reverts when the caller holds less", async () => {
      const { token, alice } = await networkHelpers.loadFixture(protocol);
      await expect(token.connect(alice).burn(100n * WAD + 1n))
        .to.be.revertedWithCustomError(token, "ERC20InsufficientBalance")
        .withArgs(alice.address, 100n * WAD, 100n * WAD + 1n);
    });

    it("lowers balance and supply [TOK-5]", async () => {
      const { token, alice, parameters } = await networkHelpers.loadFixture(protocol);
      await expect(token.connect(alice).burn(WAD)).to.changeTokenBalance(ethers, token, alice, -WAD);
      expect(await token.totalSupply()).to.equal(parameters.genesisSupply - WAD);
    });
  });

  describe("burnFrom", () => {
    it("reverts when the allowance is smaller", async () => {
      const { token, alice, bob } = await networkHelpers.loadFixture(protocol);
      await token.connect(alice).approve(bob.address, 4n);
      await expect(token.connect(bob).burnFrom(alice.address, 5n))
        .to.be.revertedWithCustomError(token, "ERC20InsufficientAllowance")
        .withArgs(bob.address, 4n, 5n);
    });

    it("uses the allowance up [TOK-5]", async () => {
      const { token, alice, bob, parameters } = await networkHelpers.loadFixture(protocol);
      await token.connect(alice).approve(bob.address, 7n);
      await token.connect(bob).burnFrom(alice.address, 5n);
      expect(await token.allowance(alice.address, bob.address)).to.equal(2n);
      expect(await token.totalSupply()).to.equal(parameters.genesisSupply - 5n);
    });
  });

  // permit
  // ├── when the deadline has passed → ERC2612ExpiredSignature
  // ├── when signed by somebody else, or replayed → ERC2612InvalidSigner
  // └── else the allowance is set and the nonce used
  describe("permit", () => {
    it("sets the allowance and uses the nonce [TOK-1]", async () => {
      const p = await networkHelpers.loadFixture(protocol);
      const { deadline, v, r, s } = await signPermit(p, p.alice, p.bob.address, 9n);
      await p.token.connect(p.bob).permit(p.alice.address, p.bob.address, 9n, deadline, v, r, s);
      expect(await p.token.allowance(p.alice.address, p.bob.address)).to.equal(9n);
      expect(await p.token.nonces(p.alice.address)).to.equal(1n);
    });

    it("reverts when the deadline has passed", async () => {
      const p = await networkHelpers.loadFixture(protocol);
      const now = BigInt(await networkHelpers.time.latest());
      const { deadline, v, r, s } = await signPermit(p, p.alice, p.bob.address, 9n, now);
      await expect(p.token.permit(p.alice.address, p.bob.address, 9n, deadline, v, r, s))
        .to.be.revertedWithCustomError(p.token, "ERC2612ExpiredSignature")
        .withArgs(deadline);
    });

    it("reverts when somebody else signed", async () => {
      const p = await networkHelpers.loadFixture(protocol);
      const { deadline, v, r, s } = await signPermit(p, p.bob, p.bob.address, 9n);
      await expect(p.token.permit(p.alice.address, p.bob.address, 9n, deadline, v, r, s))
        .to.be.revertedWithCustomError(p.token, "ERC2612InvalidSigner")
        .withArgs((signer: string) => signer !== p.alice.address, p.alice.address);
    });

    it("reverts when it is replayed", async () => {
      const p = await networkHelpers.loadFixture(protocol);
      const { deadline, v, r, s } = await signPermit(p, p.alice, p.bob.address, 9n);
      await p.token.permit(p.alice.address, p.bob.address, 9n, deadline, v, r, s);
      // The signature is over nonce 0: over nonce 1 it is nobody's.
      await expect(p.token.permit(p.alice.address, p.bob.address, 9n, deadline, v, r, s))
        .to.be.revertedWithCustomError(p.token, "ERC2612InvalidSigner")
        .withArgs((signer: string) => signer !== p.alice.address, p.alice.address);
    });
  });
});
