import { expect } from "chai";

import { createLogger } from "../lib/logger.ts";
import type { Reader, Signer } from "./client.ts";
import { createSender, PRIORITY, type Priority } from "./sender.ts";

const ADDRESS = "0x000000000000000000000000000000000000a55a";

/** A chain that refuses everything, a little later, and remembers in which order it was asked. */
function refusing(): { reader: Reader; asked: string[] } {
  const asked: string[] = [];
  const reader = {
    simulateContract: async ({ functionName }: { functionName: string }): Promise<never> => {
      asked.push(functionName);
      await Promise.resolve();
      throw new Error("refused");
    },
  };
  return { reader: reader as unknown as Reader, asked };
}

describe("createSender", () => {
  it("takes one call at a time: the most urgent of those that wait, then the oldest [KEEP-10]", async () => {
    const { reader, asked } = refusing();
    const signer = { account: { address: ADDRESS } } as unknown as Signer;
    const sender = createSender(reader, signer, createLogger({ write: () => {} }));
    const calls: readonly (readonly [functionName: string, priority: Priority])[] = [
      ["distribute", PRIORITY.book],
      ["post", PRIORITY.book],
      ["settle", PRIORITY.settle],
      ["finalize", PRIORITY.finalize],
      ["extend", PRIORITY.commit],
      ["voidUnsealed", PRIORITY.finalize],
      ["commit", PRIORITY.commit],
      ["reveal", PRIORITY.reveal],
    ];
    const ends = await Promise.allSettled(
      calls.map(([functionName, priority]) =>
        sender.send({ address: ADDRESS, abi: [], functionName, args: [], priority }),
      ),
    );
    expect(ends.map(({ status }) => status)).to.deep.equal(calls.map(() => "rejected"));
    // The first was under way before the others came.
    const order = ["distribute", "reveal", "extend", "commit", "finalize", "voidUnsealed", "settle", "post"];
    expect(asked).to.deep.equal(order);
  });
});
