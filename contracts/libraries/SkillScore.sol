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

    /// @notice Sums (1) over every decided claim whose side does not hang on this vote.
    /// @dev Assembly: 256 claims of seven voters are scored in one transaction, and the checked loop costs three times
    ///      as much (bench/gas.json). {sumReference} is the plain form the fuzz tests hold it to.
    /// @param lanes sums of the committee
    /// @param votes one byte per claim
    /// @param weight v of the voter
    function sum(
        Frame memory frame,
        uint256[16] memory lanes,
        bytes calldata votes,
        uint256 weight
    ) internal pure returns (Sums memory sums) {
        uint256 without = frame.threshold * 255 * (frame.weight - weight);
        uint256 pivotDown = without / VerdictMath.ONE;
        uint256 pivotUp = FixedPointMathLib.divUp(without, VerdictMath.ONE);
        // solhint-disable-next-line no-inline-assembly
        assembly ("memory-safe") {
            let claims := mload(frame)
            let b := mload(add(frame, 0x20))
            let full := mul(255, mload(add(frame, 0x40)))
            let bounds := mload(add(frame, 0x80))
            let high := mload(bounds)
            let low := mload(add(bounds, 0x20))
            let baseTrue := mul(sub(255, b), sub(255, b))
            let baseFalse := mul(b, b)
            let numerator := 0
            let counts := 0 // scoredTrue | scoredFalse << 16 | losing << 32
            let lossError := 0
            let word := 0
            let shift := 0
            for {
                let i := 0
            } lt(i, claims) {
                i := add(i, 1)
            } {
                if iszero(shift) {
                    word := mload(add(lanes, shl(1, i))) // 32 bytes every 16 claims
                    shift := 256
                }
                shift := sub(shift, 16)
                let lane := and(shr(shift, word), 0xffff)
                if iszero(lt(lane, high)) {
                    let p := byte(0, calldataload(add(votes.offset, i)))
                    if gt(sub(lane, mul(weight, p)), pivotDown) {
                        let term := sub(baseTrue, mul(sub(255, p), sub(255, p)))
                        numerator := add(numerator, term)
                        counts := add(counts, 1)
                        if slt(term, 0) {
                            counts := add(counts, 0x100000000)
                            lossError := add(lossError, sub(full, lane))
                        }
                    }
                    continue
                }
                if iszero(gt(lane, low)) {
                    let p := byte(0, calldataload(add(votes.offset, i)))
                    if lt(sub(lane, mul(weight, p)), pivotUp) {
                        let term := sub(baseFalse, mul(p, p))
                        numerator := add(numerator, term)
                        counts := add(counts, 0x10000)
                        if slt(term, 0) {
                            counts := add(counts, 0x100000000)
                            lossError := add(lossError, lane)
                        }
                    }
                }
            }
            mstore(sums, numerator)
            mstore(add(sums, 0x20), and(counts, 0xffff))
            mstore(add(sums, 0x40), and(shr(16, counts), 0xffff))
            mstore(add(sums, 0x60), shr(32, counts))
            mstore(add(sums, 0x80), lossError)
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
