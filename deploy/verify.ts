/** Asks the chain whether a deployment is what the plan says: code everywhere, every peer and constant in its place. */
import type { Deployer } from "./network.ts";
import { CONSTANTS, ORDER, PEERS, type Addresses, type ProtocolParameters } from "./plan.ts";

/** @throws Error that names every difference */
export async function verifyDeployment(
  { ethers }: Deployer,
  at: Addresses,
  parameters: ProtocolParameters,
): Promise<void> {
  const problems: string[] = [];
  for (const name of ORDER) {
    if ((await ethers.provider.getCode(at[name])) === "0x") {
      problems.push(`${name}: no code at ${at[name]}`);
      continue;
    }
    const contract = await ethers.getContractAt(name, at[name]);
    const expected: Record<string, string | bigint> = {};
    for (const [getter, peer] of Object.entries(PEERS[name])) expected[getter] = at[peer];
    for (const [getter, constant] of Object.entries(CONSTANTS[name])) expected[getter] = parameters[constant];
    for (const [getter, value] of Object.entries(expected)) {
      const found: unknown = await contract.getFunction(getter)();
      if (found !== value) problems.push(`${name}.${getter} is ${String(found)}, not ${String(value)}`);
    }
  }
  if (problems.length > 0) throw new Error(`the deployment differs from its plan: ${problems.join("; ")}`);
}
