/** Devices on their way through operators: bound, reused, expired, revoked, freed, spent. Real keys, real rounds. */
import { expect } from "chai";

import { WAD } from "../../deploy/parameters.ts";
import { attest, certify, deviceWorld, newKey, register, type DeviceWorld } from "../fixtures/devices.ts";
import { ballot, drawnOwners, playRound, votesOf } from "../fixtures/round.ts";
import { openSealed } from "../fixtures/seated.ts";
import { ethers, networkHelpers, nextEpoch, type Signer } from "../fixtures/world.ts";

const load = networkHelpers.loadFixture.bind(networkHelpers);
const CLAIMS = 64;

/** A newcomer with a device, 100.001 WORK of its own and 4,000 of a delegator's. */
async function joined() {
  const w = await deviceWorld();
  await attest(w, w.newcomer);
  await register(w, w.newcomer);
  const own = 100n * WAD + WAD / 1_000n;
  for (const [who, amount] of [
    [w.newcomer, own],
    [w.outsider, 4_000n * WAD],
  ] as const) {
    await w.token.transfer(who.address, amount);
    await w.token.connect(who).approve(w.addresses.StakeVault, ethers.MaxUint256);
    await w.vault.connect(who).stake(w.domain, w.newcomer.address, amount);
  }
  await nextEpoch(w);
  return { ...w, owners: [...w.owners, w.newcomer] };
}

/** Rests, waits until nothing can be asked of it, and leaves. */
async function leave(w: DeviceWorld, owner: Signer): Promise<void> {
  const own = w.vault.connect(owner);
  await own.rest(w.domain, true);
  await nextEpoch(w, 3n);
  await own.deregister(w.domain);
}

/** A round in which the newcomer is surely wrong, paid for by its bond. */
async function lie(w: DeviceWorld): Promise<void> {
  for (let tries = 0; tries < 60; tries++) {
    const request = await openSealed(w, CLAIMS);
    const drawn = await drawnOwners(w, request);
    if (drawn.length < 5 || !drawn.includes(w.newcomer)) continue;
    const vote = (owner: Signer) => new Uint8Array(CLAIMS).fill(owner === w.newcomer ? 0 : 255);
    const ballots = drawn.map((owner) => ballot(owner, vote(owner)));
    await playRound(w, request, ballots);
    await w.assay.settle(request.terms, 0, votesOf(ballots));
    const epoch: bigint = await w.vault.currentEpoch();
    await nextEpoch(w);
    await w.minter.distribute(w.domain, epoch, [w.newcomer.address]);
    return;
  }
  throw new Error("the newcomer was not drawn in 60 requests");
}

describe("devices", () => {
  it("back one operator, which votes as everybody", async () => {
    const w = await load(joined);
    expect((await w.vault.seatWeights(w.domain, w.newcomer.address, 2n)).weight).to.be.above(0n);
    // Reused: by somebody else, or by the same owner for nothing.
    await expect(attest(w, w.other))
      .to.be.revertedWithCustomError(w.hook, "DeviceInUse")
      .withArgs(w.device.id, w.domain, w.newcomer.address);
    await expect(register(w, w.other)).to.be.revertedWithCustomError(w.hook, "NotAttested");
    await attest(w, w.other, newKey());
    await register(w, w.other);
  });

  it("are refused when their certificate expired between attesting and registering", async () => {
    const w = await load(joined);
    const device = newKey();
    const notAfter = BigInt(await networkHelpers.time.latest()) + 100n;
    await attest(w, w.other, device, certify(w, device, { notAfter }));
    await networkHelpers.time.setNextBlockTimestamp(notAfter + 1n);
    await expect(register(w, w.other))
      .to.be.revertedWithCustomError(w.hook, "CertificateExpired")
      .withArgs(notAfter + 1n, notAfter);
    // A new certificate for the same device mends it.
    await attest(w, w.other, device, certify(w, device, { serial: 2n }));
    await register(w, w.other);
  });

  it("are refused when their certificate was revoked, or their vendor is not trusted any more", async () => {
    const w = await load(joined);
    const device = newKey();
    const certificate = certify(w, device);
    await attest(w, w.other, device, certificate);
    const id: string = await w.hook.certificateHash(certificate);
    await expect(w.hook.revoke(w.domain, id)).to.emit(w.hook, "Revoked").withArgs(w.domain, id);
    const revoked = "CertificateRevoked";
    await expect(register(w, w.other)).to.be.revertedWithCustomError(w.hook, revoked).withArgs(id);
    await expect(attest(w, w.other, device, certificate))
      .to.be.revertedWithCustomError(w.hook, revoked)
      .withArgs(id);
    const again = certify(w, device, { serial: 2n });
    await attest(w, w.other, device, again);
    await w.hook.setVendor(w.domain, { x: w.vendor.x, y: w.vendor.y }, false);
    await expect(register(w, w.other))
      .to.be.revertedWithCustomError(w.hook, "UnknownVendor")
      .withArgs(w.domain, w.vendor.id);
  });

  it("are free again when their operator left with its stake", async () => {
    const w = await load(joined);
    await leave(w, w.newcomer);
    await attest(w, w.other);
    await register(w, w.other);
    // It comes back only with another one.
    await expect(register(w, w.newcomer)).to.be.revertedWithCustomError(w.hook, "NotAttested");
    await attest(w, w.newcomer, newKey());
    await register(w, w.newcomer);
  });

  it("let their operator come back while nobody else took them", async () => {
    const w = await load(joined);
    await leave(w, w.newcomer);
    await register(w, w.newcomer);
  });

  it("are spent when their operator was charged out, whatever it stakes afterwards [ATT-5]", async () => {
    const w = await load(joined);
    await lie(w);
    expect((await w.vault.originOf(w.domain, w.newcomer.address)).chargedOut).to.equal(true);
    // It is in, and may go on; it left nothing clean behind.
    await w.token.transfer(w.newcomer.address, 500n * WAD);
    await w.vault.connect(w.newcomer).stake(w.domain, w.newcomer.address, 500n * WAD);
    await leave(w, w.newcomer);
    await expect(attest(w, w.other))
      .to.be.revertedWithCustomError(w.hook, "DeviceSpent")
      .withArgs(w.device.id, w.domain, w.newcomer.address);
    await expect(register(w, w.newcomer))
      .to.be.revertedWithCustomError(w.hook, "WasChargedOut")
      .withArgs(w.domain, w.newcomer.address);
    // Nor does it spoil a second device.
    const fresh = newKey();
    await expect(attest(w, w.newcomer, fresh))
      .to.be.revertedWithCustomError(w.hook, "WasChargedOut")
      .withArgs(w.domain, w.newcomer.address);
    await attest(w, w.other, fresh);
    await register(w, w.other);
  });
});
