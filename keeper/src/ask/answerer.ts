import { bytesToHex, hexToBytes, type Hex } from "viem";
import { privateKeyToAccount } from "viem/accounts";

import type { OpenRequest, RequestedEvent } from "../chain/reads.ts";
import { SEAT_REVEALED, type Terms } from "../chain/types.ts";
import { canonicalJson } from "../lib/canonicalJson.ts";
import { Refusal } from "../lib/httpServer.ts";
import { createRecent } from "../lib/recent.ts";
import { sha256 } from "../lib/sha256.ts";
import { requestId as requestIdOf } from "../mirror/commitment.ts";
import { judgeClaims } from "../model/judge.ts";
import { hashPayload, parsePayload, PayloadError, type Claim, type Payload } from "../payload/schema.ts";
import { UnfitPayloadError } from "../services/decide.ts";
import type { ServiceDeps } from "../services/deps.ts";
import { NO_REQUEST, typedAnswer, type Answer, type Question, type SignedAnswer } from "./question.ts";

export type Answerer = {
  /**
   * Judges and signs.
   *
   * @param hash of the bytes the question came in
   * @throws Refusal if it must not, or cannot
   */
  answer(question: Question, hash: Hex, signal: AbortSignal): Promise<SignedAnswer>;
};

export interface AnswererOptions {
  /** Whether claims that belong to no request are answered too. */
  readonly anyClaims: boolean;
}

/** Claims judged before anybody else gets a turn: a vote that is due never waits for a whole question. */
const PART = 16;

/**
 * Answers questions without telling a vote before its time. About a request it speaks only once its own vote in it is
 * revealed on the chain, and until the request is final only to repeat it, so it says what is public already. Claims that stand for themselves are answered only if the
 * operator wants that, and never while one of them is, or may be, in a request that can still be voted on.
 */
