import { AssayError } from "../lib/errors.ts";

export type ModelFileErrorCode =
  // Files
  | "MODEL_UNREADABLE"
  | "MANIFEST_INVALID"
  | "MODEL_HASH_MISMATCH"
  | "TOKENIZER_INVALID"
  // What is in them
  | "MODEL_NOT_ONNX"
  | "MODEL_INVALID"
  | "EXTERNAL_DATA"
  | "OPERATOR_MISSING"
  | "OPSET_TOO_NEW"
  | "LOCALE_MISSING"
  | "PORTS_MISMATCH"
  | "SHAPES_MISMATCH"
  // What happens when they are run
  | "MODEL_TOO_BIG"
  | "MODEL_TOO_SLOW"
  | "MODEL_CRASHED";

const PUT_BACK = "Put the file back that the manifest describes, or write a new manifest for this file.";

/** Why a model is refused and what its owner can do; plain data, so that it crosses from process to process. */
export interface Refusal {
  readonly code: ModelFileErrorCode;
  readonly given: string;
  readonly allowed: string;
  readonly advice?: string;
}

/** A model that must not be loaded. */
export class ModelFileError extends AssayError<
  ModelFileErrorCode,
  { path: string; given: string; allowed: string }
> {
  readonly refusal: Refusal;

  constructor(path: string, refusal: Refusal, cause?: unknown) {
    const { code, given, allowed, advice = PUT_BACK } = refusal;
    super({
      code,
      message: `The model at ${path} cannot be used: ${given}, allowed is ${allowed}`,
      data: { path, given, allowed },
      advice,
      retryable: false,
      cause,
    });
    this.refusal = refusal;
  }
}

/** A refusal on its way to a {@link ModelFileError}; thrown where the path is not known. */
export class RefusedModel extends Error {
  readonly refusal: Refusal;

  constructor(refusal: Refusal) {
    super(`${refusal.code}: ${refusal.given}`);
    this.refusal = refusal;
  }
}
