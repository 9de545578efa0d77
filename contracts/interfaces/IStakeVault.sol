// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {DomainWindow} from "../libraries/DomainWindow.sol";
import {IEpochClock} from "./IEpochClock.sol";

/// @title IStakeVault
/// @notice Operators and their pools: self-bond, delegation, unbonding, seat bonds, charges; seat weights by epoch.
/// @dev Amounts are wei of WORK; weights and bonds are whole gwei of WORK.
///      Safety rests on: WORK moves exactly what it says and calls nobody; Assay, the ReputationLedger, the RewardMinter and
///      the CloneRegistry are the immutable peers. Liveness of withdrawals rests on WORK alone, that of registrations also on
///      the domain's IAttestation, an outside contract that is asked by a static call before anything happens.
///      Invariants: balance = Σ (active + unbonding); locked · 1e9 ≤ active + unbonding of every pool;
///      W = Σ W_f over eligible families; W_f = Σ w; Σroot = Σ isqrt(W_f · 2^32).
interface IStakeVault is IEpochClock {
    /// @notice An operator of a domain. One slot.
    struct Operator {
        /// @dev signs votes; may be rotated at any time, because votes bind to the owner
        address hotKey;
        /// @dev slot of its family, 0..15
        uint8 family;
        /// @dev basis points of rewards that go to the operator's own shares
        uint16 commission;
        /// @dev bit 0 registered, bit 1 resting
        uint8 flags;
        /// @dev last R the ReputationLedger reported, WAD
        uint64 reputation;
    }

    /// @notice What backs an operator. One slot.
    struct Pool {
        /// @dev wei that carries weight and earns
        uint88 active;
        /// @dev wei waiting to be withdrawn, charged exactly like active
        uint88 unbonding;
        /// @dev gwei held by open seats and score accounts
        uint56 locked;
    }

    /// @notice Shares of both sides of a pool. One slot.
    struct Shares {
        uint128 active;
        uint128 unbonding;
    }

    /// @notice A holder's part of a pool, and its unstaking ticket. One slot.
    struct Holding {
        uint112 shares;
        uint104 unbondingShares;
        /// @dev Unix seconds from which the ticket can be withdrawn
        uint40 readyAt;
    }

    /// @notice Where an operator comes from. One slot.
    struct Origin {
        /// @dev number of its registration among all of this vault, from 1: the smaller one registered earlier
        uint64 serial;
        /// @dev epoch from which it counts in its present family, if it was reclassified; before that in `from`
        uint24 since;
        uint8 from;
        /// @dev the first half of the lineage it may register again in only, whatever the slot; zero if it is free
        bytes16 pin;
        /// @dev a charge once took its own stake, active and unbonding, below the minSelfBond of its domain
        bool chargedOut;
    }

    /// @notice What a reclassified operator's next rewards leave to whoever reported it. One slot.
    struct Bounty {
        address reporter;
        /// @dev rewards of the epochs `from` … `until` − 1 leave it a twentieth
        uint24 from;
        uint24 until;
        /// @dev gwei that are not paid yet
        uint48 left;
    }

    /// @notice What a seat is judged by.
    struct SeatWeights {
        /// @dev w, gwei, in the round's epoch
        uint256 weight;
        /// @dev W_f, gwei, in the round's epoch; zero if the family was too light to count
        uint256 familyWeight;
        uint8 family;
        /// @dev vote weight 1..4 in the round's epoch
        uint8 tier;
    }

