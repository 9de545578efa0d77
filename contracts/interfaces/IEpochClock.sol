// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

/// @title IEpochClock
/// @notice Epochs are counted from a common genesis; both numbers never change.
interface IEpochClock {
    /// @notice Genesis lies in the future or an epoch has no length.
    error InvalidClock(uint256 genesis, uint256 length);

    /// @notice Start of epoch 0, Unix seconds.
    function GENESIS() external view returns (uint256);

    /// @notice Length of an epoch, seconds.
    function EPOCH() external view returns (uint256);

    /// @notice The epoch of this block.
    function currentEpoch() external view returns (uint256);
}
