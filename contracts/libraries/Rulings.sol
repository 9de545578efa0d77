// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {FixedPointMathLib} from "solady/src/utils/FixedPointMathLib.sol";

import {VerdictMath} from "./VerdictMath.sol";

/// @dev A request has its own round and at most two that appeals open.
uint256 constant ROUNDS = 3;

/// @title Rulings
/// @notice What the rounds of a request say together. Verdict words hold two bits a claim (0 undecided, 1 false, 2 true),
///         claim 0 lowest, 128 claims a word; masks hold 1 in the low bit of every claim they contain.
/// @dev A claim's verdict is that of the latest round that decided it. Where two rounds decided one claim differently,
///      their two bits add up to 3.
library Rulings {
    uint256 private constant LOW = 0x5555555555555555555555555555555555555555555555555555555555555555;

    /// @dev Share of the weight an appeal needs on a claim's side, tenths.
    uint256 private constant APPEAL_SHARE = 6;

    /// @notice Expected seats of the round that an appeal against one of `seats` opens.
    function nextSeats(uint256 seats) internal pure returns (uint256) {
        return 2 * seats + 1;
    }

    /// @notice Quorum of that round: the same share of the seats, rounded down.
    function nextQuorum(uint256 quorum, uint256 seats) internal pure returns (uint256) {
        return (quorum * nextSeats(seats)) / seats;
    }

    /// @notice Bounds of an appeal: those of the domain, but never less than 60 % of the weight.
    /// @param limits of a first round, see {VerdictMath.bounds}
    /// @param weight Σv of the reveals
    function appealBounds(
        VerdictMath.Bounds memory limits,
        uint256 weight
    ) internal pure returns (VerdictMath.Bounds memory) {
        uint256 full = 255 * weight;
        return
            VerdictMath.Bounds({
                high: FixedPointMathLib.max(limits.high, FixedPointMathLib.divUp(full * APPEAL_SHARE, 10)),
                low: FixedPointMathLib.min(limits.low, (full * (10 - APPEAL_SHARE)) / 10)
            });
    }

    /// @notice Mask of the claims that `words` decide.
    function decided(uint256 words) internal pure returns (uint256) {
        return (words | (words >> 1)) & LOW;
    }

    /// @notice Whether `words` decide each of the first `claims` claims, and say nothing else.
    /// @param claims at most 256
    function decidesAll(uint256[2] memory words, uint256 claims) internal pure returns (bool) {
        for (uint256 i; i < 2; ++i) {
            uint256 here = FixedPointMathLib.min(FixedPointMathLib.zeroFloorSub(claims, 128 * i), 128);
            uint256 all = here == 128 ? LOW : LOW & ((1 << (2 * here)) - 1);
            // One of two bits is set: their sum in each pair is 1.
            if ((words[i] & LOW) ^ ((words[i] >> 1) & LOW) != all || words[i] & ~(3 * all) != 0) return false;
        }
        return true;
    }

    /// @notice Mask of the claims that both decide, differently.
    function opposed(uint256 a, uint256 b) internal pure returns (uint256) {
        uint256 x = a ^ b;
        return x & (x >> 1) & LOW;
    }

    /// @notice Mask of the claims on which both say the same.
    function same(uint256 a, uint256 b) internal pure returns (uint256) {
        uint256 x = a ^ b;
        return ~(x | (x >> 1)) & LOW;
    }

    /// @notice The verdicts after a later round: its own where it decided, the earlier ones elsewhere.
    function amended(uint256 earlier, uint256 later) internal pure returns (uint256) {
        return (earlier & ~(decided(later) * 3)) | later;
    }
}
