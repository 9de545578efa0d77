import { expect } from "chai";

import attestationModule from "../../deploy/modules/P256Attestation.ts";
import {
  attest,
  bindingMessage,
  certificateMessage,
  certify,
  deviceWorld,
  newKey,
  register,
  signWith,
} from "../fixtures/devices.ts";
import { connection, createDomain, ethers, networkHelpers, nextEpoch } from "../fixtures/world.ts";

const load = networkHelpers.loadFixture.bind(networkHelpers);
const sha = (message: string): string => ethers.sha256(message);

describe("P256Attestation", () => {
  describe("constructor", () => {
    it("refuses a vault the registry does not know", async () => {
      const w = await load(deviceWorld);
      await expect(ethers.deployContract("P256Attestation", [w.addresses.Assay, w.addresses.DomainRegistry]))
        .to.be.revertedWithCustomError(w.hook, "InvalidPeer")
        .withArgs(w.addresses.Assay);
    });

    it("is deployed by its module, beside a protocol that is there", async () => {
      const { StakeVault, DomainRegistry } = (await load(deviceWorld)).addresses;
      const parameters = { P256Attestation: { StakeVault, DomainRegistry } };
      const { attestation } = await connection.ignition.deploy(attestationModule, { parameters });
      expect(await attestation.getFunction("VAULT")()).to.equal(StakeVault);
      expect(await attestation.getFunction("REGISTRY")()).to.equal(DomainRegistry);
    });
  });

  // setVendor, revoke
  // ├── when the caller does not own the domain → NotDomainOwner
  // ├── when the key is no point of the curve → InvalidKey
  // └── otherwise it counts for this domain, at once
  describe("vendors", () => {
    it("are listed, and certificates revoked, by the domain's owner only [ATT-6]", async () => {
      const w = await load(deviceWorld);
      const { x, y } = newKey();
      const stranger = w.hook.connect(w.newcomer);
      for (const call of [
        stranger.setVendor(w.domain, { x, y }, true),
        stranger.revoke(w.domain, ethers.ZeroHash),
      ])
        await expect(call)
          .to.be.revertedWithCustomError(w.hook, "NotDomainOwner")
          .withArgs(w.newcomer.address, w.deployer.address);
    });

    it("are points of the curve", async () => {
      const w = await load(deviceWorld);
      const { x } = newKey();
      const bent = [x, ethers.ZeroHash] as const;
      await expect(w.hook.setVendor(w.domain, bent, true))
        .to.be.revertedWithCustomError(w.hook, "InvalidKey")
        .withArgs(bent);
    });

    it("count for one domain [ATT-6]", async () => {
      const w = await load(deviceWorld);
      const second = await createDomain(w);
      const { id, x, y } = w.vendor;
      expect(await w.hook.isVendor(w.domain, id)).to.equal(true);
      await expect(attest(w, w.newcomer, w.device, certify(w, w.device), second))
        .to.be.revertedWithCustomError(w.hook, "UnknownVendor")
        .withArgs(second, id);
      await expect(w.hook.setVendor(second, { x, y }, true))
        .to.emit(w.hook, "VendorSet")
        .withArgs(second, id, [x, y], true);
      await attest(w, w.newcomer, w.device, certify(w, w.device), second);
    });
  });

  // attest
  // ├── given a vendor that is not listed, a certificate that is revoked or over → refused
  // ├── given a signature of somebody else, of something else, or with a high s → InvalidCertificate, InvalidBinding
  // ├── given a device that backs somebody registered → DeviceInUse
  // └── otherwise the device backs the caller
  describe("attest", () => {
    it("binds a certified device to the caller", async () => {
      const w = await load(deviceWorld);
      const certificate = sha(certificateMessage(w, w.vendor, w.device, 1n, w.year));
      expect(await w.hook.certificateHash(certify(w, w.device)), "id of the certificate").to.equal(
        certificate,
      );
      expect(await w.hook.idOf({ x: w.device.x, y: w.device.y }), "id of the device").to.equal(w.device.id);
      await expect(attest(w, w.newcomer))
        .to.emit(w.hook, "DeviceBound")
        .withArgs(w.domain, w.newcomer.address, w.device.id, w.vendor.id, certificate, w.year);
      expect(await w.hook.deviceOf(w.domain, w.newcomer.address)).to.equal(w.device.id);
      expect(await w.hook.bindingOf(w.device.id)).to.deep.equal([
        w.newcomer.address,
        w.domain,
        w.year,
        1n,
        w.vendor.id,
        certificate,
      ]);
      await w.hook.requireAdmitted(w.domain, w.newcomer.address);
    });

    it("refuses a vendor nobody listed, or who was taken off the list", async () => {
      const w = await load(deviceWorld);
      const vendor = newKey();
      await expect(attest(w, w.newcomer, w.device, certify(w, w.device, { vendor })))
        .to.be.revertedWithCustomError(w.hook, "UnknownVendor")
        .withArgs(w.domain, vendor.id);
      await w.hook.setVendor(w.domain, { x: w.vendor.x, y: w.vendor.y }, false);
      await expect(attest(w, w.newcomer))
        .to.be.revertedWithCustomError(w.hook, "UnknownVendor")
        .withArgs(w.domain, w.vendor.id);
    });

    it("refuses a certificate nobody signed like this [ATT-2]", async () => {
      const w = await load(deviceWorld);
      const good = certify(w, w.device);
      const elsewhere = { place: { ...w.place, chainId: 1n } };
      const foreign = signWith(w.vendor, certificateMessage(elsewhere, w.vendor, w.device, 1n, w.year));
      const high = signWith(w.vendor, certificateMessage(w, w.vendor, w.device, 1n, w.year), true);
      for (const [why, certificate] of [
        ["signed by somebody else", certify(w, w.device, { signer: newKey() })],
        ["prolonged", { ...good, notAfter: good.notAfter + 1n }],
        ["renumbered", { ...good, serial: 2n }],
        ["of another device", { ...certify(w, newKey()), device: good.device }],
        ["of another chain", { ...good, signature: foreign }],
        ["with a high s", { ...good, signature: high }],
        ["unsigned", { ...good, signature: { r: ethers.ZeroHash, s: ethers.ZeroHash } }],
      ] as const)
        await expect(attest(w, w.newcomer, w.device, certificate), why)
          .to.be.revertedWithCustomError(w.hook, "InvalidCertificate")
          .withArgs(await w.hook.certificateHash(certificate));
    });

    it("refuses a device that did not agree to back this owner, here and now [ATT-3]", async () => {
      const w = await load(deviceWorld);
      const certificate = certify(w, w.device);
      const hash = sha(bindingMessage(w, w.newcomer.address, 0n));
      expect(await w.hook.bindingHash(w.device.id, w.domain, w.newcomer.address)).to.equal(hash);
      for (const [why, signature] of [
        ["another key", signWith(newKey(), bindingMessage(w, w.newcomer.address, 0n))],
        ["another owner", signWith(w.device, bindingMessage(w, w.other.address, 0n))],
        ["another time", signWith(w.device, bindingMessage(w, w.newcomer.address, 1n))],
        ["another domain", signWith(w.device, bindingMessage(w, w.newcomer.address, 0n, w.domain + 1))],
        ["a high s", signWith(w.device, bindingMessage(w, w.newcomer.address, 0n), true)],
      ] as const)
        await expect(w.hook.connect(w.newcomer).attest(w.domain, certificate, signature), why)
          .to.be.revertedWithCustomError(w.hook, "InvalidBinding")
          .withArgs(w.device.id, hash);
    });

    it("takes no signature of a device twice [ATT-3]", async () => {
      const w = await load(deviceWorld);
      const certificate = certify(w, w.device);
      const signature = signWith(w.device, bindingMessage(w, w.newcomer.address, 0n));
      const own = w.hook.connect(w.newcomer);
      await own.attest(w.domain, certificate, signature);
      // The device goes to somebody else before anybody registered; the old word does not bring it back.
      await attest(w, w.other);
      await expect(own.attest(w.domain, certificate, signature)).to.be.revertedWithCustomError(
        w.hook,
        "InvalidBinding",
      );
    });

    it("takes a new certificate for the device that backs the caller already", async () => {
      const w = await load(deviceWorld);
      await attest(w, w.newcomer);
      await register(w, w.newcomer);
      const later = w.year + 1_000n;
      await attest(w, w.newcomer, w.device, certify(w, w.device, { serial: 2n, notAfter: later }));
      expect((await w.hook.bindingOf(w.device.id)).notAfter).to.equal(later);
    });

    it("keeps a device for whom it backs, in whatever domain [ATT-4]", async () => {
      const w = await load(deviceWorld);
      await attest(w, w.newcomer);
      await register(w, w.newcomer);
      await expect(attest(w, w.other))
        .to.be.revertedWithCustomError(w.hook, "DeviceInUse")
        .withArgs(w.device.id, w.domain, w.newcomer.address);
      const second = await createDomain(w);
      await w.hook.setVendor(second, { x: w.vendor.x, y: w.vendor.y }, true);
      await expect(attest(w, w.newcomer, w.device, certify(w, w.device), second))
        .to.be.revertedWithCustomError(w.hook, "DeviceInUse")
        .withArgs(w.device.id, w.domain, w.newcomer.address);
      // A second device of the same owner does not free the first.
      await attest(w, w.newcomer, newKey());
      await expect(attest(w, w.other))
        .to.be.revertedWithCustomError(w.hook, "DeviceInUse")
        .withArgs(w.device.id, w.domain, w.newcomer.address);
      await w.vault.connect(w.newcomer).deregister(w.domain);
      await attest(w, w.other);
    });
  });

  // requireAdmitted
  // ├── when no device backs the owner in the domain → NotAttested
  // ├── when its certificate is over or revoked, its vendor not listed any more → refused
  // └── otherwise silent; who is registered is not asked again
  describe("requireAdmitted", () => {
    it("refuses who has no device, or whose device backs somebody else by now [ATT-1]", async () => {
      const w = await load(deviceWorld);
      await expect(register(w, w.newcomer))
        .to.be.revertedWithCustomError(w.hook, "NotAttested")
        .withArgs(w.domain, w.newcomer.address);
      await attest(w, w.newcomer);
      await attest(w, w.other);
      await expect(register(w, w.newcomer))
        .to.be.revertedWithCustomError(w.hook, "NotAttested")
        .withArgs(w.domain, w.newcomer.address);
      await register(w, w.other);
    });

    it("is good until the last moment of the certificate", async () => {
      const w = await load(deviceWorld);
      await attest(w, w.newcomer);
      await networkHelpers.time.setNextBlockTimestamp(w.year);
      await register(w, w.newcomer);
      const other = newKey();
      await networkHelpers.time.setNextBlockTimestamp(w.year + 1n);
      await expect(attest(w, w.other, other))
        .to.be.revertedWithCustomError(w.hook, "CertificateExpired")
        .withArgs(w.year + 1n, w.year);
    });

    it("asks nothing of who is registered", async () => {
      const w = await load(deviceWorld);
      await attest(w, w.newcomer);
      await register(w, w.newcomer);
      await w.hook.setVendor(w.domain, { x: w.vendor.x, y: w.vendor.y }, false);
      await networkHelpers.time.increaseTo(w.year + 1n);
      const own = w.vault.connect(w.newcomer);
      await own.setModel(w.domain, ethers.id("another model"), "");
      await own.rest(w.domain, true);
      await nextEpoch(w, 3n);
      await own.deregister(w.domain);
    });
  });
});
