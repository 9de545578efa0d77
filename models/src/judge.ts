import type { Manifest } from "@assay/keeper";
import { type InferenceSession, Tensor } from "onnxruntime-node";

import type { KnownClaim } from "./domains/domain.ts";
import { sigmoid } from "./learn/logistic.ts";
import { classLogit } from "./learn/softmax.ts";
import { openSession, stringTensor } from "./onnx/session.ts";

/** A model ready to be measured. */
export interface Judge {
  /** Calibrated probability of each claim, under the manifest's base rate; claims are judged one by one. */
  judge(claims: readonly KnownClaim[]): Promise<number[]>;
  release(): Promise<void>;
}

/**
 * Opens a built-in model the way its manifest says. Only what built-in models use is understood: strings, gray images of the right
 * size, one probability or logits by label, no calibration or Platt's.
 */
export async function openJudge(manifest: Manifest, bytes: Uint8Array): Promise<Judge> {
  const session = await openSession(bytes);
  const { name } = manifest.output;
  return {
    async judge(claims) {
      const probabilities: number[] = [];
      for (const claim of claims) {
        const output = (await session.run(feedsOf(manifest, claim), [name]))[name];
        probabilities.push(sigmoid(logitOf(manifest, output?.data as Float32Array, claim.answer)));
      }
      return probabilities;
    },
    release: () => session.release(),
  };
}

function feedsOf({ inputs }: Manifest, claim: KnownClaim): InferenceSession.OnnxValueMapType {
  return Object.fromEntries(
    inputs.map((input) => {
      if (input.kind === "string") return [input.name, stringTensor([claim[input.field] ?? ""])];
      if (input.kind !== "image" || input.channels !== "gray" || input.type !== "float32") {
        throw new Error(`input ${input.name}: not of a kind that built-in models use`);
      }
      const [mean = 0, std = 1] = [input.mean[0], input.std[0]];
      const pixels = Float32Array.from(claim.pixels ?? [], (pixel) => (pixel * input.scale - mean) / std);
      return [input.name, new Tensor("float32", pixels, [1, 1, input.height, input.width])];
    }),
  );
}

/** Calibrated log-odds. */
function logitOf({ output, calibration, baseRate }: Manifest, numbers: Float32Array, answer: string): number {
  const { select } = output;
  let logit: number;
  if (select.by === "only") {
    const p = numbers[0] ?? NaN;
    logit = Math.log(p / (1 - p));
  } else if (select.by === "answer" && output.values === "logits") {
    const label = select.labels.indexOf(answer);
    if (label < 0) return Math.log(baseRate / (1 - baseRate));
    logit = classLogit(numbers, label);
  } else throw new Error(`output ${output.name}: not of a kind that built-in models use`);
  return calibration.method === "platt" ? calibration.slope * logit + calibration.offset : logit;
}
