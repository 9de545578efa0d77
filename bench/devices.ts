/**
 * An operator with a device, registering where a hook is asked. Attesting is not recorded: keys and signatures are made
 * anew in every run, and what P-256 costs in Solidity differs with them (829,014 … 838,932 gas seen for two signatures).
 */
import { attest, deviceWorld, register } from "../test/fixtures/devices.ts";
import type { Figures } from "./life.ts";
import { gasOf } from "./rounds.ts";

export async function measureDevices(): Promise<Figures> {
  const w = await deviceWorld();
  await attest(w, w.newcomer);
  return { registerAttested: await gasOf(register(w, w.newcomer)) };
}
