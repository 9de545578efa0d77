/**
 * Asks for events piece by piece: endpoints refuse long ranges.
 *
 * @param most blocks in one question
 */
export async function inPieces<T>(
  from: bigint,
  last: bigint,
  most: bigint,
  ask: (range: { fromBlock: bigint; toBlock: bigint }) => Promise<T[]>,
): Promise<T[]> {
  const found: T[] = [];
  for (let fromBlock = from; fromBlock <= last; fromBlock += most) {
    const end = fromBlock + most - 1n;
    found.push(...(await ask({ fromBlock, toBlock: end < last ? end : last })));
  }
  return found;
}
