/**
 * Everything of deploy/plan.ts, one contract after the other: the addresses were predicted from the deployer's nonce,
 * so the order is part of the result. Parameters: the protocol constants and the predicted addresses, by name.
 */
import { buildModule } from "@nomicfoundation/hardhat-ignition/modules";
import type { NamedArtifactContractDeploymentFuture } from "@nomicfoundation/ignition-core";

import { constructorArguments, ORDER, PARAMETERS, type ContractName } from "../plan.ts";

type ContractFuture = NamedArtifactContractDeploymentFuture<ContractName>;

export default buildModule("Assay", (m) => {
  const parameter = (name: string) => [name, m.getParameter(name)] as const;
  type Value = ReturnType<typeof parameter>[1];
  const constants = Object.fromEntries(PARAMETERS.map(parameter)) as Record<
    (typeof PARAMETERS)[number],
    Value
  >;
  const predicted = Object.fromEntries(ORDER.map(parameter)) as Record<ContractName, Value>;
  const args = constructorArguments(constants, predicted);

  const futures: Partial<Record<ContractName, ContractFuture>> = {};
  let last: ContractFuture | undefined;
  for (const name of ORDER) {
    const values = args[name].map((value) => (isList(value) ? [...value] : value));
    last = futures[name] = m.contract(name, values, { after: last ? [last] : [] });
  }
  return futures as Record<ContractName, ContractFuture>;
});

function isList<V>(value: V | readonly V[]): value is readonly V[] {
  return Array.isArray(value);
}
