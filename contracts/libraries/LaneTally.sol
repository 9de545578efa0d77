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

    /// @notice Adds `votes · weight` to `lanes`.
    /// @param lanes running sums; entries above the last claim stay zero
    /// @param votes one byte per claim, at most 256
    /// @param weight v of the voter, 1..4
    function add(uint256[16] memory lanes, bytes calldata votes, uint256 weight) internal pure {
        uint256 length = votes.length;
        // No overflow: the counter ends at 256 and lanes cannot carry (see above).
        unchecked {
            for (uint256 i; i < length; i += LANES) {
                uint256 chunk;
                // Solidity has no unaligned load. Reading past `votes` is harmless: the shift below drops every byte behind the last claim.
                // solhint-disable-next-line no-inline-assembly
                assembly ("memory-safe") {
                    chunk := shr(128, calldataload(add(votes.offset, i)))
                }
                uint256 rest = length - i;
                if (rest < LANES) {
                    uint256 shift = (LANES - rest) << 3;
                    chunk = (chunk >> shift) << shift;
                }
                lanes[i >> 4] += spread(chunk) * weight;
            }
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
