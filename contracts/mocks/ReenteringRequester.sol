// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {IERC1271} from "@openzeppelin/contracts/interfaces/IERC1271.sol";

/// @title ReenteringRequester
/// @notice A requester that answers the question for its signature by calling back: valid if that call went through.
///         For tests only.
contract ReenteringRequester {
    address private _target;
    bytes private _data;

    error CallFailed(bytes answer);

    /// @notice What {isValidSignature} calls.
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
