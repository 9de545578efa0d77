import { expect } from "chai";

import { WAD } from "../../deploy/parameters.ts";
import { register } from "../fixtures/devices.ts";
import { peersOf } from "../fixtures/peers.ts";
import {
  buildWorld,
  createDomain,
  ethers,
  networkHelpers,
  nextEpoch,
  OPERATOR_STAKE,
} from "../fixtures/world.ts";

const load = networkHelpers.loadFixture.bind(networkHelpers);
/** Enough to register, and little enough to burn. */
const GAS = { gasLimit: 1_000_000n };
const MOOD = { SILENT: 0, REFUSE: 1, BURN: 2, SHOUT: 3, REENTER: 4 } as const;

/** The default world, whose domain has a hook of somebody who means ill; and a domain without one. */
async function hookedWorld() {
  const w = await buildWorld(8);
  const free = await createDomain(w);
  const hook = await ethers.deployContract("HostileAttestation");
  await w.registry.setAttestation(w.domain, await hook.getAddress());
  const set = (mood: number, target = ethers.ZeroAddress, data = "0x") =>
    hook.getFunction("set")(mood, target, data);
  const newcomer = (await ethers.getSigners())[11]!;
  await w.token.transfer(newcomer.address, 2n * OPERATOR_STAKE);
  await w.token.connect(newcomer).approve(w.addresses.StakeVault, ethers.MaxUint256);
  return { ...w, free, hook, set, newcomer, peers: await peersOf(w) };
}

type Given = Awaited<ReturnType<typeof hookedWorld>>;

/** Everything an operator and its staker do after registration works as ever. */
async function expectFree(w: Given): Promise<void> {
  const [owner, staker] = [w.owners[0]!, w.newcomer];
  const [own, delegated] = [w.vault.connect(owner), w.vault.connect(staker)];
  const pool = [w.domain, owner.address] as const;
  await delegated.stake(...pool, 100n * WAD);
  await own.setHotKey(w.domain, staker.address);
  await own.setModel(w.domain, ethers.id("another"), "");
  await own.setCommission(w.domain, 1_000);
  await w.vault.connect(w.peers.assay).charge(...pool, 0n, WAD, ethers.ZeroAddress);
  await own.rest(w.domain, true);
  const { shares } = await w.vault.holdingOf(...pool, owner.address);
  await own.requestUnstake(...pool, shares);
  await nextEpoch(w, 8n);
  await own.withdraw(...pool);
  await own.deregister(w.domain);
  await delegated.requestUnstake(...pool, 1n);
}

