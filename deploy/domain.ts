/** Creates a domain of a parameter file and lists its families, paid by the deployer. */
import type { DeployedDomain } from "./published/src/deployment.ts";
import type { DomainFile } from "./parameterFile.ts";
import type { Deployer } from "./network.ts";
import type { Addresses, ProtocolParameters } from "./plan.ts";

/** @param number of the new domain; the registry counts from 1 */
export async function createDomain(
  { ethers, signer }: Deployer,
  at: Addresses,
  { domainFee, familyBond }: ProtocolParameters,
  file: DomainFile,
  number: number,
): Promise<DeployedDomain> {
  const token = await ethers.getContractAt("WorkToken", at.WorkToken, signer);
  const registry = await ethers.getContractAt("DomainRegistry", at.DomainRegistry, signer);

  const cost = domainFee + familyBond * BigInt(file.families.length);
  await (await token.getFunction("approve")(at.DomainRegistry, cost)).wait();
  const create = registry.getFunction("createDomain");
  await (await create(file.name, file.minSelfBond, file.minFamilyWeight, file.parameters)).wait();
  if ((await registry.getFunction("domainCount")()) !== BigInt(number))
    throw new Error(`domain ${file.name} is not number ${number}: somebody else created one, deploy again`);

  const families: Record<string, number> = {};
  for (const [slot, label] of file.families.entries()) {
    await (await registry.getFunction("proposeFamily")(number, label)).wait();
    await (await registry.getFunction("listFamily")(number, ethers.id(label))).wait();
    families[label] = slot;
  }
  return { id: number, families };
}
