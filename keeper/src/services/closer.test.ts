import { expect } from "chai";
import { pad, type Address, type Hex } from "viem";

import { RefusedError } from "../chain/sender.ts";
import { PHASES, SEAT_REVEALED, SEAT_SETTLED, type RevealedVote } from "../chain/types.ts";
import { Secret } from "../lib/secret.ts";
import { roundIdOf } from "../mirror/commitment.ts";
import { NO_SEAT, requestOf, stateOf, world, type World } from "../testing/deps.ts";
import { createCloser, GIVE_UP_AFTER, SETTLE_AGAIN_AFTER } from "./closer.ts";

const request = requestOf();
const { requestId, terms } = request;
const key = { requestId, round: 0 };
const owners = (count: number): Address[] =>
  Array.from({ length: count }, (_, i) => pad(`0x${(i + 1).toString(16)}`, { size: 20 }));

describe("closer", () => {
  const worlds: World[] = [];
  /** A round of `all` seats; those in `settled` are done. */
  const make = (
    all: readonly Address[],
    {
      settled = new Set<Address>(),
      silent = new Set<Address>(),
      ...rest
    }: {
      settled?: Set<Address>;
      silent?: Set<Address>;
      refuse?: (call: string, args: readonly unknown[]) => void;
      spread?: number;
    } = {},
  ): World => {
    const reads = {
      committedOwners: async () => [...all],
      revealedVotes: async () =>
        all.filter((owner) => !silent.has(owner)).map((owner) => ({ owner, votes: "0x0102" as const })),
      seatOf: async (_: string, owner: Address) => ({
        ...NO_SEAT,
        digest: 1n,
        flags: (silent.has(owner) ? 0 : SEAT_REVEALED) | (settled.has(owner) ? SEAT_SETTLED : 0),
      }),
    };
    const made = world(reads, rest);
    worlds.push(made);
    made.requests.add(request);
    return made;
  };
  const calls = ({ sent }: World): string[] => sent.map(({ call }) => call);
  afterEach(() => {
    for (const { close } of worlds.splice(0)) close();
  });

  const DUE = {
    REQUESTED: "voidUnsealed",
    EXTENSION: "extend",
    TALLY: "finalize",
    FINAL: "settle",
    VOID: "settle",
  };
  for (const phase of PHASES) {
    const due = DUE[phase as keyof typeof DUE];
    it(`does ${due ?? "nothing"} in ${phase}`, async () => {
      const deps = make(owners(2));
      await createCloser(deps).close(request, stateOf(phase), 5_000);
      expect(calls(deps)).to.deep.equal(due === undefined ? [] : [due]);
    });
  }

  it("waits for the seal window and for its turn", async () => {
    const deps = make(owners(2), { spread: 1_000 });
    const closer = createCloser(deps);
    for (const phase of ["REQUESTED", "EXTENSION", "TALLY", "VOID", "FINAL"] as const)
      await closer.close(request, stateOf(phase), 1_000);
    expect(calls(deps)).to.deep.equal([]);
    for (const phase of ["REQUESTED", "EXTENSION", "TALLY", "VOID", "FINAL"] as const)
      await closer.close(request, stateOf(phase), 3_000);
    expect(calls(deps)).to.deep.equal(["voidUnsealed", "extend", "finalize", "settle", "settle"]);
  });

  it("settles a void request at once, not after its reports", async () => {
    const deps = make(owners(2));
    await createCloser(deps).close(request, stateOf("VOID", { round: { clock: 9_000 } }), 1_200);
    expect(calls(deps)).to.deep.equal(["settle"]);
    expect(deps.requests.open()).to.deep.equal([]);
  });

  describe("of an appealed request", () => {
    const second = { ...request, index: 1, roundId: roundIdOf(requestId, 1) };

    it("settles every round once the last one is final, the appeal's bond first", async () => {
      const deps = make(owners(2));
      const settledIn: string[] = [];
      const { seatOf } = deps.reads;
      const reads = {
        ...deps.reads,
        committedOwners: deps.reads.committedOwners,
        revealedVotes: deps.reads.revealedVotes,
        isBondLocked: async (roundId: Hex) => roundId === second.roundId,
        seatOf: async (roundId: Hex, owner: Address) => {
          settledIn.push(roundId);
          return seatOf(roundId, owner);
        },
      };
      await createCloser({ ...deps, reads }).close(second, stateOf("FINAL"), 5_000);
      expect(calls(deps)).to.deep.equal(["settle", "resolve", "settle"]);
      expect(deps.sent.map(({ args }) => args[1])).to.deep.equal([0, 1, 1]);
      expect(new Set(settledIn)).to.deep.equal(new Set([requestId, second.roundId]));
      expect(deps.requests.open()).to.deep.equal([]);
    });

    it("waits out the window after a void appeal: it can be appealed again", async () => {
      const deps = make(owners(2));
      const reads = {
        ...deps.reads,
        committedOwners: deps.reads.committedOwners,
        revealedVotes: deps.reads.revealedVotes,
        seatOf: deps.reads.seatOf,
        isBondLocked: async () => false,
      };
      const closer = createCloser({ ...deps, reads });
      const isVoid = stateOf("VOID", { round: { clock: 9_000 } });
      await closer.close(second, isVoid, 8_999);
      expect(calls(deps)).to.deep.equal([]);
      await closer.close(second, isVoid, 9_000);
      expect(calls(deps)).to.deep.equal(["settle", "settle"]);
    });
  });

  it("closes a void request nobody committed to without a transaction", async () => {
    const deps = make([]);
    await createCloser(deps).close(request, stateOf("VOID"), 5_000);
    expect(deps.sent).to.deep.equal([]);
    expect(deps.requests.open()).to.deep.equal([]);
  });

  it("hands back exactly the revealed votes, empty ones for the silent, and nothing of settled seats", async () => {
    const [a, b, c] = owners(3) as [Address, Address, Address];
    const deps = make([a, b, c], { settled: new Set([a]), silent: new Set([b]) });
    await createCloser(deps).close(request, stateOf("FINAL"), 5_000);
    const votes = [
      { owner: b, votes: "0x" },
      { owner: c, votes: "0x0102" },
    ];
    expect(deps.sent).to.deep.equal([{ call: "settle", args: [terms, 0, votes] }]);
  });

  it("settles 150 seats in three transactions", async () => {
    const deps = make(owners(150));
    await createCloser(deps).close(request, stateOf("FINAL"), 5_000);
    expect(deps.sent.map(({ args }) => (args[2] as RevealedVote[]).length)).to.deep.equal([64, 64, 22]);
  });

  it("settles all but the seat the contract refuses, keeps the request open, and gives up after a week", async () => {
    const all = owners(9);
    const settled = new Set<Address>();
    const refuse = (_: string, [, , votes]: readonly unknown[]): void => {
      if ((votes as RevealedVote[]).some(({ owner }) => owner === all[4]))
        throw new RefusedError("settle", "VoteMismatch", [all[4]]);
      for (const { owner } of votes as RevealedVote[]) settled.add(owner);
    };
    const deps = make(all, { settled, refuse });
    const closer = createCloser(deps);
    await closer.close(request, stateOf("FINAL"), 5_000);
    expect([...settled]).to.have.members(all.filter((owner) => owner !== all[4]));
    expect(deps.requests.open()).to.have.length(1);
    const told = (): number => deps.lines.filter((line) => line.includes("a seat cannot be settled")).length;
    for (let now = 5_001; now < 5_000 + SETTLE_AGAIN_AFTER; now += 60)
      await closer.close(request, stateOf("FINAL"), now);
    expect(told(), "it rests").to.equal(1);
    await closer.close(request, stateOf("FINAL"), 5_000 + SETTLE_AGAIN_AFTER);
    expect(told()).to.equal(2);
    await closer.close(request, stateOf("FINAL"), 1_000 + GIVE_UP_AFTER + 1);
    expect(deps.requests.open()).to.deep.equal([]);
    expect(deps.requests.refusalOf(requestId)).to.equal("1 seats cannot be settled");
  });

  it("does not settle when an event of a reveal is missing, rather than take the bond of who revealed", async () => {
    const deps = make(owners(1));
    const reads = { ...deps.reads, committedOwners: deps.reads.committedOwners, seatOf: deps.reads.seatOf };
    const closer = createCloser({ ...deps, reads: { ...reads, revealedVotes: async () => [] } });
    const failure = await closer.close(request, stateOf("FINAL"), 5_000).then(
      () => "closed",
      (error: Error) => error.message,
    );
    expect(failure).to.include("its event is missing");
    expect(deps.sent).to.deep.equal([]);
  });

  it("marks the own vote settled, or abandoned if it never got a seat", async () => {
    for (const [digest, state] of [
      [5n, "settled"],
      [0n, "abandoned"],
    ] as const) {
      const deps = make(owners(1));
      const salt = new Secret<`0x${string}`>(`0x${"22".repeat(32)}`);
      deps.guard.recordVote({ ...key, domain: 1, votes: "0x0102", salt, digest: `0x${"05".repeat(30)}` });
      await createCloser(deps).close(request, stateOf("FINAL", { seat: { digest } }), 5_000);
      expect(deps.guard.getVote(key)?.state).to.equal(state);
    }
  });
});
