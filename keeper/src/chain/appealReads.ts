import { appealsAbi } from "@assay/published";
import type { Address, Hex } from "viem";

import type { Reader } from "./client.ts";
import { inPieces } from "./pieces.ts";
import type { Terms } from "./types.ts";

/** `IAppeals.BondState.RETURNED`. */
const BOND_RETURNED = 2;

export type AppealReads = ReturnType<typeof createAppealReads>;

/** What a watch that appeals asks of the appeals. */
export function createAppealReads(client: Reader, address: Address, blockRange: bigint) {
  const appeals = { address, abi: appealsAbi } as const;
  return {
    /** The verdicts that count now. */
    async verdictsOf(terms: Terms): Promise<readonly [bigint, bigint]> {
      return client.readContract({ ...appeals, functionName: "verdictsOf", args: [terms] });
    },

    /** wei of WORK the first appeal of a request costs, and how much of it was put up already. */
    async bondOf(terms: Terms, roundId: Hex): Promise<{ whole: bigint; funded: bigint }> {
      const [whole, { funded }] = await Promise.all([
        client.readContract({ ...appeals, functionName: "bondOf", args: [terms, 1n] }),
        client.readContract({ ...appeals, functionName: "potOf", args: [roundId] }),
      ]);
      return { whole, funded };
    },

    /** Rounds of appeals that `funder` put something into, in a range of blocks. */
    async fundedBy(funder: Address, from: bigint, to: bigint): Promise<Hex[]> {
      const logs = await inPieces(from, to, blockRange, (range) =>
        client.getContractEvents({
          ...appeals,
          eventName: "Funded",
          args: { funder },
          strict: true,
          ...range,
        }),
      );
      return logs.map(({ args }) => args.roundId);
    },

    /** wei that `claim` would pay a funder now. Mirrors `Appeals.claim`. */
    async dueTo(roundId: Hex, funder: Address): Promise<bigint> {
      const pot = await client.readContract({ ...appeals, functionName: "potOf", args: [roundId] });
      if (pot.state !== BOND_RETURNED || pot.funded === 0n) return 0n;
      const args = [roundId, funder] as const;
      const { amount, paid } = await client.readContract({
        ...appeals,
        functionName: "contributionOf",
        args,
      });
      return amount + (amount * pot.reward) / pot.funded - paid;
    },
  };
}
