// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {Multicall} from "@openzeppelin/contracts/utils/Multicall.sol";

import {IReputationLedger} from "../interfaces/IReputationLedger.sol";
import {IRewardMinter} from "../interfaces/IRewardMinter.sol";
import {SkillScore} from "../libraries/SkillScore.sol";

/// @title MinterHarness
/// @notice Puts many accounts to the real RewardMinter by `multicall` in one eth_call, which lends this code the address of
///         a peer: at the vault's it hears what the minter asks of a pool, at Assay's it may credit seats. For tests only.
/// @dev Everything happens in domain 1.
contract MinterHarness is Multicall {
    /// @notice What the minter asked of the vault for the owner at hand.
    uint256 private _asked;

    // -------------------------------------------------------------- the vault

    function reward(uint16, address, uint256, uint256 amount) external {
        _asked = amount;
    }

    function charge(uint16, address, uint256, uint256 amount, address) external returns (uint256) {
        _asked = amount;
        return amount;
    }

    // Freeing a bond asks nothing of the vault here.
    // solhint-disable-next-line no-empty-blocks
    function unlock(uint16, address, uint256) external {}

    /// @notice Closes an account of `epoch`, from the vault's address.
    /// @return asked wei minted into or charged from the pool
    function distribute(IRewardMinter minter, uint256 epoch, address owner) external returns (uint256 asked) {
        address[] memory owners = new address[](1);
        owners[0] = owner;
        _asked = 0;
        minter.distribute(1, epoch, owners);
        return _asked;
    }

    /// @notice Unlocks bonds, from the vault's address.
    /// @return freed gwei, zero where the minter refuses
    function unlocked(IRewardMinter minter, address owner) external returns (uint256 freed) {
        try minter.unlock(1, owner) returns (uint256 bond) {
            return bond;
        } catch (bytes memory reason) {
            require(bytes4(reason) == IRewardMinter.NothingToUnlock.selector, string(reason));
        }
    }

    // ------------------------------------------------------------------ Assay

    /// @notice Opens an account with an empty seat, from Assay's address.
    function factor(IRewardMinter minter, address owner) external returns (uint256) {
        SkillScore.SeatScore[] memory seats = new SkillScore.SeatScore[](1);
        seats[0].owner = owner;
        return minter.credit(1, 0, 0, seats)[0].factor();
    }

    // ----------------------------------------------------------------- anyone

    /// @param fee price · claims
    function absenceCharge(IReputationLedger ledger, address owner, uint256 fee) external view returns (uint256) {
        return ledger.absenceChargeOf(1, 1, owner, fee);
    }

    function mintable(IRewardMinter minter, uint256 epoch) external view returns (uint256) {
        return minter.mintable(1, epoch);
    }

    function schedule(IRewardMinter minter, uint256 epoch) external view returns (uint256) {
        return minter.schedule(epoch);
    }
}
