// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {IERC1271} from "@openzeppelin/contracts/interfaces/IERC1271.sol";
import {ECDSA} from "@openzeppelin/contracts/utils/cryptography/ECDSA.sol";

/// @title ContractRequester
/// @notice A requester that is a contract: it does and signs what its owner says. For tests only.
contract ContractRequester is IERC1271 {
    address public immutable OWNER;

    error NotOwner(address caller, address owner);
    error CallFailed(bytes answer);

    constructor() {
        OWNER = msg.sender;
    }

    function execute(address to, bytes calldata data) external returns (bytes memory answer) {
        require(msg.sender == OWNER, NotOwner(msg.sender, OWNER));
        bool done;
        // A wallet forwards calls; that is all it is for.
        // solhint-disable-next-line avoid-low-level-calls
        (done, answer) = to.call(data);
        require(done, CallFailed(answer));
    }

    /// @inheritdoc IERC1271
    function isValidSignature(bytes32 hash, bytes calldata signature) external view returns (bytes4) {
        return ECDSA.recoverCalldata(hash, signature) == OWNER ? IERC1271.isValidSignature.selector : bytes4(0);
    }
}
