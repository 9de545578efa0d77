// SPDX-License-Identifier: MIT
// One library a word type; together they are one story.
// solhint-disable one-contract-per-file
pragma solidity 0.8.37;

import {IAssay} from "../interfaces/IAssay.sol";

/// @notice IAssay.Draw, IAssay.Round and IAssay.Seat as the one slot each of them is, fields from the low bit up in the
///         order of the structs. Assay reads and writes whole words: copying these structs field by field between
///         storage and memory cost a commit 6,000 gas.
type DrawWord is uint256;
type RoundWord is uint256;
type SeatWord is uint256;

using DrawWords for DrawWord global;
using RoundWords for RoundWord global;
using SeatWords for SeatWord global;

/// @title DrawWords
library DrawWords {
    function pack(IAssay.Draw memory d) internal pure returns (DrawWord) {
        uint256 low = uint256(d.weight) | (uint256(d.roots) << 56) | (uint256(d.bond) << 104);
        uint256 middle = (uint256(d.seats) << 160) | (uint256(d.baseRate) << 168) | (uint256(d.threshold) << 176);
        uint256 windows = (uint256(d.commitWindow) << 208) | (uint256(d.revealWindow) << 224);
        uint256 high = (uint256(d.domain) << 192) | (uint256(d.boostCap) << 240) | (uint256(d.lastClaim) << 248);
        return DrawWord.wrap(low | middle | windows | high);
    }

    function unpack(DrawWord d) internal pure returns (IAssay.Draw memory) {
        uint256 word = DrawWord.unwrap(d);
        return
            IAssay.Draw({
                weight: uint56(word),
                roots: uint48(word >> 56),
                bond: uint56(word >> 104),
                seats: uint8(word >> 160),
                baseRate: uint8(word >> 168),
                threshold: uint16(word >> 176),
                domain: uint16(word >> 192),
                commitWindow: uint16(word >> 208),
                revealWindow: uint16(word >> 224),
                boostCap: uint8(word >> 240),
                lastClaim: uint8(word >> 248)
            });
    }

    /// @notice A request always has a commit window, so an unknown one reads as zero.
    function exists(DrawWord d) internal pure returns (bool) {
        return DrawWord.unwrap(d) != 0;
    }

    /// @notice The draw of the next, larger round: same terms, committee of another epoch.
    function withCommittee(
        DrawWord d,
        uint256 weight_,
        uint256 roots_,
        uint256 seats_
    ) internal pure returns (DrawWord) {
        uint256 rest = DrawWord.unwrap(d) & ~(uint256(type(uint104).max) | (uint256(0xff) << 160));
        return
            DrawWord.wrap(rest | uint56(weight_) | (uint256(uint48(roots_)) << 56) | (uint256(uint8(seats_)) << 160));
    }

    function weight(DrawWord d) internal pure returns (uint256) {
        return uint56(DrawWord.unwrap(d));
    }

    function roots(DrawWord d) internal pure returns (uint256) {
        return uint48(DrawWord.unwrap(d) >> 56);
    }

    function bond(DrawWord d) internal pure returns (uint256) {
        return uint56(DrawWord.unwrap(d) >> 104);
    }

    function seats(DrawWord d) internal pure returns (uint256) {
        return uint8(DrawWord.unwrap(d) >> 160);
    }

    function baseRate(DrawWord d) internal pure returns (uint256) {
        return uint8(DrawWord.unwrap(d) >> 168);
    }

    function threshold(DrawWord d) internal pure returns (uint256) {
        return uint16(DrawWord.unwrap(d) >> 176);
    }

    function domain(DrawWord d) internal pure returns (uint16) {
        return uint16(DrawWord.unwrap(d) >> 192);
    }

    function commitWindow(DrawWord d) internal pure returns (uint256) {
        return uint16(DrawWord.unwrap(d) >> 208);
    }

    function revealWindow(DrawWord d) internal pure returns (uint256) {
        return uint16(DrawWord.unwrap(d) >> 224);
    }

    function boostCap(DrawWord d) internal pure returns (uint256) {
        return uint8(DrawWord.unwrap(d) >> 240);
    }

    function claims(DrawWord d) internal pure returns (uint256) {
        unchecked {
            return (DrawWord.unwrap(d) >> 248) + 1;
        }
    }
}

