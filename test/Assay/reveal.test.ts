import { expect } from "chai";

import { GWEI, WAD } from "../../deploy/parameters.ts";
import {
  ballot,
  commitBallot,
  endAppeal,
  endCommit,
  endReveal,
  openings,
  openRequest,
  playRound,
  sealRequest,
  votesOf,
} from "../fixtures/round.ts";
import { committee, laneWords } from "../fixtures/scoring.ts";
import {
  ballotsOf,
  commitAll,
  committed,
  openSealed,
  PHASE,
  revealed,
  seatedWorld,
  seatedWorldWith,
  unanimous,
} from "../fixtures/seated.ts";
import { ethers, networkHelpers, nextEpoch, type World } from "../fixtures/world.ts";

const coder = ethers.AbiCoder.defaultAbiCoder();

/** Everything a commitment binds. */
interface Binding {
  chain: bigint;
  contract: string;
  roundId: string;
  owner: string;
  votes: string;
  salt: string;
}

/** High 240 bits of the commitment, computed without the contract. */
function digest(b: Binding): bigint {
  const separator = ethers.keccak256(
    coder.encode(["bytes32", "uint256", "address"], [ethers.id("Assay commitment v1"), b.chain, b.contract]),
  );
  const hash = ethers.keccak256(
    coder.encode(
      ["bytes32", "bytes32", "address", "bytes32", "bytes32"],
      [separator, b.roundId, b.owner, ethers.keccak256(b.votes), b.salt],
    ),
  );
  return BigInt(hash) >> 16n;
}

/** R doubles with every request, so that one round reaches the preferred tier. */
async function steepWorld(): Promise<World> {
  return seatedWorldWith({ committee: { preset: 1 }, reputation: { success: 2n * WAD, pull: 0n } });
}

