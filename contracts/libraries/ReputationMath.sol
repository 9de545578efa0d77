// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {FixedPointMathLib} from "solady/src/utils/FixedPointMathLib.sol";

import {Units} from "./Units.sol";

/// @title ReputationMath
/// @notice How outcomes move R. Every keeper computes the same integers; see keeper/src/mirror/reputationMath.ts.
library ReputationMath {
    uint256 internal constant MIN = 0.1e18;
    uint256 internal constant MAX = 10e18;
    uint256 internal constant START = 1e18;

    /// @dev Two bits each on the tape.
    uint256 internal constant SUCCESS = 0;
    uint256 internal constant WRONG = 1;
    uint256 internal constant LATE = 2;
    uint256 internal constant ABSENT = 3;

    /// @notice The multipliers of a domain, all WAD.
    struct Rule {
        /// @dev share of the distance to 1 a quality outcome moves R, before its multiplier; zero in `published`
        uint64 pull;
        uint64 success;
        uint64 wrong;
        uint64 late;
        uint64 absent;
        /// @dev `published` only: share of the distance to 1 a SUCCESS adds while R < 1
        uint64 catchUp;
    }

    /// @notice R after one outcome.
    /// @dev Default preset: quality outcomes first pull, `R ← R + pull · (1 − R)`, then `R ← clamp(R · m)`.
    ///      Published preset (catchUp ≠ 0): `R ← clamp(R · m)`, then on SUCCESS `R += catchUp · (1 − R)` while R < 1.
    ///      Every product is rounded down; a pull from above is rounded away from zero, so R never gains by rounding.
    /// @param r reputation, WAD in [0.1, 10]
    function apply_(uint256 r, uint256 outcome, Rule memory rule) internal pure returns (uint256) {
        // Cannot overflow or underflow: r ≤ 10e18, multipliers < 2^64, pull ≤ 1.
        if (outcome == SUCCESS || outcome == WRONG) {
            if (r <= Units.WAD) r += FixedPointMathLib.mulWad(rule.pull, Units.WAD - r);
            else r -= FixedPointMathLib.mulWadUp(rule.pull, r - Units.WAD);
        }
        uint256 m =
            outcome == SUCCESS
                ? rule.success
                : outcome == WRONG
                    ? rule.wrong
                    : outcome == LATE
                        ? rule.late
                        : rule.absent;
        r = FixedPointMathLib.clamp(FixedPointMathLib.mulWad(r, m), MIN, MAX);
        if (outcome == SUCCESS && r < Units.WAD) r += FixedPointMathLib.mulWad(rule.catchUp, Units.WAD - r);
        return r;
    }

    /// @notice R after a whole tape.
    /// @param tape two bits an outcome, the oldest lowest
    /// @param length number of outcomes
    function replay(uint256 r, uint256 tape, uint256 length, Rule memory rule) internal pure returns (uint256) {
        for (uint256 i; i < length; ++i) {
            r = apply_(r, tape & 3, rule);
            tape >>= 2;
        }
        return r;
    }

    /// @notice `R^exponent`, WAD, as Solady's powWad rounds it.
    function power(uint256 r, uint256 exponent) internal pure returns (uint256) {
        // Safe casts: r ≤ 10e18 and exponent ≤ 1.25e18.
        return uint256(FixedPointMathLib.powWad(int256(r), int256(exponent)));
    }

    /// @notice Premium of a scarce family: `min(λ, max(1, √(W / (F · W_f))))`, WAD, rounded down.
    /// @param weight W, gwei; @param families F; @param familyWeight W_f, gwei; @param boostCap λ in sixteenths
    function tilt(
        uint256 weight,
        uint256 families,
        uint256 familyWeight,
        uint256 boostCap
    ) internal pure returns (uint256) {
        uint256 cap = FixedPointMathLib.max(Units.WAD, (boostCap * Units.WAD) / 16);
        if (familyWeight == 0 || families == 0) return Units.WAD;
        // √(W · 1e36 / (F · W_f)) is the root in WAD.
        uint256 scarce = FixedPointMathLib.sqrt((weight * 1e36) / (families * familyWeight));
        return FixedPointMathLib.clamp(scarce, Units.WAD, cap);
    }
}
