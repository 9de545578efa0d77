// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {SkillScore} from "../libraries/SkillScore.sol";
import {IDomainRegistry} from "./IDomainRegistry.sol";
import {IEpochClock} from "./IEpochClock.sol";

/// @title IReputationLedger
/// @notice Quality counters, outcome tapes and R of every operator of every domain.
/// @dev R lies in [0.1, 10] WAD and starts at 1. Outcomes wait on a tape of two bits each until somebody posts the
///      exact result, or until the tape is full and the ledger folds it itself.
interface IReputationLedger is IEpochClock {
    /// @notice One posted reputation.
    struct Entry {
        address owner;
        /// @dev WAD, must equal the replay bit for bit
        uint256 reputation;
    }

    /// @notice State of one (domain, operator). One slot.
    struct Record {
        /// @dev WAD; zero stands for the start value 1
        uint64 reputation;
        /// @dev Σs − τ · Σ(b − y)²/(4b(1 − b)) of the open quality window, 1e-12
        int64 quality;
        /// @dev scored claims of the open quality window
        uint16 scored;
        uint8 length;
        /// @dev outcomes, two bits each, the oldest lowest
        uint96 tape;
    }

    /// @notice `count` outcomes (two bits each, the oldest lowest) were appended to the tape.
    event OutcomesRecorded(uint16 indexed domain, address indexed owner, uint256 outcomes, uint256 count);
    /// @notice A tape of `length` outcomes was replayed under parameter `version`; it is empty now.
    /// @param poster who posted it; zero when the ledger folded a full tape
    event ReputationChanged(
        uint16 indexed domain,
        address indexed owner,
        uint16 version,
        uint256 length,
        uint256 before,
        uint256 reputation,
        address poster
    );

    /// @notice Only Assay.
    error NotAssay(address caller, address assay);
    /// @notice The value posted is not the replay of the tape.
    error ReputationMismatch(address owner, uint256 expected, uint256 posted);
    /// @notice There is nothing to replay.
    error EmptyTape(uint256 domain, address owner);
    /// @notice More entries than one call takes.
    error BatchTooLarge(uint256 given, uint256 max);

    /// @notice Books settled seats of one request that revealed. Only Assay.
    /// @param preset of the parameters the request runs under
    /// @param window scored claims per quality outcome, of the same parameters
    /// @return outcomes of each seat: two bits each, the oldest lowest | count << 128
    function record(
        uint16 domain,
        IDomainRegistry.Preset preset,
        uint256 window,
        SkillScore.SeatScore[] calldata seats
    ) external returns (uint256[] memory outcomes);

    /// @notice Books a seat that stayed silent or never revealed. Only Assay.
    /// @return outcomes as in {record}
    function recordAbsent(uint16 domain, address owner) external returns (uint256 outcomes);

    /// @notice Posts reputations; each must equal the replay of its tape bit for bit. Pays a small bounty for each. Operators
    ///         with an empty tape are passed over; a call that posts nothing reverts.
    /// @param entries at most {MAX_POSTS}
    function post(uint16 domain, Entry[] calldata entries) external;

    /// @notice R, WAD. Outcomes on the tape are not in it yet.
    function reputationOf(uint16 domain, address owner) external view returns (uint256);
    /// @notice R as it will be once the tape is replayed under the parameters of now, WAD.
    function pendingReputationOf(uint16 domain, address owner) external view returns (uint256);
    /// @notice What an absent seat owes: `absenceRatio · fee / R^δ`, wei, rounded up.
    /// @param fee price · claims of the seat, wei
    function absenceChargeOf(uint16 domain, uint16 version, address owner, uint256 fee) external view returns (uint256);
    /// @notice R, tape and quality window as stored, see {Record}.
    function recordOf(uint16 domain, address owner) external view returns (Record memory);
    /// @notice Outcomes a tape holds.
    function TAPE() external view returns (uint256);
    /// @notice Largest batch of {post}; fits a 16M-gas transaction with full tapes.
    function MAX_POSTS() external view returns (uint256);
}
