import { bytesToHex } from "viem";

import type { Duty } from "../chain/reads.ts";
import type { VoteDecision } from "../db/voteGuard.ts";
import { AssayError } from "../lib/errors.ts";
import { digest, requestId as requestIdOf } from "../mirror/commitment.ts";
import { judgeClaims, type Judged } from "../model/judge.ts";
import { deriveSalt } from "../model/salt.ts";
import type { FetchedPayload } from "../payload/fetch.ts";
import type { ServiceDeps } from "./deps.ts";

/** The payload is not what the request asks about: it will never be voted on. */
export class UnfitPayloadError extends AssayError<"PAYLOAD_UNFIT", { given: string; required: string }> {
  constructor(given: string, required: string) {
    super({
      code: "PAYLOAD_UNFIT",
      message: `The payload does not belong to the request: it has ${given}, required is ${required}`,
      data: { given, required },
      advice: "The requester has to open another request.",
      retryable: false,
    });
  }
}

export interface Decided {
  readonly decision: VoteDecision;
  /** Claims the model could not judge this time. */
  readonly abstained: number;
}

/** `mostMs`: for payload and model together, where the vote has to be sent by a time. */
export type Decide = (duty: Duty, signal: AbortSignal, mostMs?: number) => Promise<Decided>;

/** The own model's votes on a request, computed from nothing but the chain, the payload and the model. */
export function createJudge<R extends Pick<Duty, "requestId" | "terms">>({
  me,
  model,
  fetchPayload,
  log,
}: {
  readonly me: Pick<ServiceDeps["me"], "chainId" | "assay" | "domain">;
  readonly model: ServiceDeps["model"];
  readonly fetchPayload: (request: R, signal: AbortSignal, mostMs?: number) => Promise<FetchedPayload>;
  readonly log: ServiceDeps["log"];
}): (request: R, signal: AbortSignal, mostMs?: number) => Promise<Judged> {
  return async (request, signal, mostMs = Infinity) => {
    const endsAt = performance.now() + mostMs;
    const { requestId, terms } = request;
    const deployment = { chainId: BigInt(me.chainId), assay: me.assay };
    // The terms come from an event, the id is what is voted on: an endpoint that lies is noticed here.
    const expected = requestIdOf(deployment, terms);
    if (expected !== requestId) throw new UnfitPayloadError(`terms of ${expected}`, `terms of ${requestId}`);
    if (terms.domain !== me.domain.id)
      throw new UnfitPayloadError(`domain ${terms.domain}`, `domain ${me.domain.id}`);
    const { payload } = await fetchPayload(request, signal, mostMs / 2);
    // Payloads name their domain, the chain numbers it; the configuration says which belong together.
    if (payload.domain !== me.domain.name)
      throw new UnfitPayloadError(`claims of domain ${payload.domain}`, `domain ${me.domain.name}`);
    if (payload.claims.length !== terms.claims)
      throw new UnfitPayloadError(`${payload.claims.length} claims`, `${terms.claims}`);
    const leftMs = Math.max(0, endsAt - performance.now());
    return judgeClaims(model, payload.claims, terms.baseRate, log, signal, leftMs);
  };
}

/** Vote and salt of a round, computed from nothing but the chain, the payload, the model and the key. */
export function createDecide(deps: Pick<ServiceDeps, "me" | "model" | "fetchPayload" | "log">): Decide {
  const { me } = deps;
  const judge = createJudge(deps);
  return async (duty, signal, mostMs) => {
    const { requestId, roundId, index: round } = duty;
    const deployment = { chainId: BigInt(me.chainId), assay: me.assay };
    const { votes, abstained } = await judge(duty, signal, mostMs);
    const salt = deriveSalt(me.hotKey, {
      chainId: me.chainId,
      contract: me.assay,
      owner: me.owner,
      requestId,
      round,
    });
    const commitment = { roundId, owner: me.owner, votes, salt: salt.reveal() };
    const decision = {
      requestId,
      round,
      domain: me.domain.id,
      votes: bytesToHex(votes),
      salt,
      digest: `0x${digest(deployment, commitment).toString(16).padStart(60, "0")}`,
    } as const;
    return { decision, abstained };
  };
}
