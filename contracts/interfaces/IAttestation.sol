// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

/// @title IAttestation
/// @notice What a domain may ask of newcomers. Its owner chooses the contract; StakeVault asks it when somebody registers,
///         by a static call and at no other moment: it can keep somebody out, and do nothing to who is in.
interface IAttestation {
    /// @notice Reverts unless `owner` may register as an operator of `domain` now.
    function requireAdmitted(uint16 domain, address owner) external view;
}
