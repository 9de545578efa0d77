import { setTimeout as sleep } from "node:timers/promises";
import { writeFileSync } from "node:fs";
import { join } from "node:path";

import { assayAbi, assayLensAbi } from "@assay/published";
import { expect } from "chai";
import { bytesToHex, parseEventLogs, type Hex } from "viem";

import { CliError } from "../lib/errors.ts";
import { assay } from "../testing/assay.ts";
import { startTestChain, type Player, type TestChain } from "../testing/chain.ts";
import {
  extendRound,
  fundRequester,
  joinOperators,
  playRound,
  REQUESTER,
  sealRequest,
  settleRound,
  type OpenRound,
} from "../testing/rounds.ts";
import type { ClaimVerdict, RoundVerdict, VerdictName } from "../verdict/verdict.ts";
import { CONDITIONS, conditions, reasonsToAppeal, requireAppealOptions } from "./policy.ts";

describe("reasonsToAppeal", () => {
  const verdicts = (...names: VerdictName[]) =>
    names.map((verdict, i) => ({ claim: i + 1, verdict }) as ClaimVerdict);
  const rounds = (...of: [isVoid: boolean, lowDiversity: boolean][]) =>
    of.map(([isVoid, lowDiversity]) => ({ isVoid, lowDiversity }) as RoundVerdict);

  it("calls wrong only a decided verdict against a truth that was given", () => {
    const claims = verdicts("TRUE", "FALSE", "TRUE", "FALSE", "UNDECIDED", "TRUE");
    const expected = [true, false, false, true, true, undefined];
    const found = { claims, rounds: rounds([false, true]) };
    expect(reasonsToAppeal(found, ["wrong"], expected)).to.deep.equal(["not as expected: claims 3, 4"]);
    expect(reasonsToAppeal(found, ["undecided"], expected)).to.deep.equal(["undecided: claims 5"]);
    expect(reasonsToAppeal(found, CONDITIONS, expected)).to.have.length(3);
    expect(reasonsToAppeal(found, ["wrong"], [])).to.deep.equal([]);
  });

  it("takes the diversity of the newest round that is not void", () => {
    const claims = verdicts("TRUE");
    const of = (...list: [boolean, boolean][]) =>
      reasonsToAppeal({ claims, rounds: rounds(...list) }, ["low-diversity"], []).length;
    expect(of([false, true])).to.equal(1);
    expect(of([false, true], [false, false])).to.equal(0);
    expect(of([false, true], [true, false])).to.equal(1);
  });

  it("reads a list of conditions and no other word", () => {
    expect(conditions("undecided,wrong")).to.deep.equal(["wrong", "undecided"]);
    for (const text of ["", "right", "wrong,", "wrong,wrong", "wrong undecided"])
      expect(() => conditions(text), text).to.throw("one or more of wrong, undecided, low-diversity");
  });
});

describe("requireAppealOptions", () => {
  const all = { appealIf: ["wrong"], maxBond: 1n, wait: true, hasTruth: true } as const;

  it("wants waiting, a reason and a purse together, and a truth where it is compared with one", () => {
    requireAppealOptions(all);
    requireAppealOptions({ hasTruth: false });
    requireAppealOptions({ ...all, appealIf: ["undecided"], hasTruth: false });
    for (const change of [
      { wait: false },
      { appealIf: undefined },
      { maxBond: undefined },
      { hasTruth: false },
    ])
      expect(() => requireAppealOptions({ ...all, ...change }), Object.keys(change).join())
        .to.throw(CliError)
        .with.property("code", "APPEAL_OPTIONS_NOT_VALID");
  });
});

