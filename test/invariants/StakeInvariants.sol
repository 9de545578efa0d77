// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {IAssay} from "../../contracts/interfaces/IAssay.sol";
import {IStakeVault} from "../../contracts/interfaces/IStakeVault.sol";
import {DomainWindow} from "../../contracts/libraries/DomainWindow.sol";
import {Sortition} from "../../contracts/libraries/Sortition.sol";
import {Assert} from "../utils/Assert.sol";
import {Defaults} from "../utils/Defaults.sol";
import {Campaign} from "./Campaign.sol";
import {History} from "./History.sol";
import {Observer} from "./Observer.sol";

/// @title StakeInvariants
/// @notice SPEC INV-4 … INV-10, INV-14, INV-16: stake, bonds, weights and R.
abstract contract StakeInvariants is Campaign {
    /// @notice INV-4: the vault holds exactly what its pools book, and what was sent to it by mistake.
    function invariantVaultBalance() external view {
        uint256 sum = handler.donatedTo(address(handler.vault()));
        for (uint16 d = 1; d <= handler.DOMAINS(); ++d) {
            for (uint256 i; i < handler.OPERATORS(); ++i) {
                IStakeVault.Pool memory pool = _pool(d, i);
                sum += uint256(pool.active) + pool.unbonding;
            }
        }
        Assert.eq(handler.token().balanceOf(address(handler.vault())), sum, "balance of the vault");
    }

    /// @notice INV-5: the registry holds exactly the bonds of proposed and listed families, and what was sent by mistake.
    function invariantRegistryBalance() external view {
        uint256 sum = handler.donatedTo(address(handler.registry())) + handler.openProposals() * handler.FAMILY_BOND();
        for (uint16 d = 1; d <= handler.DOMAINS(); ++d)
            for (uint8 f; f < 16; ++f) sum += handler.registry().familyOf(d, f).bond;
        Assert.eq(handler.token().balanceOf(address(handler.registry())), sum, "balance of the registry");
    }

    /// @notice INV-6, STK-10: W_f = Σ w in every readable epoch; W = Σ W_f over the families that count.
    function invariantWeightsAddUp() external view {
        uint256 epoch = handler.vault().currentEpoch();
        for (uint16 d = 1; d <= handler.DOMAINS(); ++d) {
            for (uint256 e = epoch - 1; e <= epoch + 1; ++e) {
                uint256 total;
                for (uint8 f; f < handler.FAMILIES(); ++f) {
                    uint256 sum;
                    for (uint256 i; i < handler.OPERATORS(); ++i) {
                        IStakeVault.SeatWeights memory seat = _seat(d, i, e);
                        if (seat.family == f) sum += seat.weight;
                    }
                    Assert.eq(handler.vault().familyWeight(d, f, e), sum, "family weight");
                    total += _counted(sum);
                }
                if (e >= epoch) Assert.eq(_sums(d, e).weight, total, "domain weight");
            }
        }
    }

    /// @notice INV-7: Σroot = Σ ⌊√(W_f · 2^32)⌋ and F over the families that count.
    function invariantRootsAddUp() external view {
        uint256 epoch = handler.vault().currentEpoch();
        for (uint16 d = 1; d <= handler.DOMAINS(); ++d) {
            for (uint256 e = epoch; e <= epoch + 1; ++e) {
                uint256 roots;
                uint256 families;
                for (uint8 f; f < handler.FAMILIES(); ++f) {
                    uint256 weight = _counted(handler.vault().familyWeight(d, f, e));
                    if (weight == 0) continue;
                    roots += Sortition.root(weight);
                    ++families;
                }
                Assert.eq(_sums(d, e).roots, roots, "sum of roots");
                Assert.eq(_sums(d, e).families, families, "families that count");
            }
        }
    }

    /// @notice INV-8, STK-7: the bonds an operator owes are there; a ticket is paid out exactly when they are.
    function invariantBondsAreBacked() external view {
        for (uint256 i; i < handler.OPERATORS(); ++i) {
            uint256[3] memory owed = _owed(i);
            for (uint16 d = 1; d <= handler.DOMAINS(); ++d) {
                IStakeVault.Pool memory pool = _pool(d, i);
                Assert.le(owed[d] * 1e9, uint256(pool.active) + pool.unbonding, "bonds owed");
            }
        }
        Assert.eq(handler.wronglyPaid(), 0, "tickets paid out or refused wrongly");
    }

    /// @notice INV-9: locked = bonds of the seats that are not settled + what the score accounts keep.
    function invariantLockedIsOwed() external view {
        for (uint256 i; i < handler.OPERATORS(); ++i) {
            uint256[3] memory owed = _owed(i);
            for (uint16 d = 1; d <= handler.DOMAINS(); ++d) Assert.eq(_pool(d, i).locked, owed[d], "locked");
        }
    }

    /// @notice INV-10, REP-1: R, what is posted and what waits on the tape, stays in 0.1 … 10.
    function invariantReputationBounds() external view {
        for (uint16 d = 1; d <= handler.DOMAINS(); ++d) {
            for (uint256 i; i < handler.OPERATORS(); ++i) {
                address owner = handler.holder(i);
                _bounded(handler.ledger().reputationOf(d, owner));
                _bounded(handler.ledger().pendingReputationOf(d, owner));
                _bounded(handler.vault().operatorOf(d, owner).reputation);
            }
        }
    }

    /// @notice INV-14: a pool holds what was staked and rewarded less what was charged and withdrawn, and nothing that
    ///         was done could be done again.
    function invariantNothingTwice() external view {
        Assert.eq(handler.repeated(), 0, "calls that moved something twice");
        for (uint16 d = 1; d <= handler.DOMAINS(); ++d) {
            for (uint256 i; i < handler.OPERATORS(); ++i) {
                Observer.Flow memory flow = handler.flowOf(d, handler.holder(i));
                IStakeVault.Pool memory pool = _pool(d, i);
                uint256 assets = uint256(pool.active) + pool.unbonding;
                Assert.eq(assets + flow.charged + flow.withdrawn, flow.staked + flow.rewarded, "flows of a pool");
            }
        }
    }

    /// @notice INV-16, EPO-2 … EPO-4, STK-24: weights, tiers, families and sums equal the history wherever they can be read.
    function invariantWindowsEqualHistory() external view {
        uint256 epoch = handler.vault().currentEpoch();
        for (uint16 d = 1; d <= handler.DOMAINS(); ++d) {
            for (uint256 e = epoch - 1; e <= epoch + 1; ++e) {
                uint256[4] memory families;
                for (uint256 i; i < handler.OPERATORS(); ++i) {
                    History.Standing memory expected = handler.standing(d, e, i);
                    IStakeVault.SeatWeights memory seat = _seat(d, i, e);
                    Assert.eq(seat.weight, expected.weight, "weight");
                    Assert.eq(seat.tier, expected.tier, "tier");
                    Assert.eq(seat.family, expected.family, "family");
                    families[expected.family] += expected.weight;
                }
                for (uint256 i; i < handler.OPERATORS(); ++i) {
                    IStakeVault.SeatWeights memory seat = _seat(d, i, e);
                    Assert.eq(seat.familyWeight, _counted(families[seat.family]), "weight of a family that counts");
                }
                if (e < epoch) continue;
                uint256 sum;
                for (uint256 f; f < families.length; ++f) sum += _counted(families[f]);
                Assert.eq(_sums(d, e).weight, sum, "domain weight");
            }
        }
    }

    /// @dev gwei by domain: bonds of open seats and of score accounts.
    function _owed(uint256 i) private view returns (uint256[3] memory owed) {
        address owner = handler.holder(i);
        for (uint256 n; n < handler.roundCount(); ++n) {
            (bytes32 id, IAssay.Terms memory terms) = handler.roundAt(n);
            IAssay.Seat memory seat = handler.lens().seatOf(id, owner);
            if (seat.digest != 0 && seat.flags & 32 == 0) owed[terms.domain] += handler.lens().drawOf(id).bond;
        }
        for (uint16 d = 1; d <= handler.DOMAINS(); ++d) {
            uint256[] memory epochs = handler.accountEpochsOf(d, owner);
            for (uint256 n; n < epochs.length; ++n)
                owed[d] += handler.minter().accountOf(d, epochs[n], owner).releasable;
        }
    }

    function _bounded(uint256 r) private pure {
        Assert.le(0.1e18, r, "lowest R");
        Assert.le(r, 10e18, "highest R");
    }

    function _counted(uint256 familyWeight) private pure returns (uint256) {
        return familyWeight < Defaults.MIN_FAMILY_WEIGHT ? 0 : familyWeight;
    }

    function _pool(uint16 d, uint256 i) private view returns (IStakeVault.Pool memory) {
        return handler.vault().poolOf(d, handler.holder(i));
    }

    function _seat(uint16 d, uint256 i, uint256 epoch) private view returns (IStakeVault.SeatWeights memory) {
        return handler.vault().seatWeights(d, handler.holder(i), epoch);
    }

    function _sums(uint16 d, uint256 epoch) private view returns (DomainWindow.Sums memory) {
        if (epoch == handler.vault().currentEpoch()) return handler.vault().domainSums(d);
        return handler.vault().nextDomainSums(d);
    }
}
