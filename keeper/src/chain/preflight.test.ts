import { expect } from "chai";
import { zeroAddress, type Address } from "viem";

import type { Config } from "../config.ts";
import { createLogger } from "../lib/logger.ts";
import type { ModelIdentity } from "../model/source.ts";
import { ASSAY, HOT_KEY, OWNER } from "../testing/deps.ts";
import { preflight, PreflightError, type PreflightCode } from "./preflight.ts";
import type { ChainReads } from "./reads.ts";

const HOT: Address = "0x3C44CdDdB6a900fa2b585dd299e03d12FA4293BC";
const SHA = "ab".repeat(32);
const peers = {
  DomainRegistry: ASSAY,
  FeeMarket: ASSAY,
  StakeVault: ASSAY,
  ReputationLedger: ASSAY,
  RewardMinter: ASSAY,
  BlockhashRandomness: ASSAY,
  Appeals: ASSAY,
};
const config = {
  chainId: 31_337,
  contracts: { ...peers, Assay: ASSAY, AssayLens: ASSAY, WorkToken: ASSAY },
  owner: OWNER,
  domain: { id: 1, name: "grounded" },
  hotKey: HOT_KEY,
} as unknown as Config;
const model: ModelIdentity = { domain: "grounded", hash: `0x${SHA}`, name: "m", family: "f" };

const good = {
  chainId: async () => 31_337,
  code: async () => "0x60",
  peers: async () => peers,
  domainName: async () => "grounded",
  operatorOf: async () => ({ flags: 1, hotKey: HOT }),
  modelHashOf: async () => `0x${SHA}`,
  balance: async () => 1n,
};

async function run(change: object, hotKey: Address = HOT, manifest = model): Promise<string> {
  const lines: string[] = [];
  const log = createLogger({ write: (line) => lines.push(line) });
  const reads = { ...good, ...change } as unknown as ChainReads;
  try {
    await preflight({ config, reads, hotKey, model: manifest, log });
    return lines.join("").includes("preflight passed") ? "passed" : "silent";
  } catch (error) {
    expect(error).to.be.instanceOf(PreflightError);
    expect((error as PreflightError).retryable).to.equal(false);
    return (error as PreflightError).code;
  }
}

describe("preflight", () => {
  it("passes with the hot key, with the owner's key, and without the history of domains", async () => {
    expect(await run({})).to.equal("passed");
    expect(await run({ operatorOf: async () => ({ flags: 1, hotKey: zeroAddress }) }, OWNER)).to.equal(
      "passed",
    );
    expect(await run({ domainName: async () => undefined })).to.equal("passed");
  });

  const cases: [PreflightCode, object][] = [
    ["WRONG_CHAIN", { chainId: async () => 1 }],
    ["NO_CODE", { code: async () => undefined }],
    ["WRONG_CONTRACT", { peers: async () => ({ ...peers, StakeVault: OWNER }) }],
    ["WRONG_DOMAIN", { domainName: async () => "medical" }],
    ["NOT_AN_OPERATOR", { operatorOf: async () => ({ flags: 0, hotKey: zeroAddress }) }],
    ["WRONG_HOT_KEY", { operatorOf: async () => ({ flags: 1, hotKey: ASSAY }) }],
    ["WRONG_MODEL", { modelHashOf: async () => `0x${"cd".repeat(32)}` }],
    ["NO_GAS_MONEY", { balance: async () => 0n }],
  ];
  for (const [code, change] of cases) {
    it(`refuses to start: ${code} [KEEP-15]`, async () => expect(await run(change)).to.equal(code));
  }

  it("refuses a model of another domain", async () => {
    expect(await run({}, HOT, { ...model, domain: "medical" })).to.equal("WRONG_MODEL");
  });
});
