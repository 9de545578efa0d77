import { expect } from "chai";
import { keccak256, stringToHex, type Hex } from "viem";

import { commitmentOf, digest, domainSeparator, high240, requestId, type Terms } from "./commitment.ts";

const word = (value: bigint | number | Hex): string => BigInt(value).toString(16).padStart(64, "0");
const hash = (...words: readonly string[]): Hex => keccak256(`0x${words.join("")}`);
const repeat = (byte: string, length: number): Hex => `0x${byte.repeat(length)}`;

const deployment = { chainId: 31_337n, assay: repeat("a5", 20) };
const terms: Terms = {
  requester: repeat("0b", 20),
  nonce: 9n,
  domain: 1,
  version: 2,
  epoch: 3,
  claims: 256,
  baseRate: 128,
  price: 10n ** 15n,
  payloadHash: repeat("c1", 32),
  sealedNote: repeat("d2", 32),
};
const commitment = {
  roundId: repeat("e3", 32),
  owner: repeat("0f", 20),
  votes: Uint8Array.of(0, 128, 255),
  salt: repeat("f4", 32),
};

describe("commitment", () => {
  const separator = hash(
    keccak256(stringToHex("Assay commitment v1")).slice(2),
    word(deployment.chainId),
    word(deployment.assay),
  );

  it("hashes chain, contract and the ten terms into an id", () => {
    const words = Object.values<bigint | number | Hex>({ ...terms }).map(word);
    expect(words).to.have.length(10);
    expect(requestId(deployment, terms)).to.equal(
      hash(word(deployment.chainId), word(deployment.assay), ...words),
    );
  });

  it("separates deployments", () => {
    expect(domainSeparator(deployment)).to.equal(separator);
    expect(domainSeparator({ ...deployment, chainId: 1n })).to.not.equal(separator);
  });

  it("commits to the owner and the hash of the votes, cut to 240 bits", () => {
    const whole = hash(
      word(separator),
      word(commitment.roundId),
      word(commitment.owner),
      keccak256("0x0080ff").slice(2),
      word(commitment.salt),
    );
    expect(commitmentOf(deployment, commitment)).to.equal(whole);
    expect(digest(deployment, commitment)).to.equal(BigInt(whole.slice(0, -4)));
    expect(high240(repeat("ff", 32))).to.equal(2n ** 240n - 1n);
  });
});