/// @title RoundWords
/// @dev Sums grow by adding to the word. No carry can leave a field: the counters end at Σv ≤ 255, which is reserved at
///      commit, since every seat weighs at least 1.
library RoundWords {
    uint256 private constant SEED_MASK = type(uint120).max;
    uint256 private constant CLOCK = 120;
    uint256 private constant EPOCH = 160;
    uint256 private constant FLAGS = 184;
    uint256 private constant COMMITS = 192;
    uint256 private constant REVEALS = 200;
    uint256 private constant COMMITTED = 208;
    uint256 private constant WEIGHT = 216;
    uint256 private constant FAMILIES = 224;
    uint256 private constant MIN_SEATS = 240;
    uint256 private constant SETTLED = 248;

    /// @notice A round that waits for its seed.
    function open(uint256 ticket, uint256 deadline, uint256 epoch_, uint256 quorum) internal pure returns (RoundWord) {
        uint256 word = uint120(ticket) | (uint256(uint40(deadline)) << CLOCK);
        return RoundWord.wrap(word | (uint256(uint24(epoch_)) << EPOCH) | (uint256(uint8(quorum)) << MIN_SEATS));
    }

    function unpack(RoundWord r) internal pure returns (IAssay.Round memory) {
        uint256 word = RoundWord.unwrap(r);
        return
            IAssay.Round({
                seed: uint120(word),
                clock: uint40(word >> CLOCK),
                epoch: uint24(word >> EPOCH),
                flags: uint8(word >> FLAGS),
                commits: uint8(word >> COMMITS),
                reveals: uint8(word >> REVEALS),
                committed: uint8(word >> COMMITTED),
                weight: uint8(word >> WEIGHT),
                families: uint16(word >> FAMILIES),
                minSeats: uint8(word >> MIN_SEATS),
                settled: uint8(word >> SETTLED)
            });
    }

    function seed(RoundWord r) internal pure returns (uint256) {
        return RoundWord.unwrap(r) & SEED_MASK;
    }

    function clock(RoundWord r) internal pure returns (uint256) {
        return uint40(RoundWord.unwrap(r) >> CLOCK);
    }

    function epoch(RoundWord r) internal pure returns (uint256) {
        return uint24(RoundWord.unwrap(r) >> EPOCH);
    }

    /// @notice Whether any of the `flags` is set.
    function has(RoundWord r, uint256 flags) internal pure returns (bool) {
        return (RoundWord.unwrap(r) >> FLAGS) & flags != 0;
    }

    function commits(RoundWord r) internal pure returns (uint256) {
        return uint8(RoundWord.unwrap(r) >> COMMITS);
    }

    function reveals(RoundWord r) internal pure returns (uint256) {
        return uint8(RoundWord.unwrap(r) >> REVEALS);
    }

    function committed(RoundWord r) internal pure returns (uint256) {
        return uint8(RoundWord.unwrap(r) >> COMMITTED);
    }

    function weight(RoundWord r) internal pure returns (uint256) {
        return uint8(RoundWord.unwrap(r) >> WEIGHT);
    }

    function families(RoundWord r) internal pure returns (uint256) {
        return uint16(RoundWord.unwrap(r) >> FAMILIES);
    }

    function minSeats(RoundWord r) internal pure returns (uint256) {
        return uint8(RoundWord.unwrap(r) >> MIN_SEATS);
    }

    function settled(RoundWord r) internal pure returns (uint256) {
        return uint8(RoundWord.unwrap(r) >> SETTLED);
    }

    function withSeed(RoundWord r, uint256 seed_) internal pure returns (RoundWord) {
        return RoundWord.wrap((RoundWord.unwrap(r) & ~SEED_MASK) | uint120(seed_));
    }

    function withClock(RoundWord r, uint256 clock_) internal pure returns (RoundWord) {
        uint256 rest = RoundWord.unwrap(r) & ~(uint256(type(uint40).max) << CLOCK);
        return RoundWord.wrap(rest | (uint256(uint40(clock_)) << CLOCK));
    }

    function withFlag(RoundWord r, uint256 flag) internal pure returns (RoundWord) {
        return RoundWord.wrap(RoundWord.unwrap(r) | (flag << FLAGS));
    }

    function addCommit(RoundWord r, uint256 voteWeight) internal pure returns (RoundWord) {
        unchecked {
            return RoundWord.wrap(RoundWord.unwrap(r) + (1 << COMMITS) + (voteWeight << COMMITTED));
        }
    }

    function addReveal(RoundWord r, uint256 voteWeight, uint256 family) internal pure returns (RoundWord) {
        unchecked {
            uint256 sums = RoundWord.unwrap(r) + (1 << REVEALS) + (voteWeight << WEIGHT);
            return RoundWord.wrap(sums | (1 << (FAMILIES + family)));
        }
    }

    function addSettled(RoundWord r, uint256 count) internal pure returns (RoundWord) {
        unchecked {
            return RoundWord.wrap(RoundWord.unwrap(r) + (count << SETTLED));
        }
    }
}

/// @title SeatWords
library SeatWords {
    uint256 private constant FAMILY = 240;
    uint256 private constant FLAGS = 248;
    uint256 private constant DIGEST_MASK = type(uint240).max;

    function pack(uint256 digest_, uint256 family_, uint256 flags_) internal pure returns (SeatWord) {
        return SeatWord.wrap(digest_ | (family_ << FAMILY) | (flags_ << FLAGS));
    }

    function unpack(SeatWord s) internal pure returns (IAssay.Seat memory) {
        return IAssay.Seat(digest(s), uint8(family(s)), uint8(flags(s)));
    }

    function digest(SeatWord s) internal pure returns (uint240) {
        return uint240(SeatWord.unwrap(s));
    }

    function family(SeatWord s) internal pure returns (uint256) {
        return uint8(SeatWord.unwrap(s) >> FAMILY);
    }

    function flags(SeatWord s) internal pure returns (uint256) {
        return SeatWord.unwrap(s) >> FLAGS;
    }

    /// @notice Whether any of the `flags_` is set.
    function has(SeatWord s, uint256 flags_) internal pure returns (bool) {
        return flags(s) & flags_ != 0;
    }

    function withFlag(SeatWord s, uint256 flag) internal pure returns (SeatWord) {
        return SeatWord.wrap(SeatWord.unwrap(s) | (flag << FLAGS));
    }

    function withDigest(SeatWord s, uint240 digest_) internal pure returns (SeatWord) {
        return SeatWord.wrap((SeatWord.unwrap(s) & ~DIGEST_MASK) | digest_);
    }
}
