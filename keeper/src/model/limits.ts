import type { Claim } from "../payload/schema.ts";
import type { Manifest } from "./manifest.ts";

/** Whether a claim's text and answer are as long as a model may be asked about; what is not there has no length. */
export function isWithinLimits(claim: Claim, limits: Manifest["limits"]): boolean {
  return (["text", "answer"] as const).every((field) => {
    const limit = limits[field];
    const value = claim[field];
    if (limit === undefined || value === undefined) return true;
    // Characters, not UTF-16 units: other languages must count the same.
    const length = [...value].length;
    return length >= limit.min && length <= limit.max;
  });
}
