import { expect } from "chai";

import { impersonated } from "./fixtures/peers.ts";
import { deployProtocol, ethers, networkHelpers } from "./fixtures/world.ts";

const PENDING = 0n;
const READY = 1n;
const LOST = 2n;

/** Where EIP-2935 keeps block hashes, the code it puts there, and who feeds it at the start of a block. */
const HISTORY = "0x0000F90827F1C53a10cb7A02335B175320002935";
const HISTORY_CODE =
  "0x3373fffffffffffffffffffffffffffffffffffffffe14604657602036036042575f35600143038111604257611fff81430311604257611fff9006545f5260205ff35b5f5ffd5b5f35611fff60014303065500";
const SYSTEM = "0xfffffffffffffffffffffffffffffffffffffffe";

async function protocol() {
  const { randomness } = await deployProtocol();
  const ticket: bigint = await randomness.open();
  return { randomness, ticket };
}

/** A chain with EIP-2935: its real code, told the hash of the seed block by the block after it. */
async function withHistory() {
  const { randomness, ticket } = await protocol();
  await networkHelpers.setCode(HISTORY, HISTORY_CODE);
  await mineTo(ticket);
  const hash = await hashOf(ticket);
  const system = await impersonated(SYSTEM);
  await system.sendTransaction({ to: HISTORY, data: hash });
  return { randomness, ticket, hash };
}

async function mineTo(block: bigint): Promise<void> {
  await networkHelpers.mineUpTo(block);
}

async function hashOf(block: bigint): Promise<string> {
  return (await ethers.provider.getBlock(Number(block)))!.hash!;
}

function seedFrom(hash: string, ticket: bigint): bigint {
  return BigInt(
    ethers.keccak256(ethers.AbiCoder.defaultAbiCoder().encode(["bytes32", "uint256"], [hash, ticket])),
  );
}

describe("BlockhashRandomness", () => {
  // open
  // └── always → two blocks ahead, so that nobody knows the hash yet
  describe("open", () => {
    it("names the block two ahead [REQ-8]", async () => {
      const { randomness } = await networkHelpers.loadFixture(protocol);
      const block = BigInt(await ethers.provider.getBlockNumber());
      expect(await randomness.open()).to.equal(block + 2n);
      expect(await randomness.DELAY()).to.equal(2n);
    });
  });

  // seedOf
  // ├── up to and with the seed block → PENDING
  // ├── 1..256 blocks after it → READY from the EVM's own memory
  // └── later
  //     ├── without code at the history address → LOST
  //     ├── given the history contract
  //     │   ├── 257..8,191 blocks after it → READY, the same seed
  //     │   ├── 8,192 blocks after it → LOST
  //     │   └── that knows no hash → LOST
  //     ├── given code there that reverts → LOST
  //     └── given code there that answers too little → LOST
  describe("seedOf", () => {
    it("is pending until the seed block is mined and in its very block", async () => {
      const { randomness, ticket } = await networkHelpers.loadFixture(protocol);
      await mineTo(ticket - 1n);
      expect(await randomness.seedOf(ticket, "0x")).to.deep.equal([0n, PENDING]);
      await mineTo(ticket);
      expect(await randomness.seedOf(ticket, "0x")).to.deep.equal([0n, PENDING]);
    });

    it("hashes the block's hash with the ticket", async () => {
      const { randomness, ticket } = await networkHelpers.loadFixture(protocol);
      await mineTo(ticket + 1n);
      expect(await randomness.seedOf(ticket, "0x")).to.deep.equal([
        seedFrom(await hashOf(ticket), ticket),
        READY,
      ]);
    });

    it("takes no notice of a proof", async () => {
      const { randomness, ticket } = await networkHelpers.loadFixture(protocol);
      await mineTo(ticket + 1n);
      expect(await randomness.seedOf(ticket, "0x1234")).to.deep.equal(await randomness.seedOf(ticket, "0x"));
    });

    it("gives different seeds to different tickets", async () => {
      const { randomness, ticket } = await networkHelpers.loadFixture(protocol);
      await mineTo(ticket + 2n);
      const [first] = await randomness.seedOf(ticket, "0x");
      const [second] = await randomness.seedOf(ticket + 1n, "0x");
      expect(first).to.not.equal(second);
    });

    it("does not change its answer for 256 blocks and is lost after them without a history contract", async () => {
      const { randomness, ticket } = await networkHelpers.loadFixture(protocol);
      await networkHelpers.setCode(HISTORY, "0x");
      await mineTo(ticket + 1n);
      const first = await randomness.seedOf(ticket, "0x");
      expect(first[1]).to.equal(READY);
      await mineTo(ticket + (await randomness.NATIVE_HISTORY()));
      expect(await randomness.seedOf(ticket, "0x")).to.deep.equal(first);
      await mineTo(ticket + 257n);
      expect(await randomness.seedOf(ticket, "0x")).to.deep.equal([0n, LOST]);
    });

    it("finds the same seed in the history of EIP-2935 for 8,191 blocks", async () => {
      const { randomness, ticket, hash } = await networkHelpers.loadFixture(withHistory);
      const expected = [seedFrom(hash, ticket), READY];
      await mineTo(ticket + 257n);
      expect(await randomness.seedOf(ticket, "0x")).to.deep.equal(expected);
      await mineTo(ticket + (await randomness.LONG_HISTORY()));
      expect(await randomness.seedOf(ticket, "0x")).to.deep.equal(expected);
      await mineTo(ticket + 8_192n);
      expect(await randomness.seedOf(ticket, "0x")).to.deep.equal([0n, LOST]);
    });

    it("is lost when the history knows no hash", async () => {
      const { randomness, ticket } = await networkHelpers.loadFixture(withHistory);
      await mineTo(ticket + 300n);
      expect(await randomness.seedOf(ticket + 1n, "0x")).to.deep.equal([0n, LOST]);
    });

    it("is lost when the history reverts", async () => {
      const { randomness, ticket } = await networkHelpers.loadFixture(protocol);
      await networkHelpers.setCode(HISTORY, "0x5f5ffd"); // revert(0, 0)
      await mineTo(ticket + 257n);
      expect(await randomness.seedOf(ticket, "0x")).to.deep.equal([0n, LOST]);
    });

    it("is lost when the history answers less than a word", async () => {
      const { randomness, ticket } = await networkHelpers.loadFixture(protocol);
      await networkHelpers.setCode(HISTORY, "0x601f5ff3"); // return(0, 31)
      await mineTo(ticket + 257n);
      expect(await randomness.seedOf(ticket, "0x")).to.deep.equal([0n, LOST]);
    });
  });
});
