import { createHash } from "node:crypto";

/** SHA-256 in lower-case hexadecimal, without 0x: as manifests name files and, with 0x, as `modelHash` on the chain. */
export function sha256(bytes: Uint8Array): string {
  return createHash("sha256").update(bytes).digest("hex");
}
