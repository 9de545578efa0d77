import { isRetryable } from "../lib/errors.ts";

export interface TierOptions<C, A> {
  /** First choice first, as `rank` gives it. */
  readonly order: readonly C[];
  /** Answers that are enough. */
  readonly wanted: number;
  /** How often one candidate is asked, the first time included, as long as its failure may pass. */
  readonly attempts?: number;
  readonly ask: (candidate: C) => Promise<A>;
  /** Stops before the next attempt. */
  readonly signal?: AbortSignal | undefined;
}

export interface TierAnswers<C, A> {
  /** In the order of the rank; `tier` says with whom it was asked, from 1. */
  readonly answers: readonly { readonly candidate: C; readonly answer: A; readonly tier: number }[];
  readonly failures: readonly { readonly candidate: C; readonly error: unknown; readonly tier: number }[];
}

/**
 * Asks down a rank, tier by tier. The first tier are the `wanted` first, asked at once. Who fails is asked again if its
 * failure may pass; who fails for good is replaced: the next tier are as many of the rank as answers are missing, and so
 * on, until there are enough answers or nobody is left. Each candidate sits in one tier at most, and whose turn it is
 * depends on the rank and on who failed, never on who was faster.
 */
export async function askInTiers<C, A>(options: TierOptions<C, A>): Promise<TierAnswers<C, A>> {
  const { order, wanted, attempts = 2, ask, signal } = options;
  const answers: { candidate: C; answer: A; tier: number }[] = [];
  const failures: { candidate: C; error: unknown; tier: number }[] = [];

  const askOne = async (candidate: C, tier: number): Promise<void> => {
    for (let attempt = 1; ; attempt++) {
      try {
        answers.push({ candidate, answer: await ask(candidate), tier });
        return;
      } catch (error) {
        signal?.throwIfAborted();
        if (attempt < attempts && isRetryable(error)) continue;
        failures.push({ candidate, error, tier });
        return;
      }
    }
  };

  let next = 0;
  for (let tier = 1; answers.length < wanted && next < order.length; tier++) {
    signal?.throwIfAborted();
    const members = order.slice(next, next + wanted - answers.length);
    next += members.length;
    await Promise.all(members.map((candidate) => askOne(candidate, tier)));
  }
  const place = (a: { candidate: C }, b: { candidate: C }): number =>
    order.indexOf(a.candidate) - order.indexOf(b.candidate);
  return { answers: answers.sort(place), failures: failures.sort(place) };
}