export function createAnswerer(
  {
    me,
    reads,
    guard,
    requests,
    cursor,
    model,
    fetchPayload,
    log,
  }: Pick<ServiceDeps, "me" | "reads" | "guard" | "requests" | "cursor" | "model" | "fetchPayload" | "log">,
  { anyClaims }: AnswererOptions,
): Answerer {
  const account = privateKeyToAccount(me.hotKey.reveal());
  const deployment = { chainId: BigInt(me.chainId), assay: me.assay };
  /** Claims of requests, by the request: a payload never changes. */
  const known = createRecent<ReadonlySet<string>>(256);

  /** @returns whether nobody votes on the request any more */
  const requireRevealed = async (requestId: Hex): Promise<boolean> => {
    const { phase, seat } = await reads.roundState(requestId, me.owner);
    if ((seat.flags & SEAT_REVEALED) !== 0) return phase === "FINAL" || phase === "VOID";
    throw new Refusal(
      409,
      "VOTE_NOT_REVEALED",
      "this operator answers about a request only after its own vote in it is revealed on the chain",
    );
  };

  /** An appeal may ask it again: what another model, or the same one on another day, says is not public yet. */
  const requireAsRevealed = (requestId: Hex, votes: Uint8Array): void => {
    if (guard.getVote({ requestId, round: 0 })?.votes === bytesToHex(votes)) return;
    throw new Refusal(
      409,
      "VOTE_DIFFERS",
      "this operator would say something else than it revealed, and the request is not final yet",
    );
  };

  const claimsOf = async (
    request: OpenRequest | RequestedEvent,
    signal: AbortSignal,
  ): Promise<ReadonlySet<string>> => {
    const found = known.get(request.requestId);
    if (found !== undefined) return found;
    // What no look has seen yet is not in the table either.
    const inline = "payload" in request && request.payload !== "0x" ? hexToBytes(request.payload) : undefined;
    const payload = inline ? parsePayload(inline) : (await fetchPayload(request, signal)).payload;
    const keys = new Set(payload.claims.map(keyOf));
    known.set(request.requestId, keys);
    return keys;
  };

  /** Requests that may still be voted on: those that are not done with, and those no look has seen yet. */
  const openRequests = async (): Promise<(OpenRequest | RequestedEvent)[]> => {
    const open = requests.open();
    const seen = cursor.get()?.number;
    const { number } = await reads.head();
    if (seen === undefined) throw mayBeOpen("the keeper has not read the chain yet");
    if (number <= seen) return open;
    if (number - seen > reads.blockRange) throw mayBeOpen("the keeper is behind the chain");
    return [...open, ...(await reads.requestsBetween(me.domain.id, seen + 1n, number))];
  };

  const requireNotOpen = async (claims: readonly Claim[], signal: AbortSignal): Promise<void> => {
    const asked = claims.map(keyOf);
    for (const request of await openRequests()) {
      const inRequest = await claimsOf(request, signal).catch((error: unknown) => {
        // Bytes that are no payload are voted on by nobody.
        if (error instanceof PayloadError || error instanceof UnfitPayloadError) return new Set<string>();
        throw mayBeOpen("the claims of an open request cannot be read");
      });
      if (asked.some((key) => inRequest.has(key))) {
        throw new Refusal(409, "CLAIM_OPEN", "a claim is in a request that is not final yet");
      }
    }
  };

  /** Answered as a vote is made, in parts, timed apart from loading. */
  const judge = async (claims: readonly Claim[], baseRate: number, signal: AbortSignal) => {
    const votes = new Uint8Array(claims.length);
    const [startedAt, loadedBefore] = [performance.now(), model.stats?.().loadMs ?? 0];
    for (let i = 0; i < claims.length; i += PART) {
      const judged = await judgeClaims(model, claims.slice(i, i + PART), baseRate, log, signal);
      votes.set(judged.votes, i);
    }
    const elapsed = performance.now() - startedAt;
    const loadMs = Math.min(elapsed, (model.stats?.().loadMs ?? 0) - loadedBefore);
    // Rounded down, so that the two never make more than the asker measures.
    return { votes, loadMs: Math.floor(loadMs), inferMs: Math.max(1, Math.floor(elapsed - loadMs)) };
  };

  return {
    async answer(question, hash, signal) {
      const bytes = Buffer.from(question.payload, "base64");
      const payload = readPayload(bytes);
      const payloadHash = hashPayload(bytes);
      if (payload.domain !== me.domain.name) throw unfit(`a payload of the domain ${me.domain.name}`);
      const isAboutRequest = "terms" in question;
      let [requestId, baseRate, isOver] = [NO_REQUEST, 0, false];
      if (isAboutRequest) {
        const { terms } = question;
        requireFit(terms, payload, payloadHash, me.domain.id);
        [requestId, baseRate] = [requestIdOf(deployment, terms), terms.baseRate];
        isOver = await requireRevealed(requestId);
      } else {
        baseRate = question.baseRate;
        if (!anyClaims) {
          throw new Refusal(
            403,
            "REQUESTS_ONLY",
            "this operator answers about requests it has voted in only",
          );
        }
        await requireNotOpen(payload.claims, signal);
      }
      const { votes, loadMs, inferMs } = await judge(payload.claims, baseRate, signal);
      // A request with these claims may have been opened meanwhile.
      if (!isAboutRequest) await requireNotOpen(payload.claims, signal);
      else if (!isOver) requireAsRevealed(requestId, votes);
      const answer: Answer = {
        question: hash,
        domain: me.domain.id,
        operator: me.owner,
        requestId,
        payloadHash,
        modelHash: model.hash,
        baseRate,
        votes: bytesToHex(votes),
        loadMs,
        inferMs,
      };
      const signature = await account.signTypedData(typedAnswer(me, answer));
      log.info("question answered", { requestId, claims: votes.length, loadMs, inferMs });
      return { version: 1, answer, signature };
    },
  };
}

/** What two equal claims have in common; the id is the asker's own name. */
function keyOf({ id: _id, ...claim }: Claim): string {
  return sha256(Buffer.from(canonicalJson(claim)));
}

function readPayload(bytes: Uint8Array): Payload {
  try {
    return parsePayload(bytes);
  } catch (error) {
    if (!(error instanceof PayloadError)) throw error;
    throw new Refusal(400, error.code, `${error.message} (${String(error.data.given)})`);
  }
}

function requireFit(terms: Terms, payload: Payload, payloadHash: Hex, domain: number): void {
  if (terms.domain !== domain) throw unfit(`a request of the domain ${domain}`);
  if (terms.payloadHash !== payloadHash) throw unfit(`the payload of the request, ${terms.payloadHash}`);
  if (terms.claims !== payload.claims.length) throw unfit(`${terms.claims} claims`);
}

function unfit(allowed: string): Refusal {
  return new Refusal(400, "QUESTION_UNFIT", `allowed is ${allowed}`);
}

function mayBeOpen(why: string): Refusal {
  return new Refusal(409, "CLAIM_MAY_BE_OPEN", `a claim may be in an open request: ${why}`);
}
