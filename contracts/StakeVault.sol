// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {SafeERC20} from "@openzeppelin/contracts/token/ERC20/utils/SafeERC20.sol";
import {FixedPointMathLib} from "solady/src/utils/FixedPointMathLib.sol";

import {EpochClock} from "./EpochClock.sol";
import {IAttestation} from "./interfaces/IAttestation.sol";
import {IDomainRegistry} from "./interfaces/IDomainRegistry.sol";
import {IStakeVault} from "./interfaces/IStakeVault.sol";
import {IWorkToken} from "./interfaces/IWorkToken.sol";
import {DomainWindow} from "./libraries/DomainWindow.sol";
import {EpochWindow} from "./libraries/EpochWindow.sol";
import {SharesMath} from "./libraries/SharesMath.sol";
import {Sortition} from "./libraries/Sortition.sol";
import {Units} from "./libraries/Units.sol";

/// @title StakeVault
contract StakeVault is EpochClock, IStakeVault {
    using SafeERC20 for IWorkToken;
    using EpochWindow for uint256;

    uint8 private constant REGISTERED = 1;
    uint8 private constant RESTING = 2;
    /// @dev Set in the stored family of an operator that was reclassified: which one counted when is in its Origin.
    uint8 private constant RECLASSIFIED = 0x80;

    /// @dev What backs an operator. One slot. Its free part lies in the window, where taking a seat finds it.
    struct Backing {
        uint88 active; // wei
        uint88 unbonding; // wei
        uint56 minSelfBond; // gwei; cached at registration, because it never changes
    }

    /// @dev A word in a struct, so that it is found once and then read and written.
    struct Weight {
        uint256 window;
    }

    /// @dev The tail of an operator's window: tiers (minus one) of the previous, current and next epoch, two bits each,
    ///      then the free stake: gwei of the pool (rounded down) that no seat and no score account holds.
    uint256 private constant FREE_OFFSET = 6;
    uint256 private constant FREE_SHIFT = 192 + FREE_OFFSET;

    IWorkToken public immutable TOKEN;
    IDomainRegistry public immutable REGISTRY;
    /// @inheritdoc IStakeVault
    address public immutable ASSAY;
    /// @inheritdoc IStakeVault
    address public immutable LEDGER;
    /// @inheritdoc IStakeVault
    address public immutable MINTER;
    /// @inheritdoc IStakeVault
    address public immutable CLONES;
    /// @inheritdoc IStakeVault
    uint256 public immutable UNBONDING;
    /// @inheritdoc IStakeVault
    uint16 public constant MAX_COMMISSION = 5_000;
    /// @inheritdoc IStakeVault
    uint256 public constant MIN_STAKE = 1e15;

    mapping(uint16 domain => mapping(address owner => Operator)) private _operators;
    mapping(uint16 domain => mapping(address owner => Backing)) private _pools;
    mapping(uint16 domain => mapping(address owner => Shares)) private _shares;
    mapping(uint16 domain => mapping(address owner => mapping(address holder => Holding))) private _holdings;
    /// @dev EpochWindow of w, with tiers and the free stake in its tail.
    mapping(uint16 domain => mapping(address owner => Weight)) private _weights;
    /// @dev EpochWindow of W_f, with minFamilyWeight in its tail. Counts every member, also while too light.
    mapping(uint16 domain => mapping(uint8 family => uint256 window)) private _families;
    /// @dev DomainWindow over the eligible families.
    mapping(uint16 domain => uint256 window) private _domains;
    /// @inheritdoc IStakeVault
    mapping(uint16 domain => mapping(uint8 family => uint256 count)) public familyMembers;
    /// @inheritdoc IStakeVault
    mapping(uint16 domain => mapping(address owner => bytes32 sha256_)) public modelHashOf;
    /// @dev A raised commission and the moment it comes into force: commission | effectiveAt << 16.
    mapping(uint16 domain => mapping(address owner => uint256 packed)) private _raises;
    /// @dev Registrations of all domains so far.
    uint64 private _registrations;
    mapping(uint16 domain => mapping(address owner => Origin)) private _origins;
    /// @dev Only of operators whose family carries RECLASSIFIED.
    mapping(uint16 domain => mapping(address owner => Bounty)) private _bounties;

    constructor(
        IWorkToken token,
        IDomainRegistry registry,
        address assay,
        address ledger,
        address minter,
        address clones,
        uint256 genesis,
        uint256 epochLength,
        uint256 unbonding
    ) EpochClock(genesis, epochLength) {
        // A round lasts at most one epoch (registry bound), a request at most three rounds; two epochs on top (SPEC STK-5).
        require(unbonding >= 5 * epochLength, UnbondingTooShort(unbonding, 5 * epochLength));
        TOKEN = token;
        REGISTRY = registry;
        ASSAY = assay;
        LEDGER = ledger;
        MINTER = minter;
        CLONES = clones;
        UNBONDING = unbonding;
    }

    // -------------------------------------------------------------- operators

    /// @inheritdoc IStakeVault
    function register(
        uint16 domain,
        address hotKey,
        uint8 family,
        uint16 commission,
        bytes32 modelHash,
        string calldata uri
    ) external {
        (uint56 minSelfBond, uint56 minFamilyWeight) = REGISTRY.stakeFloor(domain);
        Operator storage operator = _operators[domain][msg.sender];
        require(operator.flags & REGISTERED == 0, AlreadyRegistered(domain, msg.sender));
        require(hotKey != address(0), InvalidHotKey());
        bytes32 lineage = _lineageOf(domain, family);
        // Who returns to stake that stayed raises its commission with notice, as everybody.
        uint256 maxCommission =
            _shares[domain][msg.sender].active == 0 ? MAX_COMMISSION : commissionOf(domain, msg.sender);
        require(commission <= maxCommission, CommissionTooHigh(commission, maxCommission));
        require(modelHash != 0, InvalidModelHash());
        Origin storage origin = _origins[domain][msg.sender];
        bytes16 pin = origin.pin;
        require(pin == 0 || pin == bytes16(lineage), FamilyPinned(domain, msg.sender, bytes16(lineage), pin));
        address hook = REGISTRY.attestationOf(domain);
        if (hook != address(0)) IAttestation(hook).requireAdmitted(domain, msg.sender);

        // Nobody registers 2^64 times.
        origin.serial = ++_registrations;
        // A former operator of the domain keeps its R; a new one starts at 1.
        uint64 reputation = operator.reputation == 0 ? uint64(Units.WAD) : operator.reputation;
        // Who was moved stays marked, so that leaving ends no bounty.
        uint8 marked = family | (operator.family & RECLASSIFIED);
        _operators[domain][msg.sender] = Operator(hotKey, marked, commission, REGISTERED, reputation);
        modelHashOf[domain][msg.sender] = modelHash;
        delete _raises[domain][msg.sender];
        ++familyMembers[domain][family];
        uint256 tier = Sortition.tier(reputation) - 1;
        uint256 window = _weights[domain][msg.sender].window;
        uint256 tiers = tier | (tier << 2) | (tier << 4);
        _weights[domain][msg.sender].window = window.setTail(((window >> FREE_SHIFT) << FREE_OFFSET) | tiers);
        _pools[domain][msg.sender].minSelfBond = minSelfBond;
        _families[domain][family] = _families[domain][family].setTail(minFamilyWeight);
        emit OperatorRegistered(domain, msg.sender, family, hotKey, commission, modelHash, uri);
        // Tickets may have been cancelled and rewards may have come while it was away.
        _reweigh(domain, msg.sender, _pools[domain][msg.sender], _shares[domain][msg.sender].active, 0);
    }

    /// @inheritdoc IStakeVault
    function deregister(uint16 domain) external {
        Operator storage operator = _registered(domain, msg.sender);
        // Rounds of this and the previous epoch may still ask for its weight, so an operator leaves after they ended.
        // Stake may stay: nothing can charge it any more, and its holders leave when they like.
        bool weightless = EpochWindow.isZero(_weights[domain][msg.sender].window.roll(currentEpoch()));
        require(weightless && poolOf(domain, msg.sender).locked == 0, StillOnDuty(domain, msg.sender));
        --familyMembers[domain][operator.family & ~RECLASSIFIED];
        operator.flags = 0;
        emit OperatorRemoved(domain, msg.sender);
    }

    /// @inheritdoc IStakeVault
    function setHotKey(uint16 domain, address hotKey) external {
        require(hotKey != address(0), InvalidHotKey());
        _registered(domain, msg.sender).hotKey = hotKey;
        emit HotKeyChanged(domain, msg.sender, hotKey);
    }

    /// @inheritdoc IStakeVault
    function setModel(uint16 domain, bytes32 modelHash, string calldata uri) external {
        _registered(domain, msg.sender);
        require(modelHash != 0, InvalidModelHash());
        modelHashOf[domain][msg.sender] = modelHash;
        emit ModelChanged(domain, msg.sender, modelHash, uri);
    }

    /// @inheritdoc IStakeVault
    function setCommission(uint16 domain, uint16 commission) external {
        Operator storage operator = _registered(domain, msg.sender);
        require(commission <= MAX_COMMISSION, CommissionTooHigh(commission, MAX_COMMISSION));
        uint16 current = uint16(commissionOf(domain, msg.sender));
        uint256 effectiveAt = commission > current ? block.timestamp + UNBONDING : block.timestamp;
        operator.commission = commission > current ? current : commission;
        if (commission > current) _raises[domain][msg.sender] = commission | (effectiveAt << 16);
        else delete _raises[domain][msg.sender];
        emit CommissionChanged(domain, msg.sender, commission, uint48(effectiveAt));
    }

    /// @inheritdoc IStakeVault
    function rest(uint16 domain, bool resting) external {
        Operator storage operator = _registered(domain, msg.sender);
        operator.flags = resting ? REGISTERED | RESTING : REGISTERED;
        _reweigh(domain, msg.sender, _pools[domain][msg.sender], _shares[domain][msg.sender].active, 0);
        emit RestChanged(domain, msg.sender, resting);
    }

    /// @inheritdoc IStakeVault
    function vacateFamily(uint16 domain, uint8 family) external {
        uint256 members = familyMembers[domain][family];
        require(members == 0, FamilyInUse(domain, family, members));
        REGISTRY.vacateFamily(domain, family, msg.sender);
    }

    // ---------------------------------------------------------------- stakers

    /// @inheritdoc IStakeVault
    function stake(uint16 domain, address owner, uint256 assets) public returns (uint256 shares) {
        _registered(domain, owner);
        require(assets >= MIN_STAKE, StakeTooSmall(assets, MIN_STAKE));
        Backing memory pool = _pools[domain][owner];
        Shares storage total = _shares[domain][owner];
        Holding storage holding = _holdings[domain][owner][msg.sender];
        uint256 activeShares = total.active;
        shares = SharesMath.toSharesDown(assets, pool.active, activeShares);
        require(holding.shares + shares <= type(uint112).max && shares != 0, PoolDepleted(domain, owner));
        require(activeShares + shares <= type(uint112).max, PoolDepleted(domain, owner));

        // Casts are safe: assets are bounded by the supply (2^84), shares were checked above.
        uint256 before = _gwei(pool);
        pool.active += uint88(assets);
        activeShares += shares;
        _pools[domain][owner].active = pool.active;
        total.active = uint128(activeShares);
        holding.shares += uint112(shares);
        _reweigh(domain, owner, pool, activeShares, _gwei(pool) - before);
        emit Staked(domain, owner, msg.sender, assets, shares);

        TOKEN.safeTransferFrom(msg.sender, address(this), assets);
    }

    /// @inheritdoc IStakeVault
    function stakeWithPermit(
        uint16 domain,
        address owner,
        uint256 assets,
        uint256 deadline,
        uint8 v,
        bytes32 r,
        bytes32 s
    ) external returns (uint256 shares) {
        // A front-run permit leaves the allowance it grants, so its failure is decided by the transfer.
        // solhint-disable-next-line no-empty-blocks
        try TOKEN.permit(msg.sender, address(this), assets, deadline, v, r, s) {} catch {}
        return stake(domain, owner, assets);
    }

    /// @inheritdoc IStakeVault
    function requestUnstake(uint16 domain, address owner, uint256 shares) external returns (uint256 assets) {
        Holding memory holding = _holdings[domain][owner][msg.sender];
        require(shares != 0, ZeroShares());
        require(shares <= holding.shares, InsufficientShares(shares, holding.shares));
        Backing memory pool = _pools[domain][owner];
        Shares memory total = _shares[domain][owner];
        assets = SharesMath.toAssetsDown(shares, pool.active, total.active);
        uint256 tickets = SharesMath.toSharesDown(assets, pool.unbonding, total.unbonding);
        require(total.unbonding + tickets <= type(uint104).max, PoolDepleted(domain, owner));

        // Casts are safe: assets are part of `active`, shares of `holding`, tickets were checked above.
        pool.active -= uint88(assets);
        pool.unbonding += uint88(assets);
        total.active -= uint128(shares);
        total.unbonding += uint128(tickets);
        holding.shares -= uint112(shares);
        holding.unbondingShares += uint104(tickets);
        holding.readyAt = uint40(block.timestamp + UNBONDING);
        _pools[domain][owner] = pool;
        _shares[domain][owner] = total;
        _holdings[domain][owner][msg.sender] = holding;
        _reweigh(domain, owner, pool, total.active, 0);
        emit UnstakeRequested(domain, owner, msg.sender, assets, tickets, holding.readyAt);
    }

    /// @inheritdoc IStakeVault
    function cancelUnstake(uint16 domain, address owner) external returns (uint256 shares) {
        Holding memory holding = _holdings[domain][owner][msg.sender];
        require(holding.unbondingShares != 0, NoTicket(domain, owner, msg.sender));
        Backing memory pool = _pools[domain][owner];
        Shares memory total = _shares[domain][owner];
        uint256 assets = SharesMath.toAssetsDown(holding.unbondingShares, pool.unbonding, total.unbonding);
        shares = SharesMath.toSharesDown(assets, pool.active, total.active);
        require(total.active + shares <= type(uint112).max, PoolDepleted(domain, owner));

        // Casts are safe: assets are part of `unbonding`, shares were checked above.
        pool.unbonding -= uint88(assets);
        pool.active += uint88(assets);
        total.unbonding -= holding.unbondingShares;
        total.active += uint128(shares);
        holding.unbondingShares = 0;
        holding.readyAt = 0;
        holding.shares += uint112(shares);
        _pools[domain][owner] = pool;
        _shares[domain][owner] = total;
        _holdings[domain][owner][msg.sender] = holding;
        _reweigh(domain, owner, pool, total.active, 0);
        emit UnstakeCancelled(domain, owner, msg.sender, assets, shares);
    }

    /// @inheritdoc IStakeVault
    function withdraw(uint16 domain, address owner) external returns (uint256 assets) {
        Holding storage holding = _holdings[domain][owner][msg.sender];
        uint256 tickets = holding.unbondingShares;
        require(tickets != 0, NoTicket(domain, owner, msg.sender));
        require(block.timestamp >= holding.readyAt, StillUnbonding(block.timestamp, holding.readyAt));
        Backing memory pool = _pools[domain][owner];
        Shares storage total = _shares[domain][owner];
        assets = SharesMath.toAssetsDown(tickets, pool.unbonding, total.unbonding);
        uint256 window = _weights[domain][owner].window;
        uint256 locked = _gwei(pool) - (window >> FREE_SHIFT);
        // Casts are safe: both are part of what is there.
        pool.unbonding -= uint88(assets);
        uint256 left = uint256(pool.active) + pool.unbonding;
        require(left >= locked * Units.GWEI, StakeLocked(left, locked * Units.GWEI));

        _pools[domain][owner].unbonding = pool.unbonding;
        _weights[domain][owner].window = _setFree(window, _gwei(pool) - locked);
        total.unbonding -= uint128(tickets);
        holding.unbondingShares = 0;
        holding.readyAt = 0;
        emit Withdrawn(domain, owner, msg.sender, assets);

        TOKEN.safeTransfer(msg.sender, assets);
    }

    // ------------------------------------------------------------------ peers

    /// @inheritdoc IStakeVault
    function takeSeat(
        uint16 domain,
        address owner,
        address caller,
        uint256 epoch,
        uint256 bond
    ) external returns (SeatWeights memory) {
        require(msg.sender == ASSAY, NotAssay(msg.sender, ASSAY));
        Operator storage operator = _operators[domain][owner];
        _requireKey(domain, owner, caller, operator);
        Weight storage weight = _weights[domain][owner];
        uint256 window = weight.window;
        uint256 free = window >> FREE_SHIFT;
        require(free >= bond, InsufficientFreeStake(free, bond));
        // No borrow from the fields below: the free stake covers the bond.
        unchecked {
            weight.window = window - (bond << FREE_SHIFT);
        }
        return _seatWeights(domain, owner, window, operator.family, epoch);
    }

    /// @inheritdoc IStakeVault
    function unlock(uint16 domain, address owner, uint256 bond) external {
        require(msg.sender == ASSAY || msg.sender == MINTER, NotMinter(msg.sender, MINTER));
        // No carry: the peers free each bond once, so the free stake stays below the pool's assets, 2^55 gwei.
        _weights[domain][owner].window += bond << FREE_SHIFT;
        emit BondUnlocked(domain, owner, bond);
    }

    /// @inheritdoc IStakeVault
    function charge(
        uint16 domain,
        address owner,
        uint256 bond,
        uint256 amount,
        address collector
    ) external returns (uint256 charged) {
        require(msg.sender == ASSAY || msg.sender == MINTER, NotMinter(msg.sender, MINTER));
        charged = _charge(domain, owner, bond, amount);
        uint256 bounty = collector == address(0) ? 0 : charged / Units.BOUNTY_DIVISOR;
        emit Charged(domain, owner, charged, bounty, collector);

        if (bounty != 0) TOKEN.safeTransfer(collector, bounty);
        TOKEN.burn(charged - bounty);
    }

    /// @inheritdoc IStakeVault
    function seize(uint16 domain, address owner, uint256 bond, address recipient) external {
        require(msg.sender == ASSAY, NotAssay(msg.sender, ASSAY));
        // The bond is locked, so the pool holds all of it.
        uint256 seized = _charge(domain, owner, bond, bond * Units.GWEI);
        emit Charged(domain, owner, seized, seized, recipient);

        TOKEN.safeTransfer(recipient, seized);
    }

    /// @inheritdoc IStakeVault
    function reward(uint16 domain, address owner, uint256 epoch, uint256 amount) external {
        require(msg.sender == MINTER, NotMinter(msg.sender, MINTER));
        (address reporter, uint256 bounty) = (address(0), 0);
        if (_operators[domain][owner].family >= RECLASSIFIED)
            (reporter, bounty) = _takeBounty(domain, owner, epoch, amount);
        amount -= bounty;
        Backing memory pool = _pools[domain][owner];
        Shares storage total = _shares[domain][owner];
        uint256 activeShares = total.active;
        // Without active shares nobody else could claim the reward, so all of it becomes operator shares.
        uint256 commission = activeShares == 0 ? amount : (amount * commissionOf(domain, owner)) / Units.BPS;
        uint256 active = pool.active + amount - commission;
        uint256 shares = SharesMath.toSharesDown(commission, active, activeShares);
        Holding storage holding = _holdings[domain][owner][owner];
        if (activeShares + shares <= type(uint112).max) {
            activeShares += shares;
            total.active = uint128(activeShares);
            holding.shares += uint112(shares);
        }
        // Fits: minting never exceeds burning, so the supply stays below 2^84.
        uint256 before = _gwei(pool);
        pool.active = uint88(active + commission);
        _pools[domain][owner].active = pool.active;
        _reweigh(domain, owner, pool, activeShares, _gwei(pool) - before);
        emit Rewarded(domain, owner, amount, commission);

        if (bounty != 0) TOKEN.safeTransfer(reporter, bounty);
    }

    /// @inheritdoc IStakeVault
    function setReputation(uint16 domain, address owner, uint256 reputation) external {
        require(msg.sender == LEDGER, NotLedger(msg.sender, LEDGER));
        // Fits: R is at most 10e18.
        _operators[domain][owner].reputation = uint64(reputation);
        _reweigh(domain, owner, _pools[domain][owner], _shares[domain][owner].active, 0);
    }

    /// @inheritdoc IStakeVault
    function reclassify(uint16 domain, address owner, uint8 family, Bounty calldata bounty) external {
        require(msg.sender == CLONES, NotCloneRegistry(msg.sender, CLONES));
        bytes32 lineage = _lineageOf(domain, family);
        Operator storage operator = _operators[domain][owner];
        Origin memory origin = _origins[domain][owner];
        require(origin.serial != 0, NotRegistered(domain, owner));
        uint256 epoch = currentEpoch();
        // Two families are known for the epochs that can be read, so the last move must be older than all of them.
        require(origin.since < epoch, ReclassifiedLately(domain, owner, origin.since));
        uint8 from = operator.family & ~RECLASSIFIED;
        operator.family = family | RECLASSIFIED;
        origin.from = from;
        // Fits: 2^24 epochs are far beyond any clock this is deployed with.
        origin.since = uint24(epoch + 1);
        bool pinned = bounty.reporter != address(0);
        origin.pin = pinned ? bytes16(lineage) : bytes16(0);
        _origins[domain][owner] = origin;
        // Who left has no weight in any epoch and is nobody's member.
        if (operator.flags & REGISTERED != 0) {
            --familyMembers[domain][from];
            ++familyMembers[domain][family];
            uint256 weight = _weights[domain][owner].window.next();
            _moveFamily(domain, from, epoch, weight, 0);
            _moveFamily(domain, family, epoch, 0, weight);
        }
        emit OperatorReclassified(domain, owner, from, family, epoch + 1, pinned);
        _promise(domain, owner, epoch, bounty);
    }

    // ------------------------------------------------------------------ views

    /// @inheritdoc IStakeVault
    function requireKey(uint16 domain, address owner, address caller) external view {
        _requireKey(domain, owner, caller, _operators[domain][owner]);
    }

    /// @inheritdoc IStakeVault
    function seatWeights(uint16 domain, address owner, uint256 epoch) external view returns (SeatWeights memory) {
        return _seatWeights(domain, owner, _weights[domain][owner].window, _operators[domain][owner].family, epoch);
    }

    /// @inheritdoc IStakeVault
    function freeStake(uint16 domain, address owner) external view returns (uint256) {
        return _weights[domain][owner].window >> FREE_SHIFT;
    }

    /// @inheritdoc IStakeVault
    function domainSums(uint16 domain) external view returns (DomainWindow.Sums memory) {
        return DomainWindow.current(_domains[domain], currentEpoch());
    }

    /// @inheritdoc IStakeVault
    function nextDomainSums(uint16 domain) external view returns (DomainWindow.Sums memory) {
        return DomainWindow.next(_domains[domain]);
    }

    /// @inheritdoc IStakeVault
    function familyWeight(uint16 domain, uint8 family, uint256 epoch) external view returns (uint256) {
        return _families[domain][family].at(epoch, currentEpoch());
    }

    /// @inheritdoc IStakeVault
    function operatorOf(uint16 domain, address owner) external view returns (Operator memory operator) {
        operator = _operators[domain][owner];
        if (operator.family >= RECLASSIFIED) {
            operator.family = _familyAt(domain, owner, operator.family, currentEpoch());
        }
    }

    /// @inheritdoc IStakeVault
    function originOf(uint16 domain, address owner) external view returns (Origin memory) {
        return _origins[domain][owner];
    }

    /// @inheritdoc IStakeVault
    function bountyOf(uint16 domain, address owner) external view returns (Bounty memory) {
        return _bounties[domain][owner];
    }

    /// @inheritdoc IStakeVault
    function poolOf(uint16 domain, address owner) public view returns (Pool memory) {
        Backing memory pool = _pools[domain][owner];
        // Fits: part of the pool's assets.
        uint56 locked = uint56(_gwei(pool) - (_weights[domain][owner].window >> FREE_SHIFT));
        return Pool(pool.active, pool.unbonding, locked);
    }

    /// @inheritdoc IStakeVault
    function sharesOf(uint16 domain, address owner) external view returns (Shares memory) {
        return _shares[domain][owner];
    }

    /// @inheritdoc IStakeVault
    function holdingOf(uint16 domain, address owner, address holder) external view returns (Holding memory) {
        return _holdings[domain][owner][holder];
    }

    /// @inheritdoc IStakeVault
    function assetsOf(
        uint16 domain,
        address owner,
        address holder
    ) external view returns (uint256 active, uint256 unbonding) {
        return _worth(_holdings[domain][owner][holder], _pools[domain][owner], _shares[domain][owner]);
    }

    /// @inheritdoc IStakeVault
    function commissionOf(uint16 domain, address owner) public view returns (uint256) {
        uint256 raise = _raises[domain][owner];
        return raise != 0 && block.timestamp >= raise >> 16 ? uint16(raise) : _operators[domain][owner].commission;
    }

    // --------------------------------------------------------------- bounties

    /// @dev One at a time: otherwise a clone could replace the one it owes by having itself reported once more. One whose
    ///      epochs are over is none.
    function _promise(uint16 domain, address owner, uint256 epoch, Bounty calldata bounty) private {
        if (bounty.reporter == address(0)) {
            delete _bounties[domain][owner];
        } else if (_bounties[domain][owner].until <= epoch && bounty.until > epoch) {
            _bounties[domain][owner] = bounty;
            emit BountyPromised(domain, owner, bounty.reporter, bounty.from, bounty.until, bounty.left);
        }
    }

    /// @dev Books what a reward of `amount` wei for `epoch` leaves to the reporter: a twentieth in whole gwei.
    function _takeBounty(
        uint16 domain,
        address owner,
        uint256 epoch,
        uint256 amount
    ) private returns (address reporter, uint256 paid) {
        Bounty memory bounty = _bounties[domain][owner];
        if (epoch < bounty.from || epoch >= bounty.until) return (address(0), 0);
        reporter = bounty.reporter;
        uint256 part = FixedPointMathLib.min(amount / Units.BOUNTY_DIVISOR / Units.GWEI, bounty.left);
        // Fits: at most what is left.
        _bounties[domain][owner].left = bounty.left - uint48(part);
        paid = part * Units.GWEI;
        if (paid != 0) emit ReporterPaid(domain, owner, reporter, epoch, paid);
    }

    // ---------------------------------------------------------------- charges

    /// @dev Frees `bond` gwei and takes up to `amount` wei out of the pool.
    function _charge(uint16 domain, address owner, uint256 bond, uint256 amount) private returns (uint256 charged) {
        Backing memory pool = _pools[domain][owner];
        uint256 before = _gwei(pool);
        uint256 assets = uint256(pool.active) + pool.unbonding;
        // What other seats hold is out of reach. No underflow: locked ≤ assets, and the bond is part of it.
        uint256 others = before - (_weights[domain][owner].window >> FREE_SHIFT) - bond;
        charged = FixedPointMathLib.min(amount, assets - others * Units.GWEI);
        if (charged < amount) emit Shortfall(domain, owner, amount - charged);
        // The unbonding side pays its part rounded down; what is left is at most the active side, because
        // charged ≤ assets implies charged − ⌊charged · unbonding / assets⌋ ≤ active.
        uint256 fromUnbonding = charged == 0 ? 0 : (charged * pool.unbonding) / assets;
        Shares memory total = _shares[domain][owner];
        uint256 own = _ownStake(domain, owner, pool, total);
        pool.unbonding -= uint88(fromUnbonding);
        pool.active -= uint88(charged - fromUnbonding);
        _pools[domain][owner] = pool;
        uint256 left = _ownStake(domain, owner, pool, total);
        uint256 floor = pool.minSelfBond * Units.GWEI;
        if (own >= floor && left < floor) {
            _origins[domain][owner].chargedOut = true;
            emit ChargedOut(domain, owner, left, floor);
        }
        // Wraps below zero where the charge exceeds the bond; _reweigh adds modulo 2^256.
        unchecked {
            _reweigh(domain, owner, pool, total.active, bond + _gwei(pool) - before);
        }
    }

    /// @dev wei the operator itself has in its pool, on both sides.
    function _ownStake(
        uint16 domain,
        address owner,
        Backing memory pool,
        Shares memory total
    ) private view returns (uint256) {
        (uint256 active, uint256 unbonding) = _worth(_holdings[domain][owner][owner], pool, total);
        return active + unbonding;
    }

    /// @dev wei of both sides, rounded down.
    function _worth(
        Holding memory holding,
        Backing memory pool,
        Shares memory total
    ) private pure returns (uint256 active, uint256 unbonding) {
        active = SharesMath.toAssetsDown(holding.shares, pool.active, total.active);
        unbonding = SharesMath.toAssetsDown(holding.unbondingShares, pool.unbonding, total.unbonding);
    }

    // ---------------------------------------------------------------- weights

    /// @dev Brings w, W_f, W and Σroot of the next epoch up to date. Called after everything that moves active stake,
    ///      R or rest. Writes nothing when nothing changes.
    /// @param freed gwei by which the free stake grew, modulo 2^256
    function _reweigh(uint16 domain, address owner, Backing memory pool, uint256 activeShares, uint256 freed) private {
        Operator memory operator = _operators[domain][owner];
        uint256 window = _weights[domain][owner].window;
        uint256 epoch = currentEpoch();
        uint256 tail = window.tail();
        uint256 weight;
        if (operator.flags == REGISTERED) {
            uint112 held = _holdings[domain][owner][owner].shares;
            uint256 own = SharesMath.toAssetsDown(held, pool.active, activeShares);
            if (own >= pool.minSelfBond * Units.GWEI) {
                uint256 r = FixedPointMathLib.min(operator.reputation, Units.WAD);
                weight = FixedPointMathLib.mulWad(pool.active, r) / Units.GWEI;
            }
        }
        uint256 tier = Sortition.tier(operator.reputation) - 1;
        uint256 before = window.next();
        // No carry out of the word: the free stake stays below the pool's assets, 2^55 gwei.
        unchecked {
            tail += freed << FREE_OFFSET;
        }
        if (weight == before && tier == (tail >> 4) & 3) {
            if (freed != 0) _weights[domain][owner].window = window.setTail(tail);
            return;
        }

        tail = _rollTiers(tail, window, epoch) & ~uint256(0x30);
        _weights[domain][owner].window = window.setNext(epoch, weight).setTail(tail | (tier << 4));
        if (weight != before) _moveFamily(domain, operator.family & ~RECLASSIFIED, epoch, before, weight);
        emit WeightChanged(domain, owner, epoch + 1, weight, tier + 1);
    }

    /// @dev Moves the family's and the domain's sums of the next epoch from `before` to `weight`.
    function _moveFamily(uint16 domain, uint8 family, uint256 epoch, uint256 before, uint256 weight) private {
        uint256 window = _families[domain][family];
        uint256 floor = window.tail();
        uint256 old = window.next();
        uint256 now_ = old + weight - before;
        _families[domain][family] = window.setNext(epoch, now_);
        // A family counts only from its floor on (SPEC DOM-7).
        if (old < floor) old = 0;
        if (now_ < floor) now_ = 0;
        if (old == now_) return;

        uint256 sums = _domains[domain];
        DomainWindow.Sums memory total = DomainWindow.next(sums);
        total.weight = total.weight + now_ - old;
        total.roots = total.roots + Sortition.root(now_) - Sortition.root(old);
        if (old == 0) ++total.families;
        else if (now_ == 0) --total.families;
        _domains[domain] = DomainWindow.setNext(sums, epoch, total);
    }

    /// @dev The tail of a window with its tiers rolled forward to `epoch`, as EpochWindow.roll does with weights.
    function _rollTiers(uint256 tail, uint256 window, uint256 epoch) private pure returns (uint256) {
        uint256 written = (window >> 168) & 0xffffff;
        if (written == epoch) return tail;
        uint256 coming = (tail >> 4) & 3;
        uint256 previous = epoch == written + 1 ? (tail >> 2) & 3 : coming;
        return ((tail >> FREE_OFFSET) << FREE_OFFSET) | (coming << 4) | (coming << 2) | previous;
    }

    function _seatWeights(
        uint16 domain,
        address owner,
        uint256 window,
        uint8 family,
        uint256 epoch
    ) private view returns (SeatWeights memory) {
        uint256 current = currentEpoch();
        if (family >= RECLASSIFIED) family = _familyAt(domain, owner, family, epoch);
        uint256 families = _families[domain][family];
        uint256 familyWeight = families.at(epoch, current);
        // Weights and tiers roll alike. Fits: a tier is at most 3, one added.
        unchecked {
            uint256 lane = window.lane(epoch, current);
            return
                SeatWeights({
                    weight: window.valueOf(lane),
                    familyWeight: familyWeight < families.tail() ? 0 : familyWeight,
                    family: family,
                    tier: uint8((window.tail() >> (2 * lane)) & 3) + 1
                });
        }
    }

    /// @dev The family a reclassified operator counts in at `epoch`.
    function _familyAt(uint16 domain, address owner, uint8 family, uint256 epoch) private view returns (uint8) {
        Origin memory origin = _origins[domain][owner];
        return epoch < origin.since ? origin.from : family & ~RECLASSIFIED;
    }

    function _registered(uint16 domain, address owner) private view returns (Operator storage operator) {
        operator = _operators[domain][owner];
        require(operator.flags & REGISTERED != 0, NotRegistered(domain, owner));
    }

    function _lineageOf(uint16 domain, uint8 family) private view returns (bytes32) {
        IDomainRegistry.Family memory listed = REGISTRY.familyOf(domain, family);
        require(listed.proposer != address(0), UnknownFamily(domain, family));
        return listed.lineage;
    }

    function _requireKey(uint16 domain, address owner, address caller, Operator storage operator) private view {
        require(operator.flags & REGISTERED != 0, NotRegistered(domain, owner));
        require(caller == operator.hotKey || caller == owner, NotOperatorKey(caller, owner, operator.hotKey));
    }

    /// @dev Both sides of a pool, gwei, rounded down.
    function _gwei(Backing memory pool) private pure returns (uint256) {
        return (uint256(pool.active) + pool.unbonding) / Units.GWEI;
    }

    function _setFree(uint256 window, uint256 free) private pure returns (uint256) {
        return (window & ((1 << FREE_SHIFT) - 1)) | (free << FREE_SHIFT);
    }
}
