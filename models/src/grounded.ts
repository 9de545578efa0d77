import { MODEL_FILE, sha256, type Manifest } from "@assay/keeper";

/** How every model of the domain `grounded` is fed and read. Calibration is inside the graphs. */
const FORM = {
  inputs: [
    { kind: "string", name: "text", field: "text" },
    { kind: "string", name: "answer", field: "answer" },
  ],
  output: { name: "probability", values: "probabilities", select: { by: "only" } },
  calibration: { method: "none" },
} as const satisfies Partial<Manifest>;

/** What is longer does not fit a payload, what is shorter gives confident nonsense; characters. */
const LIMITS = { text: { min: 3, max: 32_768 }, answer: { min: 3, max: 8_192 } };

type Own = Pick<Manifest, "name" | "family" | "baseRate" | "provenance" | "measured"> & {
  readonly summary: string;
};

/** The manifest of a model of the domain `grounded`; `measured` may be left out. */
export function groundedManifest(
  { name, family, summary, baseRate, provenance, measured }: Own,
  bytes: Uint8Array,
): Manifest {
  return {
    $schema: "../../manifest.schema.json",
    schemaVersion: 2,
    name,
    domain: "grounded",
    family,
    summary,
    inputs: [...FORM.inputs],
    output: FORM.output,
    calibration: FORM.calibration,
    baseRate,
    limits: LIMITS,
    files: { [MODEL_FILE]: sha256(bytes) },
    provenance,
    ...(measured && { measured }),
  };
}
