// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {IEpochClock} from "./interfaces/IEpochClock.sol";

/// @title EpochClock
/// @notice The calendar every room shares: `epoch = (now − GENESIS) / EPOCH`.
abstract contract EpochClock is IEpochClock {
    /// @inheritdoc IEpochClock
    uint256 public immutable GENESIS;
    /// @inheritdoc IEpochClock
    uint256 public immutable EPOCH;

    constructor(uint256 genesis, uint256 length) {
        require(length >= 1 && genesis <= block.timestamp, InvalidClock(genesis, length));
        GENESIS = genesis;
        EPOCH = length;
    }

    /// @inheritdoc IEpochClock
    function currentEpoch() public view returns (uint256) {
        // Cannot wrap: genesis lies in the past.
        unchecked {
            return (block.timestamp - GENESIS) / EPOCH;
        }
    }
}
