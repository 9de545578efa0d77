// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {FixedPointMathLib} from "solady/src/utils/FixedPointMathLib.sol";

import {LaneTally} from "./LaneTally.sol";
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

    /// @notice The decided claims of a committee, sorted by side once and read by every voter's {sum}.
    struct Sides {
        uint256 trues;
        uint256 falses;
        /// @dev one word a claim: its index in the low byte, above it the committee's error |lane − y · 255 · Σv|; the TRUE
        ///      claims fill the list from its front, the FALSE claims from its back
        uint256[] entries;
    }

    /// @notice Sorts the decided claims by side.
    /// @dev Assembly for the same reason as {sum}, and held to the same reference.
    function sides(Frame memory frame, uint256[16] memory lanes) internal pure returns (Sides memory decided) {
        uint256[] memory entries = new uint256[](frame.claims);
        decided.entries = entries;
        uint256 full = 255 * frame.weight;
        uint256 high = frame.bounds.high;
        uint256 low = frame.bounds.low;
        assembly ("memory-safe") {
            let claims := mload(entries)
            let front := add(entries, 0x20)
            let back := add(front, shl(5, claims))
            let word := 0
            for {
                let i := 0
            } lt(i, claims) {
                i := add(i, 1)
            } {
                // 32 bytes every 16 claims; then the next lane comes to the top.
                switch and(i, 15)
                case 0 {
                    word := mload(add(lanes, shl(1, i)))
                }
                default {
                    word := shl(16, word)
                }
                let lane := shr(240, word)
                if iszero(lt(lane, high)) {
                    mstore(front, or(i, shl(8, sub(full, lane))))
                    front := add(front, 0x20)
                    continue
                }
                if iszero(gt(lane, low)) {
                    back := sub(back, 0x20)
                    mstore(back, or(i, shl(8, lane)))
                }
            }
            mstore(decided, shr(5, sub(front, add(entries, 0x20))))
            mstore(add(decided, 0x20), shr(5, sub(add(add(entries, 0x20), shl(5, claims)), back)))
        }
    }

    /// @notice Sums (1) over every decided claim whose side does not hang on this vote.
    /// @dev A TRUE claim is judged as a FALSE one with the vote mirrored: with q = |p − y|, e = |lane − y · 255 · Σv| and
    ///      c = |b − y|, the term is c² − q² and the claim is scored if e − v · q, the error of the others, stays below
    ///      the pivot of its side.
    ///      Assembly: 256 claims of seven voters are scored in one transaction, and the checked loop costs three times
    ///      as much (bench/gas.json). {sumReference} is the plain form the fuzz tests hold it to.
    /// @param decided see {sides}
    /// @param votes one byte per claim
    /// @param weight v of the voter
    function sum(
        Frame memory frame,
        Sides memory decided,
        bytes calldata votes,
        uint256 weight
    ) internal pure returns (Sums memory sums) {
        uint256 without = frame.threshold * 255 * (frame.weight - weight);
        uint256 pivotTrue = 255 * (frame.weight - weight) - without / VerdictMath.ONE;
        uint256 pivotFalse = FixedPointMathLib.divUp(without, VerdictMath.ONE);
        uint256 missTrue = 255 - frame.baseRate;
        uint256 missFalse = frame.baseRate;
        uint256[] memory entries = decided.entries;
        uint256 acc;
        assembly ("memory-safe") {
            // scoredTrue 16 | scoredFalse 16 | losing 32 | lossError 128 | numerator 64, signed
            function scan(entry, end, offset, mask, pivot, base, v, one) -> total {
                for {} lt(entry, end) {
                    entry := add(entry, 0x20)
                } {
                    let e := mload(entry)
                    let q := xor(byte(0, calldataload(add(offset, and(e, 0xff)))), mask)
                    e := shr(8, e)
                    if lt(sub(e, mul(v, q)), pivot) {
                        q := sub(base, mul(q, q))
                        total := add(total, add(one, shl(192, q)))
                        if slt(q, 0) {
                            total := add(total, add(0x100000000, shl(64, e)))
                        }
                    }
                }
            }
            let first := add(entries, 0x20)
            let last := add(first, shl(5, mload(entries)))
            acc := scan(
                first,
                add(first, shl(5, mload(decided))),
                votes.offset,
                0xff,
                pivotTrue,
                mul(missTrue, missTrue),
                weight,
                1
            )
            acc := add(
                acc,
                scan(
                    sub(last, shl(5, mload(add(decided, 0x20)))),
                    last,
                    votes.offset,
                    0,
                    pivotFalse,
                    mul(missFalse, missFalse),
                    weight,
                    0x10000
                )
            )
        }
        // Safe: |numerator| ≤ 256 · 255² < 2^63, lossError ≤ 256 · 255² < 2^128, counts ≤ 256.
        sums.numerator = int256(acc) >> 192;
        sums.scoredTrue = uint16(acc);
        sums.scoredFalse = uint16(acc >> 16);
        sums.losing = uint32(acc >> 32);
        sums.lossError = uint128(acc >> 64);
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
        return FixedPointMathLib.divUp(sums.lossError * Units.WAD, 255 * committeeWeight * sums.losing);
    }

    /// @notice What a request adds to a score account: `price · Σs`, a loss multiplied by `1 + 3 · x̄`.
    /// @param price wei of WORK per claim-seat
    /// @param baseRate b, byte in 13..242
    /// @param mean x̄, see {lossMean}
    /// @return wei of WORK; gains rounded down, losses away from zero
    function value(int256 numerator, uint256 price, uint256 baseRate, uint256 mean) internal pure returns (int256) {
        uint256 denominator = 4 * baseRate * (255 - baseRate);
        // Safe casts: |numerator| ≤ 256 · 255² < 2^24 and price < 2^88, so every product is below 2^178.
        if (numerator >= 0) return int256((uint256(numerator) * price) / denominator);
        uint256 loss = uint256(-numerator) * price * (Units.WAD + 3 * mean);
        return -int256(FixedPointMathLib.divUp(loss, denominator * Units.WAD));
    }

    /// @notice `Σs − τ · Σ (b − y)² / (4b(1 − b))`: above zero the voter beats the quality bar.
    /// @param bar τ, WAD
    /// @return in 1e-12, rounded down
    function quality(Sums memory sums, uint256 baseRate, uint256 bar) internal pure returns (int256) {
        uint256 miss = 255 - baseRate;
        uint256 ceiling = sums.scoredTrue * miss * miss + sums.scoredFalse * baseRate * baseRate;
        int256 top = sums.numerator * int256(Units.WAD) - int256(bar * ceiling);
        int256 bottom = int256(4 * baseRate * miss * (Units.WAD / QUALITY_SCALE));
        int256 quotient = top / bottom;
        return top < 0 && top % bottom != 0 ? quotient - 1 : quotient;
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
