// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {IAppeals} from "../../contracts/interfaces/IAppeals.sol";
import {IAssay} from "../../contracts/interfaces/IAssay.sol";
import {ICanaries} from "../../contracts/interfaces/ICanaries.sol";
import {IRewardMinter} from "../../contracts/interfaces/IRewardMinter.sol";
import {Assert} from "../utils/Assert.sol";
import {Campaign} from "./Campaign.sol";
import {CanaryActions} from "./CanaryActions.sol";
import {Observer} from "./Observer.sol";

/// @title MoneyInvariants
/// @notice SPEC INV-1 … INV-3, INV-19 … INV-23, INV-25: WORK, credits, the mint, the score accounts, and the bonds of appeals,
///         canaries and metrics.
abstract contract MoneyInvariants is Campaign {
    /// @dev Flags of a round.
    uint256 private constant FINALIZED = 4;
    uint256 private constant VOIDED = 8;

    /// @notice INV-1: Σ balances = supply = genesis + minted − burned.
    function invariantTokenConservation() external view {
        uint256 burned = handler.bought() + handler.sponsored() + handler.burnedByCharges();
        burned += handler.burnedByPosts() + handler.DOMAINS() * handler.DOMAIN_FEE();
        uint256 supply = handler.token().totalSupply();
        Assert.eq(supply + burned, handler.SUPPLY() + handler.minted(), "supply");
        uint256 sum = _balance(address(handler)) + _balance(handler.COLLECTOR());
        sum += _balance(address(handler.vault())) + _balance(address(handler.registry()));
        sum += _balance(address(handler.appeals())) + _balance(address(handler.canaries()));
        sum += _balance(address(handler.performance())) + _balance(handler.INSPECTOR());
        sum += _balance(handler.POSTER()) + _balance(handler.WATCHER());
        for (uint256 i; i < handler.HOLDERS(); ++i) sum += _balance(handler.holder(i));
        for (uint256 i; i < handler.REQUESTERS(); ++i) sum += _balance(handler.requester(i));
        Assert.eq(sum, supply, "sum of balances");
    }

    /// @notice INV-2, FEE-5: burned for credits and by sponsors = credits + reserved + earned + spent on bounties.
    function invariantCreditConservation() external view {
        uint256 sum = handler.spentOnBounties();
        for (uint256 i; i < handler.REQUESTERS(); ++i) sum += handler.fees().credits(handler.requester(i));
        for (uint256 i; i < handler.roundCount(); ++i) sum += _reserved(i);
        uint256 epoch = handler.vault().currentEpoch();
        for (uint16 d = 1; d <= handler.DOMAINS(); ++d)
            for (uint256 e; e <= epoch; ++e) sum += handler.fees().earned(d, e);
        Assert.eq(sum, handler.bought() + handler.sponsored(), "burned for credits and by sponsors");
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

    /// @notice STK-26, CLONE-8: every bounty is a twentieth of a reward it was promised of, in all at most its cap, and the
    ///         vault knows what is left of it.
    function invariantBountiesAreBounded() external view {
        Assert.eq(handler.wrongBounties(), 0, "bounties paid wrongly");
        for (uint16 d = 1; d <= handler.DOMAINS(); ++d) {
            for (uint256 i; i < handler.OPERATORS(); ++i) {
                Observer.Promise memory promised = handler.promiseOf(d, handler.holder(i));
                Assert.le(promised.paid, promised.cap, "paid");
                uint256 left = uint256(handler.vault().bountyOf(d, handler.holder(i)).left) * 1e9;
                Assert.eq(left + promised.paid, promised.cap, "left of a bounty");
            }
        }
    }

    /// @notice INV-22: Appeals holds what was put in and taken for its funders, less what it paid, of every bond that is
    ///         not burned, and what was sent to it by mistake.
    function invariantBondsOfAppeals() external view {
        uint256 sum = handler.donatedTo(address(handler.appeals()));
        for (uint256 n; n < handler.roundCount(); ++n) {
            (bytes32 id, ) = handler.roundAt(n);
            // There is a bond at most for the round after one there is.
            id = keccak256(abi.encode(id));
            IAppeals.Pot memory pot = handler.appeals().potOf(id);
            uint256 funded;
            uint256 paid;
            for (uint256 i; i < handler.REQUESTERS(); ++i) {
                IAppeals.Contribution memory part = handler.appeals().contributionOf(id, handler.requester(i));
                funded += part.amount;
                paid += part.paid;
            }
            Assert.eq(pot.funded, funded, "contributions to a bond");
            Assert.le(pot.reward, pot.funded, "reward");
            if (pot.state != IAppeals.BondState.BURNED) sum += funded + pot.reward - paid;
        }
        Assert.eq(_balance(address(handler.appeals())), sum, "balance of the appeals");
    }

    /// @notice INV-23, CAN-11 … CAN-14: Canaries holds the bonds of the open batches less what they lost, and what was sent to
    ///         it by mistake; every bond ended, and was paid, as it had to.
    function invariantBondsOfCanaries() external view {
        uint256 sum = handler.donatedTo(address(handler.canaries()));
        for (uint256 n = 1; n <= handler.batchCount(); ++n) {
            CanaryActions.Batch memory batch = handler.batchAt(n);
            if (batch.state == ICanaries.BatchState.OPEN) {
                sum += (batch.count - batch.overturned) * handler.CANARY_BOND();
            }
        }
        Assert.eq(_balance(address(handler.canaries())), sum, "balance of the canaries");
        Assert.eq(handler.wronglyClosed(), 0, "bonds of canaries that ended wrongly");
    }

    /// @notice INV-21, INV-25: PerformanceLedger holds the bonds of the open posts, and what was sent to it by mistake; of those
    ///         that were challenged each false one lost its bond, and no true one.
    function invariantBondsOfPosts() external view {
        uint256 sum = handler.donatedTo(address(handler.performance()));
        for (uint16 d = 1; d <= handler.DOMAINS(); ++d) {
            for (uint256 i; i < handler.OPERATORS(); ++i) {
                (bool open, ) = handler.postingOf(d, i);
                address poster = handler.performance().postOf(d, handler.holder(i)).poster;
                Assert.isTrue(open == (poster != address(0)), "open post");
                if (open) sum += handler.POST_BOND();
            }
        }
        Assert.eq(_balance(address(handler.performance())), sum, "balance of the performance ledger");
        Assert.eq(handler.wronglyBonded(), 0, "bonds of posts that ended wrongly");
    }

    /// @notice APP-9, APP-10: a bond came back exactly when its round was void or overturned a claim for good, and paid
    ///         what was due.
    function invariantBondsEndAsDue() external view {
        Assert.eq(handler.wronglyResolved(), 0, "bonds returned, burned or paid wrongly");
    }

    function _points(uint16 d, uint256 epoch, uint256 i, uint256 maturity) private view returns (uint256) {
        IRewardMinter.Account memory account = handler.minter().accountOf(d, epoch, handler.holder(i));
        if (account.factor == 0 || account.score <= 0 || account.scored < maturity) return 0;
        return (uint256(int256(account.score)) * account.factor) / 1e9;
    }

    function _balance(address who) private view returns (uint256) {
        return handler.token().balanceOf(who);
    }

    /// @dev What a request still holds: all seats until it has verdicts, then the paid seats that are not settled. The
    ///      rounds of appeals hold nothing.
    function _reserved(uint256 i) private view returns (uint256) {
        (bytes32 id, IAssay.Terms memory terms) = handler.roundAt(i);
        IAssay.Round memory round = handler.lens().roundOf(id);
        if (handler.indexOf(id) != 0 || round.flags & VOIDED != 0) return 0;
        uint256 seats = handler.lens().drawOf(id).seats;
        if (round.flags & FINALIZED != 0) {
            uint256 paid = round.reveals < seats ? round.reveals : seats;
            seats = round.settled < paid ? paid - round.settled : 0;
        }
        return uint256(terms.price) * terms.claims * seats;
    }
}
