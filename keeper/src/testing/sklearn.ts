/** What skl2onnx makes of a pipeline of TfidfVectorizer and LogisticRegression, and claims to measure it on. */
import type { Claim } from "../payload/schema.ts";
import { onnxFile, type GraphSpec } from "./onnx.ts";

/** Words the classifier knows, and how much each speaks for the second class. */
const WORDS: Readonly<Record<string, number>> = {
  awful: -2.2,
  boring: -1.6,
  cold: -0.6,
  dull: -1.4,
  slow: -0.9,
  bright: 0.7,
  fresh: 0.9,
  funny: 1.3,
  great: 1.8,
  lovely: 2.1,
};
const FILLERS = ["the", "film", "meal", "was", "rather", "and", "they", "said", "of", "it"];
export const CLASSES = ["negative", "positive"] as const;

export interface SklearnOptions {
  /** As skl2onnx does it unless it is told options={'zipmap': False}. */
  readonly zipMap?: boolean;
  /** Of StringNormalizer; without one onnxruntime takes en_US.UTF-8. */
  readonly locale?: string;
  readonly labels?: "string" | "int64";
}

/** StringTensorType([None, 1]), lower-cased, cut into words, counted, weighed. */
export function sklearnModel({ zipMap = false, locale, labels = "string" }: SklearnOptions = {}): Uint8Array {
  const words = Object.keys(WORDS);
  const weights = Object.values(WORDS);
  const ints = [0n, 1n];
  const classes = labels === "string" ? { classlabels_strings: CLASSES } : { classlabels_ints: ints };
  const keys = labels === "string" ? { classlabels_strings: CLASSES } : { classlabels_int64s: ints };
  const nodes: GraphSpec["nodes"] = [
    ["Reshape", ["message", "flat"], ["flattened"]],
    [
      "StringNormalizer",
      ["flattened"],
      ["normalized"],
      { case_change_action: "LOWER", ...(locale !== undefined && { locale }) },
    ],
    [
      "com.microsoft:Tokenizer",
      ["normalized"],
      ["tokenized"],
      { mark: 0n, mincharnum: 1n, pad_value: "#", tokenexp: "[a-zA-Z0-9_]+" },
    ],
    ["Flatten", ["tokenized"], ["words"]],
    [
      "TfIdfVectorizer",
      ["words"],
      ["counts"],
      {
        max_gram_length: 1n,
        min_gram_length: 1n,
        max_skip_count: 0n,
        mode: "TF",
        ngram_counts: [0n],
        ngram_indexes: words.map((_, i) => BigInt(i)),
        pool_strings: words,
        weights: words.map(() => 1),
      },
    ],
    [
      "ai.onnx.ml:LinearClassifier",
      ["counts"],
      ["label", "scores"],
      {
        coefficients: [...weights.map((weight) => -weight), ...weights],
        intercepts: [0, 0],
        multi_class: 0n,
        post_transform: "LOGISTIC",
        ...classes,
      },
    ],
    ["ai.onnx.ml:Normalizer", ["scores"], ["probabilities"], { norm: "L1" }],
    ...(zipMap ? ([["ai.onnx.ml:ZipMap", ["probabilities"], ["output_probability"], keys]] as const) : []),
  ];
  return onnxFile({
    inputs: [{ name: "message", type: "string", shape: ["N", 1] }],
    outputs: [
      { name: "label", type: labels, shape: ["N"] },
      zipMap
        ? { name: "output_probability", map: true, keys: labels }
        : { name: "probabilities", type: "float", shape: ["N", 2] },
    ],
    nodes,
    constants: { flat: { type: "int64", shape: [1], data: [-1] } },
  });
}

/** Claims "this text is positive" and "… negative", mostly with a word that tells; every second one is true. */
export function sklearnClaims(count: number): (Claim & { truth: boolean })[] {
  const known = Object.entries(WORDS);
  let state = 7;
  const dice = (below: number): number => (state = (state * 48_271) % 0x7fff_ffff) % below;
  return Array.from({ length: count }, (_, i) => {
    const telling = Array.from({ length: 1 + dice(3) }, () => known[dice(known.length)]!);
    const score = telling.reduce((sum, [, weight]) => sum + weight, 0) + (dice(200) - 100) / 60;
    const filled = telling.flatMap(([word]) => [
      FILLERS[dice(FILLERS.length)]!,
      dice(3) === 0 ? word.toUpperCase() : word,
    ]);
    const said = CLASSES[score > 0 ? 1 : 0];
    const truth = i % 2 === 0;
    const other = CLASSES[score > 0 ? 0 : 1];
    return { text: `${filled.join(" ")}.`, answer: truth ? said : other, truth };
  });
}
