// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {AccountWord} from "../libraries/AccountWords.sol";
import {SkillScore} from "../libraries/SkillScore.sol";
import {IEpochClock} from "./IEpochClock.sol";

/// @title IRewardMinter
/// @notice Score accounts, the bounded mint that pays them, the debts they leave.
/// @dev Invariant (SPEC REW-1): minted for (domain, epoch) ≤ earned burn of (domain, epoch); bounties are taken out of
///      the earned burn before they are minted.
interface IRewardMinter is IEpochClock {
    /// @notice What one operator earned in one domain and epoch. One slot.
    struct Account {
        /// @dev Σ of score values, wei
        int88 score;
        /// @dev bonds of settled seats that are still locked, gwei
        uint56 releasable;
        /// @dev Σ price · claims of the settled seats, gwei, rounded down
        uint56 served;
        /// @dev R^γ · tilt, 1e9 = 1.0; fixed by the first seat of the epoch; zero: not open
        uint40 factor;
        /// @dev scored claims, saturating
        uint16 scored;
    }

    /// @notice What an epoch of a domain pins with its first settled seat. One slot.
    struct EpochTerms {
        /// @dev Σ points over mature accounts, wei
        uint112 points;
        uint16 maturity;
        /// @dev basis points
        uint16 mintRatio;
        uint16 mintCap;
        uint16 penaltyRatio;
        /// @dev share of the schedule, basis points
        uint16 share;
        bool open;
    }

    /// @notice The first seat of an epoch opened the account.
    /// @param carriedFrom epoch of an immature account that was carried over whole; type(uint256).max if none
    event AccountOpened(
        uint16 indexed domain,
        uint256 indexed epoch,
        address indexed owner,
        uint256 factor,
        uint256 carriedFrom
    );
    /// @notice The account was closed: `minted` wei into the pool, or `charged` wei of a `debt` out of it.
    event Distributed(
        uint16 indexed domain,
        uint256 indexed epoch,
        address indexed owner,
        int256 score,
        uint256 points,
        uint256 minted,
        uint256 debt,
        uint256 charged
    );
    /// @notice `bond` gwei of an account are free again.
    event BondsReleased(uint16 indexed domain, uint256 indexed epoch, address indexed owner, uint256 bond);
    /// @notice `amount` wei were minted to `to` for a posted reputation.
    event BountyPaid(uint16 indexed domain, address indexed to, uint256 amount);
    /// @notice The domain's share of the schedule, basis points.
    event ShareChanged(uint16 indexed domain, uint256 share);

    /// @notice Only Assay.
    error NotAssay(address caller, address assay);
    /// @notice Only the ReputationLedger.
    error NotLedger(address caller, address ledger);
    /// @notice Only past epochs are distributed.
    error EpochNotOver(uint256 epoch, uint256 current);
    /// @notice More owners than one call takes.
    error BatchTooLarge(uint256 given, uint256 max);
    /// @notice Basis points.
    error ShareTooHigh(uint256 given, uint256 max);
    /// @notice The account holds no bond that could be freed.
    error NothingToUnlock(uint256 domain, address owner);

    /// @notice Adds settled seats of one request to the accounts of this epoch. Only Assay.
    /// @param bond gwei that each seat makes releasable
    /// @param served price · claims of a seat, gwei, rounded down
    /// @return before each account as it was, opened if it was not; fields as in {Account}, from the low bit up
    function credit(
        uint16 domain,
        uint256 bond,
        uint256 served,
        SkillScore.SeatScore[] calldata seats
    ) external returns (AccountWord[] memory before);

    /// @notice Closes accounts of a past epoch: mints rewards, charges debts (a twentieth to the caller), frees bonds.
    ///         Accounts that are immature or closed are passed over. Anyone, at any later time.
    /// @param owners at most {MAX_OWNERS}
    function distribute(uint16 domain, uint256 epoch, address[] calldata owners) external;

    /// @notice Frees what the operator's newest account does not need to cover ρ times its loss. Anyone.
    /// @return bond gwei
    function unlock(uint16 domain, address owner) external returns (uint256 bond);

    /// @notice Mints up to `amount` wei to `to` out of the earned burn of this epoch. Only ReputationLedger.
    function payBounty(uint16 domain, address to, uint256 amount) external;

    /// @notice Gives a domain a share of the schedule, basis points. Only governance.
    function setShare(uint16 domain, uint256 share) external;

    /// @notice What can be minted for (domain, epoch): κ · earned + min(share · schedule, (1 − κ) · earned), wei.
    function mintable(uint16 domain, uint256 epoch) external view returns (uint256);
    /// @notice Emission of an epoch before shares: halves every {HALVING} epochs, wei.
    function schedule(uint256 epoch) external view returns (uint256);
    /// @notice What one operator earned, see {Account}; all zero if not open.
    function accountOf(uint16 domain, uint256 epoch, address owner) external view returns (Account memory);
    /// @notice Epoch of the operator's newest account; zero also before its first.
    function lastEpochOf(uint16 domain, address owner) external view returns (uint256);
    /// @notice What the epoch's first settled seat pinned, see {EpochTerms}.
    function termsOf(uint16 domain, uint256 epoch) external view returns (EpochTerms memory);
    /// @notice Share of the schedule, basis points.
    function shareOf(uint16 domain) external view returns (uint256);
    /// @notice Largest batch of {distribute}; fits a 16M-gas transaction.
    function MAX_OWNERS() external view returns (uint256);
    /// @notice Emission of epoch 0, wei.
    function INITIAL_EMISSION() external view returns (uint256);
    /// @notice Epochs after which the emission halves.
    function HALVING() external view returns (uint256);
}
