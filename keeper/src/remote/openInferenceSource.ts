import type { Secret } from "../lib/secret.ts";
import { calibrate } from "../model/calibrate.ts";
import { MODEL_FILE, readDescribed, type Manifest, type ManifestInput } from "../model/manifest.ts";
import { stringField } from "../model/session.ts";
import type { ModelSource } from "../model/source.ts";
import type { Claim } from "../payload/schema.ts";
import type { OpenInferenceConfig } from "./config.ts";
import { createHttp, withinTime, type Limits } from "./http.ts";
import { createRemoteModel } from "./model.ts";
import { checkServer, infer } from "./openInference.ts";
import type { FlatTensor } from "./wireTensor.ts";

/**
 * A model of a manifest, run by a server that speaks the Open Inference Protocol. The graph need not lie beside the
 * manifest; a tokenizer must, because token ids are made here.
 *
 * @param path the manifest.json
 * @throws ModelFileError
 */
export function openInferenceSource(path: string, config: OpenInferenceConfig, token?: Secret): ModelSource {
  const { manifest } = readDescribed(path);
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
        const { data } = await infer(
          server,
          feedsOf(manifest, claims),
          { output, rows: claims.length },
          limits,
        );
        return Array.from(data as ArrayLike<number>, (p) => calibrate(p, manifest.calibration));
      };
      const { batch: size, timeoutMs } = config;
      return createRemoteModel({ manifest, hash, http, size, timeoutMs, log, judge });
    },
  };
}

function typeOf({ kind }: ManifestInput): string {
  if (kind !== "string") throw new Error(`inputs of kind ${kind} cannot be sent`);
  return kind;
}

function feedsOf({ inputs }: Manifest, claims: readonly Claim[]): Record<string, FlatTensor> {
  return Object.fromEntries(
    inputs.map((input) => {
      const data = claims.map((claim) => stringField(claim, input));
      return [input.name, { type: typeOf(input), dims: [claims.length], data }];
    }),
  );
}
