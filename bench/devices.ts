/** An operator with a device: attesting, with P-256 computed in Solidity, and registering where a hook is asked. */
import { attest, deviceWorld, register } from "../test/fixtures/devices.ts";
import type { Figures } from "./life.ts";
import { gasOf } from "./rounds.ts";

export async function measureDevices(): Promise<Figures> {
  const w = await deviceWorld();
  return {
    attest: await gasOf(attest(w, w.newcomer)),
    registerAttested: await gasOf(register(w, w.newcomer)),
  };
}