describe("StakeVault", () => {
  // register, given a domain whose owner chose a hook
  // ├── when the hook refuses, burns all gas or reenters → refused, there only
  // ├── whatever the hook does → who is registered does everything as before
  // └── when the domain's owner takes the hook away → as ever
  describe("attestation", () => {
    for (const mood of ["REFUSE", "BURN", "SHOUT"] as const)
      it(`keeps newcomers of its domain out, and nothing else, when the hook does ${mood} [DOM-16]`, async () => {
        const w = await load(hookedWorld);
        await w.set(MOOD[mood]);
        const reason = expect(register(w, w.newcomer, w.domain, GAS));
        if (mood === "REFUSE") await reason.to.be.revertedWithCustomError(w.hook, "Refused");
        else await reason.to.be.revert(ethers);
        await register(w, w.newcomer, w.free);
        await expectFree(w);
        // Who left stands outside, as everybody; its stake did not stay behind.
        await expect(register(w, w.owners[0]!, w.domain, GAS)).to.be.revert(ethers);
        await w.registry.setAttestation(w.domain, ethers.ZeroAddress);
        await register(w, w.owners[0]!);
        await register(w, w.newcomer);
      });

    it("can change nothing while it is asked", async () => {
      const w = await load(hookedWorld);
      const vault = w.addresses.StakeVault;
      const hook = await w.hook.getAddress();
      for (const [name, at, data] of [
        [
          "register",
          vault,
          w.vault.interface.encodeFunctionData("register", [w.domain, vault, 0, 0, ethers.id("m"), ""]),
        ],
        [
          "stake",
          vault,
          w.vault.interface.encodeFunctionData("stake", [w.domain, w.owners[0]!.address, WAD]),
        ],
        ["approve", w.addresses.WorkToken, w.token.interface.encodeFunctionData("approve", [vault, 1n])],
      ] as const) {
        await w.set(MOOD.REENTER, at, data);
        await expect(register(w, w.newcomer, w.domain, GAS), name).to.be.revertedWithCustomError(
          w.hook,
          "Refused",
        );
      }
      // Outside of the question the last of these calls goes through: it was refused for being asked statically.
      await w.hook.getFunction("requireAdmitted")(w.domain, w.newcomer.address);
      expect(await w.token.allowance(hook, vault)).to.equal(1n);
    });

    it("may look, and finds nothing begun", async () => {
      const w = await load(hookedWorld);
      const data = w.vault.interface.encodeFunctionData("operatorOf", [w.domain, w.newcomer.address]);
      await w.set(MOOD.REENTER, w.addresses.StakeVault, data);
      await register(w, w.newcomer);
    });
  });

  // a charge that takes an operator's own stake, both sides, below minSelfBond → ChargedOut, for ever
  describe("charged out", () => {
    const charge = (w: Given, amount: bigint) =>
      w.vault.connect(w.peers.assay).charge(w.domain, w.owners[0]!.address, 0n, amount, ethers.ZeroAddress);
    const chargedOut = async (w: Given): Promise<boolean> =>
      (await w.vault.originOf(w.domain, w.owners[0]!.address)).chargedOut;

    it("marks the operator when its own stake falls below the floor, not its pool [STK-27]", async () => {
      const w = await load(hookedWorld);
      const owner = w.owners[0]!.address;
      await w.vault.connect(w.newcomer).stake(w.domain, owner, 2_000n * WAD);
      // Half of each charge falls on the newcomer's half.
      await charge(w, 3_798n * WAD);
      expect(await chargedOut(w), "101 WORK left").to.equal(false);
      await expect(charge(w, 4n * WAD))
        .to.emit(w.vault, "ChargedOut")
        .withArgs(w.domain, owner, (left: bigint) => left < 100n * WAD, 100n * WAD);
      expect(await chargedOut(w)).to.equal(true);
      await expect(charge(w, WAD), "once").not.to.emit(w.vault, "ChargedOut");
    });

    it("counts what is unbonding, so that nobody dodges by unstaking [STK-27]", async () => {
      const w = await load(hookedWorld);
      const pool = [w.domain, w.owners[0]!.address] as const;
      const { shares } = await w.vault.holdingOf(...pool, pool[1]);
      await w.vault.connect(w.owners[0]!).requestUnstake(...pool, shares);
      await charge(w, 1_899n * WAD);
      expect(await chargedOut(w), "101 WORK unbonding").to.equal(false);
      await charge(w, 2n * WAD);
      expect(await chargedOut(w), "99 WORK").to.equal(true);
    });

    it("is not for who took its own stake out before", async () => {
      const w = await load(hookedWorld);
      const pool = [w.domain, w.owners[0]!.address] as const;
      const own = w.vault.connect(w.owners[0]!);
      await w.vault.connect(w.newcomer).stake(...pool, 500n * WAD);
      await own.requestUnstake(...pool, (await w.vault.holdingOf(...pool, pool[1])).shares);
      await nextEpoch(w, 8n);
      await own.withdraw(...pool);
      await charge(w, 400n * WAD);
      expect(await chargedOut(w)).to.equal(false);
    });

    it("stays, however much is staked and whatever is registered afterwards", async () => {
      const w = await load(hookedWorld);
      const [own, owner] = [w.vault.connect(w.owners[0]!), w.owners[0]!];
      await charge(w, 1_950n * WAD);
      await w.token.transfer(owner.address, 1_000n * WAD);
      await own.stake(w.domain, owner.address, 1_000n * WAD);
      await own.rest(w.domain, true);
      await nextEpoch(w, 3n);
      await own.deregister(w.domain);
      await register(w, owner);
      expect(await chargedOut(w)).to.equal(true);
    });
  });
});
