// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

/// @title EpochWindow
/// @notice A number with three values (previous, current, next epoch) in one slot: exact for the current and the
///         previous epoch whatever happens, at the cost of one storage write a change.
/// @dev Layout from the low bit: `previous` 56 | `current` 56 | `next` 56 | `epoch` 24 | `tail` 64 (owned by the user).
///      `epoch` is the epoch in which `current` was current when last written; reading rolls it forward in memory.
library EpochWindow {
    uint256 private constant LANE = 56;
    uint256 private constant MASK = (1 << LANE) - 1;
    uint256 private constant EPOCH_OFFSET = 168;
    uint256 private constant EPOCH_MASK = (1 << 24) - 1;
    uint256 private constant TAIL_OFFSET = 192;

    /// @notice Only three epochs can be read.
    /// @param asked epoch asked for
    /// @param current epoch of the caller's clock; `current − 1`, `current` and `current + 1` can be read
    error EpochOutsideWindow(uint256 asked, uint256 current);

    /// @notice Rolls the window forward so that its middle value is the one of `epoch`.
    function roll(uint256 window, uint256 epoch) internal pure returns (uint256) {
        uint256 written = (window >> EPOCH_OFFSET) & EPOCH_MASK;
        if (written == epoch) return window;
        uint256 coming = (window >> (2 * LANE)) & MASK;
        uint256 previous = epoch == written + 1 ? (window >> LANE) & MASK : coming;
        return
            ((window >> TAIL_OFFSET) << TAIL_OFFSET) |
            (epoch << EPOCH_OFFSET) |
            (coming << (2 * LANE)) |
            (coming << LANE) |
            previous;
    }

    /// @notice The value at `asked`, seen from `current`.
    /// @dev Rolling moves every value one lane down an epoch and repeats the last, so it is lane
    ///      min(asked + 1 − written, 2) of the window as it was written.
    function at(uint256 window, uint256 asked, uint256 current) internal pure returns (uint256) {
        return valueOf(window, lane(window, asked, current));
    }

    /// @notice The value in a lane, see {lane}.
    function valueOf(uint256 window, uint256 index) internal pure returns (uint256) {
        // Fits: a lane is at most 2.
        unchecked {
            return (window >> (LANE * index)) & MASK;
        }
    }

    /// @notice Which of the three written values is in force at `asked`: 0, 1 or 2.
    function lane(uint256 window, uint256 asked, uint256 current) internal pure returns (uint256) {
        require(asked + 1 >= current && asked <= current + 1, EpochOutsideWindow(asked, current));
        // No underflow: a window is never written ahead of the clock, so written ≤ current ≤ asked + 1.
        unchecked {
            uint256 age = asked + 1 - ((window >> EPOCH_OFFSET) & EPOCH_MASK);
            return age > 2 ? 2 : age;
        }
    }

    /// @notice The value of the next epoch.
    function next(uint256 window) internal pure returns (uint256) {
        return (window >> (2 * LANE)) & MASK;
    }

    /// @notice Rolls to `epoch` and replaces the next epoch's value.
    /// @param value below 2^56; weights are gwei of a supply below 2^84 wei, so it always is
    function setNext(uint256 window, uint256 epoch, uint256 value) internal pure returns (uint256) {
        return (roll(window, epoch) & ~(MASK << (2 * LANE))) | (value << (2 * LANE));
    }

    /// @notice Whether all three values are zero.
    function isZero(uint256 window) internal pure returns (bool) {
        return window & ((1 << EPOCH_OFFSET) - 1) == 0;
    }

    /// @notice The 64 bits above the window, which belong to its user.
    function tail(uint256 window) internal pure returns (uint256) {
        return window >> TAIL_OFFSET;
    }

    /// @notice Replaces the 64 bits above the window.
    function setTail(uint256 window, uint256 value) internal pure returns (uint256) {
        return (window & ((1 << TAIL_OFFSET) - 1)) | (value << TAIL_OFFSET);
    }
}
