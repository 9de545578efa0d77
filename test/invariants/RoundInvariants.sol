// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {LibBit} from "solady/src/utils/LibBit.sol";

import {IAssay} from "../../contracts/interfaces/IAssay.sol";
import {ICanaries} from "../../contracts/interfaces/ICanaries.sol";
import {LaneTally} from "../../contracts/libraries/LaneTally.sol";
import {Assert} from "../utils/Assert.sol";
import {Campaign} from "./Campaign.sol";
import {CanaryActions} from "./CanaryActions.sol";

/// @title RoundInvariants
/// @notice SPEC INV-11 … INV-13, INV-15, INV-18, INV-24, APP-7, APP-8: seats, reveals, lanes, verdicts and canaries.
abstract contract RoundInvariants is Campaign {
    uint256 private constant REVEALED = 16;

    /// @notice INV-11, VOTE-8, VOTE-9: every lane ≤ 255 · Σv ≤ 65,025, and together they are Σ vote · v of the reveals.
    function invariantLanesAreBounded() external view {
        for (uint256 n; n < handler.roundCount(); ++n) {
            (bytes32 id, IAssay.Terms memory terms) = handler.roundAt(n);
            IAssay.Round memory round = handler.lens().roundOf(id);
            Assert.le(round.weight, round.committed, "weight of the reveals");
            uint256[16] memory lanes = handler.assay().lanesOf(id);
            uint256 sum;
            for (uint256 c; c < terms.claims; ++c) {
                uint256 lane = LaneTally.lane(lanes, c);
                Assert.le(lane, 255 * uint256(round.weight), "lane");
                sum += lane;
            }
            Assert.eq(sum, handler.revealedSum(id), "sum of the lanes");
        }
    }

    /// @notice INV-12: at most one outcome a (round, owner): settled, or reported absent.
    function invariantOneOutcome() external view {
        for (uint256 n; n < handler.roundCount(); ++n) {
            (bytes32 id, ) = handler.roundAt(n);
            for (uint256 i; i < handler.OPERATORS(); ++i)
                Assert.le(handler.outcomesOf(id, handler.holder(i)), 1, "outcomes");
        }
    }

    /// @notice INV-13, VOTE-2, VOTE-6: what was revealed is what was committed last; nothing forged was accepted.
    function invariantNoRevealWithoutCommit() external view {
        Assert.eq(handler.forged(), 0, "forged calls");
        for (uint256 n; n < handler.roundCount(); ++n) {
            (bytes32 id, ) = handler.roundAt(n);
            uint256 reveals;
            for (uint256 i; i < handler.OPERATORS(); ++i) {
                address owner = handler.holder(i);
                if (handler.lens().seatOf(id, owner).flags & REVEALED == 0) continue;
                ++reveals;
                Assert.isTrue(handler.versionOf(id, owner) != 0, "committed");
                bytes32 given = handler.revealedHash(id, owner);
                Assert.isTrue(given == keccak256(handler.votesOf(id, owner)), "revealed what was committed");
            }
            Assert.eq(handler.lens().roundOf(id).reveals, reveals, "reveals");
        }
    }

    /// @notice INV-15, REQ-18, APP-5: a claim reads as the latest round that decided it published, the mean as the first
    ///         round did; what was final once never reads otherwise.
    function invariantVerdictsChangeByAppealOnly() external view {
        for (uint256 n; n < handler.roundCount(); ++n) {
            (bytes32 id, IAssay.Terms memory terms) = handler.roundAt(n);
            uint256 published = handler.publishedMean(id);
            if (published == 0 || handler.indexOf(id) != 0) continue;
            (uint256[2] memory words, uint256 mean, ) = handler.lens().verdictsOf(terms);
            Assert.eq(mean + 1, published, "mean as published");
            uint256[2] memory expected;
            for (uint256 c; c < terms.claims; ++c)
                expected[c / 128] |= handler.verdictUpTo(id, 2, c) << (2 * (c % 128));
            Assert.isTrue(words[0] == expected[0] && words[1] == expected[1], "verdicts as published");
            bytes32 last = handler.finalVerdicts(id);
            if (last != 0) Assert.isTrue(keccak256(abi.encode(words)) == last, "verdicts that were final");
        }
    }

    /// @notice APP-7, APP-8: what a seat loses to an appeal or by silence, and what its negative value can cost, never
    ///         exceed its bond.
    function invariantSeatsLoseAtMostTheirBond() external view {
        for (uint256 n; n < handler.roundCount(); ++n) {
            (bytes32 id, IAssay.Terms memory terms) = handler.roundAt(n);
            uint256 bond = uint256(handler.lens().drawOf(id).bond) * 1e9;
            uint256 ratio = handler.registry().feesOf(terms.domain, terms.version).penaltyRatio;
            for (uint256 i; i < handler.OPERATORS(); ++i) {
                int256 value = handler.valueOf(id, handler.holder(i));
                uint256 debt = value < 0 ? (uint256(-value) * ratio) / 10_000 : 0;
                Assert.le(handler.takenFrom(id, handler.holder(i)) + debt, bond, "charges of a seat");
            }
        }
    }

    /// @notice INV-18, VOTE-13, VOTE-14: θ stays in 0.2 … 0.8, B in 0.05 … 0.95.
    function invariantMeansAreBounded() external view {
        for (uint16 d = 1; d <= handler.DOMAINS(); ++d) {
            (uint256 rate, uint256 threshold) = handler.assay().meansOf(d);
            Assert.le(0.05e18, rate, "lowest B");
            Assert.le(rate, 0.95e18, "highest B");
            Assert.le(0.2e18, threshold, "lowest threshold");
            Assert.le(threshold, 0.8e18, "highest threshold");
        }
    }

    /// @notice INV-24: nothing behind the last canary of a batch is opened; overturned ≤ concluded ≤ opened, each as it must be.
    function invariantCanariesAreCounted() external view {
        for (uint256 n = 1; n <= handler.batchCount(); ++n) {
            CanaryActions.Batch memory expected = handler.batchAt(n);
            ICanaries.Batch memory batch = handler.canaries().batchOf(n);
            Assert.eq(batch.opened >> batch.count, 0, "opened behind the last");
            Assert.le(batch.concluded, LibBit.popCount(batch.opened), "concluded");
            Assert.le(batch.overturned, batch.concluded, "overturned");
            Assert.eq(LibBit.popCount(batch.opened), expected.opened, "opened as it must be");
            Assert.eq(batch.concluded, expected.concluded, "concluded as it must be");
            Assert.eq(batch.overturned, expected.overturned, "overturned as it must be");
            Assert.isTrue(batch.state == expected.state, "state as it must be");
        }
    }

    /// @notice SORT-4: an owner got a seat exactly when it was drawn and could lock the bond.
    function invariantSeatsAreDrawn() external view {
        Assert.eq(handler.wronglySeated(), 0, "seats given or refused wrongly");
    }
}
