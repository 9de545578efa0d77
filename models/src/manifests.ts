import { type Manifest, manifestSchema, MODEL_FILE, sha256 } from "@assay/keeper";

import type { Domain, Member, Trained } from "./domains/domain.ts";
import { round } from "./metrics.ts";

/**
 * The manifest of a built-in model.
 *
 * @param measured what was measured; may be left out
 * @throws ZodError if it does not fit the schema
 */
export function manifestOf(
  domain: Domain,
  { name, family, summary }: Pick<Member, "name" | "family" | "summary">,
  trained: Pick<Trained, "bytes" | "output" | "calibration" | "baseRate">,
  measured?: Manifest["measured"],
): Manifest {
  const { bytes, output, calibration, baseRate } = trained;
  return manifestSchema.parse({
    $schema: "../../manifest.schema.json",
    schemaVersion: 2,
    name,
    domain: domain.name,
    family,
    summary,
    inputs: [...domain.inputs],
    output,
    calibration,
    baseRate: round(baseRate),
    limits: domain.limits,
    files: { [MODEL_FILE]: sha256(bytes) },
    provenance: domain.provenance,
    ...(measured && { measured }),
  });
}

/** The text of a manifest file. */
export function manifestText(manifest: Manifest): string {
  return `${JSON.stringify(manifest, null, 2)}\n`;
}
