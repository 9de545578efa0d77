// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {IStakeVault} from "../../contracts/interfaces/IStakeVault.sol";
import {SharesMath} from "../../contracts/libraries/SharesMath.sol";
import {Tally} from "./Tally.sol";

/// @title StakeActions
/// @notice What stakers and owners of operators do: SPEC STK-2 … STK-7, STK-17, STK-18.
abstract contract StakeActions is Tally {
    /// @dev Tickets that were paid out too early, too late, or with another amount (SPEC STK-7).
    uint256 public wronglyPaid;

    /// @dev Anybody stakes with anybody.
    function _stake(uint256 seed) internal {
        uint16 d = _domain(seed);
        address owner = holder(_draw(seed, 1) % OPERATORS);
        address who = holder(_draw(seed, 2) % HOLDERS);
        uint256 amount = _between(_draw(seed, 3), vault.MIN_STAKE(), 800e18);
        if (token.balanceOf(who) < amount) token.transfer(who, amount);
        (bool success, bytes memory answer) = _try(
            who,
            address(vault),
            abi.encodeCall(vault.stake, (d, owner, amount))
        );
        // A pool that was charged down to nothing takes no stake any more (SPEC REW-6); nothing else refuses.
        require(success || bytes4(answer) == IStakeVault.PoolDepleted.selector, "a stake was refused");
        if (success) _count(Action.STAKE);
    }

    function _unstake(uint256 seed) internal {
        (bool found, uint16 d, address owner, address who) = _findHolding(seed, false);
        if (!found) return;
        uint256 held = vault.holdingOf(d, owner, who).shares;
        uint256 shares = _draw(seed, 1) % 3 == 0 ? held : _between(_draw(seed, 2), 1, held / 4 + 1);
        _do(who, address(vault), abi.encodeCall(vault.requestUnstake, (d, owner, shares)));
        _count(Action.UNSTAKE);
    }

    function _cancel(uint256 seed) internal {
        (uint16 d, address owner, address who) = _ticket(seed);
        if (who == address(0)) return;
        bytes memory call = abi.encodeCall(vault.cancelUnstake, (d, owner));
        _do(who, address(vault), call);
        _count(Action.CANCEL);
        _again(who, address(vault), call);
    }

    /// @dev A ticket is paid out exactly when its time has come and what stays behind covers what is locked.
    function _withdraw(uint256 seed) internal {
        (uint16 d, address owner, address who) = _ticket(seed);
        if (who == address(0)) return;
        IStakeVault.Holding memory holding = vault.holdingOf(d, owner, who);
        if (_draw(seed, 1) % 2 == 0 && holding.readyAt > _now()) _travel(holding.readyAt - _now());
        IStakeVault.Pool memory pool = vault.poolOf(d, owner);
        uint256 assets = SharesMath.toAssetsDown(
            holding.unbondingShares,
            pool.unbonding,
            vault.sharesOf(d, owner).unbonding
        );
        uint256 left = uint256(pool.active) + pool.unbonding - assets;
        bool due = _now() >= holding.readyAt && left >= uint256(pool.locked) * 1e9;
        bytes memory call = abi.encodeCall(vault.withdraw, (d, owner));
        uint256 before = token.balanceOf(who);
        (bool success, ) = _try(who, address(vault), call);
        if (success != due || token.balanceOf(who) != before + (due ? assets : 0)) ++wronglyPaid;
        if (success) _count(Action.WITHDRAW);
        _again(who, address(vault), call);
        // The only ticket may be of a pool that stays locked for long.
        if (!success) _unstake(_draw(seed, 4));
    }

    function _rest(uint256 seed) internal {
        uint16 d = _domain(seed);
        uint256 i = _draw(seed, 1) % OPERATORS;
        // Mostly at work, or nobody would sit.
        bool resting = _draw(seed, 2) % 4 == 0;
        _do(holder(i), address(vault), abi.encodeCall(vault.rest, (d, resting)));
        _resting[d][i] = resting;
        _count(Action.REST);
    }

    function _commission(uint256 seed) internal {
        uint16 commission = uint16(_between(_draw(seed, 2), 0, vault.MAX_COMMISSION()));
        address owner = holder(_draw(seed, 1) % OPERATORS);
        _do(owner, address(vault), abi.encodeCall(vault.setCommission, (_domain(seed), commission)));
        _count(Action.COMMISSION);
    }

    /// @dev A domain that lost its weight gets it back, from the next epoch on: everybody works and stakes again.
    function _revive(uint16 d) internal {
        for (uint256 i; i < OPERATORS; ++i) {
            _do(holder(i), address(vault), abi.encodeCall(vault.rest, (d, false)));
            _resting[d][i] = false;
            // Two such pools lift a family above its floor even where R is lowest. A depleted pool refuses.
            token.transfer(holder(i), 6_000e18);
            _try(holder(i), address(vault), abi.encodeCall(vault.stake, (d, holder(i), 6_000e18)));
        }
        _travel(EPOCH);
    }

    /// @dev A ticket to cancel or to withdraw; makes one if there is none.
    function _ticket(uint256 seed) private returns (uint16 d, address owner, address who) {
        bool found;
        (found, d, owner, who) = _findHolding(_draw(seed, 10), true);
        if (found) return (d, owner, who);
        _unstake(_draw(seed, 11));
        (, d, owner, who) = _findHolding(_draw(seed, 10), true);
    }

    /// @dev Somebody who holds shares, or a ticket worth something.
    function _findHolding(
        uint256 seed,
        bool ticket
    ) private view returns (bool found, uint16 d, address owner, address who) {
        uint256 all = DOMAINS * OPERATORS * HOLDERS;
        uint256 start = seed % all;
        for (uint256 k; k < all; ++k) {
            uint256 place = (start + k) % all;
            d = uint16(1 + place / (OPERATORS * HOLDERS));
            owner = holder((place / HOLDERS) % OPERATORS);
            who = holder(place % HOLDERS);
            IStakeVault.Holding memory holding = vault.holdingOf(d, owner, who);
            if (ticket ? holding.unbondingShares != 0 : holding.shares != 0) return (true, d, owner, who);
        }
        return (false, 0, address(0), address(0));
    }
}
