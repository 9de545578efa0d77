import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

import { expect } from "chai";
import type { Hex } from "viem";
import { generatePrivateKey, privateKeyToAccount } from "viem/accounts";

import type { Connection } from "../chain/connection.ts";
import { CliError } from "../lib/errors.ts";
import type { Actor } from "../request/signer.ts";
import {
  appendReceipts,
  readReceipts,
  requireRequester,
  signReceipts,
  type SavedReceipt,
} from "./receipts.ts";

const word = (byte: string): Hex => `0x${byte.repeat(32)}`;
const LEDGER = "0x70997970C51812dc3A010C7d01b50e0d17dc79C8";
const OPERATOR = "0x3C44CdDdB6a900fa2b585dd299e03d12FA4293BC";

describe("receipts in a file (ASK-6)", () => {
  const account = privateKeyToAccount(generatePrivateKey());
  const actor = { address: account.address, signer: account } as unknown as Actor;
  const connection = { chainId: 5, at: { PerformanceLedger: LEDGER } } as unknown as Connection;
  const terms = {
    requester: account.address,
    nonce: 2n ** 255n,
    domain: 1,
    version: 1,
    epoch: 3,
    claims: 2,
    baseRate: 128,
    price: 10n ** 15n,
    payloadHash: word("01"),
    sealedNote: word("02"),
  };
  const request = {
    requestId: word("03"),
    terms,
    payload: new Uint8Array(321),
    seed: word("00"),
    revealed: new Map(),
  };
  const answer = {
    question: word("04"),
    domain: 1,
    operator: OPERATOR,
    requestId: request.requestId,
    payloadHash: terms.payloadHash,
    modelHash: word("05"),
    baseRate: 128,
    votes: "0x80ff",
    loadMs: 7,
    inferMs: 40,
  } as const;
  const asked = {
    answer,
    signature: "0x",
    roundTripMs: 99,
    operator: OPERATOR,
    tier: 1,
    reputation: 1n,
  } as const;
  let folder: string;
  let file: string;

  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), "assay-receipts-"));
    file = join(folder, "receipts.jsonl");
  });
  afterEach(() => rmSync(folder, { recursive: true, force: true }));

  const problems = (content: string): string => {
    writeFileSync(file, content);
    try {
      readReceipts(file, connection);
    } catch (error) {
      if (error instanceof CliError) return `${error.code} ${String(error.data["problems"])}`;
      throw error;
    }
    return "none";
  };

  it("hold bytes of payload and votes, the asker's round trip and the operator's times, and come back whole", async () => {
    const signed = await signReceipts(connection, actor, request, [asked]);
    appendReceipts(file, signed);
    appendReceipts(file, signed);
    const [first, second, ...more] = readReceipts(file, connection);
    expect([first, second, more.length]).to.deep.equal([signed[0], signed[0], 0]);
    expect(first!.receipt).to.deep.equal({
      requestId: request.requestId,
      operator: OPERATOR,
      modelHash: answer.modelHash,
      inputSize: 321,
      outputSize: 2,
      loadMs: 7,
      inferMs: 40,
      roundTripMs: 99,
    });
  });

  it("are refused line by line: damaged, of another chain or ledger, or none at all", async () => {
    const [saved] = (await signReceipts(connection, actor, request, [asked])) as [SavedReceipt];
    const line = (change: object): string =>
      JSON.stringify({ ...saved, ...change }, (_, value: unknown) =>
        typeof value === "bigint" ? value.toString() : value,
      );
    expect(problems(line({}))).to.equal("none");
    expect(problems(`${line({})}\nhello`)).to.match(/^RECEIPTS_NOT_VALID line 2: /);
    expect(problems(line({ chainId: 6 }))).to.match(/line 1: of chain 6/);
    expect(problems(line({ ledger: OPERATOR }))).to.match(/line 1: of chain 5, ledger 0x3C44/);
    const { receipt } = saved;
    for (const change of [
      { inferMs: -1 },
      { roundTripMs: 2 ** 32 },
      { requestId: "0x12" },
      { modelHash: "0x" },
    ])
      expect(problems(line({ receipt: { ...receipt, ...change } })), JSON.stringify(change)).to.match(
        /line 1/,
      );
    expect(problems("\n")).to.equal("RECEIPTS_NOT_VALID it is empty");
    expect(() => readReceipts(join(folder, "none.jsonl"), connection)).to.throw(CliError);
    expect(() => appendReceipts(join(folder, "none", "r.jsonl"), []))
      .to.throw(CliError)
      .with.property("code", "FILE_NOT_WRITTEN");
  });

  it("are signed by nobody but the requester", () => {
    requireRequester(request, actor);
    expect(() => requireRequester(request, { ...actor, address: OPERATOR }))
      .to.throw(CliError)
      .with.property("code", "NOT_THE_REQUESTER");
  });
});
