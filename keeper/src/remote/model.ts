import { AssayError, renderError } from "../lib/errors.ts";
import type { Logger } from "../lib/logger.ts";
import { isWithinLimits } from "../model/limits.ts";
import type { Manifest } from "../model/manifest.ts";
import type { Model } from "../model/session.ts";
import type { Claim } from "../payload/schema.ts";
import type { Http, Limits } from "./http.ts";
import { judgeAll } from "./judgeAll.ts";

export interface RemoteModelOptions {
  readonly manifest: Pick<Manifest, "name" | "family" | "baseRate" | "limits">;
  readonly hash: Model["hash"];
  readonly http: Http;
  /** Claims of one question. */
  readonly size: number;
  /** Time for all claims of a request together, milliseconds. */
  readonly timeoutMs: number;
  readonly log: Logger;
  /** One probability or NaN per claim; throws if it cannot. */
  readonly judge: (claims: readonly Claim[], limits: Limits) => Promise<readonly number[]>;
}

/** A model at a server, to the keeper like one of its own: within its time it answers, or abstains claim by claim. */
export function createRemoteModel(options: RemoteModelOptions): Model {
  const { manifest, hash, http, size, timeoutMs, log } = options;
  return {
    name: manifest.name,
    family: manifest.family,
    hash,
    baseRate: manifest.baseRate,
    async judge(claims, signal, mostMs = Infinity) {
      const fit = claims.map((claim) => isWithinLimits(claim, manifest.limits));
      const asked = claims.filter((_, i) => fit[i]);
      const { values, failures } = await judgeAll(asked, options.judge, {
        size,
        timeoutMs: Math.min(timeoutMs, mostMs),
        signal,
      });
      if (failures.length > 0) {
        const data = { model: manifest.name, claims: asked.length, failures: countCodes(failures) };
        log.warn("remote inference failed", { ...data, example: renderError(failures[0]) });
      }
      const next = values.values();
      return fit.map((isFit) => (isFit ? (next.next().value ?? Number.NaN) : Number.NaN));
    },
    close: () => http.close(),
  };
}

function countCodes(failures: readonly unknown[]): Record<string, number> {
  const counts: Record<string, number> = {};
  for (const failure of failures) {
    const code = failure instanceof AssayError ? failure.code : "UNFORESEEN";
    counts[code] = (counts[code] ?? 0) + 1;
  }
  return counts;
}
