// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {SkillScore} from "./SkillScore.sol";

/// @notice What a settled seat scored, as one word: fields from the low bit up are
///         `numerator` int32 | `scoredTrue` 16 | `scoredFalse` 16 | `losing` 16 | `lossMean` 64 | `quality` int64 |
///         `late` 1 | `weighed` 16. Peers and readers of events get the word; what the fields mean is said in SkillScore.
type ScoreWord is uint256;

using ScoreWords for ScoreWord global;

/// @title ScoreWords
library ScoreWords {
    uint256 private constant SCORED_TRUE = 32;
    uint256 private constant SCORED_FALSE = 48;
    uint256 private constant LOSING = 64;
    uint256 private constant LOSS_MEAN = 80;
    uint256 private constant QUALITY = 144;
    uint256 private constant LATE = 208;
    uint256 private constant WEIGHED = 209;
    uint256 private constant QUALITY_MASK =
        (uint256(type(uint64).max) << QUALITY) | (uint256(type(uint16).max) << WEIGHED);

    /// @param lossMean x̄, see SkillScore.lossMean
    /// @param quality_ see SkillScore.quality
    function pack(
        SkillScore.Sums memory sums,
        uint256 lossMean,
        int256 quality_,
        bool late_
    ) internal pure returns (ScoreWord) {
        // Casts are safe: |numerator| ≤ 256 · 255² < 2^24, counts ≤ 256, x̄ ≤ 1e18, and a claim adds less than 6e12 to
        // the quality.
        uint256 counts =
            (sums.scoredTrue << SCORED_TRUE) | (sums.scoredFalse << SCORED_FALSE) | (sums.losing << LOSING);
        uint256 word = uint32(int32(sums.numerator)) | counts | (lossMean << LOSS_MEAN);
        return ScoreWord.wrap(word | _quality(sums, quality_) | (late_ ? 1 << LATE : 0));
    }

    /// @notice The word with the quality of other sums: those of a canary, against its answers.
    function withQuality(ScoreWord s, SkillScore.Sums memory sums, int256 quality_) internal pure returns (ScoreWord) {
        return ScoreWord.wrap((ScoreWord.unwrap(s) & ~QUALITY_MASK) | _quality(sums, quality_));
    }

    function _quality(SkillScore.Sums memory sums, int256 quality_) private pure returns (uint256) {
        // Casts are safe: a claim adds less than 6e12. No overflow: at most 256 claims.
        unchecked {
            uint256 claims = (sums.scoredTrue + sums.scoredFalse) << WEIGHED;
            return (uint256(uint64(int64(quality_))) << QUALITY) | claims;
        }
    }

    /// @notice Claims that were scored.
    function scored(ScoreWord s) internal pure returns (uint256) {
        // Fits: at most 256.
        unchecked {
            return uint16(ScoreWord.unwrap(s) >> SCORED_TRUE) + uint256(uint16(ScoreWord.unwrap(s) >> SCORED_FALSE));
        }
    }

    function quality(ScoreWord s) internal pure returns (int256) {
        return int64(uint64(ScoreWord.unwrap(s) >> QUALITY));
    }

    /// @notice Claims that count for the quality: those that were scored, of a canary those that were answered.
    function weighed(ScoreWord s) internal pure returns (uint256) {
        return uint16(ScoreWord.unwrap(s) >> WEIGHED);
    }

    function late(ScoreWord s) internal pure returns (bool) {
        return (ScoreWord.unwrap(s) >> LATE) & 1 != 0;
    }
}
