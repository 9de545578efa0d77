// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

/// @title LaneTally
/// @notice Adds a committee's votes: 16 claims a word, one 16-bit lane each.
/// @dev Claim 0 is the highest lane of word 0. A lane holds Σ vote · v ≤ 255 · 255 < 2^16, because Σv ≤ 255 is
///      reserved at commit (SPEC VOTE-8): lanes cannot carry into each other.
library LaneTally {
    uint256 internal constant LANES = 16;

    /// @notice Largest Σv of a committee.
    uint256 internal constant MAX_WEIGHT = 255;

    uint256 private constant M8 = 0x0000000000000000ffffffffffffffff0000000000000000ffffffffffffffff;
    uint256 private constant M4 = 0x00000000ffffffff00000000ffffffff00000000ffffffff00000000ffffffff;
    uint256 private constant M2 = 0x0000ffff0000ffff0000ffff0000ffff0000ffff0000ffff0000ffff0000ffff;
    uint256 private constant M1 = 0x00ff00ff00ff00ff00ff00ff00ff00ff00ff00ff00ff00ff00ff00ff00ff00ff;

    /// @notice Spreads the low 16 bytes of `x` to 16 lanes of 16 bits, keeping their order.
    function spread(uint256 x) internal pure returns (uint256) {
        x = (x | (x << 64)) & M8;
        x = (x | (x << 32)) & M4;
        x = (x | (x << 16)) & M2;
        return (x | (x << 8)) & M1;
    }

    /// @notice Sixteen votes from `index` on as lanes. Lanes behind the last vote hold whatever follows it in calldata.
    function load(bytes calldata votes, uint256 index) internal pure returns (uint256 lanes) {
        // Solidity has no unaligned load; reading past the end is harmless.
        // solhint-disable-next-line no-inline-assembly
        assembly ("memory-safe") {
            lanes := shr(128, calldataload(add(votes.offset, index)))
        }
        return spread(lanes);
    }

    /// @notice Adds `votes · weight` to `lanes`.
    /// @param lanes running sums; entries above the last claim stay zero
    /// @param votes one byte per claim, at most 256
    /// @param weight v of the voter, 1..4
    function add(uint256[16] memory lanes, bytes calldata votes, uint256 weight) internal pure {
        uint256 length = votes.length;
        // No overflow: the counter ends at 256 and lanes cannot carry (see above).
        unchecked {
            uint256 i;
            for (; i + LANES <= length; i += LANES) lanes[i >> 4] += load(votes, i) * weight;
            if (i == length) return;
            // The shifts drop every lane behind the last claim.
            uint256 empty = (LANES - (length - i)) << 4;
            lanes[i >> 4] += ((load(votes, i) >> empty) << empty) * weight;
        }
    }

    /// @notice The sum of one claim.
    function lane(uint256[16] memory lanes, uint256 claim) internal pure returns (uint256) {
        // No overflow: `claim` is below 256.
        unchecked {
            return (lanes[claim >> 4] >> (240 - ((claim & 15) << 4))) & 0xffff;
        }
    }
}
