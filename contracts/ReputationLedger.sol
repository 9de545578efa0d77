// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {FixedPointMathLib} from "solady/src/utils/FixedPointMathLib.sol";

import {EpochClock} from "./EpochClock.sol";
import {IDomainRegistry} from "./interfaces/IDomainRegistry.sol";
import {IReputationLedger} from "./interfaces/IReputationLedger.sol";
import {IRewardMinter} from "./interfaces/IRewardMinter.sol";
import {IStakeVault} from "./interfaces/IStakeVault.sol";
import {ReputationMath} from "./libraries/ReputationMath.sol";
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

    mapping(uint16 domain => mapping(address owner => Record)) private _records;

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
        address owner,
        bool late,
        IDomainRegistry.QualityRule calldata rule,
        SkillScore.Sums calldata sums,
        uint256 baseRate
    ) external onlyAssay returns (uint256) {
        bool published = rule.preset == IDomainRegistry.Preset.PUBLISHED;
        uint256 scored = sums.scoredTrue + sums.scoredFalse;
        bool silent = scored == 0 || published;
        if (silent && !late && !published) return 0;

        Record memory r = _records[domain][owner];
        uint256 outcomes;
        uint256 count;
        if (late || published) {
            outcomes = late ? ReputationMath.LATE : ReputationMath.SUCCESS;
            count = 1;
        }
        if (!silent) {
            // Fits: a claim adds less than 6e12, and a window closes after at most 1,024 + 256 claims.
            unchecked {
                r.quality += int64(SkillScore.quality(sums, baseRate, rule.bar));
                r.scored += uint16(scored);
            }
            // The most one request closes; only a window that shrank since could give more.
            uint256 closed = FixedPointMathLib.min(r.scored / rule.window, MAX_CLOSED);
            if (closed != 0) {
                // All windows this request closes carry one sign: their claims were judged together.
                uint256 outcome = r.quality > 0 ? ReputationMath.SUCCESS : ReputationMath.WRONG;
                for (uint256 i; i < closed; ++i) {
                    outcomes |= outcome << (2 * count);
                    ++count;
                }
                r.scored = uint16(r.scored % rule.window);
                r.quality = 0;
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
        Record memory r,
        uint256 outcomes,
        uint256 count
    ) private returns (uint256) {
        if (count != 0) {
            if (r.length + count > TAPE) _fold(domain, owner, r);
            // Fits: at most 33 outcomes are new (256 claims, window 8, one service outcome), the tape holds 48.
            r.tape |= uint96(outcomes << (2 * r.length));
            r.length += uint8(count);
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
        for (uint256 i; i < entries.length; ++i) {
            address owner = entries[i].owner;
            Record memory r = _records[domain][owner];
            require(r.length != 0, EmptyTape(domain, owner));
            uint256 before = _reputation(r);
            uint256 expected = ReputationMath.replay(before, r.tape, r.length, rule);
            require(entries[i].reputation == expected, ReputationMismatch(owner, expected, entries[i].reputation));
            uint256 length = r.length;
            _clear(r, expected);
            _records[domain][owner] = r;
            emit ReputationChanged(domain, owner, version, length, before, expected, msg.sender);

            VAULT.setReputation(domain, owner, expected);
        }
        uint256 bounty = REGISTRY.rewardsOf(domain, version).postBounty * Units.GWEI;
        if (bounty != 0) MINTER.payBounty(domain, msg.sender, bounty * entries.length);
    }

    /// @dev Replays a full tape without a poster, so that no seat is ever refused for it.
    function _fold(uint16 domain, address owner, Record memory r) private {
        uint16 version = REGISTRY.currentVersion(domain);
        uint256 before = _reputation(r);
        uint256 folded = ReputationMath.replay(before, r.tape, r.length, REGISTRY.reputationOf(domain, version));
        emit ReputationChanged(domain, owner, version, r.length, before, folded, address(0));
        _clear(r, folded);

        VAULT.setReputation(domain, owner, folded);
    }

    function _clear(Record memory r, uint256 reputation) private pure {
        // Fits: R is at most 10e18.
        r.reputation = uint64(reputation);
        r.length = 0;
        r.tape = 0;
    }

    // ------------------------------------------------------------------ views

    /// @inheritdoc IReputationLedger
    function reputationOf(uint16 domain, address owner) external view returns (uint256) {
        return _reputation(_records[domain][owner]);
    }

    /// @inheritdoc IReputationLedger
    function pendingReputationOf(uint16 domain, address owner) external view returns (uint256) {
        Record memory r = _records[domain][owner];
        ReputationMath.Rule memory rule = REGISTRY.reputationOf(domain, REGISTRY.currentVersion(domain));
        return ReputationMath.replay(_reputation(r), r.tape, r.length, rule);
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
        uint256 discount = ReputationMath.power(_reputation(_records[domain][owner]), delta);
        return FixedPointMathLib.fullMulDivUp(fee * ratio, Units.WAD, Units.BPS * discount);
    }

    /// @inheritdoc IReputationLedger
    function recordOf(uint16 domain, address owner) external view returns (Record memory) {
        return _records[domain][owner];
    }

    function _reputation(Record memory r) private pure returns (uint256) {
        return r.reputation == 0 ? ReputationMath.START : r.reputation;
    }
}
