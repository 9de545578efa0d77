// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {IAssay} from "./interfaces/IAssay.sol";
import {IDomainRegistry} from "./interfaces/IDomainRegistry.sol";
import {IFeeMarket} from "./interfaces/IFeeMarket.sol";
import {ISecurityQuote} from "./interfaces/ISecurityQuote.sol";
import {CaptureMath} from "./libraries/CaptureMath.sol";
import {Units} from "./libraries/Units.sol";
import {VerdictMath} from "./libraries/VerdictMath.sol";

/// @title SecurityQuote
contract SecurityQuote is ISecurityQuote {
    IAssay public immutable ASSAY;
    IDomainRegistry public immutable REGISTRY;
    IFeeMarket public immutable FEES;

    constructor(IAssay assay, IDomainRegistry registry, IFeeMarket fees) {
        ASSAY = assay;
        REGISTRY = registry;
        FEES = fees;
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
        uint256 seats = rules.seats;
        // A request's own round and at most two appeals of 2n + 1 seats, as long as a committee may grow.
        for (uint256 round; round < 3 && seats <= Units.MAX_SEATS; ++round) {
            uint256 captured = _capture(domain, rules, seats, attackerShare);
            if (round == 0) q.capture = captured;
            q.captureAppealed = captured;
            if (q.secureSeats == 0 && captured <= maxCapture) q.secureSeats = seats;
            seats = 2 * seats + 1;
        }
    }

    /// @inheritdoc ISecurityQuote
    function captureOf(uint16 domain, uint256 seats, uint256 attackerShare) external view returns (uint256) {
        require(seats != 0 && seats <= Units.MAX_SEATS, SeatsOutOfBounds(seats, 1, Units.MAX_SEATS));
        return _capture(domain, _rules(domain), seats, attackerShare);
    }

    /// @inheritdoc ISecurityQuote
    function requireSecurity(uint16 domain, uint256 maxCapture, uint256 attackerShare) external view {
        IDomainRegistry.Committee memory rules = _rules(domain);
        uint256 available = _capture(domain, rules, rules.seats, attackerShare);
        require(available <= maxCapture, InsufficientSecurity(maxCapture, available));
    }

    function _rules(uint16 domain) private view returns (IDomainRegistry.Committee memory) {
        return REGISTRY.committeeOf(domain, REGISTRY.currentVersion(domain));
    }

    function _capture(
        uint16 domain,
        IDomainRegistry.Committee memory rules,
        uint256 seats,
        uint256 attackerShare
    ) private view returns (uint256) {
        require(attackerShare <= Units.WAD, ShareOutOfBounds(attackerShare, Units.WAD));
        (, uint256 threshold) = ASSAY.meansOf(domain);
        bool isDiverse = rules.rule == IDomainRegistry.DiversityRule.SQUARE_ROOT;
        return
            CaptureMath.capture(
                CaptureMath.Committee({
                    seats: seats,
                    quorum: (uint256(rules.minSeats) * seats) / rules.seats,
                    boostCap: isDiverse ? rules.boostCap : 0,
                    threshold: VerdictMath.thresholdBits(threshold),
                    margin: rules.decisiveMargin
                }),
                attackerShare
            );
    }
}
