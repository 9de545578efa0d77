// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {IERC20} from "@openzeppelin/contracts/token/ERC20/IERC20.sol";
import {IERC20Permit} from "@openzeppelin/contracts/token/ERC20/extensions/IERC20Permit.sol";

/// @title IWorkToken
/// @notice WORK: staked for permission to work, burned for service. ERC-20 with EIP-2612 permits, 18 decimals.
/// @dev WORK has no transfer hooks and calls nobody. Together with the fact that every peer is an immutable contract
///      of this protocol, no outside code ever runs inside a call, so no room needs a reentrancy guard.
interface IWorkToken is IERC20, IERC20Permit {
    /// @notice The genesis supply would not fit the packed fields.
    error SupplyTooLarge(uint256 given, uint256 max);
    /// @notice Only the RewardMinter mints.
    error NotMinter(address caller, address minter);

    /// @notice The only address that can mint.
    function MINTER() external view returns (address);

    /// @notice Mints `amount` wei to `to`. Only the RewardMinter, which never mints more than was burned.
    function mint(address to, uint256 amount) external;

    /// @notice Burns `amount` wei of the caller.
    function burn(uint256 amount) external;

    /// @notice Burns `amount` wei of `from`, who allowed it.
    function burnFrom(address from, uint256 amount) external;
}
