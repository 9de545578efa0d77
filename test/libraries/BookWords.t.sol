// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {IReputationLedger} from "../../contracts/interfaces/IReputationLedger.sol";
import {IRewardMinter} from "../../contracts/interfaces/IRewardMinter.sol";
import {AccountWord, AccountWords} from "../../contracts/libraries/AccountWords.sol";
import {RecordWord} from "../../contracts/libraries/RecordWords.sol";
import {ScoreWord, ScoreWords} from "../../contracts/libraries/ScoreWords.sol";
import {SkillScore} from "../../contracts/libraries/SkillScore.sol";
import {Assert} from "../utils/Assert.sol";

/// @notice Accounts, records and scores as words against plain structs, over whole histories.
contract BookWordsTest {
    uint256 private constant STEPS = 40;

    /// @notice SPEC REW-6: sums of an account stay in their fields while they stay in their bounds.
    function testAccountAddsUp(uint256 seed, uint40 factor) external pure {
        AccountWord a = AccountWords.NONE;
        IRewardMinter.Account memory expected;
        Assert.isTrue(!a.isOpen(), "closed");
        factor = uint40(Assert.bound(factor, 1, type(uint40).max));
        a = a.withFactor(factor);
        expected.factor = factor;
        for (uint256 i; i < STEPS; ++i) {
            uint256 draw = Assert.draw(seed, i);
            // Below 2^81 each, so that forty of them stay below 2^87; both signs.
            int256 value = int256(draw & (2 ** 81 - 1)) * (draw >> 255 == 0 ? int256(1) : -1);
            uint256 scored = Assert.draw(seed, 100 + i) & 8_191;
            uint256 bond = Assert.draw(seed, 200 + i) & (2 ** 50 - 1);
            uint256 served = Assert.draw(seed, 300 + i) & (2 ** 50 - 1);
            a = a.add(value, scored, bond, served);
            expected.score += int88(value);
            expected.releasable += uint56(bond);
            expected.served += uint56(served);
            uint256 count = expected.scored + scored;
            expected.scored = count > type(uint16).max ? type(uint16).max : uint16(count);
            uint256 freed = expected.releasable == 0 ? 0 : Assert.draw(seed, 400 + i) % (expected.releasable + 1);
            a = a.release(freed);
            expected.releasable -= uint56(freed);
        }
        Assert.isTrue(keccak256(abi.encode(a.unpack())) == keccak256(abi.encode(expected)), "unpack");
        Assert.eq(a.score(), expected.score, "score");
        Assert.eq(a.releasable(), expected.releasable, "releasable");
        Assert.eq(a.factor(), expected.factor, "factor");
        Assert.eq(a.scored(), expected.scored, "scored");
        Assert.isTrue(a.isOpen(), "open");
    }

    /// @notice A record through windows, outcomes and replays keeps each field apart.
    function testRecordKeepsFieldsApart(uint256 seed, uint64 reputation) external pure {
        reputation = uint64(Assert.bound(reputation, 0.1e18, 10e18));
        RecordWord r = RecordWord.wrap(0);
        Assert.eq(r.reputation(), 1e18, "start value");
        r = r.replayed(reputation);
        IReputationLedger.Record memory expected;
        expected.reputation = reputation;
        for (uint256 i; i < STEPS; ++i) {
            int64 quality = int64(uint64(Assert.draw(seed, i)));
            uint256 scored = Assert.draw(seed, 100 + i) % 1_281;
            r = r.withWindow(quality, scored);
            (expected.quality, expected.scored) = (quality, uint16(scored));
            uint256 count = Assert.draw(seed, 200 + i) % 34;
            if (expected.length + count > 48) {
                r = r.replayed(reputation);
                (expected.length, expected.tape) = (0, 0);
            }
            uint256 outcomes = Assert.draw(seed, 300 + i) & ((1 << (2 * count)) - 1);
            r = r.append(outcomes, count);
            expected.tape |= uint96(outcomes << (2 * expected.length));
            expected.length += uint8(count);
            Assert.isTrue(keccak256(abi.encode(r.unpack())) == keccak256(abi.encode(expected)), "unpack");
        }
        Assert.eq(r.reputation(), reputation, "reputation");
        Assert.eq(r.quality(), expected.quality, "quality");
        Assert.eq(r.scored(), expected.scored, "scored");
        Assert.eq(r.length(), expected.length, "length");
        Assert.eq(r.tape(), expected.tape, "tape");
    }

    function testScoreKeepsEveryField(
        int24 numerator,
        uint16 scoredTrue,
        uint16 scoredFalse,
        uint16 losing,
        uint64 lossMean,
        int64 quality,
        bool late
    ) external pure {
        (scoredTrue, scoredFalse) = (scoredTrue >> 1, scoredFalse >> 1);
        SkillScore.Sums memory sums = SkillScore.Sums(numerator, scoredTrue, scoredFalse, losing, 0);
        ScoreWord s = ScoreWords.pack(sums, lossMean, quality, late);
        uint256 word = ScoreWord.unwrap(s);
        Assert.eq(int256(int32(uint32(word))), numerator, "numerator");
        Assert.eq(uint16(word >> 32), scoredTrue, "scoredTrue");
        Assert.eq(uint16(word >> 48), scoredFalse, "scoredFalse");
        Assert.eq(uint16(word >> 64), losing, "losing");
        Assert.eq(uint64(word >> 80), lossMean, "lossMean");
        Assert.eq(s.quality(), quality, "quality");
        Assert.eq(s.scored(), uint256(scoredTrue) + scoredFalse, "scored");
        Assert.isTrue(s.late() == late, "late");
        Assert.eq(s.weighed(), uint256(scoredTrue) + scoredFalse, "weighed");
        Assert.eq(word >> 225, 0, "nothing above");
    }

    /// @notice SPEC CAN-9: the quality of a canary is judged anew, everything else of the score stays.
    function testScoreTakesOtherQuality(uint256 seed, int64 quality, uint8 trues, uint8 falses) external pure {
        uint256 quality_ = uint256(type(uint64).max) << 144;
        uint256 weighed = uint256(type(uint16).max) << 209;
        ScoreWord s = ScoreWord.wrap(seed & (2 ** 225 - 1));
        ScoreWord t = s.withQuality(SkillScore.Sums(0, trues, falses, 0, 0), quality);
        Assert.eq(t.quality(), quality, "quality");
        Assert.eq(t.weighed(), uint256(trues) + falses, "weighed");
        uint256 rest = ~(quality_ | weighed);
        Assert.eq(ScoreWord.unwrap(t) & rest, ScoreWord.unwrap(s) & rest, "the rest");
    }
}
