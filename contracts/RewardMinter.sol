// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {AccessManaged} from "@openzeppelin/contracts/access/manager/AccessManaged.sol";
import {FixedPointMathLib} from "solady/src/utils/FixedPointMathLib.sol";

import {EpochClock} from "./EpochClock.sol";
import {IDomainRegistry} from "./interfaces/IDomainRegistry.sol";
import {IFeeMarket} from "./interfaces/IFeeMarket.sol";
import {IReputationLedger} from "./interfaces/IReputationLedger.sol";
import {IRewardMinter} from "./interfaces/IRewardMinter.sol";
import {IStakeVault} from "./interfaces/IStakeVault.sol";
import {IWorkToken} from "./interfaces/IWorkToken.sol";
import {AccountWord, AccountWords} from "./libraries/AccountWords.sol";
import {DomainWindow} from "./libraries/DomainWindow.sol";
import {ReputationMath} from "./libraries/ReputationMath.sol";
import {SkillScore} from "./libraries/SkillScore.sol";
import {Units} from "./libraries/Units.sol";

/// @title RewardMinter
contract RewardMinter is EpochClock, AccessManaged, IRewardMinter {
    /// @dev Factors are kept in 1e-9.
    uint256 private constant FACTOR_ONE = 1e9;

    IWorkToken public immutable TOKEN;
    IDomainRegistry public immutable REGISTRY;
    IFeeMarket public immutable FEES;
    IStakeVault public immutable VAULT;
    IReputationLedger public immutable LEDGER;
    address public immutable ASSAY;
    /// @inheritdoc IRewardMinter
    uint256 public immutable INITIAL_EMISSION;
    /// @inheritdoc IRewardMinter
    uint256 public immutable HALVING;
    /// @inheritdoc IRewardMinter
    uint256 public constant MAX_OWNERS = 64;

    mapping(uint16 domain => mapping(uint256 epoch => mapping(address owner => AccountWord))) private _accounts;
    mapping(uint16 domain => mapping(uint256 epoch => EpochTerms)) private _terms;
    /// @inheritdoc IRewardMinter
    mapping(uint16 domain => mapping(address owner => uint256 epoch)) public lastEpochOf;
    /// @inheritdoc IRewardMinter
    mapping(uint16 domain => uint256 bps) public shareOf;

    /// @param peers token, registry, fee market, vault, ledger, Assay
    constructor(
        address authority,
        address[6] memory peers,
        uint256 genesis,
        uint256 epochLength,
        uint256 initialEmission,
        uint256 halving
    ) EpochClock(genesis, epochLength) AccessManaged(authority) {
        TOKEN = IWorkToken(peers[0]);
        REGISTRY = IDomainRegistry(peers[1]);
        FEES = IFeeMarket(peers[2]);
        VAULT = IStakeVault(peers[3]);
        LEDGER = IReputationLedger(peers[4]);
        ASSAY = peers[5];
        INITIAL_EMISSION = initialEmission;
        HALVING = FixedPointMathLib.max(halving, 1);
    }

    // ------------------------------------------------------------------ peers

    /// @inheritdoc IRewardMinter
    function credit(
        uint16 domain,
        uint256 bond,
        uint256 served,
        SkillScore.SeatScore[] calldata seats
    ) external returns (AccountWord[] memory before) {
        require(msg.sender == ASSAY, NotAssay(msg.sender, ASSAY));
        uint256 epoch = currentEpoch();
        if (!_terms[domain][epoch].open) _openEpoch(domain, _terms[domain][epoch]);
        uint256 maturity = _terms[domain][epoch].maturity;
        mapping(address => AccountWord) storage accounts = _accounts[domain][epoch];
        before = new AccountWord[](seats.length);
        // Fits: the points of an epoch contain each account's, and all of them stay below 2^112 (SPEC REW-6); the sum
        // of the differences is taken modulo 2^256.
        unchecked {
            uint256 gained;
            for (uint256 i; i < seats.length; ++i) {
                SkillScore.SeatScore calldata seat = seats[i];
                AccountWord account = accounts[seat.owner];
                // An account that was carried over is in no epoch's points yet.
                if (account.isOpen()) gained -= _points(account, maturity);
                else account = _openAccount(domain, epoch, seat.owner);
                before[i] = account;
                account = account.add(seat.value, seat.score.scored(), bond, served);
                accounts[seat.owner] = account;
                gained += _points(account, maturity);
            }
            if (gained != 0) _terms[domain][epoch].points = uint112(_terms[domain][epoch].points + gained);
        }
    }

    /// @inheritdoc IRewardMinter
    function payBounty(uint16 domain, address to, uint256 amount) external {
        require(msg.sender == address(LEDGER), NotLedger(msg.sender, address(LEDGER)));
        uint256 paid = FEES.spend(domain, amount);
        emit BountyPaid(domain, to, paid);
        TOKEN.mint(to, paid);
    }

    // ----------------------------------------------------------------- anyone

    /// @inheritdoc IRewardMinter
    function distribute(uint16 domain, uint256 epoch, address[] calldata owners) external {
        uint256 current = currentEpoch();
        require(epoch < current, EpochNotOver(epoch, current));
        require(owners.length <= MAX_OWNERS, BatchTooLarge(owners.length, MAX_OWNERS));
        EpochTerms memory terms = _terms[domain][epoch];
        uint256 pot = _mintable(domain, epoch, terms);
        for (uint256 i; i < owners.length; ++i) {
            AccountWord word = _accounts[domain][epoch][owners[i]];
            if (!word.isOpen() || word.scored() < terms.maturity) continue;
            _accounts[domain][epoch][owners[i]] = AccountWords.NONE;
            Account memory account = word.unpack();
            if (account.score < 0) _collect(domain, epoch, owners[i], account, terms);
            else _pay(domain, epoch, owners[i], account, terms, pot, _points(word, terms.maturity));
        }
    }

    /// @inheritdoc IRewardMinter
    function unlock(uint16 domain, address owner) external returns (uint256 bond) {
        uint256 epoch = lastEpochOf[domain][owner];
        AccountWord account = _accounts[domain][epoch][owner];
        uint256 needed = FixedPointMathLib.divUp(_debt(account.score(), _terms[domain][epoch]), Units.GWEI);
        bond = FixedPointMathLib.zeroFloorSub(account.releasable(), needed);
        require(bond != 0, NothingToUnlock(domain, owner));
        _accounts[domain][epoch][owner] = account.release(bond);
        emit BondsReleased(domain, epoch, owner, bond);

        VAULT.unlock(domain, owner, bond);
    }

    // -------------------------------------------------------------- governance

    /// @inheritdoc IRewardMinter
    function setShare(uint16 domain, uint256 share) external restricted {
        require(share <= Units.BPS, ShareTooHigh(share, Units.BPS));
        shareOf[domain] = share;
        emit ShareChanged(domain, share);
    }

    // ------------------------------------------------------------------ views

    /// @inheritdoc IRewardMinter
    function mintable(uint16 domain, uint256 epoch) external view returns (uint256) {
        return _mintable(domain, epoch, _terms[domain][epoch]);
    }

    /// @inheritdoc IRewardMinter
    function schedule(uint256 epoch) public view returns (uint256) {
        return INITIAL_EMISSION >> FixedPointMathLib.min(epoch / HALVING, 255);
    }

    /// @inheritdoc IRewardMinter
    function accountOf(uint16 domain, uint256 epoch, address owner) external view returns (Account memory) {
        return _accounts[domain][epoch][owner].unpack();
    }

    /// @inheritdoc IRewardMinter
    function termsOf(uint16 domain, uint256 epoch) external view returns (EpochTerms memory) {
        return _terms[domain][epoch];
    }

    // --------------------------------------------------------------- internals

    /// @dev Pins what points, mint and debts of an epoch depend on, so that parameters can change in its middle.
    function _openEpoch(uint16 domain, EpochTerms storage terms) private {
        uint16 version = REGISTRY.currentVersion(domain);
        IDomainRegistry.Rewards memory rewards = REGISTRY.rewardsOf(domain, version);
        terms.maturity = REGISTRY.committeeOf(domain, version).maturity;
        terms.mintRatio = rewards.mintRatio;
        terms.mintCap = rewards.mintCap;
        terms.penaltyRatio = REGISTRY.feesOf(domain, version).penaltyRatio;
        terms.share = uint16(shareOf[domain]);
        terms.open = true;
    }

    /// @dev Opens the account of (domain, epoch, owner). An immature account of an earlier epoch is carried over whole;
    ///      a mature one stays where it is, to be distributed.
    function _openAccount(uint16 domain, uint256 epoch, address owner) private returns (AccountWord account) {
        uint256 last = lastEpochOf[domain][owner];
        uint256 carriedFrom = type(uint256).max;
        AccountWord old = _accounts[domain][last][owner];
        if (old.isOpen() && old.scored() < _terms[domain][last].maturity) {
            account = old;
            carriedFrom = last;
            _accounts[domain][last][owner] = AccountWords.NONE;
        }
        lastEpochOf[domain][owner] = epoch;
        // Fits: 10^1.25 · 4 < 72.
        uint256 factor = _factor(domain, owner);
        emit AccountOpened(domain, epoch, owner, factor, carriedFrom);
        return account.withFactor(factor);
    }

    /// @dev R^γ · tilt, 1e9 = 1.0, rounded down; at least 1e-9, because zero means "not open".
    function _factor(uint16 domain, address owner) private view returns (uint256) {
        uint16 version = REGISTRY.currentVersion(domain);
        uint256 power = ReputationMath.power(
            LEDGER.reputationOf(domain, owner),
            REGISTRY.rewardsOf(domain, version).gamma
        );
        DomainWindow.Sums memory sums = VAULT.domainSums(domain);
        uint8 family = VAULT.operatorOf(domain, owner).family;
        uint256 tilt = ReputationMath.tilt(
            sums.weight,
            sums.families,
            VAULT.familyWeight(domain, family, currentEpoch()),
            REGISTRY.committeeOf(domain, version).boostCap
        );
        return FixedPointMathLib.max(1, FixedPointMathLib.mulWad(power, tilt) / FACTOR_ONE);
    }

    function _pay(
        uint16 domain,
        uint256 epoch,
        address owner,
        Account memory account,
        EpochTerms memory terms,
        uint256 pot,
        uint256 points
    ) private {
        // mintCap · κ of what its own seats turned into burn; both ratios in basis points.
        uint256 cap = (account.served * Units.GWEI * terms.mintCap * terms.mintRatio) / (Units.BPS * Units.BPS);
        uint256 minted =
            points == 0 ? 0 : FixedPointMathLib.min(FixedPointMathLib.fullMulDiv(pot, points, terms.points), cap);
        emit Distributed(domain, epoch, owner, account.score, points, minted, 0, 0);

        if (minted != 0) {
            TOKEN.mint(address(VAULT), minted);
            VAULT.reward(domain, owner, epoch, minted);
        }
        if (account.releasable != 0) VAULT.unlock(domain, owner, account.releasable);
    }

    function _collect(
        uint16 domain,
        uint256 epoch,
        address owner,
        Account memory account,
        EpochTerms memory terms
    ) private {
        uint256 debt = _debt(account.score, terms);
        // Every seat locked ρ times its worst loss, so the bonds cover the debt unless ρ was raised in between.
        uint256 due = FixedPointMathLib.min(debt, account.releasable * Units.GWEI);
        uint256 charged = VAULT.charge(domain, owner, account.releasable, due, msg.sender);
        emit Distributed(domain, epoch, owner, account.score, 0, 0, debt, charged);
    }

    /// @dev Points of an account, wei: score · factor once mature and positive.
    function _points(AccountWord account, uint256 maturity) private pure returns (uint256) {
        int256 score = account.score();
        if (score <= 0 || account.scored() < maturity) return 0;
        // Fits: 87 and 40 bits.
        unchecked {
            return (uint256(score) * account.factor()) / FACTOR_ONE;
        }
    }

    /// @dev ρ times a negative score, wei, rounded up.
    function _debt(int256 score, EpochTerms memory terms) private pure returns (uint256) {
        if (score >= 0) return 0;
        return FixedPointMathLib.divUp(uint256(-score) * terms.penaltyRatio, Units.BPS);
    }

    function _mintable(uint16 domain, uint256 epoch, EpochTerms memory terms) private view returns (uint256) {
        uint256 burned = FEES.earned(domain, epoch);
        uint256 direct = (burned * terms.mintRatio) / Units.BPS;
        uint256 extra = (schedule(epoch) * terms.share) / Units.BPS;
        return direct + FixedPointMathLib.min(extra, (burned * (Units.BPS - terms.mintRatio)) / Units.BPS);
    }
}
