// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {IReputationLedger} from "../interfaces/IReputationLedger.sol";
import {IRewardMinter} from "../interfaces/IRewardMinter.sol";
import {SkillScore} from "../libraries/SkillScore.sol";

/// @title MinterHarness
/// @notice Puts many accounts to the real RewardMinter in one eth_call, which lends this code the address of a peer:
///         at the vault's it hears what the minter asks of a pool, at Assay's it may credit seats. For tests only.
/// @dev Everything happens in domain 1. `rows` names the owners, one word each.
contract MinterHarness {
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

    /// @notice Closes accounts of `epoch`, from the vault's address.
    /// @return asked wei minted into or charged from each pool
    function distribute(
        IRewardMinter minter,
        uint256 epoch,
        address[1][] calldata rows
    ) external returns (uint256[] memory asked) {
        asked = new uint256[](rows.length);
        address[] memory owner = new address[](1);
        for (uint256 i; i < rows.length; ++i) {
            _asked = 0;
            owner[0] = rows[i][0];
            minter.distribute(1, epoch, owner);
            asked[i] = _asked;
        }
    }

    /// @notice Unlocks bonds, from the vault's address.
    /// @return freed gwei of each owner, zero where the minter refuses
    function unlockAll(IRewardMinter minter, address[1][] calldata rows) external returns (uint256[] memory freed) {
        freed = new uint256[](rows.length);
        for (uint256 i; i < rows.length; ++i) {
            try minter.unlock(1, rows[i][0]) returns (uint256 bond) {
                freed[i] = bond;
            } catch (bytes memory reason) {
                require(bytes4(reason) == IRewardMinter.NothingToUnlock.selector, string(reason));
            }
        }
    }

    // ------------------------------------------------------------------ Assay

    /// @notice Opens an account for each owner with an empty seat, from Assay's address.
    function factors(IRewardMinter minter, address[1][] calldata rows) external returns (uint256[] memory results) {
        results = new uint256[](rows.length);
        for (uint256 i; i < rows.length; ++i) {
            SkillScore.SeatScore[] memory seats = new SkillScore.SeatScore[](1);
            seats[0].owner = rows[i][0];
            results[i] = minter.credit(1, 0, 0, seats)[0].factor();
        }
    }

    // ----------------------------------------------------------------- anyone

    /// @param rows owner, price · claims
    function absenceCharges(
        IReputationLedger ledger,
        uint256[2][] calldata rows
    ) external view returns (uint256[] memory results) {
        results = new uint256[](rows.length);
        for (uint256 i; i < rows.length; ++i) {
            results[i] = ledger.absenceChargeOf(1, 1, address(uint160(rows[i][0])), rows[i][1]);
        }
    }

    /// @param rows epochs
    function mintables(
        IRewardMinter minter,
        uint256[1][] calldata rows
    ) external view returns (uint256[] memory results) {
        results = new uint256[](rows.length);
        for (uint256 i; i < rows.length; ++i) results[i] = minter.mintable(1, rows[i][0]);
    }

    /// @param rows epochs
    function schedules(
        IRewardMinter minter,
        uint256[1][] calldata rows
    ) external view returns (uint256[] memory results) {
        results = new uint256[](rows.length);
        for (uint256 i; i < rows.length; ++i) results[i] = minter.schedule(rows[i][0]);
    }
}
