/**
 * Hands the rights and the supply over. Until then the deployer is the AccessManager's admin, owns the domains and holds
 * the WORK; afterwards the governor holds every role, may give them to others with delays of its choice, and owns the
 * domains; the treasury holds what WORK is left.
 */
import type { Deployer } from "./network.ts";
import type { ParameterFile } from "./parameterFile.ts";
import type { Addresses } from "./plan.ts";

/** May pause new requests: DomainRegistry.pause. */
export const PAUSER = 1n;
/** May set a domain's share of the emission: RewardMinter.setShare. */
export const EMISSION = 2n;
const ADMIN = 0n;

export async function handOver(
  deployer: Deployer,
  at: Addresses,
  { governor = deployer.signer.address, treasury = deployer.signer.address }: ParameterFile["protocol"],
  domains: number,
): Promise<void> {
  const { ethers, signer } = deployer;
  if (treasury !== signer.address) {
    const token = await ethers.getContractAt("WorkToken", at.WorkToken, signer);
    const left: unknown = await token.getFunction("balanceOf")(signer.address);
    await (await token.getFunction("transfer")(treasury, left)).wait();
  }
  if (governor !== signer.address) {
    const registry = await ethers.getContractAt("DomainRegistry", at.DomainRegistry, signer);
    for (let domain = 1; domain <= domains; domain++)
      await (await registry.getFunction("transferDomain")(domain, governor)).wait();
  }
  await giveRoles(deployer, at, governor);
}

async function giveRoles({ ethers, signer }: Deployer, at: Addresses, governor: string): Promise<void> {
  const manager = await ethers.getContractAt("AccessManager", at.AccessManager, signer);
  const registry = await ethers.getContractAt("DomainRegistry", at.DomainRegistry);
  const minter = await ethers.getContractAt("RewardMinter", at.RewardMinter);
  const call = (name: string, args: readonly unknown[]) => manager.interface.encodeFunctionData(name, args);
  const pause = registry.getFunction("pause").fragment.selector;
  const setShare = minter.getFunction("setShare").fragment.selector;
  const calls = [
    call("labelRole", [PAUSER, "pauser"]),
    call("labelRole", [EMISSION, "emission"]),
    call("setTargetFunctionRole", [at.DomainRegistry, [pause], PAUSER]),
    call("setTargetFunctionRole", [at.RewardMinter, [setShare], EMISSION]),
    call("grantRole", [PAUSER, governor, 0]),
    call("grantRole", [EMISSION, governor, 0]),
  ];
  if (governor !== signer.address)
    calls.push(call("grantRole", [ADMIN, governor, 0]), call("renounceRole", [ADMIN, signer.address]));
  await (await manager.getFunction("multicall")(calls)).wait();
}
