// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {IRandomness} from "./interfaces/IRandomness.sol";

/// @title BlockhashRandomness
/// @notice Seeds from the hash of a block two blocks ahead. For local chains and small values: whoever builds that
///         block can grind its hash, and so choose among committees (docs/auditors.md states the price).
contract BlockhashRandomness is IRandomness {
    /// @notice Blocks between a request and its seed block.
    uint256 public constant DELAY = 2;

    /// @notice Blocks the EVM itself remembers, and those EIP-2935 keeps where the chain has it.
    uint256 public constant NATIVE_HISTORY = 256;
    uint256 public constant LONG_HISTORY = 8_191;

    /// @notice The history contract of EIP-2935.
    address public constant HISTORY = 0x0000F90827F1C53a10cb7A02335B175320002935;

    /// @inheritdoc IRandomness
    function open() external view returns (uint256 ticket) {
        return block.number + DELAY;
    }

    /// @inheritdoc IRandomness
    function seedOf(uint256 ticket, bytes calldata) external view returns (uint256 seed, Status status) {
        if (block.number <= ticket) return (0, Status.PENDING);
        bytes32 hash = blockhash(ticket);
        if (hash == 0) hash = _historic(ticket);
        if (hash == 0) return (0, Status.LOST);
        return (uint256(keccak256(abi.encode(hash, ticket))), Status.READY);
    }

    /// @dev EIP-2935 takes 32 bytes of block number and reverts outside its window; without it there is no code there.
    function _historic(uint256 number) private view returns (bytes32) {
        if (HISTORY.code.length == 0 || block.number - number > LONG_HISTORY) return 0;
        (bool success, bytes memory answer) = HISTORY.staticcall(abi.encode(number));
        return success && answer.length == 32 ? abi.decode(answer, (bytes32)) : bytes32(0);
    }
}
