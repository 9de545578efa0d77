import { expect } from "chai";

import { Secret } from "../lib/secret.ts";
import { deriveSalt, type SaltContext } from "./salt.ts";

describe("deriveSalt", () => {
  const key = new Secret<`0x${string}`>(`0x${"11".repeat(32)}`);
  const context: SaltContext = {
    chainId: 1,
    contract: "0x5FbDB2315678afecb367f032d93F642f64180aa3",
    owner: "0x70997970C51812dc3A010C7d01b50e0d17dc79C8",
    requestId: `0x${"22".repeat(32)}`,
    round: 0,
  };

  it("is 32 bytes, the same every time, and hidden [KEEP-6]", () => {
    const salt = deriveSalt(key, context);
    expect(salt.reveal()).to.match(/^0x[0-9a-f]{64}$/);
    expect(deriveSalt(key, context).reveal()).to.equal(salt.reveal());
    expect(
      deriveSalt(key, { ...context, owner: context.owner.toLowerCase() as `0x${string}` }).reveal(),
    ).to.equal(salt.reveal());
    expect(String(salt)).to.equal("<secret>");
  });

  it("differs with every field and with the key", () => {
    const others = [
      { ...context, chainId: 2 },
      { ...context, contract: context.owner },
      { ...context, owner: context.contract },
      { ...context, requestId: `0x${"23".repeat(32)}` as const },
      { ...context, round: 1 },
    ].map((other) => deriveSalt(key, other).reveal());
    const otherKey = deriveSalt(new Secret<`0x${string}`>(`0x${"12".repeat(32)}`), context).reveal();
    expect(new Set([deriveSalt(key, context).reveal(), otherKey, ...others]).size).to.equal(7);
  });
});
