import { spawn } from "node:child_process";
import { createHash } from "node:crypto";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect } from "chai";
import fc from "fast-check";
import type { Hex } from "viem";
import { renderError } from "../lib/errors.ts";
import { createLogger } from "../lib/logger.ts";
import { Secret } from "../lib/secret.ts";
import { DatabaseError } from "./errors.ts";
import type { Identity } from "./identity.ts";
import { openDatabase, type Database } from "./open.ts";
import {
  createVoteGuard,
  DoubleVoteError,
  VoteStateError,
  type VoteDecision,
  type VoteGuard,
} from "./voteGuard.ts";

const IDENTITY: Identity = {
  chainId: 31_337,
  contract: "0x5FbDB2315678afecb367f032d93F642f64180aa3",
  operator: "0xf39Fd6e51aad88F6F4ce6aB8827279cffFb92266",
};

const word = (text: string): Hex => `0x${createHash("sha256").update(text).digest("hex")}`;

function decision(name: string, change: Partial<VoteDecision> = {}): VoteDecision {
  return {
    requestId: word(name),
    round: 0,
    domain: 1,
    votes: "0x00ff80",
    salt: new Secret(word(`salt of ${name}`)),
    digest: word(`digest of ${name}`),
    ...change,
  };
}

describe("voteGuard", () => {
  let folder: string;
  let path: string;
  let database: Database;
  let guard: VoteGuard;
  let now: number;

  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), "assay-votes-"));
    path = join(folder, "keeper.sqlite");
    now = 1_000;
    reopen();
  });

  afterEach(() => {
    database.close();
    rmSync(folder, { recursive: true, force: true });
  });

  function reopen(): void {
    database?.close();
    database = openDatabase({ path, identity: IDENTITY });
    guard = createVoteGuard(database, { now: () => now });
  }

  describe("recordVote", () => {
    it("records a vote and gives the same row when it comes again, over a restart and in another spelling", () => {
      const given = decision("a");
      const first = guard.recordVote(given);
      expect(first.isNew).to.equal(true);
      expect(first.vote).to.include({
        requestId: given.requestId,
        votes: "0x00ff80",
        state: "decided",
        decidedAt: 1_000,
      });
      expect(first.vote.salt.reveal()).to.equal(given.salt.reveal());
      now = 2_000;
      reopen();
      const upper = `0x${given.requestId.slice(2).toUpperCase()}` as const;
      const again = guard.recordVote({ ...given, requestId: upper, votes: "0x00FF80" });
      expect(again.isNew).to.equal(false);
      expect(again.vote.decidedAt).to.equal(1_000);
    });

    it("refuses any difference, with both votes and no salt in the error [KEEP-2]", () => {
      const given = decision("a");
      guard.recordVote(given);
      const changes: Partial<VoteDecision>[] = [
        { votes: "0x00ff81" },
        { votes: "0x00ff" },
        { salt: new Secret(word("another salt")) },
        { digest: word("another digest") },
        { domain: 2 },
      ];
      for (const change of changes) {
        const different = { ...given, ...change };
        let error: unknown;
        try {
          guard.recordVote(different);
        } catch (thrown) {
          error = thrown;
        }
        expect(error).to.be.instanceOf(DoubleVoteError);
        const { data, retryable } = error as DoubleVoteError;
        expect(retryable).to.equal(false);
        expect(data.recorded).to.deep.equal({ domain: 1, votes: given.votes, digest: given.digest });
        expect(data.given).to.deep.equal({
          domain: different.domain,
          votes: different.votes,
          digest: different.digest,
        });
        expect(data.isSameSalt).to.equal(change.salt === undefined);
        const lines: string[] = [];
        createLogger({ write: (line) => lines.push(line) }).error("vote refused", { error, different });
        for (const text of [renderError(error), JSON.stringify(error), lines.join("")]) {
          for (const { salt } of [given, different]) expect(text).to.not.include(salt.reveal().slice(2, 20));
        }
      }
      expect(guard.getVote(given)?.votes).to.equal(given.votes);
    });

    it("keeps requests and rounds apart", () => {
      guard.recordVote(decision("a"));
      guard.recordVote(decision("a", { round: 1, votes: "0x01" }));
      guard.recordVote(decision("b", { votes: "0x02" }));
      expect(guard.getVote({ requestId: word("a"), round: 0 })?.votes).to.equal("0x00ff80");
      expect(guard.getVote({ requestId: word("a"), round: 1 })?.votes).to.equal("0x01");
      expect(guard.getVote({ requestId: word("a"), round: 2 })).to.equal(undefined);
    });

    it("refuses malformed values without repeating them", () => {
      const salt = new Secret<Hex>("0x5ec2e75ec2e7");
      const bad: Partial<VoteDecision>[] = [
        { requestId: "0x12" },
        { votes: "0x" },
        { votes: `0x${"00".repeat(257)}` },
        { votes: "0x0" },
        { votes: "0x00'; DROP TABLE vote; --" as Hex },
        { salt },
        { digest: "0x12" },
        { round: -1 },
        { round: 0.5 },
        { domain: NaN },
      ];
      for (const change of bad) {
        expect(() => guard.recordVote(decision("a", change)), JSON.stringify(change)).to.throw(RangeError);
        try {
          guard.recordVote(decision("a", change));
        } catch (error) {
          expect(String(error)).to.not.include("5ec2e7");
        }
      }
      expect(guard.openDuties()).to.deep.equal([]);
    });

    it("holds against any order of decisions: the first of each key stays", () => {
      const attempt = fc.tuple(
        fc.integer({ min: 0, max: 3 }),
        fc.integer({ min: 0, max: 2 }),
        fc.integer({ min: 0, max: 2 }),
      );
      fc.assert(
        fc.property(fc.array(attempt, { minLength: 1, maxLength: 12 }), fc.nat(), (attempts, run) => {
          const firsts = new Map<string, number>();
          for (const [request, round, vote] of attempts) {
            const name = `${run} ${request}`;
            const given = decision(name, { round, votes: `0x0${vote}` });
            const key = `${name} ${round}`;
            if ((firsts.get(key) ?? vote) === vote) guard.recordVote(given);
            else expect(() => guard.recordVote(given)).to.throw(DoubleVoteError);
            firsts.set(key, firsts.get(key) ?? vote);
            expect(guard.getVote(given)?.votes).to.equal(`0x0${firsts.get(key)}`);
          }
          database.sql.exec("DELETE FROM vote");
        }),
        { numRuns: 40 },
      );
    });
  });

  describe("two processes", () => {
    const script = `
      import { createHash } from "node:crypto";
      import { createInterface } from "node:readline";
      import { openDatabase } from ${JSON.stringify(import.meta.resolve("./open.ts"))};
      import { createVoteGuard } from ${JSON.stringify(import.meta.resolve("./voteGuard.ts"))};
      import { Secret } from ${JSON.stringify(import.meta.resolve("../lib/secret.ts"))};
      const [path, identity, own, rounds] = process.argv.slice(1);
      const word = (text) => "0x" + createHash("sha256").update(text).digest("hex");
      const guard = createVoteGuard(openDatabase({ path, identity: JSON.parse(identity), busyTimeoutMs: 20_000 }));
      console.log("ready");
      for await (const _go of createInterface({ input: process.stdin })) break;
      const won = [];
      for (let round = 0; round < Number(rounds); round++) {
        const salt = new Secret(word("salt " + own));
        const vote = { requestId: word("race"), round, domain: 1, votes: own, salt, digest: word(own) };
        try {
          if (guard.recordVote(vote).isNew) won.push(round);
        } catch (error) {
          if (error.code !== "DOUBLE_VOTE") throw error;
        }
      }
      console.log(JSON.stringify(won));
      process.exit(0);`;

    function racer(own: string, rounds: number) {
      const options = [
        "--input-type=module",
        "-e",
        script,
        path,
        JSON.stringify(IDENTITY),
        own,
        String(rounds),
      ];
      const child = spawn(process.execPath, options, { stdio: ["pipe", "pipe", "inherit"] });
      const lines: string[] = [];
      let heard = () => {};
      child.stdout.on("data", (data: Buffer) => {
        lines.push(...data.toString().split("\n").filter(Boolean));
        heard();
      });
      const line = async (index: number): Promise<string> => {
        while (lines[index] === undefined) await new Promise<void>((resolve) => (heard = resolve));
        return lines[index];
      };
      return { child, line };
    }

    it("race for 300 rounds: exactly one wins each", async () => {
      const rounds = 300;
      const racers = ["0xaa", "0xbb"].map((own) => ({ own, ...racer(own, rounds) }));
      for (const { line } of racers) expect(await line(0)).to.equal("ready");
      for (const { child } of racers) child.stdin.write("go\n");
      const won = await Promise.all(racers.map(async ({ line }) => JSON.parse(await line(1)) as number[]));
      expect(won.flat().sort((a, b) => a - b)).to.deep.equal(Array.from({ length: rounds }, (_, i) => i));
      for (const [i, { own }] of racers.entries()) {
        for (const round of won[i] ?? [])
          expect(guard.getVote({ requestId: word("race"), round })?.votes).to.equal(own);
      }
    });

    it("race to create twenty databases: both end up in the same one", async () => {
      const creating = `
        import { openDatabase } from ${JSON.stringify(import.meta.resolve("./open.ts"))};
        import { createVoteGuard } from ${JSON.stringify(import.meta.resolve("./voteGuard.ts"))};
        import { Secret } from ${JSON.stringify(import.meta.resolve("../lib/secret.ts"))};
        const [folder, identity, own, start] = process.argv.slice(1);
        const word = "0x" + "1".repeat(64);
        const won = [];
        for (let i = 0; i < 20; i++) {
          // Nearly at the same moment, however fast each of them is: the second one a little later each time.
          while (Date.now() < Number(start) + 30 * i + (own === "0xbb" ? i : 0));
          const options = { path: folder + "/created" + i, identity: JSON.parse(identity), busyTimeoutMs: 20_000 };
          const guard = createVoteGuard(openDatabase(options));
          const salt = new Secret(word);
          try {
            guard.recordVote({ requestId: word, round: 0, domain: 1, votes: own, salt, digest: word });
            won.push(i);
          } catch (error) {
            if (error.code !== "DOUBLE_VOTE") throw error;
          }
        }
        console.log(JSON.stringify(won));
        process.exit(0);`;
      const start = String(Date.now() + 400);
      const won = await Promise.all(
        ["0xaa", "0xbb"].map(async (own) => {
          const args = ["--input-type=module", "-e", creating, folder, JSON.stringify(IDENTITY), own, start];
          const child = spawn(process.execPath, args, { stdio: ["ignore", "pipe", "inherit"] });
          let output = "";
          for await (const chunk of child.stdout) output += String(chunk);
          return JSON.parse(output) as number[];
        }),
      );
      expect(won.flat().sort((a, b) => a - b)).to.deep.equal(Array.from({ length: 20 }, (_, i) => i));
    });

    it("forget nothing that was returned before a kill", async () => {
      const { child, line } = racer("0xaa", 1_000_000);
      await line(0);
      child.stdin.write("go\n");
      const pause = () => new Promise((resolve) => setTimeout(resolve, 50));
      while (guard.openDuties().length < 20) await pause();
      const before = guard.openDuties().length;
      child.kill("SIGKILL");
      await new Promise((resolve) => child.once("exit", resolve));
      reopen();
      const votes = guard.openDuties();
      expect(votes.length).to.be.at.least(before);
      expect(votes.map(({ round }) => round).sort((a, b) => a - b)).to.deep.equal(votes.map((_, i) => i));
    });
  });

  describe("damage", () => {
    it("refuses a file in which any stored bit of a vote was flipped [KEEP-4]", () => {
      const given = decision("a");
      guard.recordVote(given);
      database.close();
      const whole = readFileSync(path);
      const fields = [given.requestId, given.votes, given.salt.reveal(), given.digest];
      for (const field of fields) {
        const at = whole.lastIndexOf(field);
        expect(at, field).to.be.greaterThan(0);
        for (let i = 2; i < field.length; i += 7) {
          const damaged = Buffer.from(whole);
          damaged[at + i] = (damaged[at + i] as number) ^ 1;
          writeFileSync(path, damaged);
          expect(reopen, `${field} at ${i}`)
            .to.throw(DatabaseError)
            .with.property("code", "DATABASE_CORRUPT");
          database.close();
        }
      }
      writeFileSync(path, whole);
      reopen();
      expect(guard.recordVote(given).isNew).to.equal(false);
    });

    it("notices damage that happens while it runs", () => {
      guard.recordVote(decision("a"));
      database.sql.exec("UPDATE vote SET votes = '0x00ff81'");
      expect(() => guard.recordVote(decision("a")))
        .to.throw(DatabaseError)
        .with.property("code", "DATABASE_CORRUPT");
      expect(() => guard.openDuties()).to.throw(DatabaseError);
    });
  });

  describe("marks", () => {
    const key = { requestId: word("a"), round: 0 };
    const tx = (name: string) => word(`tx ${name}`);

    it("lead from decided to settled and keep the transactions", () => {
      guard.recordVote(decision("a"));
      now = 5_000;
      expect(guard.markCommitted({ ...key, txHash: tx("1") })).to.include({
        state: "committed",
        commitTx: tx("1"),
      });
      expect(guard.markCommitted({ ...key, txHash: tx("2") }), "replaced").to.include({ commitTx: tx("2") });
      expect(guard.markRevealed({ ...key, txHash: tx("3") })).to.include({
        state: "revealed",
        revealTx: tx("3"),
      });
      const settled = guard.markSettled(key);
      expect(settled).to.include({
        state: "settled",
        commitTx: tx("2"),
        revealTx: tx("3"),
      });
      expect(settled).to.include({ decidedAt: 1_000, changedAt: 5_000 });
      reopen();
      expect(guard.getVote(key)).to.include({ state: "settled", revealTx: tx("3") });
    });

    it("never lead back, but keep what a late mark knows [KEEP-5]", () => {
      guard.recordVote(decision("a"));
      guard.markRevealed(key);
      expect(guard.markCommitted({ ...key, txHash: tx("1") })).to.include({
        state: "revealed",
        commitTx: tx("1"),
      });
      guard.markSettled(key);
      expect(guard.markRevealed({ ...key, txHash: tx("2") })).to.include({
        state: "settled",
        revealTx: tx("2"),
      });
    });

    it("abandon with a reason from every state but settled; the chain takes a vote up again [KEEP-5]", () => {
      const marks = [
        () => {},
        () => guard.markCommitted({ ...key, txHash: tx("1") }),
        () => guard.markRevealed(key),
      ];
      guard.recordVote(decision("a"));
      for (const mark of marks) {
        mark();
        const abandoned = guard.markAbandoned({ ...key, reason: "the window is closed" });
        expect(abandoned).to.include({ state: "abandoned", reason: "the window is closed" });
        expect(guard.openDuties()).to.deep.equal([]);
      }
      expect(guard.markSettled(key)).to.include({ state: "settled", reason: undefined });
      expect(() => guard.markAbandoned({ ...key, reason: "too late" }))
        .to.throw(VoteStateError)
        .with.property("code", "VOTE_STATE_WRONG");
    });

    it("guard an abandoned vote as well as any other", () => {
      guard.recordVote(decision("a"));
      guard.markAbandoned({ ...key, reason: "the window is closed" });
      expect(() => guard.recordVote(decision("a", { votes: "0x01" }))).to.throw(DoubleVoteError);
      expect(guard.recordVote(decision("a"))).to.deep.include({ isNew: false });
    });

    it("refuse a vote that was never recorded", () => {
      expect(() => guard.markRevealed(key))
        .to.throw(VoteStateError)
        .with.property("code", "VOTE_UNKNOWN");
      expect(() => guard.markCommitted({ ...key, txHash: "0x12" })).to.throw(RangeError);
    });

    it("take part in the list of open duties, oldest first", () => {
      for (const [i, name] of ["c", "a", "b", "d"].entries()) {
        now = i;
        guard.recordVote(decision(name));
      }
      guard.markCommitted({ requestId: word("b"), round: 0, txHash: tx("1") });
      guard.markSettled({ requestId: word("a"), round: 0 });
      const open = guard.openDuties().map(({ requestId, state }) => [requestId, state]);
      expect(open).to.deep.equal([
        [word("c"), "decided"],
        [word("b"), "committed"],
        [word("d"), "decided"],
      ]);
    });
  });
});
