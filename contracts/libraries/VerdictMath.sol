// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {FixedPointMathLib} from "solady/src/utils/FixedPointMathLib.sol";

import {LaneFields} from "./LaneFields.sol";
import {Units} from "./Units.sol";

/// @title VerdictMath
/// @notice From lanes to verdicts, and from verdicts to the domain's base rate B and threshold θ.
/// @dev θ of a request is a 16-bit fraction (65,536 = 1.0); a mean vote is p̄ = lane / (255 · Σv).
library VerdictMath {
    /// @dev 1.0 of the 16-bit threshold.
    uint256 internal constant ONE = 65_536;

    /// @dev B is kept in 5–95 %, θ in 20–80 %.
    uint256 internal constant MIN_RATE = 0.05e18;
    uint256 internal constant MAX_RATE = 0.95e18;
    uint256 internal constant MIN_THRESHOLD = 0.2e18;
    uint256 internal constant MAX_THRESHOLD = 0.8e18;

    /// @dev Two bits a claim in the published words.
    uint256 internal constant UNDECIDED = 0;
    uint256 internal constant FALSE = 1;
    uint256 internal constant TRUE = 2;

    /// @notice Lane bounds of a committee: TRUE from `high` up, FALSE from `low` down.
    struct Bounds {
        uint256 high;
        uint256 low;
    }

    /// @notice Lane bounds for margin m = 2 · decisiveMargin · min(θ, 1 − θ), both rounded against a decision.
    /// @param threshold θ, 16-bit fraction
    /// @param margin decisiveMargin, basis points
    /// @param weight Σv of the reveals
    function bounds(uint256 threshold, uint256 margin, uint256 weight) internal pure returns (Bounds memory) {
        uint256 m = (2 * margin * FixedPointMathLib.min(threshold, ONE - threshold)) / Units.BPS;
        uint256 full = 255 * weight;
        return Bounds(FixedPointMathLib.divUp((threshold + m) * full, ONE), ((threshold - m) * full) / ONE);
    }

    /// @notice What a finalized committee says, and the two means that move B and θ.
    /// @param lanes sums of the committee
    /// @param claims 1..256
    /// @param weight Σv of the reveals, not zero
    /// @param threshold θ, 16-bit fraction
    /// @param limits see {bounds}
    /// @return words two bits a claim, claim 0 lowest, 128 claims a word
    /// @return mean mean of p̄ over all claims, WAD, rounded down
    /// @return share share of claims with p̄ > θ, WAD, rounded down
    function read(
        uint256[16] memory lanes,
        uint256 claims,
        uint256 weight,
        uint256 threshold,
        Bounds memory limits
    ) internal pure returns (uint256[2] memory words, uint256 mean, uint256 share) {
        uint256 above;
        uint256 sum;
        // No overflow: a field takes at most 32 lanes of 16 bits, all lanes together stay below 2^24.
        unchecked {
            // p̄ > θ  ⇔  lane · 2^16 > θ16 · 255 · Σv  ⇔  lane ≥ floor(θ16 · 255 · Σv / 2^16) + 1
            uint256 toAbove = LaneFields.reach((threshold * 255 * weight) / ONE + 1);
            uint256 toTrue = LaneFields.reach(limits.high);
            // From here up a claim is not FALSE; a lane on both bounds is TRUE.
            uint256 toOpen = LaneFields.reach(FixedPointMathLib.min(limits.low + 1, limits.high));
            for (uint256 i; i << 4 < claims; ++i) {
                uint256 even = LaneFields.even(lanes[i]);
                uint256 odd = LaneFields.odd(lanes[i]);
                sum += even + odd;
                above += LaneFields.reached(even + toAbove) + LaneFields.reached(odd + toAbove);
                words[i >> 3] |=
                    LaneFields.gather(_verdicts(even, toTrue, toOpen), _verdicts(odd, toTrue, toOpen)) <<
                    ((i & 7) << 5);
            }
            sum = LaneFields.total(sum);
            above = LaneFields.total(above);
            // The empty lanes behind the last claim read as FALSE.
            if (claims < 128) words[0] &= (1 << (2 * claims)) - 1;
            else if (claims < 256) words[1] &= (1 << (2 * (claims - 128))) - 1;
        }
        mean = (sum * Units.WAD) / (255 * weight * claims);
        share = (above * Units.WAD) / claims;
    }

    /// @dev TRUE, FALSE or UNDECIDED in every field.
    function _verdicts(uint256 fields, uint256 toTrue, uint256 toOpen) private pure returns (uint256) {
        unchecked {
            uint256 isFalse = LaneFields.UNITS ^ LaneFields.reached(fields + toOpen);
            return TRUE * LaneFields.reached(fields + toTrue) + FALSE * isFalse;
        }
    }

    /// @notice `B += (mean − B) · k / (k + 255)`, kept in 5–95 %; the step is rounded towards zero.
    function nextBaseRate(uint256 baseRate, uint256 mean, uint256 claims) internal pure returns (uint256) {
        // Safe casts: all values are below 2^64.
        int256 step = ((int256(mean) - int256(baseRate)) * int256(claims)) / int256(claims + 255);
        return FixedPointMathLib.clamp(uint256(int256(baseRate) + step), MIN_RATE, MAX_RATE);
    }

    /// @notice `θ += 0.15 · k / (k + 64) · (share − mean)`, kept in 20–80 %; the step is rounded towards zero.
    function nextThreshold(
        uint256 threshold,
        uint256 share,
        uint256 mean,
        uint256 claims
    ) internal pure returns (uint256) {
        // Safe casts: all values are below 2^64.
        int256 step = ((int256(share) - int256(mean)) * int256(claims) * 15) / (int256(claims + 64) * 100);
        return FixedPointMathLib.clamp(uint256(int256(threshold) + step), MIN_THRESHOLD, MAX_THRESHOLD);
    }

    /// @notice The base rate a request pins: B as a byte, rounded to nearest. Always in 13..242.
    function rateByte(uint256 baseRate) internal pure returns (uint256) {
        return (baseRate * 255 + Units.WAD / 2) / Units.WAD;
    }

    /// @notice The threshold a request pins: θ as a 16-bit fraction, rounded down.
    function thresholdBits(uint256 threshold) internal pure returns (uint256) {
        return (threshold * ONE) / Units.WAD;
    }
}
