// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {FixedPointMathLib} from "solady/src/utils/FixedPointMathLib.sol";

import {ReputationMath} from "./ReputationMath.sol";
import {Units} from "./Units.sol";

/// @title PerformanceMath
/// @notice From receipts to the routing reputation R_r. Every keeper computes the same integers; see
///         keeper/src/mirror/performanceMath.ts.
/// @dev The rule is the bottom-up rule Nesa published, `R' = α · R · Pen^M · Rew^(1 − M) + β · (w_S · S + w_F · F +
///      w_B · B + w_I · I)`, with a scale before the second term (1 = published). M says that the seat was late.
///      In terms of a receipt, sizes in units of the model (bytes, tokens) and times in milliseconds:
///        (1) S from (inputSize + outputSize) / (roundTripMs − loadMs): the whole way, without loading
///        (2) F from inputSize / inferMs: what goes into the model
///        (3) B from outputSize / inferMs: what comes back out of it
///        (4) I from roundTripMs − loadMs − inferMs: waiting and network, the less the better
///      each brought to 0..1 by the smallest and the largest of the window (min-max).
library PerformanceMath {
    /// @dev Receipts of a model that count: its newest ones.
    uint256 internal constant WINDOW = 100;
    /// @dev What a measure is worth when all of the window are alike.
    uint256 internal constant MIDDLE = 0.5e18;

    /// @notice What a requester measured of one operator in one request, and signs.
    struct Receipt {
        bytes32 requestId;
        address operator;
        bytes32 modelHash;
        /// @dev units of the model: bytes, tokens
        uint32 inputSize;
        uint32 outputSize;
        /// @dev time to load the model, ms; not held against the operator
        uint32 loadMs;
        /// @dev time to run it, ms, at least 1
        uint32 inferMs;
        /// @dev from the question to the answer, loading and running included, ms
        uint32 roundTripMs;
    }

    /// @notice A recorded receipt.
    struct Entry {
        Receipt receipt;
        /// @dev the operator's seat in that request was late
        bool late;
    }

    /// @notice How receipts move R_r. One slot.
    struct Rule {
        /// @dev what is kept of R_r, basis points
        uint16 alpha;
        /// @dev what the measures add, basis points of the scale
        uint16 beta;
        /// @dev R_r the measures point to at best, before β; 1 = published
        uint16 scale;
        /// @dev Rew and Pen: multipliers of a receipt in time and of a late one, basis points
        uint16 success;
        uint16 late;
        /// @dev w_S, w_F, w_B, w_I: basis points, 10,000 together
        uint16 speedWeight;
        uint16 forwardWeight;
        uint16 backwardWeight;
        uint16 responseWeight;
    }

    /// @notice What a receipt says, before it is compared with others.
    struct Rates {
        /// @dev (1), (2), (3): units per ms, WAD, rounded down
        uint256 speed;
        uint256 forward;
        uint256 backward;
        /// @dev (4), ms
        uint256 wait;
    }

    /// @notice What a window says of one operator.
    struct Measure {
        /// @dev S, F, B, I: WAD in 0..1, rounded down
        uint256 speed;
        uint256 forward;
        uint256 backward;
        uint256 response;
        /// @dev receipts of the operator, those among them that are new, and the late ones among the new
        uint256 count;
        uint256 fresh;
        uint256 late;
    }

    /// @notice The rule of a domain that never chose one.
    function defaultRule() internal pure returns (Rule memory) {
        return Rule(7_000, 3_000, 10, 10_100, 8_000, 2_500, 2_500, 2_500, 2_500);
    }

    /// @notice The head of a chain of receipts after one more.
    /// @param head before; zero at the start
    function link(bytes32 head, Entry memory entry) internal pure returns (bytes32) {
        return keccak256(abi.encode(head, entry));
    }

    /// @notice Equations (1) to (4).
    /// @dev No division by zero: a recorded receipt has `1 ≤ inferMs` and `loadMs + inferMs ≤ roundTripMs`.
    function rates(Receipt memory r) internal pure returns (Rates memory) {
        uint256 actual = uint256(r.roundTripMs) - r.loadMs;
        return
            Rates({
                speed: ((uint256(r.inputSize) + r.outputSize) * Units.WAD) / actual,
                forward: (r.inputSize * Units.WAD) / r.inferMs,
                backward: (r.outputSize * Units.WAD) / r.inferMs,
                wait: actual - r.inferMs
            });
    }

    /// @notice Where `x` lies between `low` and `high`, WAD, rounded down; the middle where they are one.
    function normalize(uint256 x, uint256 low, uint256 high) internal pure returns (uint256) {
        return low == high ? MIDDLE : ((x - low) * Units.WAD) / (high - low);
    }

    /// @notice The rolling mean of S: nine tenths of what it was, one tenth of what comes.
    function roll(uint256 mean, uint256 x) internal pure returns (uint256) {
        return (9 * mean + x) / 10;
    }

    /// @notice Measures one operator against a window.
    /// @dev S rolls over the operator's receipts from its oldest on; F, B and I are plain means. All zero if it has none.
    /// @param entries the window, the oldest first
    /// @param stale entries at the front that were counted before
    function measure(Entry[] memory entries, address operator, uint256 stale) internal pure returns (Measure memory m) {
        (Rates memory low, Rates memory high) = _span(entries);
        for (uint256 i; i < entries.length; ++i) {
            if (entries[i].receipt.operator != operator) continue;
            Rates memory r = rates(entries[i].receipt);
            uint256 speed = normalize(r.speed, low.speed, high.speed);
            m.speed = m.count == 0 ? speed : roll(m.speed, speed);
            m.forward += normalize(r.forward, low.forward, high.forward);
            m.backward += normalize(r.backward, low.backward, high.backward);
            // Counted from the largest: who waits least is the best.
            m.response += normalize(high.wait - r.wait, 0, high.wait - low.wait);
            ++m.count;
            if (i < stale) continue;
            ++m.fresh;
            if (entries[i].late) ++m.late;
        }
        if (m.count == 0) return m;
        m.forward /= m.count;
        m.backward /= m.count;
        m.response /= m.count;
    }

    /// @notice `clamp(α · R_r · m + β · scale · (w_S · S + w_F · F + w_B · B + w_I · I))`, both terms rounded down.
    /// @dev m is the mean multiplier of the new receipts; with a single one it is Pen^M · Rew^(1 − M).
    ///      Cannot overflow: R_r ≤ 10e18, measures ≤ 1e18, everything else has 16 bits.
    /// @param before R_r, WAD
    /// @param s a measure with at least one fresh receipt
    function reputation(uint256 before, Measure memory s, Rule memory rule) internal pure returns (uint256) {
        uint256 multipliers = (s.fresh - s.late) * rule.success + s.late * rule.late;
        uint256 kept = (before * rule.alpha * multipliers) / (Units.BPS * Units.BPS * s.fresh);
        uint256 merit =
            s.speed * rule.speedWeight +
                s.forward * rule.forwardWeight +
                s.backward * rule.backwardWeight +
                s.response * rule.responseWeight;
        uint256 gained = (merit * rule.beta * rule.scale) / (Units.BPS * Units.BPS);
        return FixedPointMathLib.clamp(kept + gained, ReputationMath.MIN, ReputationMath.MAX);
    }

    /// @dev The smallest and the largest of every rate.
    function _span(Entry[] memory entries) private pure returns (Rates memory low, Rates memory high) {
        for (uint256 i; i < entries.length; ++i) {
            Rates memory r = rates(entries[i].receipt);
            if (i == 0) (low, high) = (r, rates(entries[i].receipt));
            low.speed = FixedPointMathLib.min(low.speed, r.speed);
            high.speed = FixedPointMathLib.max(high.speed, r.speed);
            low.forward = FixedPointMathLib.min(low.forward, r.forward);
            high.forward = FixedPointMathLib.max(high.forward, r.forward);
            low.backward = FixedPointMathLib.min(low.backward, r.backward);
            high.backward = FixedPointMathLib.max(high.backward, r.backward);
            low.wait = FixedPointMathLib.min(low.wait, r.wait);
            high.wait = FixedPointMathLib.max(high.wait, r.wait);
        }
    }
}
