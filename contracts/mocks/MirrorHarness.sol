// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {Multicall} from "@openzeppelin/contracts/utils/Multicall.sol";
import {DynamicArrayLib} from "solady/src/utils/DynamicArrayLib.sol";
import {FixedPointMathLib} from "solady/src/utils/FixedPointMathLib.sol";

import {IAppeals} from "../interfaces/IAppeals.sol";
import {IAssay} from "../interfaces/IAssay.sol";
import {IRewardMinter} from "../interfaces/IRewardMinter.sol";
import {AssayLens} from "../periphery/AssayLens.sol";
import {AccountWord} from "../libraries/AccountWords.sol";
import {CanaryNotes} from "../libraries/CanaryNotes.sol";
import {CaptureMath} from "../libraries/CaptureMath.sol";
import {CloneMath} from "../libraries/CloneMath.sol";
import {FeeCurve} from "../libraries/FeeCurve.sol";
import {LaneTally} from "../libraries/LaneTally.sol";
import {ReputationMath} from "../libraries/ReputationMath.sol";
import {SeatWord} from "../libraries/RequestWords.sol";
import {Rulings} from "../libraries/Rulings.sol";
import {ScoreWord, ScoreWords} from "../libraries/ScoreWords.sol";
import {SkillScore} from "../libraries/SkillScore.sol";
import {Sortition} from "../libraries/Sortition.sol";
import {VerdictMath} from "../libraries/VerdictMath.sol";

