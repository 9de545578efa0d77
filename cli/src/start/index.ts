/** The local network for those who script or test it. */
export {
  bringUpNetwork,
  domainOf,
  keeperEnvironment,
  ROOT,
  startKeepers,
  writeKeeperConfig,
  type LocalNetwork,
} from "./localNetwork.ts";
export { createProcessGroup, freePort } from "./processes.ts";
export { openRequest } from "./run.ts";
export { OPERATORS, readSamples, type OperatorPlan } from "./scenario.ts";
