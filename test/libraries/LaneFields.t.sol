// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {LaneFields} from "../../contracts/libraries/LaneFields.sol";
import {Assert} from "../utils/Assert.sol";

/// @notice Eight claims at a time against one claim after the other.
contract LaneFieldsTest {
    /// @dev Lane of claim `i` of a word, claim 0 highest.
    function _lane(uint256 word, uint256 i) private pure returns (uint256) {
        return (word >> (240 - 16 * i)) & 0xffff;
    }

    /// @dev Field `j` of a half, claim 2j or 2j + 1, highest first.
    function _field(uint256 half, uint256 j) private pure returns (uint256) {
        return (half >> (224 - 32 * j)) & 0xffffffff;
    }

    function testHalvesHoldTheLanes(uint256 word) external pure {
        for (uint256 j; j < 8; ++j) {
            Assert.eq(_field(LaneFields.even(word), j), _lane(word, 2 * j), "even");
            Assert.eq(_field(LaneFields.odd(word), j), _lane(word, 2 * j + 1), "odd");
        }
    }

    function testUpToMarksTheFirstClaims(uint256 claims) external pure {
        claims = Assert.bound(claims, 0, 300);
        for (uint256 j; j < 8; ++j) {
            Assert.eq(_field(LaneFields.evenUpTo(claims), j), 2 * j < claims ? 1 : 0, "even");
            Assert.eq(_field(LaneFields.oddUpTo(claims), j), 2 * j + 1 < claims ? 1 : 0, "odd");
        }
    }

    function testReachedComparesEveryField(uint256 word, uint256 bound) external pure {
        bound = Assert.bound(bound, 0, 65_536);
        uint256 half = LaneFields.even(word);
        uint256 reached = LaneFields.reached(half + LaneFields.reach(bound));
        for (uint256 j; j < 8; ++j) {
            Assert.eq(_field(reached, j), _field(half, j) >= bound ? 1 : 0, "at least the bound");
        }
    }

    function testTotalsAreTheLoops(uint256 word) external pure {
        uint256 half = LaneFields.odd(word);
        uint256 small = half & (LaneFields.UNITS * 0x3fff);
        uint256 sum;
        uint256 squares;
        for (uint256 j; j < 8; ++j) {
            sum += _field(half, j);
            squares += _field(small, j) ** 2;
        }
        Assert.eq(LaneFields.total(half), sum, "total");
        Assert.eq(LaneFields.squares(small), squares, "squares");
    }

    function testGatherPutsClaimZeroLowest(uint256 evens, uint256 odds) external pure {
        evens &= LaneFields.UNITS * 3;
        odds &= LaneFields.UNITS * 3;
        uint256 gathered = LaneFields.gather(evens, odds);
        for (uint256 j; j < 8; ++j) {
            Assert.eq((gathered >> (4 * j)) & 3, _field(evens, j), "even claim");
            Assert.eq((gathered >> (4 * j + 2)) & 3, _field(odds, j), "odd claim");
        }
        Assert.eq(gathered >> 32, 0, "32 bits");
    }
}