describe("assay request --appeal-if", function () {
  this.timeout(90_000);
  const LINES = [
    { text: "Snow is cold.", answer: "Snow is not warm.", truth: true },
    { text: "Snow is cold.", answer: "Snow is warm.", truth: false },
  ];
  /** 2 claims · 15 seats at the least price. */
  const BOND = 30n * 10n ** 15n;
  let chain: TestChain;
  let players: Player[];
  let file: string;
  let key: Hex;

  before(async () => {
    chain = await startTestChain();
    players = await joinOperators(chain, 10);
    await fundRequester(chain, 0n);
    file = join(chain.folder, "claims.jsonl");
    writeFileSync(file, LINES.map((line) => `${JSON.stringify(line)}\n`).join(""));
    key = bytesToHex(chain.player(REQUESTER).account.getHdKey().privateKey ?? new Uint8Array());
  });
  after(() => chain.stop());

  let said = "";
  /** Requests played so far. */
  let seen = 0;
  const request = (...args: string[]) => {
    said = "";
    const asked = ["request", "--domain", "grounded", "--file", file, "--buy", "--timeout", "80"];
    return assay([...asked, ...args, ...chain.options], { ASSAY_KEY: key }, (stdout) => (said = stdout));
  };
  const logs = () =>
    chain.connection.client.getLogs({
      address: chain.connection.at.Assay,
      fromBlock: chain.connection.startBlock,
    });
  const until = async <T>(ask: () => Promise<T | undefined>): Promise<T> => {
    for (;;) {
      const found = await ask();
      if (found !== undefined) return found;
      await sleep(100);
    }
  };
  const requested = (known: number) =>
    until(
      async () =>
        parseEventLogs({ abi: assayAbi, eventName: "Requested", logs: await logs(), strict: true })[known]
          ?.args,
    );
  const appealed = () =>
    until(
      async () =>
        parseEventLogs({ abi: assayAbi, eventName: "Appealed", logs: await logs(), strict: true })[0]?.args,
    );
  /** The request's own round, with everybody voting `votes`, up to its verdicts. */
  const play = async (votes: readonly number[]): Promise<OpenRound> => {
    const { requestId, terms } = await requested(seen++);
    const round = { requestId, terms, drawn: players };
    await sealRequest(chain, requestId);
    await extendRound(chain, requestId);
    await playRound(chain, round, all(players, votes));
    return round;
  };
  const all = (voters: readonly Player[], votes: readonly number[]) =>
    voters.map((player) => ({ player, votes, does: "vote" }) as const);

  it("appeals what contradicts the truth in the file, once, and reports the verdict that counts", async () => {
    const running = request("--wait", "--appeal-if", "wrong,undecided", "--max-bond", "0.03", "--json");
    const round = await play([240, 240]);
    const { roundId } = await appealed();
    await sealRequest(chain, roundId);
    const { client, at } = chain.connection;
    const drawn = [];
    for (const player of players) {
      const args = [roundId, player.address] as const;
      const lens = { address: at.AssayLens, abi: assayLensAbi, functionName: "isDrawn", args } as const;
      if ((await client.readContract(lens))[0]) drawn.push(player);
    }
    const again = { requestId: roundId, terms: round.terms, drawn };
    await playRound(chain, again, all(drawn, [240, 15]));
    await settleRound(chain, again, all(drawn, [240, 15]), 1n);
    const { code, stdout, stderr } = await running;
    expect(code, stderr).to.equal(0);
    const { verdicts, appeals } = JSON.parse(stdout) as {
      verdicts: { isFinal: boolean; claims: { verdict: string; round: number }[] }[];
      appeals: object[];
    };
    expect(appeals).to.deep.equal([
      {
        requestId: round.requestId,
        round: 2,
        because: ["not as expected: claims 2"],
        bond: BOND.toString(),
      },
    ]);
    expect(verdicts[0]?.isFinal).to.equal(true);
    expect(verdicts[0]?.claims.map(({ verdict }) => verdict)).to.deep.equal(["TRUE", "FALSE"]);
  });

  it("does not appeal beyond its purse, says so, and waits on", async () => {
    const running = request("--wait", "--appeal-if", "wrong", "--max-bond", "0.0299");
    const round = await play([240, 240]);
    await until(async () => (said.includes("not appealed") ? true : undefined));
    await settleRound(chain, round, all(players, [240, 240]));
    const { code, stdout, stderr } = await running;
    expect(code, stderr).to.equal(0);
    expect(stdout).to.match(
      /not appealed, its bond of 0\.03\d* WORK is more than what is left of --max-bond, 0\.0299/,
    );
    expect(stdout).to.include("the verdicts are final");
  });

  it("refuses options that do not fit each other, in one line, before anything is paid", async () => {
    const [unpaid, unmeasured] = await Promise.all([
      request("--wait", "--appeal-if", "wrong"),
      request("--wait", "--receipts", "r.jsonl"),
    ]);
    expect([unpaid.code, unmeasured.code, unpaid.stdout + unmeasured.stdout]).to.deep.equal([1, 1, ""]);
    expect(unpaid.stderr).to.match(/^[^\n]*\[APPEAL_OPTIONS_NOT_VALID\][^\n]*\n$/);
    expect(unmeasured.stderr).to.match(/^[^\n]*\[RECEIPT_OPTIONS_NOT_VALID\][^\n]*\n$/);
  });
});
