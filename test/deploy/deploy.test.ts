import { execFile } from "node:child_process";
import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";

import { expect } from "chai";
import { network } from "hardhat";

import { deployNetwork } from "../../deploy/network.ts";
import { ORDER } from "../../deploy/plan.ts";
import { addresses, type Deployment } from "../../deploy/published/src/index.ts";
import { rpc, startChain, type Chain, type NodeKind } from "../fixtures/chain.ts";

const ROOT = join(import.meta.dirname, "..", "..");
const LOCAL = join(ROOT, "deploy", "params", "local.json");
const FAMILIES = ["overlap-logistic", "hashed-mlp", "char-trees", "hard-negative", "align-conv"];

const connect = (url: string) => network.create({ network: "localhost", override: { url } });

describe("deploying to a node", () => {
  let folder: string;
  const chains: Chain[] = [];

  const start = async (kind: NodeKind) => {
    const chain = await startChain(kind);
    chains.push(chain);
    return chain;
  };

  before(async () => {
    folder = await mkdtemp(join(tmpdir(), "assay-deploy-"));
  });

  afterEach(async () => {
    for (const chain of chains.splice(0)) await chain.stop();
  });

  after(async () => {
    await rm(folder, { recursive: true });
  });

  for (const kind of ["hardhat", "anvil"] as const) {
    it(`puts the local network onto ${kind} at the published addresses`, async () => {
      const { url } = await start(kind);
      const connection = await connect(url);
      const out = join(folder, `${kind}.json`);
      const deployment = await deployNetwork({ connection, parameterFile: LOCAL, out });

      expect(deployment.addresses).to.deep.equal(addresses["31337"]);
      expect(deployment.domains).to.deep.equal({
        grounded: { id: 1, families: Object.fromEntries(FAMILIES.map((label, slot) => [label, slot])) },
      });
      expect(JSON.parse(await readFile(out, "utf8"))).to.deep.equal(deployment);
      await expectDeployed(connection.ethers, deployment);
      await connection.close();
    });

    it(`works on ${kind} mining one block a second, and leaves it mining so`, async () => {
      const { url } = await start(kind);
      await rpc(url, "evm_setAutomine", [false]);
      await rpc(url, "evm_setIntervalMining", [kind === "anvil" ? 1 : 1_000]);
      const connection = await connect(url);
      const deployment = await deployNetwork({ connection, parameterFile: LOCAL });
      await expectDeployed(connection.ethers, deployment);

      expect(await rpc(url, "hardhat_getAutomine")).to.equal(false);
      const { provider } = connection.ethers;
      const since = Date.now();
      const block = await provider.getBlockNumber();
      let mined = 0;
      while (mined < 2) {
        await new Promise((resolve) => setTimeout(resolve, 200));
        mined = (await provider.getBlockNumber()) - block;
      }
      // A busy machine mines fewer, or a few late ones at once.
      expect(mined).to.be.at.most((Date.now() - since) / 1_000 + 3);
      await connection.close();
    });
  }

  it("hands rights and supply to the governor and the treasury of the file", async () => {
    const { url } = await start("anvil");
    const connection = await connect(url);
    const { ethers } = connection;
    const [deployer, governor, treasury] = await ethers.getSigners();
    const file = JSON.parse(await readFile(LOCAL, "utf8"));
    Object.assign(file.protocol, { governor: governor!.address, treasury: treasury!.address });
    const parameterFile = join(folder, "governed.json");
    await writeFile(parameterFile, JSON.stringify(file));

    const { addresses: at } = await deployNetwork({ connection, parameterFile });
    const token = await ethers.getContractAt("WorkToken", at.WorkToken);
    expect(await token.getFunction("balanceOf")(deployer!.address)).to.equal(0n);
    // Ten million, less the burned domain fee and five family bonds.
    expect(await token.getFunction("balanceOf")(treasury!.address)).to.equal(ethers.parseEther("9996500"));
    const registry = await ethers.getContractAt("DomainRegistry", at.DomainRegistry);
    expect(await registry.getFunction("ownerOf")(1)).to.equal(governor!.address);

    const manager = await ethers.getContractAt("AccessManager", at.AccessManager);
    const role = async (id: bigint, account: string) =>
      (await manager.getFunction("hasRole")(id, account)).isMember;
    expect(await role(0n, governor!.address)).to.equal(true);
    expect(await role(0n, deployer!.address)).to.equal(false);
    const minter = await ethers.getContractAt("RewardMinter", at.RewardMinter);
    // anvil answers with a hash before it has mined.
    await (await registry.connect(governor!).getFunction("pause")(0)).wait();
    await (await minter.connect(governor!).getFunction("setShare")(1, 500)).wait();
    expect(await minter.getFunction("shareOf")(1)).to.equal(500n);
    await expect(registry.connect(deployer!).getFunction("pause")(0))
      .to.be.revertedWithCustomError(registry, "AccessManagedUnauthorized")
      .withArgs(deployer!.address);
    await connection.close();
  });

  it("runs as a script that prints where it wrote the deployment", async () => {
    const { url } = await start("anvil");
    const out = join(folder, "script.json");
    const cli = join(ROOT, "node_modules", "hardhat", "dist", "src", "cli.js");
    const args = [cli, "run", "--no-compile", "deploy/deploy.ts", "--network", "localhost"];
    const env = { ...process.env, ASSAY_RPC: url, ASSAY_OUT: out };
    const { stdout } = await promisify(execFile)(process.execPath, args, { cwd: ROOT, env });
    expect(stdout.trim()).to.equal(out);
    const deployment = JSON.parse(await readFile(out, "utf8")) as Deployment;
    expect(deployment.addresses).to.deep.equal(addresses["31337"]);
    expect(deployment.chainId).to.equal(31_337);
  });
});

type Ethers = Awaited<ReturnType<typeof network.create>>["ethers"];

/** Asks the chain, not the deployment: clocks, roles, domain, families. */
async function expectDeployed(ethers: Ethers, deployment: Deployment): Promise<void> {
  const at = deployment.addresses;
  const [deployer] = await ethers.getSigners();
  for (const name of ORDER) expect(await ethers.provider.getCode(at[name]), name).to.not.equal("0x");
  const first = await ethers.provider.getBlock(deployment.block - 1);
  expect(deployment.genesis).to.equal(first!.timestamp);

  const assay = await ethers.getContractAt("Assay", at.Assay);
  expect(await assay.getFunction("GENESIS")()).to.equal(BigInt(deployment.genesis));
  expect(await assay.getFunction("EPOCH")()).to.equal(BigInt(deployment.epochLength));
  const manager = await ethers.getContractAt("AccessManager", at.AccessManager);
  for (const role of [1n, 2n])
    expect((await manager.getFunction("hasRole")(role, deployer!.address)).isMember).to.equal(true);

  const registry = await ethers.getContractAt("DomainRegistry", at.DomainRegistry);
  const { id, families } = deployment.domains.grounded!;
  expect(await registry.getFunction("ownerOf")(id)).to.equal(deployer!.address);
  for (const [label, slot] of Object.entries(families))
    expect((await registry.getFunction("familyOf")(id, slot)).lineage, label).to.equal(ethers.id(label));
}
