// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {SharesMath} from "../../contracts/libraries/SharesMath.sol";
import {Assert} from "../utils/Assert.sol";

/// @notice SPEC STK-3: share arithmetic rounds against whoever moves, so that no sequence of moves gains.
contract SharesMathTest {
    uint256 private constant MAX_SUPPLY = 2 ** 84 - 1;
    uint256 private constant MAX_SHARES = type(uint112).max;

    function testConversionsRoundDown(uint256 amount, uint256 assets, uint256 shares) external pure {
        amount = Assert.bound(amount, 0, MAX_SUPPLY);
        assets = Assert.bound(assets, 0, MAX_SUPPLY);
        shares = Assert.bound(shares, 0, MAX_SHARES);
        uint256 bought = SharesMath.toSharesDown(amount, assets, shares);
        Assert.eq(bought, (amount * (shares + 1_000)) / (assets + 1), "shares");
        uint256 part = Assert.bound(amount, 0, shares);
        uint256 paid = SharesMath.toAssetsDown(part, assets, shares);
        Assert.eq(paid, (part * (assets + 1)) / (shares + 1_000), "assets");
    }

    /// @notice Holders together never own more than the pool.
    function testSharesAreWorthAtMostThePool(uint256 part, uint256 assets, uint256 shares) external pure {
        assets = Assert.bound(assets, 0, MAX_SUPPLY);
        shares = Assert.bound(shares, 0, MAX_SHARES);
        part = Assert.bound(part, 0, shares);
        uint256 whole =
            SharesMath.toAssetsDown(part, assets, shares) + SharesMath.toAssetsDown(shares - part, assets, shares);
        Assert.le(whole, assets, "two holders of everything");
    }

    /// @notice In and out again never gains, and never lowers the price for those who stay.
    function testRoundTripNeverGains(uint256 amount, uint256 assets, uint256 shares) external pure {
        amount = Assert.bound(amount, 0, MAX_SUPPLY / 2);
        assets = Assert.bound(assets, 0, MAX_SUPPLY / 2);
        shares = Assert.bound(shares, 0, MAX_SHARES);
        uint256 bought = SharesMath.toSharesDown(amount, assets, shares);
        _priceNotLower(assets, shares, assets + amount, shares + bought, "after a stake");
        uint256 back = SharesMath.toAssetsDown(bought, assets + amount, shares + bought);
        Assert.le(back, amount, "back against in");
        _priceNotLower(assets + amount, shares + bought, assets + amount - back, shares, "after an unstake");
    }

    /// @notice INV-17: 1–500 round trips of 0–20 wei: neither the one who moves nor those who stay lose to rounding tricks.
    function testSmallRepeatsNeverGain(uint256 seed, uint256 repeats) external pure {
        repeats = Assert.bound(repeats, 1, 500);
        uint256 assets = Assert.bound(Assert.draw(seed, 0), 0, 1e6);
        uint256 shares = Assert.bound(Assert.draw(seed, 1), 0, 1e9);
        uint256 stayed = SharesMath.toAssetsDown(shares, assets, shares);
        uint256 held;
        uint256 paid;
        uint256 got;
        uint256 others = shares;
        for (uint256 i; i < repeats; ++i) {
            seed = Assert.draw(seed, i);
            if (seed & 1 == 0) {
                uint256 amount = (seed >> 8) % 21;
                uint256 bought = SharesMath.toSharesDown(amount, assets, shares);
                (paid, held) = (paid + amount, held + bought);
                (assets, shares) = (assets + amount, shares + bought);
            } else {
                uint256 part = (seed >> 8) % (held + 1);
                uint256 out = SharesMath.toAssetsDown(part, assets, shares);
                (got, held) = (got + out, held - part);
                (assets, shares) = (assets - out, shares - part);
            }
        }
        uint256 rest = SharesMath.toAssetsDown(held, assets, shares);
        Assert.le(got + rest, paid, "out against in");
        Assert.le(stayed, SharesMath.toAssetsDown(others, assets, shares), "those who stayed");
    }

    /// @notice A first depositor who could give the pool 0–2^96 wei would lose a thousand times what a victim loses.
    /// @dev The vault books only what it is told, so nobody can; the virtual shares hold even so.
    function testDonationNeverPays(uint256 first, uint256 gift, uint256 victim) external pure {
        first = Assert.bound(first, 1, MAX_SUPPLY);
        gift = Assert.bound(gift, 0, 2 ** 96);
        victim = Assert.bound(victim, 1, MAX_SUPPLY);
        uint256 mine = SharesMath.toSharesDown(first, 0, 0);
        uint256 assets = first + gift;
        uint256 theirs = SharesMath.toSharesDown(victim, assets, mine);
        uint256 end = SharesMath.toAssetsDown(mine, assets + victim, mine + theirs);
        Assert.le(end, first + gift, "attacker against what it put in");
        uint256 left = SharesMath.toAssetsDown(theirs, assets + victim, mine + theirs);
        uint256 lost = victim - left;
        uint256 cost = first + gift - end;
        if (lost > 2) Assert.le(lost, cost * 1_000 + 1_000, "what a victim loses against what the attack costs");
    }

    function _priceNotLower(
        uint256 assets,
        uint256 shares,
        uint256 assetsAfter,
        uint256 sharesAfter,
        string memory when
    ) private pure {
        Assert.le((assets + 1) * (sharesAfter + 1_000), (assetsAfter + 1) * (shares + 1_000), when);
    }
}
