// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {FixedPointMathLib} from "solady/src/utils/FixedPointMathLib.sol";

import {Units} from "./Units.sol";

/// @title FeeCurve
/// @notice The exponential price of a claim-seat, after the blob base fee of EIP-4844.
/// @dev Demand is counted in milli claim-seats (1,000 = one claim judged by one expected seat).
library FeeCurve {
    /// @dev The exponent saturates here: e^20 = 4.85e8 times the floor. Keeps price · claims · seats far below 2^128.
    uint256 internal constant MAX_EXPONENT = 20e18;

    /// @notice Excess demand after `elapsed` seconds without new demand.
    /// @param excess milli claim-seats above target
    /// @param target milli claim-seats per second the domain can serve at the floor price
    /// @param elapsed seconds
    /// @return milli claim-seats, never below zero
    function decay(uint256 excess, uint256 target, uint256 elapsed) internal pure returns (uint256) {
        return FixedPointMathLib.zeroFloorSub(excess, target * elapsed);
    }

    /// @notice Excess demand after `units` claim-seats were bought, saturated where the exponent saturates.
    /// @param excess milli claim-seats, already decayed to now
    /// @param units claim-seats (claims times expected seats)
    /// @param rate milli claim-seats that multiply the price by e
    function grow(uint256 excess, uint256 units, uint256 rate) internal pure returns (uint256) {
        return FixedPointMathLib.min(excess + units * 1_000, (rate * MAX_EXPONENT) / Units.WAD);
    }

    /// @notice Price of one claim-seat: `minFee · e^(excess / rate)`, rounded down.
    /// @param minFee wei of WORK per claim-seat at no excess
    /// @param excess milli claim-seats
    /// @param rate milli claim-seats, not zero
    /// @return wei of WORK per claim-seat
    function price(uint256 minFee, uint256 excess, uint256 rate) internal pure returns (uint256) {
        uint256 exponent = FixedPointMathLib.min((excess * Units.WAD) / rate, MAX_EXPONENT);
        // Safe casts: the exponent is at most 20e18 and expWad of a positive number is positive.
        return (minFee * uint256(FixedPointMathLib.expWad(int256(exponent)))) / Units.WAD;
    }
}
