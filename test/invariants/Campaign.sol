// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {Handler} from "./Handler.sol";

/// @title Campaign
/// @notice What every invariant test shares: the handler, its targets, and the check that a run did everything.
abstract contract Campaign {
    Handler internal handler;

    error NeverHappened(Handler.Action action);

    function targetContracts() external view returns (address[] memory targets) {
        targets = new address[](1);
        targets[0] = address(handler);
    }

    /// @notice Ends every run: one in which an action never happened proved nothing about it.
    function afterInvariant() external view {
        (bool done, Handler.Action missing) = handler.complete();
        require(done, NeverHappened(missing));
    }
}