/// @title MirrorHarness
/// @notice Every library function keeper/src/mirror mirrors, under its own name; `multicall` puts many vectors to them.
///         For tests only.
contract MirrorHarness is Multicall {
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

    function mulWad(uint256 x, uint256 y) external pure returns (uint256) {
        return FixedPointMathLib.mulWad(x, y);
    }

    function mulWadUp(uint256 x, uint256 y) external pure returns (uint256) {
        return FixedPointMathLib.mulWadUp(x, y);
    }

    function divUp(uint256 x, uint256 y) external pure returns (uint256) {
        return FixedPointMathLib.divUp(x, y);
    }

    function zeroFloorSub(uint256 x, uint256 y) external pure returns (uint256) {
        return FixedPointMathLib.zeroFloorSub(x, y);
    }

    function clamp(uint256 x, uint256 low, uint256 high) external pure returns (uint256) {
        return FixedPointMathLib.clamp(x, low, high);
    }

    function fullMulDiv(uint256 x, uint256 y, uint256 d) external pure returns (uint256) {
        return FixedPointMathLib.fullMulDiv(x, y, d);
    }

    function fullMulDivUp(uint256 x, uint256 y, uint256 d) external pure returns (uint256) {
        return FixedPointMathLib.fullMulDivUp(x, y, d);
    }

    function sqrt(uint256 x) external pure returns (uint256) {
        return FixedPointMathLib.sqrt(x);
    }

    function expWad(int256 x) external pure returns (int256) {
        return FixedPointMathLib.expWad(x);
    }

    function lnWad(int256 x) external pure returns (int256) {
        return FixedPointMathLib.lnWad(x);
    }

    function powWad(int256 x, int256 y) external pure returns (int256) {
        return FixedPointMathLib.powWad(x, y);
    }

    // --------------------------------------------------------- ReputationMath

    function applyOutcome(
        uint256 r,
        uint256 outcome,
        ReputationMath.Rule calldata rule
    ) external pure returns (uint256) {
        return ReputationMath.apply_(r, outcome, rule);
    }

    function replay(
        uint256 r,
        uint256 tape,
        uint256 length,
        ReputationMath.Rule calldata rule
    ) external pure returns (uint256) {
        return ReputationMath.replay(r, tape, length, rule);
    }

    function power(uint256 r, uint256 exponent) external pure returns (uint256) {
        return ReputationMath.power(r, exponent);
    }

    function tilt(
        uint256 weight,
        uint256 families,
        uint256 familyWeight,
        uint256 boostCap
    ) external pure returns (uint256) {
        return ReputationMath.tilt(weight, families, familyWeight, boostCap);
    }

    // -------------------------------------------------------------- Sortition

    function root(uint256 familyWeight) external pure returns (uint256) {
        return Sortition.root(familyWeight);
    }

    function chance(
        uint256 weight,
        uint256 familyWeight,
        uint256 totalWeight,
        uint256 roots,
        uint256 seats,
        uint256 boostCap
    ) external pure returns (uint256) {
        return Sortition.chance(weight, familyWeight, totalWeight, roots, seats, boostCap);
    }

    function ticket(uint256 seed, bytes32 roundId, address owner) external pure returns (uint256) {
        return Sortition.ticket(seed, roundId, owner);
    }

    function tier(uint256 reputation) external pure returns (uint256) {
        return Sortition.tier(reputation);
    }

    // ------------------------------------------------------------ CaptureMath

    /// @param weights W_f of four families, zero if they do not count
    function seatShares(
        uint256[4] calldata weights,
        uint256 boostCap,
        uint256 stake
    ) external pure returns (uint256 ring, uint256 honest) {
        uint256[] memory counting = new uint256[](4);
        uint256 count;
        uint256 weight;
        uint256 roots;
        for (uint256 f; f < 4; ++f) {
            if (weights[f] == 0) continue;
            counting[count] = weights[f];
            ++count;
            weight += weights[f];
            roots += Sortition.root(weights[f]);
        }
        return CaptureMath.shares(DynamicArrayLib.truncate(counting, count), weight, roots, boostCap, stake);
    }

    function capture(CaptureMath.Committee calldata committee_) external pure returns (uint256) {
        return CaptureMath.capture(committee_);
    }

    function poisson(uint256 mean) external pure returns (uint256[] memory) {
        return CaptureMath.poisson(mean);
    }

    // -------------------------------------------------------------- CloneMath

    /// @param lanes all sixteen words
    function add(
        CloneMath.Sums calldata before,
        uint256[16] calldata lanes,
        uint256[3] calldata weightThresholdDistance,
        bytes calldata first,
        bytes calldata second
    ) external pure returns (CloneMath.Sums memory sums) {
        sums = before;
        CloneMath.add(
            sums,
            lanes,
            weightThresholdDistance[0],
            weightThresholdDistance[1],
            weightThresholdDistance[2],
            first,
            second
        );
    }

    function join(
        CloneMath.Sums calldata one,
        CloneMath.Sums calldata other
    ) external pure returns (CloneMath.Sums memory) {
        return CloneMath.join(one, other);
    }

    function alike(CloneMath.Sums calldata sums, uint256 correlation) external pure returns (bool) {
        return CloneMath.alike(sums, correlation);
    }

    // --------------------------------------------------------------- FeeCurve

    function decay(uint256 excess, uint256 target, uint256 elapsed) external pure returns (uint256) {
        return FeeCurve.decay(excess, target, elapsed);
    }

    function grow(uint256 excess, uint256 claimSeats, uint256 rate) external pure returns (uint256) {
        return FeeCurve.grow(excess, claimSeats, rate);
    }

    function price(uint256 minFee, uint256 excess, uint256 rate) external pure returns (uint256) {
        return FeeCurve.price(minFee, excess, rate);
    }

    // ------------------------------------------------------------ VerdictMath

    function bounds(
        uint256 threshold,
        uint256 margin,
        uint256 weight
    ) external pure returns (VerdictMath.Bounds memory) {
        return VerdictMath.bounds(threshold, margin, weight);
    }

    function nextBaseRate(uint256 baseRate, uint256 mean, uint256 claims) external pure returns (uint256) {
        return VerdictMath.nextBaseRate(baseRate, mean, claims);
    }

    function nextThreshold(
        uint256 threshold,
        uint256 share,
        uint256 mean,
        uint256 claims
    ) external pure returns (uint256) {
        return VerdictMath.nextThreshold(threshold, share, mean, claims);
    }

    function rateByte(uint256 baseRate) external pure returns (uint256) {
        return VerdictMath.rateByte(baseRate);
    }

    function thresholdBits(uint256 threshold) external pure returns (uint256) {
        return VerdictMath.thresholdBits(threshold);
    }

    // ------------------------------------------------------------- SkillScore

    function lossMean(SkillScore.Sums calldata sums, uint256 weight) external pure returns (uint256) {
        return SkillScore.lossMean(sums, weight);
    }

    function value(int256 numerator, uint256 price_, uint256 baseRate, uint256 mean) external pure returns (int256) {
        return SkillScore.value(numerator, price_, baseRate, mean);
    }

    function quality(SkillScore.Sums calldata sums, uint256 baseRate, uint256 bar) external pure returns (int256) {
        return SkillScore.quality(sums, baseRate, bar);
    }

    function bond(
        uint256 floor,
        uint256 penaltyRatio,
        uint256 price_,
        uint256 claims,
        uint256 baseRate
    ) external pure returns (uint256) {
        return SkillScore.bond(floor, penaltyRatio, price_, claims, baseRate);
    }

    // ------------------------------------------------------------------ words

    function seat(uint256 word) external pure returns (IAssay.Seat memory) {
        return SeatWord.wrap(word).unpack();
    }

    function score(
        SkillScore.Sums calldata sums,
        uint256 lossMean_,
        int256 quality_,
        bool late
    ) external pure returns (ScoreWord) {
        return ScoreWords.pack(sums, lossMean_, quality_, late);
    }

    function account(uint256 word) external pure returns (IRewardMinter.Account memory) {
        return AccountWord.wrap(word).unpack();
    }

    // ---------------------------------------------------------------- Rulings

    function appealBounds(
        VerdictMath.Bounds calldata limits,
        uint256 weight
    ) external pure returns (VerdictMath.Bounds memory) {
        return Rulings.appealBounds(limits, weight);
    }

    function decided(uint256 words) external pure returns (uint256) {
        return Rulings.decided(words);
    }

    function opposed(uint256 a, uint256 b) external pure returns (uint256) {
        return Rulings.opposed(a, b);
    }

    function same(uint256 a, uint256 b) external pure returns (uint256) {
        return Rulings.same(a, b);
    }

    function amended(uint256 earlier, uint256 later) external pure returns (uint256) {
        return Rulings.amended(earlier, later);
    }

    function decidesAll(uint256[2] calldata words, uint256 claims) external pure returns (bool) {
        return Rulings.decidesAll(words, claims);
    }

    // --------------------------------------------------------------- canaries

    function canaryNote(
        bytes32 separator,
        address inspector,
        address requester,
        bytes32 payloadHash,
        uint256[2] calldata answers,
        bytes32 salt
    ) external pure returns (bytes32) {
        return CanaryNotes.note(separator, inspector, requester, payloadHash, answers, salt);
    }

    function canaryLeaf(bytes32 note, bytes32 salt) external pure returns (bytes32) {
        return CanaryNotes.leaf(note, salt);
    }

    function canaryRoot(bytes32 leaf, uint256 position, bytes32[] calldata siblings) external pure returns (bytes32) {
        return CanaryNotes.root(leaf, position, siblings);
    }

    function canaryDepth(uint256 count) external pure returns (uint256) {
        return CanaryNotes.depth(count);
    }

    // ------------------------------------------------------- whole committees

    /// @notice Votes to lanes, lanes to verdicts, and what every voter's vote was worth.
    /// @return lanes of the committee
    /// @return reading verdict words, mean and share
    /// @return sums of every voter
    function committee(
        Committee calldata c
    ) external pure returns (uint256[16] memory lanes, uint256[4] memory reading, SkillScore.Sums[] memory sums) {
        SkillScore.Frame memory frame = _tally(c, lanes);
        uint256[2] memory words;
        (words, reading[2], reading[3]) = VerdictMath.read(
            lanes,
            frame.claims,
            frame.weight,
            frame.threshold,
            frame.bounds
        );
        (reading[0], reading[1]) = (words[0], words[1]);
        sums = _sums(c, frame, SkillScore.sides(frame, lanes));
    }

    /// @notice What a ruling of several rounds makes of every voter's vote.
    /// @param verdicts that count
    /// @param foreign mask of the claims that another round decided
    /// @param overturned mask of the claims on which this round's own verdict does not count
    /// @param seatBond gwei
    /// @return sums of every voter
    /// @return charges of every voter, gwei
    function judged(
        Committee calldata c,
        uint256[2] calldata verdicts,
        uint256[2] calldata foreign,
        uint256[2] calldata overturned,
        uint256 seatBond
    ) external pure returns (SkillScore.Sums[] memory sums, uint256[] memory charges) {
        uint256[16] memory lanes;
        SkillScore.Frame memory frame = _tally(c, lanes);
        SkillScore.Sides memory sides;
        sides.halves = SkillScore.sidesBy(c.claims, frame.weight, lanes, verdicts, foreign);
        sums = _sums(c, frame, sides);
        charges = new uint256[](c.weights.length);
        for (uint256 i; i < charges.length; ++i) {
            charges[i] = SkillScore.overturnCharge(frame, verdicts, overturned, _votes(c, i), seatBond);
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

    function _sums(
        Committee calldata c,
        SkillScore.Frame memory frame,
        SkillScore.Sides memory sides
    ) private pure returns (SkillScore.Sums[] memory sums) {
        sums = new SkillScore.Sums[](c.weights.length);
        for (uint256 i; i < sums.length; ++i) {
            sums[i] = SkillScore.sum(frame, sides, _votes(c, i), uint8(c.weights[i]));
        }
    }

    function _votes(Committee calldata c, uint256 voter) private pure returns (bytes calldata) {
        return c.votes[voter * c.claims:(voter + 1) * c.claims];
    }

    // ------------------------------------------------------- deployed contracts

    function idOf(IAssay assay, IAssay.Terms calldata terms) external view returns (bytes32) {
        return assay.idOf(terms);
    }

    function roundIdOf(IAssay assay, bytes32 requestId, uint256 index) external pure returns (bytes32) {
        return assay.roundIdOf(requestId, index);
    }

    function commitmentOf(
        AssayLens lens,
        bytes32 roundId,
        address owner,
        bytes32 votesHash,
        bytes32 salt
    ) external view returns (bytes32) {
        return lens.commitmentOf(roundId, owner, votesHash, salt);
    }

    function rulingOf(
        IAppeals appeals,
        IAssay.Terms calldata terms,
        uint256 round
    ) external view returns (uint256[] memory halves, IAppeals.Ruling memory ruling) {
        return appeals.rulingOf(terms, round);
    }
}