    /// @notice An operator joined a domain.
    /// @param commission basis points
    /// @param uri model card
    event OperatorRegistered(
        uint16 indexed domain,
        address indexed owner,
        uint8 indexed family,
        address hotKey,
        uint16 commission,
        bytes32 modelHash,
        string uri
    );
    /// @notice The operator left; its stake and R stayed.
    event OperatorRemoved(uint16 indexed domain, address indexed owner);
    /// @notice `hotKey` may commit votes from now on, instead of the one before.
    event HotKeyChanged(uint16 indexed domain, address indexed owner, address hotKey);
    /// @notice The operator announced another model of its family.
    event ModelChanged(uint16 indexed domain, address indexed owner, bytes32 modelHash, string uri);
    /// @notice `commission` comes into force at `effectiveAt`, Unix seconds.
    event CommissionChanged(uint16 indexed domain, address indexed owner, uint16 commission, uint48 effectiveAt);
    /// @notice From the next epoch on the operator weighs nothing (`resting`), or its stake again.
    event RestChanged(uint16 indexed domain, address indexed owner, bool resting);
    /// @notice `assets` wei went into the pool for `shares` active shares.
    event Staked(uint16 indexed domain, address indexed owner, address indexed holder, uint256 assets, uint256 shares);
    /// @notice `assets` wei moved to the unbonding side; the whole ticket can be paid out from `readyAt`, Unix
    ///         seconds.
    event UnstakeRequested(
        uint16 indexed domain,
        address indexed owner,
        address indexed holder,
        uint256 assets,
        uint256 shares,
        uint40 readyAt
    );
    /// @notice The whole ticket, `assets` wei, became `shares` active shares again.
    event UnstakeCancelled(
        uint16 indexed domain,
        address indexed owner,
        address indexed holder,
        uint256 assets,
        uint256 shares
    );
    /// @notice A ticket was paid out: `assets` wei.
    event Withdrawn(uint16 indexed domain, address indexed owner, address indexed holder, uint256 assets);
    /// @notice From `epoch` on the operator weighs `weight` gwei and votes with `tier`.
    event WeightChanged(uint16 indexed domain, address indexed owner, uint256 epoch, uint256 weight, uint256 tier);
    /// @notice `bond` gwei are free again; they were locked when the operator committed.
    event BondUnlocked(uint16 indexed domain, address indexed owner, uint256 bond);
    /// @notice `charged` wei left the pool; `bounty` of it went to `collector`, the rest burned.
    event Charged(
        uint16 indexed domain,
        address indexed owner,
        uint256 charged,
        uint256 bounty,
        address indexed collector
    );
    /// @notice A charge took the operator's own stake below `floor` wei; its Origin says so for ever.
    event ChargedOut(uint16 indexed domain, address indexed owner, uint256 left, uint256 floor);
    /// @notice `missing` wei could not be charged and is forgiven.
    event Shortfall(uint16 indexed domain, address indexed owner, uint256 missing);
    /// @notice From `epoch` on the operator counts in `family`.
    event OperatorReclassified(
        uint16 indexed domain,
        address indexed owner,
        uint8 from,
        uint8 indexed family,
        uint256 epoch,
        bool pinned
    );
    /// @notice Rewards of the operator for the epochs `from` … `until` − 1 leave a twentieth, in all up to `cap` gwei, to
    ///         `reporter`. It ends early when the operator is moved back.
    event BountyPromised(
        uint16 indexed domain,
        address indexed owner,
        address indexed reporter,
        uint256 from,
        uint256 until,
        uint256 cap
    );
    /// @notice `amount` wei of a reward for `epoch` went to `reporter`.
    event ReporterPaid(
        uint16 indexed domain,
        address indexed owner,
        address indexed reporter,
        uint256 epoch,
        uint256 amount
    );
    /// @notice `amount` wei were booked in the pool, `commission` of it as the operator's own.
    event Rewarded(uint16 indexed domain, address indexed owner, uint256 amount, uint256 commission);

    /// @notice Only Assay.
    error NotAssay(address caller, address assay);
    /// @notice Only the ReputationLedger.
    error NotLedger(address caller, address ledger);
    /// @notice Only the RewardMinter, or Assay where a function serves both.
    error NotMinter(address caller, address minter);
    /// @notice Only the CloneRegistry.
    error NotCloneRegistry(address caller, address clones);
    /// @notice The operator was reclassified and may come back to that lineage only; first halves of lineages.
    error FamilyPinned(uint256 domain, address owner, bytes16 given, bytes16 kept);
    /// @notice The last reclassification takes effect in epoch `since`; the next one must come in a later epoch.
    error ReclassifiedLately(uint256 domain, address owner, uint256 since);
    /// @notice Neither the operator's owner nor its hot key.
    error NotOperatorKey(address caller, address owner, address hotKey);
    /// @notice No operator of the domain has this owner.
    error NotRegistered(uint256 domain, address owner);
    /// @notice The owner has an operator in the domain.
    error AlreadyRegistered(uint256 domain, address owner);
    /// @notice The slot holds no listed family.
    error UnknownFamily(uint256 domain, uint256 family);
    /// @notice Zero is nobody's key.
    error InvalidHotKey();
    /// @notice Zero is no model's hash.
    error InvalidModelHash();
    /// @notice Basis points.
    error CommissionTooHigh(uint256 given, uint256 max);
    /// @notice wei.
    error StakeTooSmall(uint256 given, uint256 min);
    /// @notice The caller holds `held` active shares.
    error InsufficientShares(uint256 given, uint256 held);
    /// @notice Nothing was asked for.
    error ZeroShares();
    /// @notice The pool was charged down so far that its shares cannot be counted any more.
    error PoolDepleted(uint256 domain, address owner);
    /// @notice The holder has nothing unbonding in this pool.
    error NoTicket(uint256 domain, address owner, address holder);
    /// @notice Unix seconds.
    error StillUnbonding(uint256 now_, uint256 readyAt);
    /// @notice What would be left does not cover the locked bonds. All in wei.
    error StakeLocked(uint256 left, uint256 locked);
    /// @notice Too little free stake for a seat's bond, gwei.
    error InsufficientFreeStake(uint256 free, uint256 bond);
    /// @notice The operator has a bond locked, or weight in the previous, current or next epoch.
    error StillOnDuty(uint256 domain, address owner);
    /// @notice Operators are registered in the family.
    error FamilyInUse(uint256 domain, uint256 family, uint256 members);
    /// @notice Seconds; the least is five epochs.
    error UnbondingTooShort(uint256 given, uint256 min);

