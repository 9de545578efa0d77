/** Judges one batch: one probability per item, in order. Throws if it cannot. */
export type JudgeBatch<T> = (items: readonly T[]) => Promise<number[]>;

/**
 * Judges all items in batches. Of a batch that fails every item is judged alone, and what fails again becomes NaN: one
 * claim a model cannot take, sent on purpose perhaps, must not silence it on all the others.
 */
export async function judgeInBatches<T>(
  items: readonly T[],
  size: number,
  judge: JudgeBatch<T>,
): Promise<number[]> {
  const checked: JudgeBatch<T> = async (batch) => {
    const values = await judge(batch);
    if (values.length !== batch.length)
      throw new Error(`the model gave ${values.length} probabilities for ${batch.length} claims`);
    return values;
  };
  const results: number[] = [];
  for (let i = 0; i < items.length; i += size) {
    const batch = items.slice(i, i + size);
    try {
      results.push(...(await checked(batch)));
    } catch {
      for (const item of batch) results.push(...(await checked([item]).catch(() => [Number.NaN])));
    }
  }
  return results;
}
