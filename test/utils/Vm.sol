// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

/// @title Vm
/// @notice The cheatcodes the Solidity tests use; the runner answers them at {VM}.
interface Vm {
    /// @notice A recorded event.
    struct Log {
        bytes32[] topics;
        bytes data;
        address emitter;
    }

    /// @notice Sets `block.timestamp`, Unix seconds.
    function warp(uint256 timestamp) external;
    /// @notice Sets `block.number`.
    function roll(uint256 number) external;
    /// @notice Sets the hash of one of the last 256 blocks.
    function setBlockhash(uint256 number, bytes32 hash) external;
    /// @notice The next call comes from `sender`.
    function prank(address sender) external;
    /// @notice Every call until {stopPrank} comes from `sender`.
    function startPrank(address sender) external;
    function stopPrank() external;
    /// @notice Address of the contract `deployer` creates with `nonce`.
    function computeCreateAddress(address deployer, uint256 nonce) external pure returns (address);
    function getNonce(address account) external view returns (uint64);
    /// @notice Signature of `digest` by a private key.
    function sign(uint256 privateKey, bytes32 digest) external pure returns (uint8 v, bytes32 r, bytes32 s);
    function getBlockTimestamp() external view returns (uint256);
    function getBlockNumber() external view returns (uint256);
    /// @notice Keeps every event from now on for {getRecordedLogs}.
    function recordLogs() external;
    /// @notice Events since {recordLogs} or the last call of this; forgets them.
    function getRecordedLogs() external returns (Log[] memory);
    /// @notice The next call must revert with exactly this data.
    function expectRevert(bytes calldata data) external;
    /// @notice The next call must revert with an error of this selector.
    function expectPartialRevert(bytes4 selector) external;
}

Vm constant VM = Vm(address(uint160(uint256(keccak256("hevm cheat code")))));
