// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

/// @title DomainWindow
/// @notice The three sums of a domain (weight, roots, families) for the current and the next epoch, in one slot.
/// @dev A request copies the current sums into its draw, so no earlier value is ever read.
///      Layout from the low bit: current {W 56 | Σroot 48 | F 8} | next {W 56 | Σroot 48 | F 8} | `epoch` 24.
library DomainWindow {
    uint256 private constant HALF = 112;
    uint256 private constant HALF_MASK = (1 << HALF) - 1;
    uint256 private constant EPOCH_OFFSET = 224;

    /// @notice Sums over the eligible families of a domain in one epoch.
    struct Sums {
        /// @dev W, gwei of WORK: sum of the family weights
        uint256 weight;
        /// @dev Σ isqrt(W_f · 2^32), in units of 2^-16 · sqrt(gwei)
        uint256 roots;
        /// @dev number of eligible families
        uint256 families;
    }

    /// @notice The sums in force in `epoch` (not before the one last written).
    function current(uint256 window, uint256 epoch) internal pure returns (Sums memory) {
        return _unpack(window >> EPOCH_OFFSET == epoch ? window : window >> HALF);
    }

    /// @notice The sums of the epoch after the one last written.
    function next(uint256 window) internal pure returns (Sums memory) {
        return _unpack(window >> HALF);
    }

    /// @notice Rolls to `epoch` and replaces the next epoch's sums.
    function setNext(uint256 window, uint256 epoch, Sums memory sums) internal pure returns (uint256) {
        uint256 kept = window >> EPOCH_OFFSET == epoch ? window & HALF_MASK : (window >> HALF) & HALF_MASK;
        uint256 packed = sums.weight | (sums.roots << 56) | (sums.families << 104);
        return kept | (packed << HALF) | (epoch << EPOCH_OFFSET);
    }

    function _unpack(uint256 half) private pure returns (Sums memory) {
        return Sums(half & ((1 << 56) - 1), (half >> 56) & ((1 << 48) - 1), (half >> 104) & 0xff);
    }
}
