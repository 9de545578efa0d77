// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {LaneTally} from "../../contracts/libraries/LaneTally.sol";
import {Assert} from "../utils/Assert.sol";

/// @notice SPEC VOTE-9: the assembly of LaneTally against a loop over single claims.
contract LaneTallyTest {
    /// @dev `spread` one byte at a time: byte k of 16 becomes lane k of 16.
    function _spreadReference(uint256 x) private pure returns (uint256 out) {
        for (uint256 k; k < 16; ++k) out |= ((x >> (8 * k)) & 0xff) << (16 * k);
    }

    /// @dev Lane i read as a number, without shifts by table.
    function _laneReference(uint256[16] memory lanes, uint256 claim) private pure returns (uint256) {
        uint256 word = lanes[claim / 16];
        for (uint256 k = 15; k > claim % 16; --k) word /= 65_536;
        return word % 65_536;
    }

    function testSpreadIsTheLoop(uint128 x) external pure {
        Assert.eq(LaneTally.spread(x), _spreadReference(x), "16 bytes to 16 lanes");
    }

    /// @notice A whole committee at random sizes and weights, Σv ≤ 255, against sums claim by claim.
    function testAddIsTheLoop(uint256 seed, uint256 claims) external view {
        claims = Assert.bound(claims, 1, 256);
        uint256[16] memory lanes;
        uint256[] memory sums = new uint256[](claims);
        uint256 voters = Assert.bound(Assert.draw(seed, 1), 1, 6);
        for (uint256 n; n < voters; ++n) {
            uint256 weight = 1 + (Assert.draw(seed, 10 + n) & 3);
            bytes memory votes = _votes(Assert.draw(seed, 100 + n), claims);
            lanes = this.add(lanes, votes, weight);
            for (uint256 i; i < claims; ++i) sums[i] += uint8(votes[i]) * weight;
        }
        for (uint256 i; i < claims; ++i) {
            Assert.eq(LaneTally.lane(lanes, i), sums[i], "sum of a claim");
            Assert.eq(_laneReference(lanes, i), sums[i], "sum of a claim, read by division");
        }
        _onlyClaims(lanes, claims);
    }

    /// @notice VOTE-8: 255 votes of 255 at weight 1, the fullest committee there is: no lane carries into its neighbour.
    function testNoCarryAtTheLargestCommittee(uint256 claims) external view {
        claims = Assert.bound(claims, 1, 256);
        bytes memory votes = new bytes(claims);
        for (uint256 i; i < claims; ++i) votes[i] = 0xff;
        uint256[16] memory lanes;
        uint256 left = LaneTally.MAX_WEIGHT;
        while (left != 0) {
            uint256 weight = left > 4 ? 4 : left;
            lanes = this.add(lanes, votes, weight);
            left -= weight;
        }
        for (uint256 i; i < claims; ++i) Assert.eq(LaneTally.lane(lanes, i), 255 * 255, "full lane");
        _onlyClaims(lanes, claims);
    }

    /// @notice Claims that differ by neighbour: a carry would show in the lane of zeros.
    function testNoCarryIntoZeros(uint256 pattern) external view {
        bytes memory votes = new bytes(256);
        for (uint256 i; i < 256; ++i) votes[i] = (pattern >> i) & 1 == 0 ? bytes1(0) : bytes1(0xff);
        uint256[16] memory lanes;
        for (uint256 n; n < 63; ++n) lanes = this.add(lanes, votes, 4);
        lanes = this.add(lanes, votes, 3);
        for (uint256 i; i < 256; ++i) {
            Assert.eq(LaneTally.lane(lanes, i), (pattern >> i) & 1 == 0 ? 0 : 255 * 255, "neighbouring lanes");
        }
    }

    /// @notice Bytes behind the votes in calldata stay out of the sums.
    function testDirtyCalldataBehindTheVotes(uint256 seed, uint256 claims) external view {
        claims = Assert.bound(claims, 1, 255);
        bytes memory dirty = _votes(seed, 256);
        uint256[16] memory lanes = this.addHead(dirty, claims, 4);
        for (uint256 i; i < claims; ++i) Assert.eq(LaneTally.lane(lanes, i), 4 * uint256(uint8(dirty[i])), "vote");
        _onlyClaims(lanes, claims);
    }

    function add(
        uint256[16] memory lanes,
        bytes calldata votes,
        uint256 weight
    ) external pure returns (uint256[16] memory) {
        LaneTally.add(lanes, votes, weight);
        return lanes;
    }

    function addHead(
        bytes calldata dirty,
        uint256 claims,
        uint256 weight
    ) external pure returns (uint256[16] memory lanes) {
        LaneTally.add(lanes, dirty[:claims], weight);
    }

    function _votes(uint256 seed, uint256 claims) private pure returns (bytes memory votes) {
        votes = new bytes(claims);
        for (uint256 i; i < claims; ++i) {
            if (i % 32 == 0) seed = Assert.draw(seed, i);
            votes[i] = bytes1(uint8(seed >> (8 * (i % 32))));
        }
    }

    function _onlyClaims(uint256[16] memory lanes, uint256 claims) private pure {
        for (uint256 i = claims; i < 256; ++i) Assert.eq(LaneTally.lane(lanes, i), 0, "lane behind the last claim");
    }
}
