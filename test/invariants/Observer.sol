// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {IAssay} from "../../contracts/interfaces/IAssay.sol";
import {IFeeMarket} from "../../contracts/interfaces/IFeeMarket.sol";
import {IPerformanceLedger} from "../../contracts/interfaces/IPerformanceLedger.sol";
import {IRewardMinter} from "../../contracts/interfaces/IRewardMinter.sol";
import {IStakeVault} from "../../contracts/interfaces/IStakeVault.sol";
import {VM, Vm} from "../utils/Vm.sol";
import {History} from "./History.sol";

/// @title Observer
/// @notice Ghosts kept from events alone, as an indexer would: what was burned, minted and moved, who got which outcome,
///         what was revealed and which verdicts were published.
abstract contract Observer is History {
    struct Flow {
        uint256 staked;
        uint256 rewarded;
        uint256 charged;
        uint256 withdrawn;
    }

    /// @dev What somebody who reported an operator was promised and got; ended with a reversal (SPEC STK-26, CLONE-8).
    struct Promise {
        address reporter;
        uint256 from;
        uint256 until;
        uint256 cap; // wei
        uint256 paid; // wei
    }

    /// @dev wei of WORK burned for credits and by sponsors, charged and burned, burned of the bonds of posts, and minted for
    ///      whatever reason.
    uint256 public bought;
    uint256 public sponsored;
    uint256 public burnedByCharges;
    uint256 public burnedByPosts;
    uint256 public minted;
    uint256 public spentOnBounties;
    mapping(uint16 domain => mapping(address owner => Flow)) private _flows;
    mapping(uint16 domain => mapping(address owner => Promise)) private _promises;
    /// @dev The mint that is being booked, and what of it must go to a reporter.
    uint256 private _mintedNow;
    uint256 private _dueNow;
    /// @dev Bounties that were paid to somebody else, for another epoch or in another amount than promised.
    uint256 public wrongBounties;
    mapping(uint16 domain => mapping(uint256 epoch => uint256 wei_)) public mintedOf;
    mapping(uint16 domain => mapping(uint256 epoch => uint256 wei_)) public earnedOf;
    /// @dev Points of accounts that were distributed.
    mapping(uint16 domain => mapping(uint256 epoch => uint256 wei_)) public closedPointsOf;
    /// @dev Epochs in which an operator had an account, open or not.
    mapping(uint16 domain => mapping(address owner => uint256[] epochs)) private _accountEpochs;

    mapping(bytes32 requestId => mapping(address owner => uint256 count)) public outcomesOf;
    mapping(bytes32 requestId => mapping(address owner => bytes32 votesHash)) public revealedHash;
    /// @dev Σ over the reveals of Σ vote · v.
    mapping(bytes32 requestId => uint256 sum) public revealedSum;
    /// @dev Verdicts of a round alone, and its mean plus one; zero if it published none.
    mapping(bytes32 roundId => uint256[2] verdicts) private _published;
    mapping(bytes32 roundId => uint256 meanPlusOne) public publishedMean;

    /// @dev Seats that lost a part of their bond to an appeal, and what each of them lost and won (SPEC APP-7, APP-8).
    uint256 public seizures;
    mapping(bytes32 roundId => mapping(address owner => uint256 wei_)) public takenFrom;
    mapping(bytes32 roundId => mapping(address owner => int256 wei_)) public valueOf;

    function flowOf(uint16 d, address owner) external view returns (Flow memory) {
        return _flows[d][owner];
    }

    function promiseOf(uint16 d, address owner) external view returns (Promise memory) {
        return _promises[d][owner];
    }

    function accountEpochsOf(uint16 d, address owner) public view returns (uint256[] memory) {
        return _accountEpochs[d][owner];
    }

    /// @notice What a round itself published about a claim: 0 undecided, 1 false, 2 true.
    function publishedVerdict(bytes32 id, uint256 claim) public view returns (uint256) {
        return (_published[id][claim / 128] >> (2 * (claim % 128))) & 3;
    }

    /// @dev Reads everything that was emitted since the last time.
    function _observe() internal override {
        Vm.Log[] memory logs = VM.getRecordedLogs();
        for (uint256 i; i < logs.length; ++i) {
            Vm.Log memory log = logs[i];
            if (log.emitter == address(vault)) _seeVault(log);
            else if (log.emitter == address(fees)) _seeFees(log);
            else if (log.emitter == address(minter)) _seeMinter(log);
            else if (log.emitter == address(assay)) _seeAssay(log);
            else if (log.emitter == address(performance)) _seePerformance(log);
        }
    }

    function _seeVault(Vm.Log memory log) private {
        bytes32 name = log.topics[0];
        if (log.topics.length < 3) return;
        Flow storage flow = _flows[uint16(uint256(log.topics[1]))][_address(log.topics[2])];
        if (name == IStakeVault.Staked.selector) {
            (uint256 assets, ) = abi.decode(log.data, (uint256, uint256));
            flow.staked += assets;
        } else if (name == IStakeVault.Withdrawn.selector) {
            flow.withdrawn += abi.decode(log.data, (uint256));
        } else if (name == IStakeVault.Rewarded.selector) {
            (uint256 amount, ) = abi.decode(log.data, (uint256, uint256));
            flow.rewarded += amount;
            if (amount + _dueNow != _mintedNow) ++wrongBounties;
        } else if (name == IStakeVault.Charged.selector) {
            (uint256 charged, uint256 bounty) = abi.decode(log.data, (uint256, uint256));
            flow.charged += charged;
            burnedByCharges += charged - bounty;
        } else {
            _seeClones(log, _promises[uint16(uint256(log.topics[1]))][_address(log.topics[2])]);
        }
    }

    /// @dev A bounty is a twentieth in whole gwei of what is minted for its epochs, as far as it reaches.
    function _dueOf(Promise memory promise_, uint256 epoch, uint256 paid) private pure returns (uint256) {
        if (epoch < promise_.from || epoch >= promise_.until) return 0;
        uint256 part = (paid / 20 / 1e9) * 1e9;
        uint256 left = promise_.cap - promise_.paid;
        return part < left ? part : left;
    }

    function _seeClones(Vm.Log memory log, Promise storage promise_) private {
        bytes32 name = log.topics[0];
        if (name == IStakeVault.BountyPromised.selector) {
            promise_.reporter = _address(log.topics[3]);
            (promise_.from, promise_.until, promise_.cap) = abi.decode(log.data, (uint256, uint256, uint256));
            promise_.cap *= 1e9;
            promise_.paid = 0;
        } else if (name == IStakeVault.OperatorReclassified.selector) {
            (, , bool pinned) = abi.decode(log.data, (uint8, uint256, bool));
            if (!pinned) (promise_.until, promise_.cap, promise_.paid) = (0, 0, 0);
        } else if (name == IStakeVault.ReporterPaid.selector) {
            (, uint256 amount) = abi.decode(log.data, (uint256, uint256));
            if (amount != _dueNow || _address(log.topics[3]) != promise_.reporter) ++wrongBounties;
            promise_.paid += amount;
        }
    }

    function _seeFees(Vm.Log memory log) private {
        bytes32 name = log.topics[0];
        if (name == IFeeMarket.CreditsBought.selector) bought += abi.decode(log.data, (uint256));
        if (name == IFeeMarket.BountySpent.selector) spentOnBounties += abi.decode(log.data, (uint256));
        if (name == IFeeMarket.BurnEarned.selector)
            earnedOf[uint16(uint256(log.topics[1]))][uint256(log.topics[2])] += abi.decode(log.data, (uint256));
        if (name == IFeeMarket.Sponsored.selector) {
            uint256 amount = abi.decode(log.data, (uint256));
            sponsored += amount;
            earnedOf[uint16(uint256(log.topics[2]))][uint256(log.topics[3])] += amount;
        }
    }

    function _seeMinter(Vm.Log memory log) private {
        bytes32 name = log.topics[0];
        uint16 d = uint16(uint256(log.topics[1]));
        if (name == IRewardMinter.BountyPaid.selector) {
            uint256 amount = abi.decode(log.data, (uint256));
            minted += amount;
            // Whatever happened is observed before time passes.
            mintedOf[d][_epoch()] += amount;
        } else if (name == IRewardMinter.Distributed.selector) {
            (, uint256 points, uint256 paid, , ) = abi.decode(log.data, (int256, uint256, uint256, uint256, uint256));
            uint256 epoch = uint256(log.topics[2]);
            minted += paid;
            _mintedNow = paid;
            _dueNow = _dueOf(_promises[d][_address(log.topics[3])], epoch, paid);
            mintedOf[d][epoch] += paid;
            closedPointsOf[d][epoch] += points;
        } else if (name == IRewardMinter.AccountOpened.selector) {
            _accountEpochs[d][_address(log.topics[3])].push(uint256(log.topics[2]));
        }
    }

    function _seeAssay(Vm.Log memory log) private {
        bytes32 name = log.topics[0];
        if (log.topics.length < 2) return;
        bytes32 id = log.topics[1];
        if (_isOutcome(name)) {
            address owner = _address(log.topics[2]);
            ++outcomesOf[id][owner];
            if (name == IAssay.SeatSettled.selector)
                (, valueOf[id][owner], , ) = abi.decode(log.data, (uint256, int256, uint256, uint256));
            else if (name == IAssay.SeatForfeited.selector) {
                (, uint256 charge) = abi.decode(log.data, (uint256, uint256));
                takenFrom[id][owner] += charge;
            }
        } else if (name == IAssay.SeatOverturned.selector) {
            ++seizures;
            takenFrom[id][_address(log.topics[2])] += abi.decode(log.data, (uint256));
        } else if (name == IAssay.Finalized.selector) {
            (uint256[2] memory words, , , uint256 mean, , , ) = abi.decode(
                log.data,
                (uint256[2], uint256, bool, uint256, uint256, uint256, uint256)
            );
            _published[id] = words;
            publishedMean[id] = mean + 1;
        } else if (name == IAssay.Revealed.selector) {
            bytes memory votes = abi.decode(log.data, (bytes));
            address owner = _address(log.topics[2]);
            // The weight of a seat is set with its commit and never changes.
            uint256 weight = lens.seatOf(id, owner).flags & 7;
            revealedHash[id][owner] = keccak256(votes);
            for (uint256 i; i < votes.length; ++i) revealedSum[id] += uint8(votes[i]) * weight;
        }
    }

    /// @dev Of a bond that was lost all but the reward is burned (SPEC PERF-12).
    function _seePerformance(Vm.Log memory log) private {
        uint256 reward;
        if (log.topics[0] == IPerformanceLedger.ChallengeLost.selector)
            (, reward) = abi.decode(log.data, (address, uint256));
        else if (log.topics[0] == IPerformanceLedger.MetricsRefuted.selector)
            (, , reward) = abi.decode(log.data, (address, IPerformanceLedger.Metrics, uint256));
        else return;
        burnedByPosts += POST_BOND - reward;
    }

    /// @dev What becomes of a seat: it is settled in one of three ways, or its owner is reported.
    function _isOutcome(bytes32 name) private pure returns (bool) {
        return
            name == IAssay.SeatSettled.selector ||
            name == IAssay.SeatReleased.selector ||
            name == IAssay.SeatForfeited.selector ||
            name == IAssay.AbsenceReported.selector;
    }

    function _address(bytes32 topic) private pure returns (address) {
        return address(uint160(uint256(topic)));
    }
}