describe("Assay", () => {
  // reveal
  // ├── when the batch is too large → BatchTooLarge
  // ├── when the request is unknown → UnknownRequest; the phase is not REVEAL → WrongPhase
  // ├── when a vote has not one byte a claim → WrongVoteLength
  // ├── when the owner did not commit → NotCommitted
  // ├── when any bound field differs (chain, contract, request, round, owner, votes, salt) → OpeningMismatch
  // ├── when every seat is open already, or there is none → AlreadyRevealed
  // └── otherwise
  //     ├── anyone may open, many in one call; open seats are passed over
  //     ├── votes are in the event, and tallied in lanes by vote weight
  //     └── the family is marked
  describe("reveal", () => {
    it("reverts when the batch is larger than 64 [VOTE-5]", async () => {
      const w = await networkHelpers.loadFixture(seatedWorld);
      const [one] = openings(unanimous(w, 1, [1]));
      await expect(w.assay.reveal(ethers.id("any"), new Array(65).fill(one)))
        .to.be.revertedWithCustomError(w.assay, "BatchTooLarge")
        .withArgs(65, 64);
    });

    it("reverts when the request is unknown", async () => {
      const w = await networkHelpers.loadFixture(seatedWorld);
      await expect(w.assay.reveal(ethers.id("nothing"), []))
        .to.be.revertedWithCustomError(w.assay, "UnknownRequest")
        .withArgs(ethers.id("nothing"));
    });

    it("reverts in every other phase [VOTE-5]", async () => {
      const w = await networkHelpers.loadFixture(seatedWorld);
      const request = await openRequest(w, 1);
      const ballots = unanimous(w, 5, [200]);
      const refused = async (phase: bigint) =>
        expect(w.assay.reveal(request.id, openings(ballots.slice(4))))
          .to.be.revertedWithCustomError(w.assay, "WrongPhase")
          .withArgs(request.id, phase, PHASE.REVEAL);
      await refused(PHASE.REQUESTED);
      await sealRequest(w, request);
      await commitAll(w, request, ballots);
      await refused(PHASE.COMMIT);
      await endCommit(w, request);
      await w.assay.reveal(request.id, openings(ballots.slice(0, 4)));
      await endReveal(w, request);
      await refused(PHASE.TALLY);
      await w.assay.finalize(request.terms);
      await refused(PHASE.FINALIZED);
      await endAppeal(w, request);
      await refused(PHASE.FINAL);
    });

    it("takes openings until the last second of the window", async () => {
      const w = await networkHelpers.loadFixture(seatedWorld);
      const request = await openSealed(w, 1);
      const ballots = unanimous(w, 4, [200]);
      await committed(w, request, ballots);
      const { clock } = await w.lens.roundOf(request.id);
      const { commitWindow, revealWindow } = await w.lens.drawOf(request.id);
      await networkHelpers.time.setNextBlockTimestamp(clock + commitWindow + revealWindow - 1n);
      await w.assay.reveal(request.id, openings(ballots.slice(0, 1)));
      await networkHelpers.time.setNextBlockTimestamp(clock + commitWindow + revealWindow);
      await expect(w.assay.reveal(request.id, openings(ballots.slice(1, 2))))
        .to.be.revertedWithCustomError(w.assay, "WrongPhase")
        .withArgs(request.id, PHASE.TALLY, PHASE.REVEAL);
    });

    it("reverts when a vote is a byte too short or too long [VOTE-1, VOTE-6]", async () => {
      const w = await networkHelpers.loadFixture(seatedWorld);
      const request = await openSealed(w, 3);
      const ballots = ballotsOf(w, [
        [1, 2],
        [1, 2, 3, 4],
        [1, 2, 3],
        [1, 2, 3],
      ]);
      await committed(w, request, ballots);
      for (const [i, length] of [2, 4].entries()) {
        await expect(w.assay.reveal(request.id, openings(ballots.slice(i, i + 1))))
          .to.be.revertedWithCustomError(w.assay, "WrongVoteLength")
          .withArgs(length, 3);
      }
    });

    it("reverts when the owner did not commit", async () => {
      const w = await networkHelpers.loadFixture(seatedWorld);
      const request = await openSealed(w, 1);
      const ballots = unanimous(w, 5, [200]);
      await committed(w, request, ballots.slice(0, 4));
      await expect(w.assay.reveal(request.id, openings(ballots)))
        .to.be.revertedWithCustomError(w.assay, "NotCommitted")
        .withArgs(request.id, ballots[4]!.owner.address);
    });

    it("binds a commitment to chain, contract, round, owner, votes and salt [VOTE-2]", async () => {
      const w = await networkHelpers.loadFixture(seatedWorld);
      const request = await openSealed(w, 2);
      const owner = w.owners[0]!;
      const { chainId } = await ethers.provider.getNetwork();
      const bound: Binding = {
        chain: chainId,
        contract: w.addresses.Assay,
        roundId: request.id,
        owner: owner.address,
        votes: "0xc832",
        salt: ethers.id("salt"),
      };
      const opening = [{ owner: owner.address, votes: bound.votes, salt: bound.salt }];
      const foreign: Binding[] = [
        { ...bound, chain: chainId + 1n },
        { ...bound, contract: w.addresses.StakeVault },
        { ...bound, roundId: ethers.id("another request") },
        { ...bound, roundId: await w.assay.roundIdOf(request.id, 1) },
        { ...bound, owner: w.owners[1]!.address },
        { ...bound, votes: "0xc833" },
        { ...bound, salt: ethers.id("another salt") },
      ];
      await commitAll(w, request, unanimous(w, 4, [9, 9]).slice(1));
      const snapshot = await networkHelpers.takeSnapshot();
      for (const other of foreign) {
        await w.assay.connect(owner).commit(request.id, owner.address, digest(other));
        await endCommit(w, request);
        await expect(w.assay.reveal(request.id, opening))
          .to.be.revertedWithCustomError(w.assay, "OpeningMismatch")
          .withArgs(request.id, owner.address, digest(bound), digest(other));
        await snapshot.restore();
      }
      await w.assay.connect(owner).commit(request.id, owner.address, digest(bound));
      await endCommit(w, request);
      await expect(w.assay.reveal(request.id, opening))
        .to.emit(w.assay, "Revealed")
        .withArgs(request.id, owner.address, bound.votes);
    });

    it("says the same commitment in its view [VOTE-2]", async () => {
      const w = await networkHelpers.loadFixture(seatedWorld);
      const { chainId } = await ethers.provider.getNetwork();
      const [requestId, salt, votes] = [ethers.id("request"), ethers.id("salt"), "0x0102"];
      const owner = w.owners[0]!.address;
      const given = await w.lens.commitmentOf(requestId, owner, ethers.keccak256(votes), salt);
      const expected = digest({
        chain: chainId,
        contract: w.addresses.Assay,
        roundId: requestId,
        owner,
        votes,
        salt,
      });
      expect(BigInt(given) >> 16n, "high 240 bits").to.equal(expected);
    });

    it("lets nobody open a commitment copied from another owner", async () => {
      const w = await networkHelpers.loadFixture(seatedWorld);
      const request = await openSealed(w, 1);
      const original = ballot(w.owners[0]!, [200]);
      await commitAll(w, request, unanimous(w, 4, [200]));
      const thief = w.owners[5]!;
      const { digest: copied } = await w.lens.seatOf(request.id, original.owner.address);
      await w.assay.connect(thief).commit(request.id, thief.address, copied);
      await endCommit(w, request);
      await w.assay.reveal(request.id, openings([original]));
      const { chainId } = await ethers.provider.getNetwork();
      const given = digest({
        chain: chainId,
        contract: w.addresses.Assay,
        roundId: request.id,
        owner: thief.address,
        votes: "0xc8",
        salt: original.salt,
      });
      await expect(w.assay.reveal(request.id, [{ owner: thief.address, votes: "0xc8", salt: original.salt }]))
        .to.be.revertedWithCustomError(w.assay, "OpeningMismatch")
        .withArgs(request.id, thief.address, given, copied);
    });

    it("reverts when the same opening comes again, or none at all [VOTE-5]", async () => {
      const w = await networkHelpers.loadFixture(seatedWorld);
      const request = await openSealed(w, 1);
      const ballots = unanimous(w, 4, [200]);
      await committed(w, request, ballots);
      await w.assay.reveal(request.id, openings(ballots.slice(0, 1)));
      const lanes = await w.assay.lanesOf(request.id);
      await expect(w.assay.reveal(request.id, openings(ballots.slice(0, 1))))
        .to.be.revertedWithCustomError(w.assay, "AlreadyRevealed")
        .withArgs(request.id, ballots[0]!.owner.address);
      await expect(w.assay.reveal(request.id, []))
        .to.be.revertedWithCustomError(w.assay, "AlreadyRevealed")
        .withArgs(request.id, ethers.ZeroAddress);
      expect(await w.assay.lanesOf(request.id), "lanes").to.deep.equal(lanes);
    });

    it("passes over seats that are open, also twice in one batch [VOTE-5]", async () => {
      const w = await networkHelpers.loadFixture(seatedWorld);
      const request = await openSealed(w, 1);
      const ballots = unanimous(w, 4, [200]);
      await committed(w, request, ballots);
      await w.assay.reveal(request.id, openings([ballots[0]!, ballots[0]!]));
      // Whoever front-runs a part of the batch spoils nothing.
      await w.assay.connect(w.outsider).reveal(request.id, openings(ballots.slice(1, 2)));
      await w.assay.reveal(request.id, openings(ballots));
      const round = await w.lens.roundOf(request.id);
      expect([round.reveals, round.weight], "each once").to.deep.equal([4n, 8n]);
      expect((await w.assay.lanesOf(request.id))[0] >> 240n, "lane").to.equal(4n * 2n * 200n);
    });

    it("lets one aggregator open for all, with the votes in the events [VOTE-5]", async () => {
      const w = await networkHelpers.loadFixture(seatedWorld);
      const request = await openSealed(w, 2);
      const ballots = ballotsOf(w, [
        [1, 2],
        [3, 4],
        [5, 6],
        [7, 8],
      ]);
      await committed(w, request, ballots);
      const tx = await w.assay.connect(w.outsider).reveal(request.id, openings(ballots));
      for (const b of ballots) {
        await expect(tx)
          .to.emit(w.assay, "Revealed")
          .withArgs(request.id, b.owner.address, ethers.hexlify(b.votes));
      }
      const round = await w.lens.roundOf(request.id);
      expect(round.reveals, "reveals").to.equal(4n);
      expect(round.families, "families 0 to 3").to.equal(0b1111n);
      const seat = await w.lens.seatOf(request.id, ballots[0]!.owner.address);
      expect(seat.flags, "revealed, v = 2").to.equal(16n | 2n);
      expect(seat.digest, "hash of the votes").to.equal(BigInt(ethers.keccak256("0x0102")) >> 16n);
    });

    for (const claims of [1, 15, 16, 17, 100, 256]) {
      it(`tallies ${claims} claims lane by lane [VOTE-9]`, async () => {
        const w = await networkHelpers.loadFixture(seatedWorld);
        const request = await openSealed(w, claims);
        const rows = [3, 5, 7, 11, 13].map((step, i) =>
          Uint8Array.from({ length: claims }, (_, c) => (i === 4 ? 255 : (c * step + i) & 255)),
        );
        await revealed(w, request, ballotsOf(w, rows));
        const expected = laneWords(
          committee(
            rows.map((votes) => ({ votes, weight: 2n })),
            32_768n,
            1_000n,
          ),
        );
        expect([...(await w.assay.lanesOf(request.id))], "lanes").to.deep.equal(expected);
      });
    }

    it("weighs votes by the tier of R at the round's epoch [VOTE-7, EPO-7]", async () => {
      const w = await networkHelpers.loadFixture(steepWorld);
      const first = await openSealed(w, 1);
      const ballots = unanimous(w, 8, [200]);
      await playRound(w, first, ballots);
      await w.assay.settle(first.terms, 0, votesOf(ballots));
      // Only the first three post: R 2, preferred, from the next epoch on.
      await w.ledger.post(
        w.domain,
        ballots.slice(0, 3).map((b) => ({ owner: b.owner.address, reputation: 2n * WAD })),
      );
      const same = await openSealed(w, 1);
      await commitBallot(w, same, ballots[0]!);
      expect((await w.lens.roundOf(same.id)).committed, "this epoch still standard").to.equal(2n);

      await nextEpoch(w);
      const second = await openSealed(w, 1);
      await revealed(w, second, ballots);
      const round = await w.lens.roundOf(second.id);
      expect([round.committed, round.weight], "Σv = 3 · 3 + 5 · 2").to.deep.equal([19n, 19n]);
      expect((await w.assay.lanesOf(second.id))[0] >> 240n, "lane").to.equal(19n * 200n);
    });

    it("can be done with a bond still locked", async () => {
      const w = await networkHelpers.loadFixture(seatedWorld);
      const request = await openSealed(w, 1);
      const ballots = unanimous(w, 4, [200]);
      await revealed(w, request, ballots);
      const { bond } = await w.lens.drawOf(request.id);
      const pool = await w.vault.poolOf(w.domain, ballots[0]!.owner.address);
      expect(pool.locked, "locked until settled").to.equal(bond);
      expect(await w.vault.freeStake(w.domain, ballots[0]!.owner.address), "free").to.equal(
        pool.active / GWEI - bond,
      );
    });
  });
});
