import { generateKeyPairSync, sign, type KeyObject } from "node:crypto";
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";

import { domainRegistryAbi, p256AttestationAbi, stakeVaultAbi } from "@assay/published";
import { expect } from "chai";
import { bytesToHex, hexToBytes, keccak256, stringToHex, type Abi, type Address, type Hex } from "viem";

import { assay, type Ran } from "../testing/assay.ts";
import { ROOT, startTestChain, type Player, type TestChain } from "../testing/chain.ts";
import { idOf, readPublicKey } from "./keys.ts";

const ARTIFACT = join(ROOT, "artifacts/contracts/hooks/P256Attestation.sol/P256Attestation.json");

describe("assay device", function () {
  this.timeout(120_000);
  let chain: TestChain;
  let attestation: Address;
  let owner: Player;
  let other: Player;
  let vendorKey: string;

  before(async () => {
    chain = await startTestChain();
    [owner, other] = [chain.player(5), chain.player(6)];
    vendorKey = newKey("vendor").privateFile;
    const { at, client } = chain.connection;
    const deployer = chain.player(0);
    const { abi, bytecode } = JSON.parse(readFileSync(ARTIFACT, "utf8")) as { abi: Abi; bytecode: Hex };
    const args = [at.StakeVault, at.DomainRegistry];
    const hash = await deployer.signer.deployContract({ abi, bytecode, args, gas: 10_000_000n });
    const { contractAddress } = await client.waitForTransactionReceipt({ hash });
    attestation = contractAddress!;
    const listed = [chain.domain, readPublicKey(vendorKey), true];
    await chain.send(deployer, attestation, p256AttestationAbi, "setVendor", listed);
    const chosen = [chain.domain, attestation];
    await chain.send(deployer, at.DomainRegistry, domainRegistryAbi, "setAttestation", chosen);
  });

  after(() => chain.stop());

  /** A key pair in two PEM files. */
  function newKey(name: string, namedCurve = "P-256") {
    const { privateKey, publicKey } = generateKeyPairSync("ec", { namedCurve });
    const file = (kind: string, pem: string | Buffer): string => {
      const path = join(chain.folder, `${name}.${kind}.pem`);
      writeFileSync(path, pem);
      return path;
    };
    return {
      privateKey,
      privateFile: file("key", privateKey.export({ type: "pkcs8", format: "pem" })),
      publicFile: file("pub", publicKey.export({ type: "spki", format: "pem" })),
    };
  }

  async function certified(publicFile: string, overrides: Record<string, unknown> = {}): Promise<string> {
    const ran = await assay([
      ...["device", "certify", publicFile, "--vendor-key", vendorKey, "--attestation", attestation],
      ...["--chain", "31337", "--serial", "7", "--until", "2100-01-01"],
    ]);
    expect(ran.code, ran.stderr).to.equal(0);
    const path = publicFile.replace(".pub.pem", ".json");
    writeFileSync(path, JSON.stringify({ ...JSON.parse(ran.stdout), ...overrides }));
    return path;
  }

  const keyOf = ({ account }: Player): Hex => bytesToHex(account.getHdKey().privateKey ?? new Uint8Array());
  const attest = (by: Player, certificate: string, ...args: string[]): Promise<Ran> =>
    assay(["device", "attest", certificate, "--domain", "grounded", ...args, ...chain.options], {
      ASSAY_KEY: keyOf(by),
    });
  const register = (by: Player) =>
    chain.send(by, chain.connection.at.StakeVault, stakeVaultAbi, "register", [
      chain.domain,
      by.address,
      0,
      1_000,
      keccak256(stringToHex("model")),
      "",
    ]);

  async function refused(by: Player, code: string, certificate: string, ...args: string[]): Promise<void> {
    const ran = await attest(by, certificate, ...args);
    expect([ran.code !== 0, ran.stderr.includes(code)], ran.stderr).to.deep.equal([true, true]);
  }

  it("brings a device with a PEM key to an operator, who may register then", async () => {
    const device = newKey("first");
    const certificate = await certified(device.publicFile);
    const early = await register(owner).catch((error: Error) => error.message);
    expect(early).to.include("NotAttested");
    const ran = await attest(owner, certificate, "--device-key", device.privateFile);
    expect(ran.code, ran.stderr).to.equal(0);
    expect(ran.stdout).to.include(`device ${idOf(readPublicKey(device.publicFile))} backs ${owner.address}`);
    await register(owner);
    await refused(other, "DeviceInUse", certificate, "--device-key", device.privateFile);
  });

  it("brings one whose key cannot leave it, by what it signed elsewhere", async () => {
    const device = newKey("second");
    const certificate = await certified(device.publicFile);
    const told = await attest(other, certificate, "--json");
    expect(told.code, told.stderr).to.equal(0);
    const { message } = JSON.parse(told.stdout) as { message: Hex };
    expect((await attest(other, certificate)).stdout, "also for people").to.include(message);
    await attest(other, certificate, "--signature", signed(device.privateKey, message));
    await register(other);
  });

  /** A file with the signature, in DER as tools write it. */
  function signed(key: KeyObject, message: Hex): string {
    const file = join(chain.folder, "signature.der");
    writeFileSync(file, sign("sha256", hexToBytes(message), key));
    return file;
  }

  it("refuses what does not fit together, and says what", async () => {
    const [device, stranger, koblitz] = [newKey("third"), newKey("fourth"), newKey("fifth", "secp256k1")];
    const certificate = await certified(device.publicFile);
    const key = ["--device-key", device.privateFile] as const;
    await refused(other, "WRONG_DEVICE", certificate, "--device-key", stranger.privateFile);
    await refused(other, "KEY_UNREADABLE", certificate, "--device-key", koblitz.privateFile);
    await refused(other, "KEY_UNREADABLE", certificate, "--device-key", device.publicFile);
    await refused(other, "SIGNATURE_UNREADABLE", certificate, "--signature", device.publicFile);
    await refused(other, "FILE_UNREADABLE", certificate, "--signature", join(chain.folder, "none"));
    const foreign = await certified(device.publicFile, { chainId: 1 });
    await refused(other, "WRONG_CERTIFICATE", foreign, ...key);
    const bent = await certified(device.publicFile, { serial: 8 });
    await refused(other, "InvalidCertificate", bent, ...key);
    writeFileSync(bent, "{}");
    await refused(other, "CERTIFICATE_UNREADABLE", bent, ...key);
    const free = [chain.domain, "0x0000000000000000000000000000000000000000"];
    const { DomainRegistry } = chain.connection.at;
    await chain.send(chain.player(0), DomainRegistry, domainRegistryAbi, "setAttestation", free);
    await refused(other, "NO_ATTESTATION", await certified(device.publicFile), ...key);
  });
});