    // ---------------------------------------------------------------- operators

    /// @notice Registers the caller as an operator of `domain`, if its IAttestation, where it has one, does not object.
    /// @param hotKey address that will commit votes
    /// @param family slot of a listed family
    /// @param commission basis points, ≤ {MAX_COMMISSION}; if the pool holds active stake from before, ≤ the commission then
    /// @param modelHash SHA-256 of the model file
    /// @param uri model card
    function register(
        uint16 domain,
        address hotKey,
        uint8 family,
        uint16 commission,
        bytes32 modelHash,
        string calldata uri
    ) external;

    /// @notice Removes the caller's operator; it must have no bond locked and no weight in the previous, current and next
    ///         epoch. Its stake stays with its holders, who can unstake as before. Reputation stays.
    function deregister(uint16 domain) external;

    /// @notice Replaces the hot key, at once.
    function setHotKey(uint16 domain, address hotKey) external;

    /// @notice Announces another model of the same family.
    function setModel(uint16 domain, bytes32 modelHash, string calldata uri) external;

    /// @notice Lowers the commission at once, or raises it after UNBONDING.
    function setCommission(uint16 domain, uint16 commission) external;

    /// @notice Sets the caller's weight to zero from the next epoch on (or back); the stake stays.
    function rest(uint16 domain, bool resting) external;

    /// @notice Frees a family slot nobody is registered in; its bond returns to the proposer. Only the proposer and the
    ///         domain's owner: anybody else could take a slot away before its first operator registers.
    function vacateFamily(uint16 domain, uint8 family) external;

    // ------------------------------------------------------------------ stakers

    /// @notice Stakes `assets` wei of the caller's WORK (allowance needed) into an operator's pool.
    /// @param assets at least {MIN_STAKE}
    /// @return shares received, rounded down
    function stake(uint16 domain, address owner, uint256 assets) external returns (uint256 shares);

    /// @notice {stake} with an EIP-2612 permit of the caller.
    function stakeWithPermit(
        uint16 domain,
        address owner,
        uint256 assets,
        uint256 deadline,
        uint8 v,
        bytes32 r,
        bytes32 s
    ) external returns (uint256 shares);

    /// @notice Turns active shares into unbonding ones. A second request joins the ticket and restarts its wait.
    /// @return assets wei that left the active side, rounded down
    function requestUnstake(uint16 domain, address owner, uint256 shares) external returns (uint256 assets);

    /// @notice Turns the caller's whole ticket back into active shares.
    function cancelUnstake(uint16 domain, address owner) external returns (uint256 shares);

    /// @notice Pays out the caller's ticket after UNBONDING. Never paused.
    function withdraw(uint16 domain, address owner) external returns (uint256 assets);

    // -------------------------------------------------------------------- peers

    /// @notice Locks a seat's bond and returns what the seat is judged by. Only Assay, which reverts if nobody sits.
    /// @param caller who sent the vote: the owner or its hot key
    /// @param epoch the round's epoch, this one or the one before
    /// @param bond gwei
    function takeSeat(
        uint16 domain,
        address owner,
        address caller,
        uint256 epoch,
        uint256 bond
    ) external returns (SeatWeights memory);

    /// @notice Frees `bond` gwei. Only Assay and RewardMinter.
    function unlock(uint16 domain, address owner, uint256 bond) external;

