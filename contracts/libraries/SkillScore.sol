// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {FixedPointMathLib} from "solady/src/utils/FixedPointMathLib.sol";

import {LaneFields} from "./LaneFields.sol";
import {LaneTally} from "./LaneTally.sol";
import {ScoreWord} from "./ScoreWords.sol";
import {Units} from "./Units.sol";
import {VerdictMath} from "./VerdictMath.sol";

/// @title SkillScore
/// @notice What a vote is worth: its Brier skill against the pinned base rate, leave-one-out.
/// @dev Skill of a vote p on a claim with reference y and base rate b, all in units of 1/255:
///        s = ((b − y)² − (p − y)²) / (4 · b · (255 − b))                              (1)
///      Only the numerators are summed; the shared denominator is applied once.
library SkillScore {
    /// @dev Quality counters are kept in 1e-12.
    uint256 internal constant QUALITY_SCALE = 1e12;

    /// @notice What a committee has in common when its votes are scored.
    struct Frame {
        uint256 claims;
        /// @dev b, byte
        uint256 baseRate;
        /// @dev Σv of the reveals
        uint256 weight;
        /// @dev θ, 16-bit fraction
        uint256 threshold;
        VerdictMath.Bounds bounds;
    }

    /// @notice Sums of one voter over one request.
    struct Sums {
        /// @dev Σ ((b − y)² − (p − y)²), units of 255^-2
        int256 numerator;
        /// @dev claims scored with y = 1, y = 0
        uint256 scoredTrue;
        uint256 scoredFalse;
        /// @dev claims with a negative term
        uint256 losing;
        /// @dev Σ |lane − y · 255 · Σv| over the losing claims
        uint256 lossError;
    }

    /// @notice What one seat of a request is settled with.
    struct SeatScore {
        address owner;
        ScoreWord score;
        /// @dev what its account gains, wei, see {value}
        int256 value;
    }

    /// @notice The claims of a committee by side, read by every voter's {sum}.
    struct Sides {
        /// @dev two words (even and odd half, see LaneFields) for sixteen claims; a field holds the committee's error
        ///      |lane − y · 255 · Σv|, in bit 24 whether y = 1, in bit 25 whether another round decided. The error of an
        ///      undecided claim is out of reach.
        uint256[] halves;
    }

    /// @dev Bit of a field that marks y = 1.
    uint256 private constant TRUE_BIT = 24;
    /// @dev Bit of a field that marks a claim another round decided.
    uint256 private constant FOREIGN_BIT = 25;
    uint256 private constant ERRORS = 0x00ffffff00ffffff00ffffff00ffffff00ffffff00ffffff00ffffff00ffffff;

    /// @dev An error no vote can bring below a pivot: pivots and errors are below 2^16, a vote moves at most 4 · 255.
    uint256 private constant UNDECIDED_ERROR = 17;

    /// @notice Splits the claims by side, once for all voters.
    function sides(Frame memory frame, uint256[16] memory lanes) internal pure returns (Sides memory decided) {
        // No overflow: claims ≤ 256, lanes and bounds are below 2^16.
        unchecked {
            uint256 claims = frame.claims;
            // A last word with a single claim has no odd half.
            uint256[] memory halves = new uint256[](2 * (claims >> 4) + FixedPointMathLib.min(2, claims & 15));
            decided.halves = halves;
            for (uint256 i; i < halves.length; ++i) {
                uint256 word = lanes[i >> 1];
                uint256 rest = claims - ((i >> 1) << 4);
                halves[i] =
                    i & 1 == 0
                        ? _half(frame, LaneFields.even(word), LaneFields.evenUpTo(rest))
                        : _half(frame, LaneFields.odd(word), LaneFields.oddUpTo(rest));
            }
        }
    }

    /// @param lanes eight lanes, one a field
    /// @param used 1 in the fields that hold a claim
    function _half(Frame memory frame, uint256 lanes, uint256 used) private pure returns (uint256) {
        // No field can run into the next: a masked difference of 16-bit values, or 2^17, or the mark above it.
        unchecked {
            VerdictMath.Bounds memory bounds = frame.bounds;
            uint256 trues = LaneFields.reached(lanes + LaneFields.reach(bounds.high)) & used;
            // A lane on both bounds is TRUE.
            uint256 toOpen = LaneFields.reach(FixedPointMathLib.min(bounds.low + 1, bounds.high));
            uint256 falses = (LaneFields.UNITS ^ LaneFields.reached(lanes + toOpen)) & used;
            uint256 undecided = LaneFields.UNITS ^ trues ^ falses;
            // The full lane minus the lane where y = 1; lanes never exceed the full one.
            uint256 missing = LaneFields.UNITS * 255 * frame.weight - lanes;
            uint256 errors = (missing & (trues * 0xffff)) | (lanes & (falses * 0xffff));
            return errors | (undecided << UNDECIDED_ERROR) | (trues << TRUE_BIT);
        }
    }

    /// @notice {sides} of a round whose request was appealed. A verdict of another round hangs on none of these votes, so
    ///         its claim is scored for everybody.
    /// @param weight Σv of the round
    /// @param lanes of the round
    /// @param verdicts that count, two bits a claim, see {VerdictMath.read}
    /// @param foreign low bit of every claim that another round decided
    /// @return halves see {Sides}
    function sidesBy(
        uint256 claims,
        uint256 weight,
        uint256[16] memory lanes,
        uint256[2] memory verdicts,
        uint256[2] memory foreign
    ) internal pure returns (uint256[] memory halves) {
        // No overflow: claims ≤ 256, lanes ≤ 255 · Σv < 2^16.
        unchecked {
            halves = new uint256[](2 * (claims >> 4) + FixedPointMathLib.min(2, claims & 15));
            for (uint256 i; i < halves.length; ++i) halves[i] = LaneFields.UNITS << UNDECIDED_ERROR;
            for (uint256 i; i < claims; ++i) {
                uint256 verdict = (verdicts[i >> 7] >> (2 * (i & 127))) & 3;
                if (verdict == VerdictMath.UNDECIDED) continue;
                uint256 field = LaneTally.lane(lanes, i);
                if (verdict == VerdictMath.TRUE) field = (255 * weight - field) | (1 << TRUE_BIT);
                field |= ((foreign[i >> 7] >> (2 * (i & 127))) & 1) << FOREIGN_BIT;
                // Claims 0 and 1 of a word are the highest fields of its halves.
                uint256 shift = 224 - (((i & 15) >> 1) << 5);
                uint256 at = ((i >> 4) << 1) + (i & 1);
                halves[at] = (halves[at] & ~(uint256(0xffffffff) << shift)) | (field << shift);
            }
        }
    }

    /// @notice What overturned verdicts take of a voter's bond: `bond · Σ (p − y)² / claims` over the overturned claims on
    ///         which its vote was on the losing side of θ.
    /// @param verdicts that count
    /// @param overturned low bit of every claim on which this round's own verdict was overturned
    /// @param seatBond gwei
    /// @return gwei, rounded up, at most the bond
    function overturnCharge(
        Frame memory frame,
        uint256[2] memory verdicts,
        uint256[2] memory overturned,
        bytes calldata votes,
        uint256 seatBond
    ) internal pure returns (uint256) {
        // No overflow: at most 256 squares of bytes, a bond below 2^56.
        unchecked {
            uint256 squares;
            for (uint256 i; i < frame.claims; ++i) {
                uint256 at = 2 * (i & 127);
                if ((overturned[i >> 7] >> at) & 1 == 0) continue;
                bool isTrue = (verdicts[i >> 7] >> at) & 3 == VerdictMath.TRUE;
                uint256 vote = uint8(votes[i]);
                uint256 scaled = vote * VerdictMath.ONE;
                uint256 pivot = frame.threshold * 255;
                if (isTrue ? scaled >= pivot : scaled <= pivot) continue;
                uint256 error = isTrue ? 255 - vote : vote;
                squares += error * error;
            }
            return FixedPointMathLib.divUp(seatBond * squares, 255 * 255 * frame.claims);
        }
    }

    /// @notice Sums (1) over every decided claim whose side does not hang on this vote.
    /// @dev A TRUE claim is judged as a FALSE one with the vote mirrored: with q = |p − y|, e = |lane − y · 255 · Σv| and
    ///      c = |b − y|, the term is c² − q² and the claim is scored if e − v · q, the error of the others, stays below
    ///      the pivot of its side. Eight claims are judged at once: 256 claims of seven voters are settled in one
    ///      transaction, and the loop over claims costs five times as much (bench/gas.json). {sumReference} is the plain
    ///      form the fuzz tests hold it to.
    /// @param decided see {sides}
    /// @param votes one byte per claim
    /// @param weight v of the voter
    function sum(
        Frame memory frame,
        Sides memory decided,
        bytes calldata votes,
        uint256 weight
    ) internal pure returns (Sums memory sums) {
        // No field can run into the next: everything compared stays below 2^20, counts below 2^5, sums of errors below
        // 32 · 2^16. Differences of sides wrap around in a factor and come back in the product.
        unchecked {
            Scan memory scan;
            {
                uint256 others = 255 * (frame.weight - weight);
                uint256 without = frame.threshold * others;
                uint256 pivotFalse = FixedPointMathLib.divUp(without, VerdictMath.ONE);
                scan.toPivot = LaneFields.reach(pivotFalse);
                scan.pivotStep = others - without / VerdictMath.ONE - pivotFalse;
                // A term is negative from q = c + 1 on.
                scan.toLoss = LaneFields.reach(frame.baseRate + 1);
                scan.lossStep = 255 - 2 * frame.baseRate;
            }
            uint256[] memory halves = decided.halves;
            for (uint256 i; i < halves.length; ++i) {
                uint256 lanes = LaneTally.load(votes, i << 3);
                _scan(scan, halves[i], LaneFields.even(lanes), weight);
                if (++i < halves.length) _scan(scan, halves[i], LaneFields.odd(lanes), weight);
            }
            _close(scan, frame.baseRate, sums);
        }
    }

    /// @dev Bounds and running sums of one voter.
    struct Scan {
        /// @dev {LaneFields.reach} of the pivot where y = 0, and what the pivot is higher where y = 1
        uint256 toPivot;
        uint256 pivotStep;
        /// @dev {LaneFields.reach} of the first losing q where y = 0, and what it is higher where y = 1
        uint256 toLoss;
        uint256 lossStep;
        /// @dev one count or sum a field
        uint256 scored;
        uint256 scoredTrue;
        uint256 losing;
        uint256 lossError;
        /// @dev Σ q² of the scored claims
        uint256 squares;
    }

    /// @dev Eight claims of {sum}.
    function _scan(Scan memory scan, uint256 half, uint256 votes, uint256 weight) private pure {
        unchecked {
            uint256 errors = half & ERRORS;
            uint256 trues = (half >> TRUE_BIT) & LaneFields.UNITS;
            uint256 q = votes ^ (trues * 0xff);
            uint256 kept = LaneFields.reached(errors + scan.toPivot - trues * scan.pivotStep - weight * q);
            uint256 scored = (LaneFields.UNITS ^ kept) | ((half >> FOREIGN_BIT) & LaneFields.UNITS);
            uint256 losing = LaneFields.reached(q + scan.toLoss - trues * scan.lossStep) & scored;
            scan.scored += scored;
            scan.scoredTrue += scored & trues;
            scan.losing += losing;
            scan.lossError += errors & (losing * 0xffff);
            scan.squares += LaneFields.squares(q & (scored * 0xff));
        }
    }

    function _close(Scan memory scan, uint256 baseRate, Sums memory sums) private pure {
        // No overflow: at most 256 claims of terms within ± 255².
        unchecked {
            uint256 miss = 255 - baseRate;
            sums.scoredTrue = LaneFields.total(scan.scoredTrue);
            sums.scoredFalse = LaneFields.total(scan.scored) - sums.scoredTrue;
            sums.losing = LaneFields.total(scan.losing);
            sums.lossError = LaneFields.total(scan.lossError);
            uint256 gains = sums.scoredTrue * miss * miss + sums.scoredFalse * baseRate * baseRate;
            sums.numerator = int256(gains) - int256(scan.squares);
        }
    }

    /// @notice The plain form of {sum}.
    function sumReference(
        Frame memory frame,
        uint256[16] memory lanes,
        bytes calldata votes,
        uint256 weight
    ) internal pure returns (Sums memory sums) {
        int256 b = int256(frame.baseRate);
        uint256 without = frame.threshold * 255 * (frame.weight - weight);
        for (uint256 i; i < frame.claims; ++i) {
            uint256 lane = LaneTally.lane(lanes, i);
            bool isTrue = lane >= frame.bounds.high;
            if (!isTrue && lane > frame.bounds.low) continue;
            uint256 vote = uint8(votes[i]);
            uint256 others = (lane - weight * vote) * VerdictMath.ONE;
            if (isTrue ? others <= without : others >= without) continue;
            int256 y = isTrue ? int256(255) : int256(0);
            int256 p = int256(vote);
            int256 term = (b - y) * (b - y) - (p - y) * (p - y);
            sums.numerator += term;
            if (isTrue) ++sums.scoredTrue;
            else ++sums.scoredFalse;
            if (term < 0) {
                ++sums.losing;
                sums.lossError += isTrue ? 255 * frame.weight - lane : lane;
            }
        }
    }

    /// @notice Mean error x̄ of the committee over the voter's losing claims, WAD, rounded up; zero without losses.
    function lossMean(Sums memory sums, uint256 committeeWeight) internal pure returns (uint256) {
        if (sums.losing == 0) return 0;
        // No overflow: lossError ≤ 256 · 2^16, and 1e18 < 2^60.
        unchecked {
            return FixedPointMathLib.divUp(sums.lossError * Units.WAD, 255 * committeeWeight * sums.losing);
        }
    }

    /// @notice What a request adds to a score account: `price · Σs`, a loss multiplied by `1 + 3 · x̄`.
    /// @param price wei of WORK per claim-seat
    /// @param baseRate b, byte in 13..242
    /// @param mean x̄, see {lossMean}
    /// @return wei of WORK; gains rounded down, losses away from zero
    function value(int256 numerator, uint256 price, uint256 baseRate, uint256 mean) internal pure returns (int256) {
        // No overflow, safe casts: |numerator| ≤ 256 · 255² < 2^24 and price < 2^88, so every product is below 2^178.
        unchecked {
            uint256 denominator = 4 * baseRate * (255 - baseRate);
            if (numerator >= 0) return int256((uint256(numerator) * price) / denominator);
            uint256 loss = uint256(-numerator) * price * (Units.WAD + 3 * mean);
            return -int256(FixedPointMathLib.divUp(loss, denominator * Units.WAD));
        }
    }

    /// @notice `Σs − τ · Σ (b − y)² / (4b(1 − b))`: above zero the voter beats the quality bar.
    /// @param bar τ, WAD
    /// @return in 1e-12, rounded down
    function quality(Sums memory sums, uint256 baseRate, uint256 bar) internal pure returns (int256) {
        // No overflow: terms and ceiling are below 2^25, τ ≤ 1e18 < 2^60.
        unchecked {
            uint256 miss = 255 - baseRate;
            uint256 ceiling = sums.scoredTrue * miss * miss + sums.scoredFalse * baseRate * baseRate;
            int256 top = sums.numerator * int256(Units.WAD) - int256(bar * ceiling);
            int256 bottom = int256(4 * baseRate * miss * (Units.WAD / QUALITY_SCALE));
            int256 quotient = top / bottom;
            return top < 0 && top % bottom != 0 ? quotient - 1 : quotient;
        }
    }

    /// @notice Bond of a seat: the worst loss {value} and its multiplier can take, times ρ; never below the floor.
    /// @param floor seatBond, gwei
    /// @param penaltyRatio ρ, basis points
    /// @return gwei of WORK, rounded up; saturates at 2^56 − 1, above any supply, so that nobody can lock it
    function bond(
        uint256 floor,
        uint256 penaltyRatio,
        uint256 price,
        uint256 claims,
        uint256 baseRate
    ) internal pure returns (uint256) {
        // 4 is the largest multiplier; (1) is above −255² / (4b(255 − b)).
        uint256 worst = 4 * penaltyRatio * price * claims * 255 * 255;
        uint256 wei_ = FixedPointMathLib.divUp(worst, 4 * baseRate * (255 - baseRate) * Units.BPS);
        uint256 needed = FixedPointMathLib.max(floor, FixedPointMathLib.divUp(wei_, Units.GWEI));
        return FixedPointMathLib.min(needed, type(uint56).max);
    }
}
