// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {IAssay} from "../../contracts/interfaces/IAssay.sol";
import {IRewardMinter} from "../../contracts/interfaces/IRewardMinter.sol";
import {Assert} from "../utils/Assert.sol";
import {Campaign} from "./Campaign.sol";

/// @title MoneyInvariants
/// @notice SPEC INV-1 … INV-3, INV-19, INV-20: WORK, credits, the mint and the score accounts.
abstract contract MoneyInvariants is Campaign {
    /// @notice INV-1: Σ balances = supply = genesis + minted − burned.
    function invariantTokenConservation() external view {
        uint256 burned = handler.bought() + handler.burnedByCharges() + handler.DOMAINS() * handler.DOMAIN_FEE();
        uint256 supply = handler.token().totalSupply();
        Assert.eq(supply + burned, handler.SUPPLY() + handler.minted(), "supply");
        uint256 sum = _balance(address(handler)) + _balance(handler.COLLECTOR());
        sum += _balance(address(handler.vault())) + _balance(address(handler.registry()));
        for (uint256 i; i < handler.HOLDERS(); ++i) sum += _balance(handler.holder(i));
        for (uint256 i; i < handler.REQUESTERS(); ++i) sum += _balance(handler.requester(i));
        Assert.eq(sum, supply, "sum of balances");
    }

    /// @notice INV-2, FEE-5: burned for credits = credits + reserved + earned + spent on bounties.
    function invariantCreditConservation() external view {
        uint256 sum = handler.spentOnBounties();
        for (uint256 i; i < handler.REQUESTERS(); ++i) sum += handler.fees().credits(handler.requester(i));
        for (uint256 i; i < handler.requestCount(); ++i) sum += _reserved(i);
        uint256 epoch = handler.vault().currentEpoch();
        for (uint16 d = 1; d <= handler.DOMAINS(); ++d)
            for (uint256 e; e <= epoch; ++e) sum += handler.fees().earned(d, e);
        Assert.eq(sum, handler.bought(), "burned for credits");
    }

    /// @notice INV-3, REW-1: minted for an epoch, bounties included, ≤ its earned burn.
    function invariantMintAtMostEarned() external view {
        uint256 epoch = handler.vault().currentEpoch();
        for (uint16 d = 1; d <= handler.DOMAINS(); ++d)
            for (uint256 e; e <= epoch; ++e) Assert.le(handler.mintedOf(d, e), handler.earnedOf(d, e), "minted");
    }

    /// @notice INV-19: Σ points of an epoch = the points of its open accounts + those that were distributed.
    function invariantPointsOfAccounts() external view {
        uint256 epoch = handler.vault().currentEpoch();
        for (uint16 d = 1; d <= handler.DOMAINS(); ++d) {
            for (uint256 e; e <= epoch; ++e) {
                IRewardMinter.EpochTerms memory terms = handler.minter().termsOf(d, e);
                if (!terms.open) continue;
                uint256 sum = handler.closedPointsOf(d, e);
                for (uint256 i; i < handler.OPERATORS(); ++i) sum += _points(d, e, i, terms.maturity);
                Assert.eq(terms.points, sum, "points");
            }
        }
    }

    /// @notice INV-20: ρ times a loss is covered by the bonds its account keeps.
    function invariantLossesAreCovered() external view {
        for (uint16 d = 1; d <= handler.DOMAINS(); ++d) {
            for (uint256 i; i < handler.OPERATORS(); ++i) {
                uint256[] memory epochs = handler.accountEpochsOf(d, handler.holder(i));
                for (uint256 n; n < epochs.length; ++n) {
                    IRewardMinter.Account memory account = handler.minter().accountOf(d, epochs[n], handler.holder(i));
                    if (account.score >= 0) continue;
                    uint256 ratio = handler.minter().termsOf(d, epochs[n]).penaltyRatio;
                    uint256 debt = uint256(-int256(account.score)) * ratio;
                    Assert.le(debt, uint256(account.releasable) * 1e9 * 10_000, "debt");
                }
            }
        }
    }

    function _points(uint16 d, uint256 epoch, uint256 i, uint256 maturity) private view returns (uint256) {
        IRewardMinter.Account memory account = handler.minter().accountOf(d, epoch, handler.holder(i));
        if (account.factor == 0 || account.score <= 0 || account.scored < maturity) return 0;
        return (uint256(int256(account.score)) * account.factor) / 1e9;
    }

    function _balance(address who) private view returns (uint256) {
        return handler.token().balanceOf(who);
    }

    /// @dev What a request still holds: all seats until it has verdicts, then the paid seats that are not settled.
    function _reserved(uint256 i) private view returns (uint256) {
        (bytes32 id, IAssay.Terms memory terms) = handler.requestAt(i);
        IAssay.Phase phase = handler.assay().phaseOf(id);
        if (phase == IAssay.Phase.VOID) return 0;
        uint256 seats = handler.lens().drawOf(id).seats;
        if (phase == IAssay.Phase.FINALIZED || phase == IAssay.Phase.FINAL) {
            IAssay.Round memory round = handler.lens().roundOf(id);
            uint256 paid = round.reveals < seats ? round.reveals : seats;
            seats = round.settled < paid ? paid - round.settled : 0;
        }
        return uint256(terms.price) * terms.claims * seats;
    }
}
