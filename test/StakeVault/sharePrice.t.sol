// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {Assert} from "../utils/Assert.sol";
import {Defaults} from "../utils/Defaults.sol";
import {VaultPeers} from "../utils/VaultPeers.sol";
import {VM} from "../utils/Vm.sol";

/// @notice SPEC STK-3, INV-17: nobody gains by moving shares, however often, however small, whoever comes first.
contract StakeVaultSharePriceTest is VaultPeers {
    address private constant OPERATOR = address(0xa1);
    address private constant VICTIM = address(0xb1);
    address private constant ATTACKER = address(0xc1);

    function setUp() external {
        _deploy(1);
        _register(OPERATOR, 0);
    }

    /// @notice First in with the smallest stake, then a gift of 0–2^83 wei straight to the vault: it moves nothing.
    /// @dev 2^84 is the whole supply; SharesMath.t.sol takes the arithmetic to 2^96.
    function testFirstDepositAndDonation(uint256 first, uint256 gift, uint256 victim) external {
        first = Assert.bound(first, vault.MIN_STAKE(), 1e24);
        gift = Assert.bound(gift, 0, 2 ** 83);
        victim = Assert.bound(victim, vault.MIN_STAKE(), 1e24);
        _stake(OPERATOR, ATTACKER, first);
        token.transfer(address(vault), gift);
        _stake(OPERATOR, VICTIM, victim);
        Assert.le(_worth(OPERATOR, ATTACKER), first, "attacker against its stake");
        Assert.le(victim - 1, _worth(OPERATOR, VICTIM), "victim loses at most a wei");
        Assert.eq(_pool(OPERATOR).active, first + victim, "the vault books what it was told");
    }

    /// @notice The same through the only real gift there is, a reward into the pool: whoever gives it loses it to others.
    function testFirstDepositAndReward(uint256 first, uint256 gift, uint256 victim) external {
        first = Assert.bound(first, vault.MIN_STAKE(), 1e24);
        gift = Assert.bound(gift, 0, 1e24);
        victim = Assert.bound(victim, vault.MIN_STAKE(), 1e24);
        _stake(OPERATOR, ATTACKER, first);
        _reward(OPERATOR, gift);
        _stake(OPERATOR, VICTIM, victim);
        uint256 operator = _worth(OPERATOR, OPERATOR);
        Assert.le(_worth(OPERATOR, ATTACKER) + operator, first + gift, "attacker and operator against what came in");
        // A share costs at most (first + gift) / (1,000 · first): that much can be lost to rounding.
        uint256 share = (first + gift) / (first * 1_000) + 1;
        Assert.le(victim, _worth(OPERATOR, VICTIM) + share + 1, "victim loses less than a share");
    }

    /// @notice INV-17: 1–500 repeats of unstaking 0–20 shares or wei's worth and cancelling: never more than before.
    /// forge-config: default.fuzz.runs = 250
    function testSmallUnstakesAndCancels(uint256 seed, uint256 repeats, uint256 skew) external {
        // Long rows are rare, because each costs a thousand calls.
        repeats = Assert.bound(repeats, 1, seed % 50 == 0 ? 500 : 12);
        _skew(skew);
        uint256 before = _worth(OPERATOR, ATTACKER);
        uint256 others = _worth(OPERATOR, VICTIM);
        for (uint256 i; i < repeats; ++i) {
            uint256 shares = 1 + (Assert.draw(seed, i) % 20_000);
            _unstake(OPERATOR, ATTACKER, shares);
            if (vault.holdingOf(domain, OPERATOR, ATTACKER).unbondingShares != 0) _cancel(OPERATOR, ATTACKER);
        }
        Assert.le(_worth(OPERATOR, ATTACKER), before, "attacker after the repeats");
        Assert.le(others, _worth(OPERATOR, VICTIM), "those who sat still");
    }

    /// @notice INV-17: repeats of stake, unstake, wait, withdraw: money out never exceeds money in.
    /// forge-config: default.fuzz.runs = 250
    function testRepeatedRoundTrips(uint256 seed, uint256 repeats, uint256 skew) external {
        repeats = Assert.bound(repeats, 1, 8);
        _skew(skew);
        uint256 others = _worth(OPERATOR, VICTIM);
        uint256 worth = _worth(OPERATOR, ATTACKER);
        uint256 paid;
        uint256 got;
        for (uint256 i; i < repeats; ++i) {
            uint256 amount = vault.MIN_STAKE() + (Assert.draw(seed, i) % 20);
            uint256 shares = _stake(OPERATOR, ATTACKER, amount);
            paid += amount;
            _unstake(OPERATOR, ATTACKER, shares);
            if (Assert.draw(seed, i) & 64 == 0) {
                _cancel(OPERATOR, ATTACKER);
            } else {
                _skip(Defaults.UNBONDING);
                got += _withdraw(OPERATOR, ATTACKER);
            }
        }
        Assert.le(got + _worth(OPERATOR, ATTACKER), paid + worth, "out against in");
        Assert.le(others, _worth(OPERATOR, VICTIM), "those who sat still");
    }

    /// @notice Holders of a pool, in any order of leaving, take out at most what went in, plus rewards, less charges.
    /// forge-config: default.fuzz.runs = 250
    function testEverybodyLeaves(uint256 seed, uint256 reward, uint256 part) external {
        uint256 total;
        for (uint256 i; i < 4; ++i) {
            uint256 amount = Assert.bound(Assert.draw(seed, i), vault.MIN_STAKE(), 1e24);
            _stake(OPERATOR, _holder(i), amount);
            total += amount;
        }
        _unstake(OPERATOR, _holder(0), vault.holdingOf(domain, OPERATOR, _holder(0)).shares / 2 + 1);
        reward = Assert.bound(reward, 0, 1e24);
        _reward(OPERATOR, reward);
        uint256 charged = _charge(OPERATOR, 0, Assert.bound(part, 0, total));
        uint256 left = total + reward - charged;
        uint256 out;
        for (uint256 i; i < 5; ++i) {
            address holder = i == 4 ? OPERATOR : _holder((i + (seed % 4)) % 4);
            uint256 shares = vault.holdingOf(domain, OPERATOR, holder).shares;
            if (shares != 0) _unstake(OPERATOR, holder, shares);
        }
        _skip(Defaults.UNBONDING);
        for (uint256 i; i < 5; ++i) {
            address holder = i == 4 ? OPERATOR : _holder((i + (seed % 4)) % 4);
            if (vault.holdingOf(domain, OPERATOR, holder).unbondingShares != 0) out += _withdraw(OPERATOR, holder);
        }
        Assert.le(out, left, "all withdrawals together");
        Assert.eq(token.balanceOf(address(vault)), left - out, "what nobody owns stays in the vault");
        Assert.eq(uint256(_pool(OPERATOR).active) + _pool(OPERATOR).unbonding, left - out, "and in the books");
    }

    /// @dev Attacker and victim in a pool whose prices of both sides have left 1:1.
    function _skew(uint256 skew) private {
        _stake(OPERATOR, ATTACKER, 1e18);
        _stake(OPERATOR, VICTIM, Assert.bound(Assert.draw(skew, 0), vault.MIN_STAKE(), 1e22));
        _unstake(OPERATOR, VICTIM, Assert.bound(Assert.draw(skew, 1), 1, 1e18));
        _charge(OPERATOR, 0, Assert.bound(Assert.draw(skew, 2), 0, 0.9e18));
        _reward(OPERATOR, Assert.bound(Assert.draw(skew, 3), 0, 1e18));
    }

    function _holder(uint256 i) private pure returns (address) {
        return address(uint160(0xd000 + i));
    }
}
