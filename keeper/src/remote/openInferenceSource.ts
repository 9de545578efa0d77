import type { Secret } from "../lib/secret.ts";
import { calibrate } from "../model/calibrate.ts";
import { createFeeds, prepareClaim, tensorsOf, typeOf } from "../model/inputs/feeds.ts";
import { readTokenizer } from "../model/inputs/tokenizer.ts";
import { MODEL_FILE, readDescribed } from "../model/manifest.ts";
import { readOutput, type OutputTensor } from "../model/outputs.ts";
import type { ModelSource } from "../model/source.ts";
import type { Claim } from "../payload/schema.ts";
import type { OpenInferenceConfig } from "./config.ts";
import { createHttp, withinTime, type Limits } from "./http.ts";
import { createRemoteModel } from "./model.ts";
import { checkServer, infer } from "./openInference.ts";

/**
 * A model of a manifest, run by a server that speaks the Open Inference Protocol. The graph need not lie beside the
 * manifest; a tokenizer must, because token ids are made here.
 *
 * @param path the manifest.json
 * @throws ModelFileError
 */
export function openInferenceSource(path: string, config: OpenInferenceConfig, token?: Secret): ModelSource {
  const { manifest, tokenizer } = readDescribed(path);
  const feeds = createFeeds(manifest.inputs, tokenizer && readTokenizer(tokenizer));
  const { name, family, domain, files } = manifest;
  const hash = `0x${files[MODEL_FILE]}` as const;
  return {
    identity: { name, family, domain, hash },
    async open(log) {
      const http = createHttp({ ...config, token });
      const server = { http, model: config.model, version: config.version };
      const output = manifest.output.name;
      try {
        const inputs = Object.fromEntries(manifest.inputs.map((input) => [input.name, typeOf(input)]));
        await withinTime(config.timeoutMs, (limits) => checkServer(server, { inputs, output }, limits));
      } catch (error) {
        await http.close();
        throw error;
      }
      const judge = async (claims: readonly Claim[], limits: Limits): Promise<number[]> => {
        const prepared = claims.map((claim) => prepareClaim(feeds, claim));
        const asked = prepared.filter((claim) => claim !== undefined);
        if (asked.length === 0) return claims.map(() => Number.NaN);
        const tensor = await infer(server, tensorsOf(feeds, asked), { output, rows: asked.length }, limits);
        const answers = asked.map(({ answer }) => answer);
        const probabilities = readOutput(tensor as OutputTensor, manifest.output, answers).values();
        return prepared.map((claim) =>
          claim === undefined
            ? Number.NaN
            : calibrate(probabilities.next().value ?? Number.NaN, manifest.calibration),
        );
      };
      const { batch: size, timeoutMs } = config;
      return createRemoteModel({ manifest, hash, http, size, timeoutMs, log, judge });
    },
  };
}
