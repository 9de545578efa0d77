// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

/// @title Assert
/// @notice Comparisons that say what they compare and with which values, and bounded fuzz input.
library Assert {
    error NotEqual(string what, uint256 left, uint256 right);
    error NotEqualInt(string what, int256 left, int256 right);
    error NotAtMost(string what, uint256 left, uint256 right);
    error NotAtMostInt(string what, int256 left, int256 right);
    error NotTrue(string what);
    error BadBounds(uint256 min, uint256 max);

    function eq(uint256 left, uint256 right, string memory what) internal pure {
        require(left == right, NotEqual(what, left, right));
    }

    function eq(int256 left, int256 right, string memory what) internal pure {
        require(left == right, NotEqualInt(what, left, right));
    }

    function le(uint256 left, uint256 right, string memory what) internal pure {
        require(left <= right, NotAtMost(what, left, right));
    }

    function le(int256 left, int256 right, string memory what) internal pure {
        require(left <= right, NotAtMostInt(what, left, right));
    }

    function isTrue(bool condition, string memory what) internal pure {
        require(condition, NotTrue(what));
    }

    /// @notice Whether `left` and `right` are at most `tolerance` apart.
    function near(uint256 left, uint256 right, uint256 tolerance, string memory what) internal pure {
        uint256 gap = left > right ? left - right : right - left;
        require(gap <= tolerance, NotEqual(what, left, right));
    }

    /// @notice `seed` folded into [min, max], both included; the ends come up one time in eight each.
    /// @dev Bounding wastes no run, unlike assuming; the ends are where arithmetic breaks.
    function bound(uint256 seed, uint256 min, uint256 max) internal pure returns (uint256) {
        require(min <= max, BadBounds(min, max));
        if (seed >= min && seed <= max) return seed;
        uint256 pick = seed & 7;
        if (pick == 0) return min;
        if (pick == 1) return max;
        uint256 span = max - min + 1;
        return span == 0 ? seed : min + ((seed >> 3) % span);
    }

    /// @notice The `i`-th of a row of independent numbers grown from one seed.
    function draw(uint256 seed, uint256 i) internal pure returns (uint256) {
        return uint256(keccak256(abi.encode(seed, i)));
    }
}
