// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {IERC1271} from "@openzeppelin/contracts/interfaces/IERC1271.sol";

/// @title ReenteringRequester
/// @notice A requester that answers whatever it is called with by calling back; the question for its signature is answered
///         by whether that call went through. For tests only.
contract ReenteringRequester {
    address private _target;
    bytes private _data;

    /// @notice How often somebody called it unasked: hooks, callbacks, payments.
    uint256 public visits;

    error CallFailed(bytes answer);

    // A visit is answered by the planned call, whatever becomes of it.
    // solhint-disable-next-line no-complex-fallback
    fallback() external {
        ++visits;
        _call(_target, _data);
    }

    /// @notice What {isValidSignature} and every unasked visit call.
    function plan(address target, bytes calldata data) external {
        (_target, _data) = (target, data);
    }

    function execute(address to, bytes calldata data) external {
        (bool done, bytes memory answer) = _call(to, data);
        require(done, CallFailed(answer));
    }

    /// @notice ERC-1271's question, answered by an act.
    function isValidSignature(bytes32, bytes calldata) external returns (bytes4) {
        (bool done, ) = _call(_target, _data);
        return done ? IERC1271.isValidSignature.selector : bytes4(0);
    }

    function _call(address to, bytes memory data) private returns (bool, bytes memory) {
        // Any call: that is what it is for.
        // solhint-disable-next-line avoid-low-level-calls
        return to.call(data);
    }
}
