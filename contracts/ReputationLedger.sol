// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {FixedPointMathLib} from "solady/src/utils/FixedPointMathLib.sol";

import {EpochClock} from "./EpochClock.sol";
import {IDomainRegistry} from "./interfaces/IDomainRegistry.sol";
import {IReputationLedger} from "./interfaces/IReputationLedger.sol";
import {IRewardMinter} from "./interfaces/IRewardMinter.sol";
import {IStakeVault} from "./interfaces/IStakeVault.sol";
import {RecordWord} from "./libraries/RecordWords.sol";
import {ReputationMath} from "./libraries/ReputationMath.sol";
import {ScoreWord} from "./libraries/ScoreWords.sol";
import {SkillScore} from "./libraries/SkillScore.sol";
import {Units} from "./libraries/Units.sol";

/// @title ReputationLedger
contract ReputationLedger is EpochClock, IReputationLedger {
    IDomainRegistry public immutable REGISTRY;
    IStakeVault public immutable VAULT;
    IRewardMinter public immutable MINTER;
    address public immutable ASSAY;

    /// @inheritdoc IReputationLedger
    uint256 public constant TAPE = 48;
    /// @inheritdoc IReputationLedger
    uint256 public constant MAX_POSTS = 64;

    /// @dev 256 claims in windows of 8.
    uint256 private constant MAX_CLOSED = 32;

    mapping(uint16 domain => mapping(address owner => RecordWord)) private _records;

    constructor(
        IDomainRegistry registry,
        IStakeVault vault,
        IRewardMinter minter,
        address assay,
        uint256 genesis,
        uint256 epochLength
    ) EpochClock(genesis, epochLength) {
        REGISTRY = registry;
        VAULT = vault;
        MINTER = minter;
        ASSAY = assay;
    }

    modifier onlyAssay() {
        require(msg.sender == ASSAY, NotAssay(msg.sender, ASSAY));
        _;
    }

    // --------------------------------------------------------------- outcomes

    /// @inheritdoc IReputationLedger
    function record(
        uint16 domain,
        IDomainRegistry.Preset preset,
        uint256 window,
        SkillScore.SeatScore[] calldata seats
    ) external onlyAssay returns (uint256[] memory outcomes) {
        bool published = preset == IDomainRegistry.Preset.PUBLISHED;
        outcomes = new uint256[](seats.length);
        for (uint256 i; i < seats.length; ++i) {
            ScoreWord score = seats[i].score;
            bool weighed = !published && score.weighed() != 0;
            if (weighed || published || score.late()) {
                outcomes[i] = _record(domain, seats[i].owner, score, published, weighed ? window : 0);
            }
        }
    }

    /// @param window scored claims per quality outcome; zero if the seat adds to none
    function _record(
        uint16 domain,
        address owner,
        ScoreWord score,
        bool published,
        uint256 window
    ) private returns (uint256) {
        RecordWord r = _records[domain][owner];
        uint256 outcomes;
        uint256 count;
        if (published || score.late()) {
            outcomes = score.late() ? ReputationMath.LATE : ReputationMath.SUCCESS;
            count = 1;
        }
        if (window != 0) {
            // Fits: a claim adds less than 6e12, and a window closes after at most 1,024 + 256 claims.
            unchecked {
                int256 quality = r.quality() + score.quality();
                uint256 scored = r.scored() + score.weighed();
                if (scored >= window) {
                    // The most one request closes; only a window that shrank since could give more.
                    uint256 closed = FixedPointMathLib.min(scored / window, MAX_CLOSED);
                    // All windows this request closes carry one sign: their claims were judged together.
                    uint256 outcome = quality > 0 ? ReputationMath.SUCCESS : ReputationMath.WRONG;
                    for (uint256 i; i < closed; ++i) {
                        outcomes |= outcome << (2 * count);
                        ++count;
                    }
                    (scored, quality) = (scored % window, 0);
                }
                r = r.withWindow(quality, scored);
            }
        }
        return _append(domain, owner, r, outcomes, count);
    }

    /// @inheritdoc IReputationLedger
    function recordAbsent(uint16 domain, address owner) external onlyAssay returns (uint256) {
        return _append(domain, owner, _records[domain][owner], ReputationMath.ABSENT, 1);
    }

    /// @dev Puts outcomes on the tape, folding a full one first, and stores the record.
    function _append(
        uint16 domain,
        address owner,
        RecordWord r,
        uint256 outcomes,
        uint256 count
    ) private returns (uint256) {
        if (count != 0) {
            if (r.length() + count > TAPE) r = _fold(domain, owner, r);
            // Fits: at most 33 outcomes are new (256 claims, window 8, one service outcome), the tape holds 48.
            r = r.append(outcomes, count);
            emit OutcomesRecorded(domain, owner, outcomes, count);
        }
        _records[domain][owner] = r;
        return outcomes | (count << 128);
    }

    // ------------------------------------------------------------------- post

    /// @inheritdoc IReputationLedger
    function post(uint16 domain, Entry[] calldata entries) external {
        require(entries.length <= MAX_POSTS, BatchTooLarge(entries.length, MAX_POSTS));
        uint16 version = REGISTRY.currentVersion(domain);
        ReputationMath.Rule memory rule = REGISTRY.reputationOf(domain, version);
        uint256 posted;
        for (uint256 i; i < entries.length; ++i) {
            address owner = entries[i].owner;
            RecordWord r = _records[domain][owner];
            uint256 length = r.length();
            // Passed over, so that nobody can spoil a batch by posting one of it first.
            if (length == 0) continue;
            ++posted;
            uint256 before = r.reputation();
            uint256 expected = ReputationMath.replay(before, r.tape(), length, rule);
            require(entries[i].reputation == expected, ReputationMismatch(owner, expected, entries[i].reputation));
            _records[domain][owner] = r.replayed(expected);
            emit ReputationChanged(domain, owner, version, length, before, expected, msg.sender);

            VAULT.setReputation(domain, owner, expected);
        }
        require(posted != 0, EmptyTape(domain, entries.length == 0 ? address(0) : entries[0].owner));
        uint256 bounty = REGISTRY.rewardsOf(domain, version).postBounty * Units.GWEI;
        if (bounty != 0) MINTER.payBounty(domain, msg.sender, bounty * posted);
    }

    /// @dev Replays a full tape without a poster, so that no seat is ever refused for it.
    function _fold(uint16 domain, address owner, RecordWord r) private returns (RecordWord) {
        uint16 version = REGISTRY.currentVersion(domain);
        uint256 before = r.reputation();
        uint256 folded = ReputationMath.replay(before, r.tape(), r.length(), REGISTRY.reputationOf(domain, version));
        emit ReputationChanged(domain, owner, version, r.length(), before, folded, address(0));

        VAULT.setReputation(domain, owner, folded);
        return r.replayed(folded);
    }

    // ------------------------------------------------------------------ views

    /// @inheritdoc IReputationLedger
    function reputationOf(uint16 domain, address owner) external view returns (uint256) {
        return _records[domain][owner].reputation();
    }

    /// @inheritdoc IReputationLedger
    function pendingReputationOf(uint16 domain, address owner) external view returns (uint256) {
        RecordWord r = _records[domain][owner];
        ReputationMath.Rule memory rule = REGISTRY.reputationOf(domain, REGISTRY.currentVersion(domain));
        return ReputationMath.replay(r.reputation(), r.tape(), r.length(), rule);
    }

    /// @inheritdoc IReputationLedger
    function absenceChargeOf(
        uint16 domain,
        uint16 version,
        address owner,
        uint256 fee
    ) external view returns (uint256) {
        uint256 ratio = REGISTRY.feesOf(domain, version).absenceRatio;
        uint256 delta = REGISTRY.rewardsOf(domain, version).delta;
        uint256 discount = ReputationMath.power(_records[domain][owner].reputation(), delta);
        return FixedPointMathLib.fullMulDivUp(fee * ratio, Units.WAD, Units.BPS * discount);
    }

    /// @inheritdoc IReputationLedger
    function recordOf(uint16 domain, address owner) external view returns (Record memory) {
        return _records[domain][owner].unpack();
    }
}
