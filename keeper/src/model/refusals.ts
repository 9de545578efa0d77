import type { Refusal } from "./errors.ts";
import { OutputShapeError } from "./outputs.ts";

/** Words of onnxruntime, and what they mean for whoever brought the model. First that fits. */
const KNOWN: readonly {
  readonly pattern: RegExp;
  readonly refusal: (match: RegExpExecArray) => Refusal;
}[] = [
  {
    pattern: /construct locale with name:(.+?):locale/,
    refusal: ([, locale = ""]) => ({
      code: "LOCALE_MISSING",
      given: `a StringNormalizer that needs the locale ${locale}`,
      allowed: "a locale this machine has",
      advice: `Install the locale (Debian: a line "${locale} ${locale.split(".")[1] ?? "UTF-8"}" in /etc/locale.gen, then locale-gen), or export with locale="C" (skl2onnx: options={TfidfVectorizer: {"locale": "C"}}).`,
    }),
  },
  {
    pattern: /No Op registered for (\S+) with domain_version of (\d+)/,
    refusal: ([, op = "", opset = ""]) => missing(`${op} in opset ${opset}`),
  },
  {
    pattern: /No opset import for domain '(.*?)'/,
    refusal: ([, domain = ""]) => missing(`those of ${domain}`),
  },
  {
    pattern: /Could not find an implementation for (\S+?)\((\d+)\) node/,
    refusal: ([, op = "", version = ""]) => missing(`${op} version ${version} for these types`),
  },
  { pattern: /(\S+) is not a registered function\/op/, refusal: ([, op = ""]) => missing(op) },
  {
    pattern: /Opset (\d+) is under development[^]*domain (\S+) is till opset (\d+)/,
    refusal: ([, opset = "", domain = "", most = ""]) => ({
      code: "OPSET_TOO_NEW",
      given: `opset ${opset} of ${domain}`,
      allowed: `opset ${most} of ${domain} at most, the highest onnxruntime 1.30 knows`,
      advice:
        domain === "ai.onnx"
          ? `Export with a lower opset, or convert: onnx.version_converter.convert_version(model, ${most}).`
          : `Export with a lower opset of ${domain} (skl2onnx: target_opset={"${domain}": ${most}}).`,
    }),
  },
  {
    pattern: /Unsupported model IR version: (\d+), max supported IR version: (\d+)/,
    refusal: ([, given = "", most = ""]) => ({
      code: "OPSET_TOO_NEW",
      given: `IR version ${given}`,
      allowed: `IR version ${most} at most`,
      advice: `Export with an older onnx package, or set model.ir_version = ${most} and save again.`,
    }),
  },
  {
    pattern: /Failed to allocate memory for requested buffer of size (\d+)|bad_alloc|std::length_error/,
    refusal: ([, bytes]) => ({
      code: "MODEL_TOO_BIG",
      given: bytes === undefined ? "more memory than there is" : `${bytes} bytes for one tensor`,
      allowed: "what the machine and inference.memoryMb have",
      advice: "Look for a shape that grows beyond all bounds, or use a smaller model.",
    }),
  },
  {
    pattern: /[Ee]xternal data/,
    refusal: () => ({
      code: "EXTERNAL_DATA",
      given: "weights outside the file",
      allowed: "a model in one file",
      advice: "Save it in one file: onnx.save(onnx.load(path), 'model.onnx').",
    }),
  },
  {
    pattern: /protobuf parsing failed|Model data pointer is null/,
    refusal: () => ({
      code: "MODEL_NOT_ONNX",
      given: "bytes that are no ONNX model",
      allowed: "a whole ONNX file",
      advice: "The file is damaged or cut off: copy it again, or export the model again.",
    }),
  },
  {
    pattern: /ShapeInferenceError|dimension|[Ss]hape|Invalid rank/,
    refusal: ({ input }) => ({
      code: "SHAPES_MISMATCH",
      given: brief(input),
      allowed: "shapes that fit the graph",
      advice: "Compare shape, layout and maxTokens in the manifest with what `assay models inspect` prints.",
    }),
  },
];

function missing(what: string): Refusal {
  return {
    code: "OPERATOR_MISSING",
    given: `operators this onnxruntime has not: ${what}`,
    allowed: "operators of ONNX, ai.onnx.ml and com.microsoft that run on the CPU",
    advice: "Export without custom operators, or for a lower opset.",
  };
}

/** What a failed load or trial run says about the model. */
export function refusalOf(error: unknown): Refusal {
  if (error instanceof OutputShapeError) {
    const { given, allowed } = error;
    const advice = "Correct output.name, output.values or output.select in the manifest.";
    return { code: "SHAPES_MISMATCH", given: `an output ${given}`, allowed, advice };
  }
  const text = error instanceof Error ? error.message : String(error);
  for (const { pattern, refusal } of KNOWN) {
    const match = pattern.exec(text);
    if (match !== null) return refusal(match);
  }
  return {
    code: "MODEL_INVALID",
    given: brief(text),
    allowed: "a graph onnxruntime 1.30 can run",
    advice: "Check it with onnx.checker.check_model and export it again.",
  };
}

function brief(text: string): string {
  return text.replaceAll(/\s+/g, " ").trim().slice(0, 300);
}
