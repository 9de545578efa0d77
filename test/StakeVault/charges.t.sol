// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {IStakeVault} from "../../contracts/interfaces/IStakeVault.sol";
import {DomainWindow} from "../../contracts/libraries/DomainWindow.sol";
import {Assert} from "../utils/Assert.sol";
import {Defaults} from "../utils/Defaults.sol";
import {VaultPeers} from "../utils/VaultPeers.sol";
import {VM} from "../utils/Vm.sol";

/// @notice SPEC STK, DOM: charges reach unbonding stake, seats never pay for each other, dust families count for nothing.
contract StakeVaultChargesTest is VaultPeers {
    address private constant OPERATOR = address(0xa1);
    address private constant HOLDER = address(0xb1);

    function setUp() external {
        _deploy(16);
        _register(OPERATOR, 0);
        _stake(OPERATOR, OPERATOR, 2_000e18);
    }

    /// @notice STK-8, STK-13: a charge takes the same fraction of active and unbonding stake, to a wei.
    function testChargesTakeTheSameFraction(uint256 part, uint256 amount) external {
        _unstake(OPERATOR, OPERATOR, Assert.bound(part, 1, vault.holdingOf(domain, OPERATOR, OPERATOR).shares));
        IStakeVault.Pool memory pool = _pool(OPERATOR);
        uint256 assets = uint256(pool.active) + pool.unbonding;
        amount = Assert.bound(amount, 0, assets);
        uint256 supply = token.totalSupply();
        Assert.eq(_charge(OPERATOR, 0, amount), amount, "charged");
        IStakeVault.Pool memory left = _pool(OPERATOR);
        Assert.eq(uint256(left.active) + left.unbonding, assets - amount, "both sides together");
        Assert.near(uint256(left.unbonding) * assets, (assets - amount) * pool.unbonding, assets, "unbonding side");
        Assert.near(uint256(left.active) * assets, (assets - amount) * pool.active, assets, "active side");
        Assert.eq(token.totalSupply(), supply - amount, "burned");
    }

    /// @notice STK-8, the dodger: a charge a second before, at, and a second after the end of the wait finds the stake,
    ///         unless it was withdrawn already; the wait is never shorter than UNBONDING.
    function testSlashHitsUnbonding(uint256 delay, uint256 amount) external {
        uint256 stakeAtRisk = 1_000e18;
        _stake(OPERATOR, HOLDER, stakeAtRisk);
        _unstake(OPERATOR, HOLDER, vault.holdingOf(domain, OPERATOR, HOLDER).shares);
        uint256 readyAt = vault.holdingOf(domain, OPERATOR, HOLDER).readyAt;
        Assert.eq(readyAt, VM.getBlockTimestamp() + Defaults.UNBONDING, "end of the wait");
        amount = Assert.bound(amount, 1e18, 2_000e18);
        VM.warp(readyAt + (delay % 3) - 1);
        uint256 before = _worth(OPERATOR, HOLDER);
        _charge(OPERATOR, 0, amount);
        uint256 fair = (before * amount) / 3_000e18;
        Assert.near(_worth(OPERATOR, HOLDER), before - fair, 2, "the holder lost its fraction");
        if (delay % 3 == 0) {
            VM.expectRevert(abi.encodeWithSelector(IStakeVault.StillUnbonding.selector, readyAt - 1, readyAt));
            this.withdraw();
        } else {
            Assert.near(_withdraw(OPERATOR, HOLDER), before - fair, 2, "what is left comes out");
        }
    }

    function withdraw() external {
        VM.prank(HOLDER);
        vault.withdraw(domain, OPERATOR);
    }

    /// @notice STK-11, STK-12: seats that are charged up to their bonds, in any order, are always paid in full, and what other
    ///         seats hold stays whole.
    /// forge-config: default.fuzz.runs = 250
    function testSeatsPayForThemselvesOnly(uint256 seed, uint256 seats) external {
        seats = Assert.bound(seats, 1, 12);
        uint256 pool = 2_000e9; // gwei
        uint256[] memory bonds = new uint256[](seats);
        uint256 locked;
        for (uint256 i; i < seats; ++i) {
            bonds[i] = Assert.bound(Assert.draw(seed, i), 1, (pool - locked) / 2);
            _lock(OPERATOR, bonds[i]);
            locked += bonds[i];
        }
        for (uint256 i; i < seats; ++i) {
            uint256 due = Assert.bound(Assert.draw(seed, 100 + i), 0, bonds[i] * 1e9);
            Assert.eq(_charge(OPERATOR, bonds[i], due), due, "a charge within its bond is paid in full");
            locked -= bonds[i];
            _solvent(locked);
        }
    }

    /// @notice STK-12: a charge above its bond takes free stake at most; the rest is forgiven, never taken from other seats.
    function testChargesNeverTouchOtherBonds(uint256 bond, uint256 other, uint256 amount) external {
        bond = Assert.bound(bond, 1, 1_000e9);
        other = Assert.bound(other, 1, 1_000e9);
        _lock(OPERATOR, bond);
        _lock(OPERATOR, other);
        amount = Assert.bound(amount, 0, 4_000e18);
        uint256 free = 2_000e18 - other * 1e9;
        Assert.eq(_charge(OPERATOR, bond, amount), amount < free ? amount : free, "charged");
        _solvent(other);
    }

    /// @notice STK-11, the flood: however many seats are offered, an operator locks no more than it has and refuses the rest.
    /// forge-config: default.fuzz.runs = 250
    function testBondLocksStopAtTheStake(uint256 bond, uint256 seats) external {
        bond = Assert.bound(bond, 50e9, 3_000e9);
        seats = Assert.bound(seats, 1, 50);
        uint256 room = 2_000e9 / bond;
        uint256 epoch = vault.currentEpoch();
        for (uint256 i; i < seats && i < room; ++i) _lock(OPERATOR, bond);
        uint256 locked = bond * (seats < room ? seats : room);
        _solvent(locked);
        Assert.eq(vault.freeStake(domain, OPERATOR), 2_000e9 - locked, "free stake");
        if (seats < room) return;
        VM.expectRevert(abi.encodeWithSelector(IStakeVault.InsufficientFreeStake.selector, 2_000e9 - locked, bond));
        vault.takeSeat(domain, OPERATOR, OPERATOR, epoch, bond);
    }

    /// @notice STK-7: locked stake cannot leave, not even after the wait; the rest can.
    function testLockedStakeStays(uint256 bond, uint256 part) external {
        bond = Assert.bound(bond, 1, 2_000e9);
        uint256 shares = vault.holdingOf(domain, OPERATOR, OPERATOR).shares;
        uint256 assets = _unstake(OPERATOR, OPERATOR, Assert.bound(part, shares / 4, shares));
        _lock(OPERATOR, bond);
        _skip(Defaults.UNBONDING);
        uint256 ticket = vault.holdingOf(domain, OPERATOR, OPERATOR).unbondingShares;
        Assert.le(1, ticket, "a ticket to withdraw");
        (, uint256 worth) = vault.assetsOf(domain, OPERATOR, OPERATOR);
        uint256 left = 2_000e18 - worth;
        VM.startPrank(OPERATOR);
        if (left < bond * 1e9) {
            VM.expectRevert(abi.encodeWithSelector(IStakeVault.StakeLocked.selector, left, bond * 1e9));
            vault.withdraw(domain, OPERATOR);
        } else {
            Assert.near(vault.withdraw(domain, OPERATOR), assets, 1, "withdrawn");
        }
        VM.stopPrank();
        _solvent(bond);
    }

    /// @notice DOM-7: families below the floor, however many, add nothing to the sums and cannot be drawn.
    /// forge-config: default.fuzz.runs = 250
    function testDustFamiliesCountForNothing(uint256 seed, uint256 count) external {
        count = Assert.bound(count, 1, 8);
        for (uint256 f; f < count; ++f) {
            address owner = address(uint160(0xe000 + f));
            _register(owner, 1 + f);
            _stake(owner, owner, Assert.bound(Assert.draw(seed, f), 100e18, 1_000e18 - 1));
        }
        DomainWindow.Sums memory sums = vault.nextDomainSums(domain);
        Assert.eq(sums.weight, 2_000e9, "W without dust");
        Assert.eq(sums.families, 1, "families without dust");
        _skip(Defaults.EPOCH);
        for (uint256 f; f < count; ++f) {
            address owner = address(uint160(0xe000 + f));
            IStakeVault.SeatWeights memory seat = vault.seatWeights(domain, owner, vault.currentEpoch());
            Assert.isTrue(seat.weight != 0, "it does have weight");
            Assert.eq(seat.familyWeight, 0, "but its family does not count");
        }
    }

    /// @notice DOM-7, STK-10: one wei across the floor and back moves the sums by the whole family, exactly.
    function testTheFloorIsExact(uint256 over) external {
        over = Assert.bound(over, 1, 1_000);
        address owner = address(0xe000);
        _register(owner, 1);
        _stake(owner, owner, 1_000e18 - 1);
        Assert.eq(vault.nextDomainSums(domain).weight, 2_000e9, "just below the floor");
        _stake(owner, owner, over * 1e15);
        uint256 weight = vault.seatWeights(domain, owner, vault.currentEpoch() + 1).weight;
        Assert.eq(vault.nextDomainSums(domain).weight, 2_000e9 + weight, "at the floor");
        Assert.eq(vault.nextDomainSums(domain).families, 2, "families");
        _charge(owner, 0, over * 1e15);
        Assert.eq(vault.nextDomainSums(domain).weight, 2_000e9, "back below the floor");
        Assert.eq(vault.nextDomainSums(domain).families, 1, "families after");
    }

    function _solvent(uint256 locked) private view {
        IStakeVault.Pool memory pool = _pool(OPERATOR);
        Assert.eq(pool.locked, locked, "locked");
        Assert.le(uint256(pool.locked) * 1e9, uint256(pool.active) + pool.unbonding, "locked against the pool");
    }
}
