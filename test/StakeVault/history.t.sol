// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {IStakeVault} from "../../contracts/interfaces/IStakeVault.sol";
import {DomainWindow} from "../../contracts/libraries/DomainWindow.sol";
import {Sortition} from "../../contracts/libraries/Sortition.sol";
import {Assert} from "../utils/Assert.sol";
import {Defaults} from "../utils/Defaults.sol";
import {VaultPeers} from "../utils/VaultPeers.sol";
import {VM} from "../utils/Vm.sol";

/// @notice SPEC EPO-2 … EPO-4, STK-9, STK-10: weights, tiers, families and sums of the real vault against a full history.
contract StakeVaultHistoryTest is VaultPeers {
    uint256 private constant STEPS = 20;
    uint256 private constant OPERATORS = 5;
    uint256 private constant FAMILIES = 3;

    /// @dev What the history says about one operator in one epoch.
    struct Seat {
        uint256 weight;
        uint256 tier;
        uint256 family;
    }

    mapping(uint256 epoch => mapping(uint256 operator => Seat)) private _history;
    uint256[OPERATORS] private _reputation;
    bool[OPERATORS] private _resting;
    /// @dev Epoch from which an operator counts in the family it was moved to last.
    uint256[OPERATORS] private _movedFrom;
    uint256 private _epoch;

    function setUp() external {
        _deploy(FAMILIES);
        for (uint256 i; i < OPERATORS; ++i) {
            _reputation[i] = 1e18;
            _register(_owner(i), i % FAMILIES);
            token.transfer(_owner(i), 1e24);
            VM.prank(_owner(i));
            token.approve(address(vault), type(uint256).max);
            _history[0][i] = Seat(0, 2, i % FAMILIES);
            _history[1][i].family = i % FAMILIES;
            // Families of two begin above the floor, the family of one below it.
            VM.prank(_owner(i));
            vault.stake(domain, _owner(i), 600e18);
            _note(i);
        }
        // The first readable previous epoch must exist.
        _pass(1);
    }

    /// @notice 20 random changes and jumps a run, so 20,000 in the default run; at each step weights, tiers, family
    ///         weights and sums of all readable epochs.
    /// @dev Spread over runs, because the runner keeps the trace of every call of a run in memory.
    function testVaultEqualsItsWholeHistory(uint256 seed) external {
        for (uint256 n; n < STEPS; ++n) {
            seed = uint256(keccak256(abi.encode(seed)));
            uint256 jump = seed & 15;
            if (jump < 5)
                _pass(
                    jump == 4
                        ? 4
                        : jump == 3
                            ? 2
                            : 1
                );
            uint256 i = (seed >> 8) % OPERATORS;
            _change(i, (seed >> 16) % 9, seed >> 32);
            _note(i);
            _compare(i, i);
        }
        _compare(0, OPERATORS - 1);
        _compareMembers();
        Assert.eq(vault.currentEpoch(), _epoch, "clock");
    }

    function _change(uint256 i, uint256 what, uint256 seed) private {
        address owner = _owner(i);
        if (what < 3) {
            _reputation[i] = Assert.bound(seed, 0.1e18, 10e18);
            vault.setReputation(domain, owner, _reputation[i]);
        } else if (what < 5) {
            VM.prank(owner);
            vault.stake(domain, owner, Assert.bound(seed, 1e15, 600e18));
        } else if (what == 5) {
            uint256 shares = vault.holdingOf(domain, owner, owner).shares;
            if (shares == 0) return;
            VM.prank(owner);
            vault.requestUnstake(domain, owner, Assert.bound(seed, 1, shares));
        } else if (what == 6) {
            _resting[i] = seed & 1 == 1;
            VM.prank(owner);
            vault.rest(domain, _resting[i]);
        } else if (what == 7) {
            // A move waits until the last one has aged.
            if (_movedFrom[i] >= _epoch) return;
            _movedFrom[i] = _epoch + 1;
            _history[_epoch + 1][i].family = seed % FAMILIES;
            IStakeVault.Bounty memory bounty;
            if (seed & 1 == 1) bounty.reporter = address(this);
            vault.reclassify(domain, owner, uint8(seed % FAMILIES), bounty);
        } else {
            IStakeVault.Pool memory pool = _pool(owner);
            _charge(owner, 0, Assert.bound(seed, 0, (uint256(pool.active) + pool.unbonding) / 8));
        }
    }

    /// @dev The weight and tier the operator has earned for the next epoch, by the words of STK-9 and VOTE-7.
    function _note(uint256 i) private {
        address owner = _owner(i);
        uint256 active = _pool(owner).active;
        (uint256 own, ) = vault.assetsOf(domain, owner, owner);
        uint256 r = _reputation[i] < 1e18 ? _reputation[i] : 1e18;
        bool counts = !_resting[i] && own >= uint256(Defaults.MIN_SELF_BOND) * 1e9;
        uint256 tier =
            _reputation[i] < 0.5e18
                ? 1
                : _reputation[i] < 2e18
                    ? 2
                    : _reputation[i] < 5e18
                        ? 3
                        : 4;
        uint256 family = _history[_epoch + 1][i].family;
        _history[_epoch + 1][i] = Seat(counts ? (active * r) / 1e18 / 1e9 : 0, tier, family);
    }

    function _pass(uint256 epochs) private {
        for (uint256 e; e < epochs; ++e) {
            ++_epoch;
            for (uint256 i; i < OPERATORS; ++i) _history[_epoch + 1][i] = _history[_epoch][i];
        }
        _skip(epochs * Defaults.EPOCH);
    }

    /// @dev Compares the operators `first` to `last`, their families, and the sums of the domain.
    function _compare(uint256 first, uint256 last) private view {
        for (uint256 asked = _epoch - 1; asked <= _epoch + 1; ++asked) {
            uint256[FAMILIES] memory sums;
            for (uint256 i; i < OPERATORS; ++i) sums[_history[asked][i].family] += _history[asked][i].weight;
            for (uint256 i = first; i <= last; ++i) {
                IStakeVault.SeatWeights memory seat = vault.seatWeights(domain, _owner(i), asked);
                Assert.eq(seat.family, _history[asked][i].family, "family of a readable epoch");
                uint256 family = sums[seat.family];
                Assert.eq(seat.weight, _history[asked][i].weight, "weight of a readable epoch");
                Assert.eq(seat.tier, _history[asked][i].tier, "tier of a readable epoch");
                uint256 counted = family < Defaults.MIN_FAMILY_WEIGHT ? 0 : family;
                Assert.eq(seat.familyWeight, counted, "family weight of a readable epoch");
            }
            if (asked >= _epoch) _compareSums(asked, sums);
        }
    }

    function _compareMembers() private view {
        uint256[FAMILIES] memory members;
        for (uint256 i; i < OPERATORS; ++i) ++members[_history[_epoch + 1][i].family];
        for (uint8 f; f < FAMILIES; ++f) Assert.eq(vault.familyMembers(domain, f), members[f], "members");
    }

    function _compareSums(uint256 asked, uint256[FAMILIES] memory sums) private view {
        DomainWindow.Sums memory got = asked == _epoch ? vault.domainSums(domain) : vault.nextDomainSums(domain);
        DomainWindow.Sums memory expected;
        for (uint256 f; f < FAMILIES; ++f) {
            if (sums[f] < Defaults.MIN_FAMILY_WEIGHT) continue;
            expected.weight += sums[f];
            expected.roots += Sortition.root(sums[f]);
            ++expected.families;
        }
        Assert.eq(got.weight, expected.weight, "W");
        Assert.eq(got.roots, expected.roots, "sum of roots");
        Assert.eq(got.families, expected.families, "eligible families");
    }

    function _owner(uint256 i) private pure returns (address) {
        return address(uint160(0xa000 + i));
    }
}
