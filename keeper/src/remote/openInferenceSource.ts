import { setImmediate } from "node:timers/promises";

import type { Secret } from "../lib/secret.ts";
import { calibrate } from "../model/calibrate.ts";
import { ModelFileError, RefusedModel } from "../model/errors.ts";
import {
  createFeeds,
  prepareClaim,
  tensorsOf,
  typeOf,
  type Feed,
  type PreparedClaim,
} from "../model/inputs/feeds.ts";
import { openTokenizer } from "../model/inputs/openTokenizer.ts";
import { MODEL_FILE, readDescribed, type Manifest } from "../model/manifest.ts";
import { OutputShapeError, readOutput } from "../model/outputs.ts";
import type { Measuring, ModelSource } from "../model/source.ts";
import type { Claim } from "../payload/schema.ts";
import type { OpenInferenceConfig } from "./config.ts";
import { RemoteError } from "./errors.ts";
import { createHttp, withinTime, type Limits } from "./http.ts";
import { createRemoteModel, type RemoteModelOptions } from "./model.ts";
import { checkServer, infer, modelPath, type OpenInferenceServer } from "./openInference.ts";
import { createSlots } from "./slots.ts";

/**
 * A model of a manifest, run by a server that speaks the Open Inference Protocol. The graph need not lie beside the
 * manifest; a tokenizer must, because token ids are made here.
 *
 * @param path the manifest.json
 * @throws ModelFileError
 */
export function openInferenceSource(
  path: string,
  config: OpenInferenceConfig,
  token?: Secret,
  { calibration }: Measuring = {},
): ModelSource {
  const { manifest: read, tokenizer } = readDescribed(path);
  const manifest = { ...read, ...(calibration && { calibration }) };
  const feeds = feedsOf(path, manifest, tokenizer);
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
      const { batch: size, timeoutMs, maxConcurrent } = config;
      const judge = createJudge(server, manifest, feeds, maxConcurrent);
      return createRemoteModel({ manifest, hash, http, size, timeoutMs, log, judge });
    },
  };
}

function feedsOf(path: string, { inputs }: Manifest, tokenizer: Uint8Array | undefined): Feed[] {
  try {
    return createFeeds(inputs, tokenizer && openTokenizer(tokenizer));
  } catch (error) {
    throw error instanceof RefusedModel ? new ModelFileError(path, error.refusal, error) : error;
  }
}

/**
 * Claims to tensors, tensors to probabilities, as the embedded runtime does; only the graph runs elsewhere. A stranger's
 * claims must not hold up the keeper's own work: batches are prepared one after the other, claim by claim, and only as
 * many as can be asked about.
 */
function createJudge(
  server: OpenInferenceServer,
  { output, calibration }: Manifest,
  feeds: readonly Feed[],
  maxConcurrent: number,
): RemoteModelOptions["judge"] {
  const slots = createSlots(maxConcurrent);
  const preparing = createSlots(1);

  const prepare = async (
    claims: readonly Claim[],
    signal: AbortSignal,
  ): Promise<(PreparedClaim | undefined)[]> => {
    const prepared: (PreparedClaim | undefined)[] = [];
    for (const claim of claims) {
      await setImmediate();
      signal.throwIfAborted();
      prepared.push(prepareClaim(feeds, claim));
    }
    return prepared;
  };

  const judge = async (claims: readonly Claim[], limits: Limits): Promise<number[]> => {
    const { signal } = limits;
    const prepared = await preparing.run(signal, () => prepare(claims, signal));
    const asked = prepared.filter((claim) => claim !== undefined);
    if (asked.length === 0) return claims.map(() => Number.NaN);
    const answers = asked.map(({ answer }) => answer);
    const wanted = { output: output.name, rows: asked.length };
    const given = await infer(server, tensorsOf(feeds, asked), wanted, limits);
    const probabilities = orWrongAnswer(server, () => readOutput(given, output, answers)).values();
    return prepared.map((claim) =>
      claim === undefined ? Number.NaN : calibrate(probabilities.next().value ?? Number.NaN, calibration),
    );
  };
  return (claims, limits) => slots.run(limits.signal, () => judge(claims, limits));
}

/** An output that does not fit the manifest is, here, a server's wrong answer. */
function orWrongAnswer<T>(server: OpenInferenceServer, read: () => T): T {
  try {
    return read();
  } catch (error) {
    if (!(error instanceof OutputShapeError)) throw error;
    const { given, allowed } = error;
    throw new RemoteError("REMOTE_ANSWER_WRONG", { path: modelPath(server), given, allowed }, error);
  }
}
