// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {FixedPointMathLib} from "solady/src/utils/FixedPointMathLib.sol";

import {IAssay} from "../interfaces/IAssay.sol";
import {AssayLens} from "../periphery/AssayLens.sol";
import {CanaryNotes} from "../libraries/CanaryNotes.sol";
import {CaptureMath} from "../libraries/CaptureMath.sol";
import {FeeCurve} from "../libraries/FeeCurve.sol";
import {LaneTally} from "../libraries/LaneTally.sol";
import {ReputationMath} from "../libraries/ReputationMath.sol";
import {Rulings} from "../libraries/Rulings.sol";
import {SkillScore} from "../libraries/SkillScore.sol";
import {Sortition} from "../libraries/Sortition.sol";
import {VerdictMath} from "../libraries/VerdictMath.sol";

/// @title MirrorHarness
/// @notice Every library function keeper/src/mirror mirrors, many vectors a call. For tests only.
/// @dev A row holds the arguments of one vector in the order of the library function, structs unfolded; the answer
///      holds the results of one vector a row. Signed numbers are two's complement words.
contract MirrorHarness {
    /// @notice A whole committee.
    struct Committee {
        uint256 claims;
        uint256 baseRate;
        uint256 threshold;
        uint256 margin;
        /// @dev v of each voter, one byte each
        bytes weights;
        /// @dev the votes of all voters, one after the other
        bytes votes;
    }

    // ------------------------------------------------------ FixedPointMathLib

    function mulWad(uint256[2][] calldata rows) external pure returns (uint256[] memory) {
        return _map(rows, FixedPointMathLib.mulWad);
    }

    function mulWadUp(uint256[2][] calldata rows) external pure returns (uint256[] memory) {
        return _map(rows, FixedPointMathLib.mulWadUp);
    }

    function divUp(uint256[2][] calldata rows) external pure returns (uint256[] memory) {
        return _map(rows, FixedPointMathLib.divUp);
    }

    function zeroFloorSub(uint256[2][] calldata rows) external pure returns (uint256[] memory) {
        return _map(rows, FixedPointMathLib.zeroFloorSub);
    }

    function clamp(uint256[3][] calldata rows) external pure returns (uint256[] memory results) {
        results = new uint256[](rows.length);
        for (uint256 i; i < rows.length; ++i) {
            results[i] = FixedPointMathLib.clamp(rows[i][0], rows[i][1], rows[i][2]);
        }
    }

    function fullMulDiv(uint256[3][] calldata rows) external pure returns (uint256[] memory) {
        return _map(rows, FixedPointMathLib.fullMulDiv);
    }

    function fullMulDivUp(uint256[3][] calldata rows) external pure returns (uint256[] memory) {
        return _map(rows, FixedPointMathLib.fullMulDivUp);
    }

    function sqrt(uint256[1][] calldata rows) external pure returns (uint256[] memory) {
        return _map(rows, FixedPointMathLib.sqrt);
    }

    function expWad(int256[1][] calldata rows) external pure returns (int256[] memory results) {
        results = new int256[](rows.length);
        for (uint256 i; i < rows.length; ++i) results[i] = FixedPointMathLib.expWad(rows[i][0]);
    }

    function lnWad(int256[1][] calldata rows) external pure returns (int256[] memory results) {
        results = new int256[](rows.length);
        for (uint256 i; i < rows.length; ++i) results[i] = FixedPointMathLib.lnWad(rows[i][0]);
    }

    function powWad(int256[2][] calldata rows) external pure returns (int256[] memory results) {
        results = new int256[](rows.length);
        for (uint256 i; i < rows.length; ++i) results[i] = FixedPointMathLib.powWad(rows[i][0], rows[i][1]);
    }

    // --------------------------------------------------------- ReputationMath

    /// @param rows r, outcome, then the rule
    function applyOutcome(uint256[8][] calldata rows) external pure returns (uint256[] memory results) {
        results = new uint256[](rows.length);
        for (uint256 i; i < rows.length; ++i) {
            uint256[8] memory row = rows[i];
            results[i] = ReputationMath.apply_(row[0], row[1], _rule([row[2], row[3], row[4], row[5], row[6], row[7]]));
        }
    }

    /// @param rows r, tape, length, then the rule
    function replay(uint256[9][] calldata rows) external pure returns (uint256[] memory results) {
        results = new uint256[](rows.length);
        for (uint256 i; i < rows.length; ++i) {
            uint256[9] memory row = rows[i];
            ReputationMath.Rule memory rule = _rule([row[3], row[4], row[5], row[6], row[7], row[8]]);
            results[i] = ReputationMath.replay(row[0], row[1], row[2], rule);
        }
    }

    function power(uint256[2][] calldata rows) external pure returns (uint256[] memory) {
        return _map(rows, ReputationMath.power);
    }

    function tilt(uint256[4][] calldata rows) external pure returns (uint256[] memory results) {
        results = new uint256[](rows.length);
        for (uint256 i; i < rows.length; ++i) {
            results[i] = ReputationMath.tilt(rows[i][0], rows[i][1], rows[i][2], rows[i][3]);
        }
    }

    // -------------------------------------------------------------- Sortition

    function root(uint256[1][] calldata rows) external pure returns (uint256[] memory) {
        return _map(rows, Sortition.root);
    }

    function chance(uint256[6][] calldata rows) external pure returns (uint256[] memory results) {
        results = new uint256[](rows.length);
        for (uint256 i; i < rows.length; ++i) {
            uint256[6] memory row = rows[i];
            results[i] = Sortition.chance(row[0], row[1], row[2], row[3], row[4], row[5]);
        }
    }

    function capture(uint256[6][] calldata rows) external pure returns (uint256[] memory results) {
        results = new uint256[](rows.length);
        for (uint256 i; i < rows.length; ++i) {
            uint256[6] memory row = rows[i];
            CaptureMath.Committee memory committee = CaptureMath.Committee(row[0], row[1], row[2], row[3], row[4]);
            results[i] = CaptureMath.capture(committee, row[5]);
        }
    }

    function ticket(uint256[3][] calldata rows) external pure returns (uint256[] memory results) {
        results = new uint256[](rows.length);
        for (uint256 i; i < rows.length; ++i) {
            address owner = address(uint160(rows[i][2]));
            results[i] = Sortition.ticket(rows[i][0], bytes32(rows[i][1]), owner);
        }
    }

    function tier(uint256[1][] calldata rows) external pure returns (uint256[] memory) {
        return _map(rows, Sortition.tier);
    }

    // --------------------------------------------------------------- FeeCurve

    function decay(uint256[3][] calldata rows) external pure returns (uint256[] memory) {
        return _map(rows, FeeCurve.decay);
    }

    function grow(uint256[3][] calldata rows) external pure returns (uint256[] memory) {
        return _map(rows, FeeCurve.grow);
    }

    function price(uint256[3][] calldata rows) external pure returns (uint256[] memory) {
        return _map(rows, FeeCurve.price);
    }

    // ------------------------------------------------------------ VerdictMath

    function bounds(uint256[3][] calldata rows) external pure returns (uint256[2][] memory results) {
        results = new uint256[2][](rows.length);
        for (uint256 i; i < rows.length; ++i) {
            VerdictMath.Bounds memory limits = VerdictMath.bounds(rows[i][0], rows[i][1], rows[i][2]);
            results[i] = [limits.high, limits.low];
        }
    }

    function nextBaseRate(uint256[3][] calldata rows) external pure returns (uint256[] memory) {
        return _map(rows, VerdictMath.nextBaseRate);
    }

    function nextThreshold(uint256[4][] calldata rows) external pure returns (uint256[] memory results) {
        results = new uint256[](rows.length);
        for (uint256 i; i < rows.length; ++i) {
            results[i] = VerdictMath.nextThreshold(rows[i][0], rows[i][1], rows[i][2], rows[i][3]);
        }
    }

    function rateByte(uint256[1][] calldata rows) external pure returns (uint256[] memory) {
        return _map(rows, VerdictMath.rateByte);
    }

    function thresholdBits(uint256[1][] calldata rows) external pure returns (uint256[] memory) {
        return _map(rows, VerdictMath.thresholdBits);
    }

    // ------------------------------------------------------------- SkillScore

    /// @param rows the sums, then the committee's weight
    function lossMean(uint256[6][] calldata rows) external pure returns (uint256[] memory results) {
        results = new uint256[](rows.length);
        for (uint256 i; i < rows.length; ++i) {
            uint256[6] memory row = rows[i];
            results[i] = SkillScore.lossMean(_sums([row[0], row[1], row[2], row[3], row[4]]), row[5]);
        }
    }

    function value(uint256[4][] calldata rows) external pure returns (int256[] memory results) {
        results = new int256[](rows.length);
        for (uint256 i; i < rows.length; ++i) {
            results[i] = SkillScore.value(int256(rows[i][0]), rows[i][1], rows[i][2], rows[i][3]);
        }
    }

    /// @param rows the sums, base rate, bar
    function quality(uint256[7][] calldata rows) external pure returns (int256[] memory results) {
        results = new int256[](rows.length);
        for (uint256 i; i < rows.length; ++i) {
            uint256[7] memory row = rows[i];
            results[i] = SkillScore.quality(_sums([row[0], row[1], row[2], row[3], row[4]]), row[5], row[6]);
        }
    }

    function bond(uint256[5][] calldata rows) external pure returns (uint256[] memory results) {
        results = new uint256[](rows.length);
        for (uint256 i; i < rows.length; ++i) {
            uint256[5] memory row = rows[i];
            results[i] = SkillScore.bond(row[0], row[1], row[2], row[3], row[4]);
        }
    }

    // ---------------------------------------------------------------- Rulings

    /// @param rows bounds of a first round, then Σv
    function appealBounds(uint256[3][] calldata rows) external pure returns (uint256[2][] memory results) {
        results = new uint256[2][](rows.length);
        for (uint256 i; i < rows.length; ++i) {
            VerdictMath.Bounds memory limits = VerdictMath.Bounds({high: rows[i][0], low: rows[i][1]});
            limits = Rulings.appealBounds(limits, rows[i][2]);
            results[i] = [limits.high, limits.low];
        }
    }

    function decided(uint256[1][] calldata rows) external pure returns (uint256[] memory) {
        return _map(rows, Rulings.decided);
    }

    function opposed(uint256[2][] calldata rows) external pure returns (uint256[] memory) {
        return _map(rows, Rulings.opposed);
    }

    function same(uint256[2][] calldata rows) external pure returns (uint256[] memory) {
        return _map(rows, Rulings.same);
    }

    function amended(uint256[2][] calldata rows) external pure returns (uint256[] memory) {
        return _map(rows, Rulings.amended);
    }

    // ------------------------------------------------------- whole committees

    /// @notice What rulings of several rounds make of every voter's vote.
    /// @param rulings verdicts that count, masks of foreign and of overturned claims, two words each, of every committee
    /// @param seatBond gwei
    /// @return sums of every voter of every committee, one after the other
    /// @return charges of the same, gwei
    function judged(
        Committee[] calldata all,
        uint256[2][3][] calldata rulings,
        uint256 seatBond
    ) external pure returns (SkillScore.Sums[] memory sums, uint256[] memory charges) {
        uint256 voters;
        for (uint256 i; i < all.length; ++i) voters += all[i].weights.length;
        sums = new SkillScore.Sums[](voters);
        charges = new uint256[](voters);
        uint256 next;
        for (uint256 i; i < all.length; ++i) next = _judge(all[i], rulings[i], seatBond, sums, charges, next);
    }

    function _judge(
        Committee calldata c,
        uint256[2][3] memory ruling,
        uint256 seatBond,
        SkillScore.Sums[] memory sums,
        uint256[] memory charges,
        uint256 next
    ) private pure returns (uint256) {
        uint256[16] memory lanes;
        SkillScore.Frame memory frame = _tally(c, lanes);
        SkillScore.Sides memory sides;
        sides.halves = SkillScore.sidesBy(c.claims, frame.weight, lanes, ruling[0], ruling[1]);
        for (uint256 i; i < c.weights.length; ++i) {
            sums[next + i] = SkillScore.sum(frame, sides, _votes(c, i), uint8(c.weights[i]));
            charges[next + i] = SkillScore.overturnCharge(frame, ruling[0], ruling[2], _votes(c, i), seatBond);
        }
        return next + c.weights.length;
    }

    /// @notice Votes to lanes, lanes to verdicts, and what every voter's vote was worth.
    /// @return lanes words of every committee
    /// @return readings verdict words, mean and share of every committee
    /// @return sums of every voter of every committee, one after the other
    function committees(
        Committee[] calldata all
    ) external pure returns (uint256[16][] memory lanes, uint256[4][] memory readings, SkillScore.Sums[] memory sums) {
        lanes = new uint256[16][](all.length);
        readings = new uint256[4][](all.length);
        uint256 voters;
        for (uint256 i; i < all.length; ++i) voters += all[i].weights.length;
        sums = new SkillScore.Sums[](voters);
        uint256 next;
        for (uint256 i; i < all.length; ++i) {
            SkillScore.Frame memory frame = _tally(all[i], lanes[i]);
            readings[i] = _read(frame, lanes[i]);
            next = _score(all[i], frame, lanes[i], sums, next);
        }
    }

    function _tally(
        Committee calldata c,
        uint256[16] memory lanes
    ) private pure returns (SkillScore.Frame memory frame) {
        uint256 weight;
        for (uint256 i; i < c.weights.length; ++i) {
            LaneTally.add(lanes, _votes(c, i), uint8(c.weights[i]));
            weight += uint8(c.weights[i]);
        }
        VerdictMath.Bounds memory limits = VerdictMath.bounds(c.threshold, c.margin, weight);
        return SkillScore.Frame(c.claims, c.baseRate, weight, c.threshold, limits);
    }

    function _read(
        SkillScore.Frame memory frame,
        uint256[16] memory lanes
    ) private pure returns (uint256[4] memory reading) {
        uint256[2] memory words;
        (words, reading[2], reading[3]) = VerdictMath.read(
            lanes,
            frame.claims,
            frame.weight,
            frame.threshold,
            frame.bounds
        );
        (reading[0], reading[1]) = (words[0], words[1]);
    }

    function _score(
        Committee calldata c,
        SkillScore.Frame memory frame,
        uint256[16] memory lanes,
        SkillScore.Sums[] memory sums,
        uint256 next
    ) private pure returns (uint256) {
        SkillScore.Sides memory sides = SkillScore.sides(frame, lanes);
        for (uint256 i; i < c.weights.length; ++i) {
            sums[next + i] = SkillScore.sum(frame, sides, _votes(c, i), uint8(c.weights[i]));
        }
        return next + c.weights.length;
    }

    function _votes(Committee calldata c, uint256 voter) private pure returns (bytes calldata) {
        return c.votes[voter * c.claims:(voter + 1) * c.claims];
    }

    // ------------------------------------------------------------ canaries

    /// @param rows the two words, then the number of claims
    function decidesAll(uint256[3][] calldata rows) external pure returns (uint256[] memory results) {
        results = new uint256[](rows.length);
        for (uint256 i; i < rows.length; ++i) {
            results[i] = Rulings.decidesAll([rows[i][0], rows[i][1]], rows[i][2]) ? 1 : 0;
        }
    }

    /// @param rows separator, inspector, requester, payload hash, the two words of answers, salt
    function canaryNote(uint256[7][] calldata rows) external pure returns (bytes32[] memory results) {
        results = new bytes32[](rows.length);
        for (uint256 i; i < rows.length; ++i) {
            uint256[7] memory row = rows[i];
            results[i] = CanaryNotes.note(
                bytes32(row[0]),
                address(uint160(row[1])),
                address(uint160(row[2])),
                bytes32(row[3]),
                [row[4], row[5]],
                bytes32(row[6])
            );
        }
    }

    /// @param rows note, salt
    function canaryLeaf(uint256[2][] calldata rows) external pure returns (bytes32[] memory results) {
        results = new bytes32[](rows.length);
        for (uint256 i; i < rows.length; ++i) {
            results[i] = CanaryNotes.leaf(bytes32(rows[i][0]), bytes32(rows[i][1]));
        }
    }

    function canaryRoot(bytes32 leaf, uint256 position, bytes32[] calldata siblings) external pure returns (bytes32) {
        return CanaryNotes.root(leaf, position, siblings);
    }

    function canaryDepth(uint256 count) external pure returns (uint256) {
        return CanaryNotes.depth(count);
    }

    // ------------------------------------------------------- deployed contracts

    function idOf(IAssay assay, IAssay.Terms[] calldata rows) external view returns (bytes32[] memory results) {
        results = new bytes32[](rows.length);
        for (uint256 i; i < rows.length; ++i) results[i] = assay.idOf(rows[i]);
    }

    /// @param rows round id, owner, votes hash, salt
    function commitmentOf(AssayLens lens, uint256[4][] calldata rows) external view returns (bytes32[] memory results) {
        results = new bytes32[](rows.length);
        for (uint256 i; i < rows.length; ++i) {
            uint256[4] memory row = rows[i];
            address owner = address(uint160(row[1]));
            results[i] = lens.commitmentOf(bytes32(row[0]), owner, bytes32(row[2]), bytes32(row[3]));
        }
    }

    // ---------------------------------------------------------------- helpers

    function _map(
        uint256[1][] calldata rows,
        function(uint256) internal pure returns (uint256) f
    ) private pure returns (uint256[] memory results) {
        results = new uint256[](rows.length);
        for (uint256 i; i < rows.length; ++i) results[i] = f(rows[i][0]);
    }

    function _map(
        uint256[2][] calldata rows,
        function(uint256, uint256) internal pure returns (uint256) f
    ) private pure returns (uint256[] memory results) {
        results = new uint256[](rows.length);
        for (uint256 i; i < rows.length; ++i) results[i] = f(rows[i][0], rows[i][1]);
    }

    function _map(
        uint256[3][] calldata rows,
        function(uint256, uint256, uint256) internal pure returns (uint256) f
    ) private pure returns (uint256[] memory results) {
        results = new uint256[](rows.length);
        for (uint256 i; i < rows.length; ++i) results[i] = f(rows[i][0], rows[i][1], rows[i][2]);
    }

    /// @dev Casts are safe: vectors stay inside the rule's types.
    function _rule(uint256[6] memory m) private pure returns (ReputationMath.Rule memory) {
        return ReputationMath.Rule(uint64(m[0]), uint64(m[1]), uint64(m[2]), uint64(m[3]), uint64(m[4]), uint64(m[5]));
    }

    function _sums(uint256[5] memory s) private pure returns (SkillScore.Sums memory) {
        return SkillScore.Sums(int256(s[0]), s[1], s[2], s[3], s[4]);
    }
}
