// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {DynamicArrayLib} from "solady/src/utils/DynamicArrayLib.sol";

import {IAssay} from "./interfaces/IAssay.sol";
import {IDomainRegistry} from "./interfaces/IDomainRegistry.sol";
import {IFeeMarket} from "./interfaces/IFeeMarket.sol";
import {ISecurityQuote} from "./interfaces/ISecurityQuote.sol";
import {IStakeVault} from "./interfaces/IStakeVault.sol";
import {CaptureMath} from "./libraries/CaptureMath.sol";
import {DomainWindow} from "./libraries/DomainWindow.sol";
import {ROUNDS, Rulings} from "./libraries/Rulings.sol";
import {Units} from "./libraries/Units.sol";
import {VerdictMath} from "./libraries/VerdictMath.sol";

/// @title SecurityQuote
contract SecurityQuote is ISecurityQuote {
    IAssay public immutable ASSAY;
    IDomainRegistry public immutable REGISTRY;
    IFeeMarket public immutable FEES;
    IStakeVault public immutable VAULT;

    constructor(IAssay assay, IDomainRegistry registry, IFeeMarket fees, IStakeVault vault) {
        ASSAY = assay;
        REGISTRY = registry;
        FEES = fees;
        VAULT = vault;
    }

    /// @inheritdoc ISecurityQuote
    function quote(
        uint16 domain,
        uint256 claims,
        uint256 maxCapture,
        uint256 attackerShare
    ) external view returns (Quote memory q) {
        IDomainRegistry.Committee memory rules = _rules(domain);
        require(claims >= 1 && claims <= rules.maxClaims, ClaimsOutOfBounds(claims, 1, rules.maxClaims));
        q.seats = rules.seats;
        q.fee = FEES.price(domain) * claims * rules.seats;
        CaptureMath.Committee memory c = _committee(domain, rules, attackerShare);
        for (uint256 round; round < ROUNDS && c.seats <= Units.MAX_SEATS; ++round) {
            uint256 captured = CaptureMath.capture(c);
            if (round == 0) q.capture = captured;
            q.captureAppealed = captured;
            if (q.secureSeats == 0 && captured <= maxCapture) q.secureSeats = c.seats;
            c.quorum = Rulings.nextQuorum(c.quorum, c.seats);
            c.seats = Rulings.nextSeats(c.seats);
            c.isAppeal = true;
        }
    }

    /// @inheritdoc ISecurityQuote
    function captureOf(uint16 domain, uint256 seats, uint256 attackerShare) external view returns (uint256) {
        require(seats != 0 && seats <= Units.MAX_SEATS, SeatsOutOfBounds(seats, 1, Units.MAX_SEATS));
        IDomainRegistry.Committee memory rules = _rules(domain);
        CaptureMath.Committee memory c = _committee(domain, rules, attackerShare);
        c.seats = seats;
        c.quorum = (uint256(rules.minSeats) * seats) / rules.seats;
        return CaptureMath.capture(c);
    }

    /// @inheritdoc ISecurityQuote
    function requireSecurity(uint16 domain, uint256 maxCapture, uint256 attackerShare) external view {
        uint256 available = CaptureMath.capture(_committee(domain, _rules(domain), attackerShare));
        require(available <= maxCapture, InsufficientSecurity(maxCapture, available));
    }

    function _rules(uint16 domain) private view returns (IDomainRegistry.Committee memory) {
        return REGISTRY.committeeOf(domain, REGISTRY.currentVersion(domain));
    }

    /// @dev The committee of a request of now.
    function _committee(
        uint16 domain,
        IDomainRegistry.Committee memory rules,
        uint256 attackerShare
    ) private view returns (CaptureMath.Committee memory c) {
        require(attackerShare <= Units.WAD, ShareOutOfBounds(attackerShare, Units.WAD));
        DomainWindow.Sums memory sums = VAULT.domainSums(domain);
        require(sums.weight != 0, IAssay.EmptyDomain(domain));
        (, uint256 threshold) = ASSAY.meansOf(domain);
        c.seats = rules.seats;
        c.quorum = rules.minSeats;
        c.threshold = VerdictMath.thresholdBits(threshold);
        c.margin = rules.decisiveMargin;
        bool isDiverse = rules.rule == IDomainRegistry.DiversityRule.SQUARE_ROOT;
        (c.ring, c.honest) = CaptureMath.shares(
            _families(domain),
            sums.weight,
            sums.roots,
            isDiverse ? rules.boostCap : 0,
            attackerShare
        );
    }

    /// @dev W_f of the families that count in this epoch.
    function _families(uint16 domain) private view returns (uint256[] memory weights) {
        (, uint256 floor) = REGISTRY.stakeFloor(domain);
        uint256 epoch = VAULT.currentEpoch();
        weights = new uint256[](Units.MAX_FAMILIES);
        uint256 count;
        for (uint8 family; family < Units.MAX_FAMILIES; ++family) {
            uint256 weight = VAULT.familyWeight(domain, family, epoch);
            if (weight < floor) continue;
            weights[count] = weight;
            ++count;
        }
        return DynamicArrayLib.truncate(weights, count);
    }
}
