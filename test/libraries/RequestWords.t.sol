// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {IAssay} from "../../contracts/interfaces/IAssay.sol";
import {
    DrawWord,
    DrawWords,
    RoundWord,
    RoundWords,
    SeatWord,
    SeatWords
} from "../../contracts/libraries/RequestWords.sol";
import {Assert} from "../utils/Assert.sol";

/// @notice Draw, round and seat as words against their structs: nothing is lost, and no change touches another field.
contract RequestWordsTest {
    function testDrawKeepsEveryField(IAssay.Draw memory d) external pure {
        DrawWord word = DrawWords.pack(d);
        Assert.isTrue(keccak256(abi.encode(word.unpack())) == keccak256(abi.encode(d)), "unpack(pack)");
        Assert.eq(word.weight(), d.weight, "weight");
        Assert.eq(word.roots(), d.roots, "roots");
        Assert.eq(word.bond(), d.bond, "bond");
        Assert.eq(word.seats(), d.seats, "seats");
        Assert.eq(word.baseRate(), d.baseRate, "baseRate");
        Assert.eq(word.threshold(), d.threshold, "threshold");
        Assert.eq(word.domain(), d.domain, "domain");
        Assert.eq(word.commitWindow(), d.commitWindow, "commitWindow");
        Assert.eq(word.revealWindow(), d.revealWindow, "revealWindow");
        Assert.eq(word.boostCap(), d.boostCap, "boostCap");
        Assert.eq(word.claims(), uint256(d.lastClaim) + 1, "claims");
    }

    function testRoundChangesOneFieldAtATime(
        uint120 ticket,
        uint40 deadline,
        uint24 epoch,
        uint8 quorum,
        uint120 seed,
        uint40 clock
    ) external pure {
        RoundWord r = RoundWords.open(ticket, deadline, epoch, quorum);
        IAssay.Round memory expected = IAssay.Round(ticket, deadline, epoch, 0, 0, 0, 0, 0, 0, quorum, 0);
        _same(r, expected);
        r = r.withSeed(seed).withClock(clock).withFlag(1).withFlag(4);
        (expected.seed, expected.clock, expected.flags) = (seed, clock, 5);
        _same(r, expected);
        Assert.isTrue(r.has(1) && r.has(4) && !r.has(2) && !r.has(8), "flags");
    }

    /// @notice SPEC VOTE-8: with Σv ≤ 255 no counter carries into its neighbour, also in the fullest committee.
    function testRoundCountsACommittee(uint256 draw, uint256 voters) external pure {
        voters = Assert.bound(voters, 0, 255);
        RoundWord r = RoundWords.open(type(uint120).max, type(uint40).max, type(uint24).max, type(uint8).max);
        IAssay.Round memory expected = r.unpack();
        for (uint256 i; i < voters; ++i) {
            uint256 weight = 1 + (Assert.draw(draw, i) & 3);
            if (uint256(expected.committed) + weight > 255) break;
            r = r.addCommit(weight);
            ++expected.commits;
            expected.committed += uint8(weight);
            if (Assert.draw(draw, 1_000 + i) & 1 == 0) continue;
            uint256 family = Assert.draw(draw, 2_000 + i) & 15;
            r = r.addReveal(weight, family).addSettled(1);
            ++expected.reveals;
            ++expected.settled;
            expected.weight += uint8(weight);
            expected.families |= uint16(1 << family);
        }
        _same(r, expected);
    }

    function testSeatKeepsEveryField(uint240 digest, uint240 other, uint8 family, uint8 flags) external pure {
        SeatWord s = SeatWords.pack(digest, family, flags);
        Assert.isTrue(
            keccak256(abi.encode(s.unpack())) == keccak256(abi.encode(IAssay.Seat(digest, family, flags))),
            "unpack(pack)"
        );
        s = s.withDigest(other);
        Assert.eq(s.digest(), other, "digest");
        Assert.eq(s.family(), family, "family");
        Assert.eq(s.flags(), flags, "flags");
        s = s.withFlag(32);
        Assert.eq(s.flags(), flags | 32, "flags with one more");
        Assert.eq(s.digest(), other, "digest beside a new flag");
        Assert.isTrue(s.has(32), "has");
    }

    function _same(RoundWord r, IAssay.Round memory expected) private pure {
        Assert.isTrue(keccak256(abi.encode(r.unpack())) == keccak256(abi.encode(expected)), "unpack");
        Assert.eq(r.seed(), expected.seed, "seed");
        Assert.eq(r.clock(), expected.clock, "clock");
        Assert.eq(r.epoch(), expected.epoch, "epoch");
        Assert.eq(r.commits(), expected.commits, "commits");
        Assert.eq(r.reveals(), expected.reveals, "reveals");
        Assert.eq(r.committed(), expected.committed, "committed");
        Assert.eq(r.weight(), expected.weight, "weight");
        Assert.eq(r.families(), expected.families, "families");
        Assert.eq(r.minSeats(), expected.minSeats, "minSeats");
        Assert.eq(r.settled(), expected.settled, "settled");
    }
}