    /// @notice Frees `bond` gwei and moves as much WORK out of the pool to `recipient`, from both sides in proportion. Only
    ///         Assay.
    function seize(uint16 domain, address owner, uint256 bond, address recipient) external;

    /// @notice Frees `bond` gwei, then charges up to `amount` wei from both sides of the pool in proportion, never
    ///         touching what other seats hold. Only Assay and RewardMinter.
    /// @return charged wei; a twentieth went to `collector`, the rest burned
    function charge(
        uint16 domain,
        address owner,
        uint256 bond,
        uint256 amount,
        address collector
    ) external returns (uint256 charged);

    /// @notice Books `amount` wei that were just minted to this contract for `epoch`, less what a {Bounty} takes. Only
    ///         RewardMinter.
    function reward(uint16 domain, address owner, uint256 epoch, uint256 amount) external;

    /// @notice Takes over a new R; weight and tier change with the next epoch. Only ReputationLedger.
    function setReputation(uint16 domain, address owner, uint256 reputation) external;

    /// @notice Moves an operator to another family from the next epoch on; the current and the previous epoch keep the old
    ///         one. Only CloneRegistry.
    /// @param bounty what its next rewards leave to whom, and it may register again in that lineage only; if a bounty is
    ///        running it goes on instead. Without a reporter a running one ends, and the operator is free to choose.
    function reclassify(uint16 domain, address owner, uint8 family, Bounty calldata bounty) external;

    // -------------------------------------------------------------------- views

    /// @notice Reverts unless `caller` may vote for `owner`.
    function requireKey(uint16 domain, address owner, address caller) external view;
    /// @notice What a seat of the operator would be judged by in `epoch` (previous, current or next).
    function seatWeights(uint16 domain, address owner, uint256 epoch) external view returns (SeatWeights memory);
    /// @notice gwei of the pool no seat holds.
    function freeStake(uint16 domain, address owner) external view returns (uint256);
    /// @notice Sums of the domain in the current epoch.
    function domainSums(uint16 domain) external view returns (DomainWindow.Sums memory);
    /// @notice Sums of the domain in the next epoch.
    function nextDomainSums(uint16 domain) external view returns (DomainWindow.Sums memory);
    /// @notice W_f in `epoch` (previous, current or next), gwei, whether or not the family counts.
    function familyWeight(uint16 domain, uint8 family, uint256 epoch) external view returns (uint256);
    /// @notice Registered operators of a family.
    function familyMembers(uint16 domain, uint8 family) external view returns (uint256);
    /// @notice An operator, with the family it counts in now.
    function operatorOf(uint16 domain, address owner) external view returns (Operator memory);
    /// @notice When and where the operator registered, see {Origin}.
    function originOf(uint16 domain, address owner) external view returns (Origin memory);
    /// @notice What a reporter of the operator is still paid, see {Bounty}.
    function bountyOf(uint16 domain, address owner) external view returns (Bounty memory);
    /// @notice SHA-256 of the registered model; zero for an unknown operator.
    function modelHashOf(uint16 domain, address owner) external view returns (bytes32);
    /// @notice The stake behind an operator, see {Pool}.
    function poolOf(uint16 domain, address owner) external view returns (Pool memory);
    /// @notice All shares of a pool, see {Shares}.
    function sharesOf(uint16 domain, address owner) external view returns (Shares memory);
    /// @notice What one holder has in a pool, see {Holding}.
    function holdingOf(uint16 domain, address owner, address holder) external view returns (Holding memory);
    /// @notice wei the holder's active shares and its ticket are worth, rounded down.
    function assetsOf(
        uint16 domain,
        address owner,
        address holder
    ) external view returns (uint256 active, uint256 unbonding);
    /// @notice The commission in force now, basis points.
    function commissionOf(uint16 domain, address owner) external view returns (uint256);

    /// @notice Seconds between a request to unstake and its withdrawal.
    function UNBONDING() external view returns (uint256);
    /// @notice Largest commission, basis points.
    function MAX_COMMISSION() external view returns (uint16);
    /// @notice Smallest stake, wei.
    function MIN_STAKE() external view returns (uint256);
    /// @notice Only caller of {takeSeat} and {seize}.
    function ASSAY() external view returns (address);
    /// @notice Only caller of {setReputation}.
    function LEDGER() external view returns (address);
    /// @notice Only caller of {reward}.
    function MINTER() external view returns (address);
    /// @notice Only caller of {reclassify}.
    function CLONES() external view returns (address);
}
