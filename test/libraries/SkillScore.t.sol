// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {LaneTally} from "../../contracts/libraries/LaneTally.sol";
import {SkillScore} from "../../contracts/libraries/SkillScore.sol";
import {VerdictMath} from "../../contracts/libraries/VerdictMath.sol";
import {Assert} from "../utils/Assert.sol";

/// @notice SPEC SCORE-11: the assembly of SkillScore against its plain form, and what a score may never do.
contract SkillScoreTest {
    uint256 private constant WAD = 1e18;
    uint256 private constant MAX_SUPPLY = 2 ** 84 - 1;

    // --------------------------------------------------- assembly and reference

    /// @notice Random committees, margins, thresholds and base rates; every field of the sums.
    function testSumIsItsReference(uint256 seed, uint256 claims) external view {
        claims = Assert.bound(claims, 1, 256);
        (SkillScore.Frame memory frame, uint256[16] memory lanes, bytes memory votes, uint256 weight) = _committee(
            seed,
            claims
        );
        _same(this.sum(frame, lanes, votes, weight), this.sumReference(frame, lanes, votes, weight));
    }

    /// @notice Bytes behind the votes in calldata change nothing.
    function testSumIgnoresDirtyCalldata(uint256 seed, uint256 claims) external view {
        claims = Assert.bound(claims, 1, 255);
        (SkillScore.Frame memory frame, uint256[16] memory lanes, bytes memory votes, uint256 weight) = _committee(
            seed,
            claims
        );
        bytes memory dirty = abi.encodePacked(votes, _bytes(~seed, 64));
        SkillScore.Sums memory head = this.sumHead(frame, lanes, dirty, claims, weight);
        _same(head, this.sum(frame, lanes, votes, weight));
    }

    /// @notice A voter alone, and lanes that sit exactly on the bounds: the edges of leave-one-out.
    function testSumIsItsReferenceOnTheEdges(uint256 seed) external view {
        uint256 weight = 1 + (seed & 3);
        SkillScore.Frame memory frame = _frame(seed, 16, weight + ((seed >> 8) & 1) * 4);
        uint256[16] memory lanes;
        bytes memory votes = _bytes(seed, 16);
        uint256[6] memory edges = [
            frame.bounds.high,
            frame.bounds.low,
            frame.bounds.high - 1,
            frame.bounds.low + 1,
            255 * frame.weight,
            0
        ];
        for (uint256 i; i < 16; ++i) {
            uint256 lane = edges[Assert.draw(seed, i) % 6];
            uint256 own = weight * uint8(votes[i]);
            // What the others said must lie between nothing and their fullest.
            if (lane < own) lane = own;
            if (lane > own + 255 * (frame.weight - weight)) lane = own + 255 * (frame.weight - weight);
            lanes[0] |= lane << (240 - 16 * i);
        }
        _same(this.sum(frame, lanes, votes, weight), this.sumReference(frame, lanes, votes, weight));
    }

    // ------------------------------------------------------------------ appeals

    /// @notice SCORE-2: where the round's own verdicts count, an appealed request is scored as any other.
    function testSidesByOwnVerdictsAreSides(uint256 seed, uint256 claims) external view {
        claims = Assert.bound(claims, 1, 256);
        (SkillScore.Frame memory frame, uint256[16] memory lanes, bytes memory votes, uint256 weight) = _committee(
            seed,
            claims
        );
        (uint256[2] memory own, , ) = VerdictMath.read(lanes, claims, frame.weight, frame.threshold, frame.bounds);
        uint256[2] memory none;
        _same(this.sumBy(frame, lanes, own, none, votes, weight), this.sum(frame, lanes, votes, weight));
    }

    /// @notice SCORE-1, SCORE-2: verdicts and foreign claims at random, against one claim after the other.
    function testSumOfAnAppealedRoundIsItsPlainForm(uint256 seed, uint256 claims) external view {
        claims = Assert.bound(claims, 1, 256);
        (SkillScore.Frame memory frame, uint256[16] memory lanes, bytes memory votes, uint256 weight) = _committee(
            seed,
            claims
        );
        uint256[2] memory verdicts;
        uint256[2] memory foreign;
        for (uint256 i; i < claims; ++i) {
            uint256 luck = Assert.draw(seed, 1_000 + i);
            verdicts[i >> 7] |= (luck % 3) << (2 * (i & 127));
            foreign[i >> 7] |= ((luck >> 8) & 1) << (2 * (i & 127));
        }
        SkillScore.Sums memory plain;
        for (uint256 i; i < claims; ++i) {
            uint256 at = 2 * (i & 127);
            _addPlain(
                plain,
                frame,
                (verdicts[i >> 7] >> at) & 3,
                (foreign[i >> 7] >> at) & 1 == 1,
                LaneTally.lane(lanes, i),
                uint8(votes[i]),
                weight
            );
        }
        _same(this.sumBy(frame, lanes, verdicts, foreign, votes, weight), plain);
    }

    /// @notice APP-7: the charge of overturned claims, one after the other; never more than the bond.
    function testOverturnChargeIsItsPlainForm(uint256 seed, uint256 claims, uint56 bond) external view {
        claims = Assert.bound(claims, 1, 256);
        (SkillScore.Frame memory frame, , bytes memory votes, ) = _committee(seed, claims);
        uint256[2] memory verdicts;
        uint256[2] memory overturned;
        uint256 squares;
        for (uint256 i; i < claims; ++i) {
            uint256 luck = Assert.draw(seed, 1_000 + i);
            verdicts[i >> 7] |= (1 + (luck & 1)) << (2 * (i & 127));
            overturned[i >> 7] |= ((luck >> 8) & 1) << (2 * (i & 127));
            if ((luck >> 8) & 1 == 0) continue;
            uint256 vote = uint8(votes[i]);
            bool below = vote * 65_536 < frame.threshold * 255;
            bool above = vote * 65_536 > frame.threshold * 255;
            uint256 y = luck & 1 == 1 ? 255 : 0;
            if (y == 255 ? below : above) squares += y == 255 ? (255 - vote) ** 2 : vote ** 2;
        }
        uint256 charge = this.overturnCharge(frame, verdicts, overturned, votes, bond);
        Assert.le(charge, bond, "charge and bond");
        Assert.le(uint256(bond) * squares, charge * 65_025 * claims, "rounded up");
        if (charge != 0) Assert.le((charge - 1) * 65_025 * claims + 1, uint256(bond) * squares, "by less than one");
    }

    function _addPlain(
        SkillScore.Sums memory plain,
        SkillScore.Frame memory frame,
        uint256 verdict,
        bool isForeign,
        uint256 lane,
        uint256 vote,
        uint256 weight
    ) private pure {
        if (verdict == VerdictMath.UNDECIDED) return;
        bool isTrue = verdict == VerdictMath.TRUE;
        uint256 others = (lane - weight * vote) * VerdictMath.ONE;
        uint256 without = frame.threshold * 255 * (frame.weight - weight);
        if (!isForeign && (isTrue ? others <= without : others >= without)) return;
        int256 y = isTrue ? int256(255) : int256(0);
        int256 b = int256(frame.baseRate);
        int256 p = int256(vote);
        int256 term = (b - y) * (b - y) - (p - y) * (p - y);
        plain.numerator += term;
        if (isTrue) ++plain.scoredTrue;
        else ++plain.scoredFalse;
        if (term >= 0) return;
        ++plain.losing;
        plain.lossError += isTrue ? 255 * frame.weight - lane : lane;
    }

    function sumBy(
        SkillScore.Frame memory frame,
        uint256[16] memory lanes,
        uint256[2] memory verdicts,
        uint256[2] memory foreign,
        bytes calldata votes,
        uint256 weight
    ) external pure returns (SkillScore.Sums memory) {
        SkillScore.Sides memory sides;
        sides.halves = SkillScore.sidesBy(frame.claims, frame.weight, lanes, verdicts, foreign);
        return SkillScore.sum(frame, sides, votes, weight);
    }

    function overturnCharge(
        SkillScore.Frame memory frame,
        uint256[2] memory verdicts,
        uint256[2] memory overturned,
        bytes calldata votes,
        uint256 bond
    ) external pure returns (uint256) {
        return SkillScore.overturnCharge(frame, verdicts, overturned, votes, bond);
    }

    // ------------------------------------------------------------------- scores

    /// @notice SCORE-3: for every belief, the expected score is best at the belief itself, by exactly 255 · (vote − belief)².
    function testScoreIsProper(uint8 belief, uint8 vote, uint256 baseRate) external view {
        baseRate = Assert.bound(baseRate, 13, 242);
        int256 gap = _expected(belief, belief, baseRate) - _expected(belief, vote, baseRate);
        int256 off = int256(uint256(vote)) - int256(uint256(belief));
        Assert.eq(gap, 255 * off * off, "what a wrong vote gives away");
    }

    /// @notice SCORE-3: voting the base rate earns exactly nothing, whatever is true.
    function testBaseRateEarnsNothing(uint256 baseRate, bool truth, uint256 price, uint256 mean) external view {
        baseRate = Assert.bound(baseRate, 13, 242);
        int256 numerator = _score(uint8(baseRate), truth, baseRate);
        Assert.eq(numerator, 0, "score of the base rate");
        price = Assert.bound(price, 1, MAX_SUPPLY);
        mean = Assert.bound(mean, 0, WAD);
        Assert.eq(SkillScore.value(numerator, price, baseRate, mean), 0, "value of the base rate");
    }

    /// @notice SCORE-3: who knows no more than the base rate expects nothing from any vote.
    function testUninformedVotesEarnAtMostNothing(uint8 vote, uint256 baseRate) external view {
        baseRate = Assert.bound(baseRate, 13, 242);
        Assert.le(_expected(uint8(baseRate), vote, baseRate), 0, "expected score without knowledge");
    }

    // ------------------------------------------------------------------ amounts

    /// @notice SCORE-6: ρ times the worst value any vote can take fits into the bond, for every price the supply can pay.
    function testBondCoversEveryValue(uint256 seed, uint256 claims, uint256 price, uint256 ratio) external view {
        claims = Assert.bound(claims, 1, 256);
        price = Assert.bound(price, 1e9, MAX_SUPPLY / (3 * claims));
        ratio = Assert.bound(ratio, 10_000, 40_000);
        (SkillScore.Frame memory frame, uint256[16] memory lanes, bytes memory votes, uint256 weight) = _committee(
            seed,
            claims
        );
        SkillScore.Sums memory sums = this.sum(frame, lanes, votes, weight);
        uint256 mean = SkillScore.lossMean(sums, frame.weight);
        Assert.le(mean, WAD, "mean error of the committee");
        int256 value = SkillScore.value(sums.numerator, price, frame.baseRate, mean);
        _covered(value, price, claims, frame.baseRate, ratio);
    }

    /// @notice SCORE-6 at the corner: every claim lost as far as a byte can be from the truth, with the whole committee.
    function testBondCoversTheWorstValue(uint256 claims, uint256 price, uint256 rate, uint256 ratio) external pure {
        claims = Assert.bound(claims, 1, 256);
        price = Assert.bound(price, 1e9, MAX_SUPPLY / (3 * claims));
        ratio = Assert.bound(ratio, 10_000, 40_000);
        rate = Assert.bound(rate, 13, 242);
        uint256 near = rate < 128 ? rate : 255 - rate;
        int256 numerator = -int256(claims * (255 * 255 - near * near));
        _covered(SkillScore.value(numerator, price, rate, WAD), price, claims, rate, ratio);
    }

    /// @notice SCORE-6: never below the floor; saturates above any supply instead of wrapping.
    function testBondBounds(uint56 floor, uint256 ratio, uint256 price, uint256 claims, uint256 rate) external pure {
        ratio = Assert.bound(ratio, 10_000, 40_000);
        price = Assert.bound(price, 1, type(uint88).max);
        claims = Assert.bound(claims, 1, 256);
        rate = Assert.bound(rate, 13, 242);
        uint256 bond = SkillScore.bond(floor, ratio, price, claims, rate);
        Assert.le(floor, bond, "floor");
        Assert.le(bond, type(uint56).max, "fits its field");
        if (claims < 256) {
            Assert.le(bond, SkillScore.bond(floor, ratio, price, claims + 1, rate), "more claims, more bond");
        }
    }

    /// @notice SCORE-4: gains are rounded down, losses away from zero; a loss weighs 1 to 4 times.
    function testValueRoundsAgainstTheVoter(uint256 size, uint256 price, uint256 rate, uint256 mean) external pure {
        size = Assert.bound(size, 0, 256 * 255 * 255);
        price = Assert.bound(price, 1, MAX_SUPPLY);
        rate = Assert.bound(rate, 13, 242);
        mean = Assert.bound(mean, 0, WAD);
        uint256 denominator = 4 * rate * (255 - rate);
        int256 gain = SkillScore.value(int256(size), price, rate, mean);
        Assert.le(uint256(gain) * denominator, size * price, "gain at most exact");
        Assert.le(size * price, uint256(gain + 1) * denominator, "gain within a wei");
        uint256 loss = uint256(-SkillScore.value(-int256(size), price, rate, mean));
        uint256 exact = size * price * (WAD + 3 * mean);
        Assert.le(exact, loss * denominator * WAD, "loss at least exact");
        Assert.le(loss * denominator * WAD, exact + denominator * WAD, "loss within a wei");
        Assert.le(uint256(gain), loss, "wrong costs at least what right pays");
        Assert.le(loss, 4 * (uint256(gain) + 1), "at most four times");
    }

    /// @notice SCORE-5: the mean error of the committee lies in [0, 1] and is zero without losses.
    function testLossMeanBounds(uint256 losing, uint256 lossError, uint256 weight) external pure {
        losing = Assert.bound(losing, 0, 256);
        weight = Assert.bound(weight, 1, 255);
        SkillScore.Sums memory sums;
        sums.losing = losing;
        sums.lossError = Assert.bound(lossError, 0, 255 * weight * losing);
        uint256 mean = SkillScore.lossMean(sums, weight);
        Assert.le(mean, WAD, "mean error");
        if (sums.lossError == 0) Assert.eq(mean, 0, "no error");
        if (losing != 0) Assert.le(sums.lossError * WAD, mean * 255 * weight * losing, "rounded up");
    }

    /// @notice REP-6: quality is the score less τ of what a perfect vote would get, rounded down.
    function testQualityRoundsDown(uint256 seed, uint256 claims, uint256 bar) external view {
        claims = Assert.bound(claims, 1, 256);
        bar = Assert.bound(bar, 0, WAD);
        (SkillScore.Frame memory frame, uint256[16] memory lanes, bytes memory votes, uint256 weight) = _committee(
            seed,
            claims
        );
        SkillScore.Sums memory sums = this.sum(frame, lanes, votes, weight);
        int256 quality = SkillScore.quality(sums, frame.baseRate, bar);
        uint256 miss = 255 - frame.baseRate;
        uint256 perfect = sums.scoredTrue * miss * miss + sums.scoredFalse * frame.baseRate * frame.baseRate;
        int256 top = sums.numerator * 1e18 - int256(perfect * bar);
        int256 unit = int256(4 * frame.baseRate * miss * 1e6);
        Assert.le(quality * unit, top, "at most exact");
        Assert.le(top, quality * unit + unit - 1, "within a unit");
        Assert.le(sums.numerator, int256(perfect), "nobody beats a perfect vote");
        // 1,024 + 256 claims of a window fit the ledger's field.
        Assert.le(quality < 0 ? -quality : quality, int256(claims) * 12e12, "size of a claim's quality");
    }

    // ------------------------------------------------------------------ helpers

    function sum(
        SkillScore.Frame memory frame,
        uint256[16] memory lanes,
        bytes calldata votes,
        uint256 weight
    ) external pure returns (SkillScore.Sums memory) {
        return SkillScore.sum(frame, SkillScore.sides(frame, lanes), votes, weight);
    }

    function sumHead(
        SkillScore.Frame memory frame,
        uint256[16] memory lanes,
        bytes calldata dirty,
        uint256 claims,
        uint256 weight
    ) external pure returns (SkillScore.Sums memory) {
        return SkillScore.sum(frame, SkillScore.sides(frame, lanes), dirty[:claims], weight);
    }

    function sumReference(
        SkillScore.Frame memory frame,
        uint256[16] memory lanes,
        bytes calldata votes,
        uint256 weight
    ) external pure returns (SkillScore.Sums memory) {
        return SkillScore.sumReference(frame, lanes, votes, weight);
    }

    function _covered(int256 value, uint256 price, uint256 claims, uint256 rate, uint256 ratio) private pure {
        uint256 bond = SkillScore.bond(1, ratio, price, claims, rate);
        if (bond == type(uint56).max) return; // above any supply: nobody can lock it, so nobody sits
        uint256 loss = value < 0 ? uint256(-value) : uint256(value);
        // The debt of an account of one seat, rounded up as RewardMinter does.
        Assert.le((loss * ratio + 9_999) / 10_000, bond * 1e9, "value times ratio and bond, wei");
    }

    /// @dev A committee of the voter and up to five others; a claim in four is unanimous, so that many are decided.
    function _committee(
        uint256 seed,
        uint256 claims
    )
        private
        view
        returns (SkillScore.Frame memory frame, uint256[16] memory lanes, bytes memory votes, uint256 weight)
    {
        weight = 1 + (seed & 3);
        votes = _bytes(Assert.draw(seed, 0), claims);
        lanes = this.tally(lanes, votes, weight);
        uint256 total = weight;
        uint256 others = (seed >> 8) % 6;
        for (uint256 n; n < others; ++n) {
            uint256 v = 1 + ((seed >> (16 + 2 * n)) & 3);
            total += v;
            bytes memory theirs = _bytes(Assert.draw(seed, n + 1), claims);
            for (uint256 i; i < claims; i += 4) theirs[i] = votes[i];
            lanes = this.tally(lanes, theirs, v);
        }
        frame = _frame(seed, claims, total);
    }

    function tally(
        uint256[16] memory lanes,
        bytes calldata votes,
        uint256 weight
    ) external pure returns (uint256[16] memory) {
        LaneTally.add(lanes, votes, weight);
        return lanes;
    }

    function _frame(uint256 seed, uint256 claims, uint256 weight) private pure returns (SkillScore.Frame memory frame) {
        frame.claims = claims;
        frame.baseRate = Assert.bound(Assert.draw(seed, 201), 13, 242);
        frame.weight = weight;
        frame.threshold = Assert.bound(Assert.draw(seed, 202), 13_107, 52_428);
        uint256 margin = Assert.bound(Assert.draw(seed, 203), 0, 4_500);
        frame.bounds = VerdictMath.bounds(frame.threshold, margin, weight);
    }

    /// @dev Score of one vote on a claim decided by three others who all say `truth`.
    function _score(uint8 vote, bool truth, uint256 baseRate) private view returns (int256) {
        SkillScore.Frame memory frame = SkillScore.Frame(
            1,
            baseRate,
            13,
            32_768,
            VerdictMath.bounds(32_768, 1_000, 13)
        );
        uint256[16] memory lanes;
        lanes[0] = (uint256(vote) + (truth ? 12 * 255 : 0)) << 240;
        bytes memory votes = abi.encodePacked(vote);
        SkillScore.Sums memory sums = this.sum(frame, lanes, votes, 1);
        Assert.eq(sums.scoredTrue + sums.scoredFalse, 1, "the claim is scored");
        Assert.eq(sums.scoredTrue, truth ? 1 : 0, "side of the claim");
        return sums.numerator;
    }

    /// @dev 255 times the expected score of `vote` under `belief`.
    function _expected(uint8 belief, uint8 vote, uint256 baseRate) private view returns (int256) {
        int256 p = int256(uint256(belief));
        return p * _score(vote, true, baseRate) + (255 - p) * _score(vote, false, baseRate);
    }

    function _same(SkillScore.Sums memory a, SkillScore.Sums memory b) private pure {
        Assert.eq(a.numerator, b.numerator, "numerator");
        Assert.eq(a.scoredTrue, b.scoredTrue, "claims scored true");
        Assert.eq(a.scoredFalse, b.scoredFalse, "claims scored false");
        Assert.eq(a.losing, b.losing, "losing claims");
        Assert.eq(a.lossError, b.lossError, "error over the losing claims");
    }

    function _bytes(uint256 seed, uint256 length) private pure returns (bytes memory out) {
        out = new bytes(length);
        for (uint256 i; i < length; ++i) {
            if (i % 32 == 0) seed = Assert.draw(seed, i);
            out[i] = bytes1(uint8(seed >> (8 * (i % 32))));
        }
    }
}
