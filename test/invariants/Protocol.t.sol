// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {Handler} from "./Handler.sol";
import {MoneyInvariants} from "./MoneyInvariants.sol";
import {RoundInvariants} from "./RoundInvariants.sol";
import {StakeInvariants} from "./StakeInvariants.sol";

// The runner knows only contracts of files that end in .t.sol, so the handler is one of them.
// solhint-disable-next-line no-empty-blocks
contract ProtocolHandler is Handler {}

/// @notice SPEC INV: what holds after any sequence of calls to the whole protocol. See README.md beside this file.
contract ProtocolInvariantsTest is MoneyInvariants, StakeInvariants, RoundInvariants {
    function setUp() external {
        handler = new ProtocolHandler();
    }
}
