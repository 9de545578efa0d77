// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {Rulings} from "../../contracts/libraries/Rulings.sol";
import {VerdictMath} from "../../contracts/libraries/VerdictMath.sol";
import {Assert} from "../utils/Assert.sol";

/// @notice SPEC APP-4, APP-5: words of verdicts against one claim after the other.
contract RulingsTest {
    /// @notice APP-5: every mask and the amended verdicts, claim by claim.
    function testMasksSayWhatTheClaimsSay(uint256 seedA, uint256 seedB) external pure {
        uint256 a = _verdicts(seedA);
        uint256 b = _verdicts(seedB);
        uint256 amended = Rulings.amended(a, b);
        for (uint256 i; i < 128; ++i) {
            uint256 x = (a >> (2 * i)) & 3;
            uint256 y = (b >> (2 * i)) & 3;
            Assert.eq(_bit(Rulings.decided(a), i), x == 0 ? 0 : 1, "decided");
            Assert.eq(_bit(Rulings.opposed(a, b), i), x != y && x * y != 0 ? 1 : 0, "opposed");
            Assert.eq(_bit(Rulings.same(a, b), i), x == y ? 1 : 0, "same");
            Assert.eq((amended >> (2 * i)) & 3, y == 0 ? x : y, "amended");
        }
    }

    /// @notice APP-4: an appeal decides nothing a first round would leave open, nothing below 60 %, and everything unanimous.
    function testAppealsNeedMoreThanFirstRounds(uint256 threshold, uint256 margin, uint256 weight) external pure {
        threshold = Assert.bound(threshold, 13_107, 52_428);
        margin = Assert.bound(margin, 0, 4_500);
        weight = Assert.bound(weight, 1, 255);
        VerdictMath.Bounds memory first = VerdictMath.bounds(threshold, margin, weight);
        VerdictMath.Bounds memory bounds = Rulings.appealBounds(first, weight);
        uint256 full = 255 * weight;
        Assert.le(first.high, bounds.high, "higher");
        Assert.le(bounds.low, first.low, "lower");
        Assert.le(full * 6, bounds.high * 10, "60 % for TRUE");
        Assert.le(bounds.low * 10, full * 4, "60 % for FALSE");
        Assert.le(bounds.high, full, "all together decide TRUE");
        bool tight = bounds.high == first.high || (bounds.high - 1) * 10 < full * 6;
        Assert.isTrue(tight, "no higher than needed");
    }

    /// @dev 128 verdicts: undecided, false or true.
    function _verdicts(uint256 seed) private pure returns (uint256 words) {
        for (uint256 i; i < 128; ++i) words |= (Assert.draw(seed, i) % 3) << (2 * i);
    }

    function _bit(uint256 mask, uint256 i) private pure returns (uint256) {
        require((mask >> (2 * i + 1)) & 1 == 0, "high bit of a claim");
        return (mask >> (2 * i)) & 1;
    }
}
