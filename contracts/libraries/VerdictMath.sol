// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {FixedPointMathLib} from "solady/src/utils/FixedPointMathLib.sol";

import {LaneTally} from "./LaneTally.sol";
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

    /// @dev A word of lanes is read as two halves of eight 32-bit fields, claims 0, 2, 4 … and claims 1, 3, 5 …
    uint256 private constant FIELDS = 0x0000ffff0000ffff0000ffff0000ffff0000ffff0000ffff0000ffff0000ffff;
    /// @dev 1 in every field.
    uint256 private constant UNITS = 0x0000000100000001000000010000000100000001000000010000000100000001;
    /// @dev Times this, the low four bits of field j (of claims 14 − 2j and 15 − 2j) come to bits 252 − 4j, so the top 32
    ///      bits hold the verdicts of 16 claims, claim 0 lowest. The other products fall below or out of the word.
    uint256 private constant GATHER = 0x1000000001000000001000000001000000001000000001000000001000000001;

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
        // Sixteen claims at a time, in two halves of eight fields: no field can overflow, since a lane is below 2^16 and
        // at most 32 of them are added.
        unchecked {
            // p̄ > θ  ⇔  lane · 2^16 > θ16 · 255 · Σv  ⇔  lane ≥ floor(θ16 · 255 · Σv / 2^16) + 1
            uint256 toAbove = _reach((threshold * 255 * weight) / ONE + 1);
            uint256 toTrue = _reach(limits.high);
            // From here up a claim is not FALSE; a lane on both bounds is TRUE.
            uint256 toOpen = _reach(FixedPointMathLib.min(limits.low + 1, limits.high));
            for (uint256 i; i << 4 < claims; ++i) {
                uint256 even = (lanes[i] >> 16) & FIELDS;
                uint256 odd = lanes[i] & FIELDS;
                sum += even + odd;
                above += _reached(even, toAbove) + _reached(odd, toAbove);
                uint256 trues = _reached(even, toTrue) | (_reached(odd, toTrue) << 2);
                uint256 falses = (_reached(even, toOpen) | (_reached(odd, toOpen) << 2)) ^ (5 * UNITS);
                words[i >> 3] |= ((((TRUE * trues) | (FALSE * falses)) * GATHER) >> 224) << ((i & 7) << 5);
            }
            sum = _total(sum);
            above = _total(above);
            // The empty lanes behind the last claim read as FALSE.
            if (claims < 128) words[0] &= (1 << (2 * claims)) - 1;
            else if (claims < 256) words[1] &= (1 << (2 * (claims - 128))) - 1;
        }
        mean = (sum * Units.WAD) / (255 * weight * claims);
        share = (above * Units.WAD) / claims;
    }

    /// @dev What a field must be added for bit 16 to tell whether its lane is at least `bound` (≤ 2^16).
    function _reach(uint256 bound) private pure returns (uint256) {
        unchecked {
            return UNITS * (ONE - bound);
        }
    }

    /// @dev 1 in every field whose lane reached the bound of `reach`.
    function _reached(uint256 fields, uint256 reach) private pure returns (uint256) {
        unchecked {
            return ((fields + reach) >> 16) & UNITS;
        }
    }

    /// @dev Sum of the eight fields: the product collects them in the highest one.
    function _total(uint256 fields) private pure returns (uint256) {
        unchecked {
            return (fields * UNITS) >> 224;
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
