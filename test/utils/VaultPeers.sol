// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {DomainRegistry} from "../../contracts/DomainRegistry.sol";
import {IStakeVault} from "../../contracts/interfaces/IStakeVault.sol";
import {StakeVault} from "../../contracts/StakeVault.sol";
import {WorkToken} from "../../contracts/WorkToken.sol";
import {Defaults} from "./Defaults.sol";
import {VM} from "./Vm.sol";

/// @title VaultPeers
/// @notice The real token, registry and vault; the test itself stands where Assay, ledger, minter and clone registry stand, so that it
///         can lock, charge, reward and rate in any order.
abstract contract VaultPeers {
    WorkToken internal token;
    DomainRegistry internal registry;
    StakeVault internal vault;
    uint16 internal domain;

    /// @dev One domain with `families` listed families, and WORK for everybody from this contract.
    function _deploy(uint256 families) internal {
        uint256 nonce = VM.getNonce(address(this));
        address vaultAt = VM.computeCreateAddress(address(this), nonce + 2);
        token = new WorkToken(address(this), 2 ** 84 - 1, address(this));
        registry = new DomainRegistry(
            address(this),
            token,
            vaultAt,
            block.timestamp,
            Defaults.EPOCH,
            Defaults.DOMAIN_FEE,
            Defaults.FAMILY_BOND,
            2 days
        );
        vault = new StakeVault(
            token,
            registry,
            address(this),
            address(this),
            address(this),
            address(this),
            block.timestamp,
            Defaults.EPOCH,
            Defaults.UNBONDING
        );
        require(address(vault) == vaultAt, "vault is not where it was predicted");
        token.approve(address(registry), type(uint256).max);
        domain = registry.createDomain(
            "grounded",
            Defaults.MIN_SELF_BOND,
            Defaults.MIN_FAMILY_WEIGHT,
            Defaults.parameters()
        );
        for (uint256 f; f < families; ++f) {
            string memory label = string.concat("family ", string(abi.encodePacked(uint8(65 + f))));
            registry.listFamily(domain, registry.proposeFamily(domain, label));
        }
    }

    function _register(address owner, uint256 family) internal {
        VM.prank(owner);
        vault.register(domain, owner, uint8(family), 1_000, keccak256(abi.encode(owner)), "");
    }

    /// @dev `holder` gets `assets` wei and stakes them into the pool of `owner`.
    function _stake(address owner, address holder, uint256 assets) internal returns (uint256 shares) {
        token.transfer(holder, assets);
        VM.startPrank(holder);
        token.approve(address(vault), type(uint256).max);
        shares = vault.stake(domain, owner, assets);
        VM.stopPrank();
    }

    function _unstake(address owner, address holder, uint256 shares) internal returns (uint256) {
        VM.prank(holder);
        return vault.requestUnstake(domain, owner, shares);
    }

    function _cancel(address owner, address holder) internal returns (uint256) {
        VM.prank(holder);
        return vault.cancelUnstake(domain, owner);
    }

    function _withdraw(address owner, address holder) internal returns (uint256) {
        VM.prank(holder);
        return vault.withdraw(domain, owner);
    }

    function _reward(address owner, uint256 amount) internal {
        token.mint(address(vault), amount);
        vault.reward(domain, owner, vault.currentEpoch(), amount);
    }

    function _charge(address owner, uint256 bond, uint256 amount) internal returns (uint256) {
        return vault.charge(domain, owner, bond, amount, address(0));
    }

    function _lock(address owner, uint256 bond) internal {
        vault.takeSeat(domain, owner, owner, vault.currentEpoch(), bond);
    }

    function _skip(uint256 time) internal {
        VM.warp(VM.getBlockTimestamp() + time);
    }

    /// @dev Everything a holder has in a pool, wei.
    function _worth(address owner, address holder) internal view returns (uint256) {
        (uint256 active, uint256 unbonding) = vault.assetsOf(domain, owner, holder);
        return active + unbonding;
    }

    function _pool(address owner) internal view returns (IStakeVault.Pool memory) {
        return vault.poolOf(domain, owner);
    }
}
