// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {FixedPointMathLib} from "solady/src/utils/FixedPointMathLib.sol";

import {LaneTally} from "./LaneTally.sol";
import {Units} from "./Units.sol";
import {VerdictMath} from "./VerdictMath.sol";

/// @title CloneMath
/// @notice How alike two operators vote where the committee was uncertain (docs/diversity.md, section 3).
/// @dev Over n claims with votes x_i of the one and y_i of the other, with capitals for sums:
///        n² · var(x) = n·ΣXX − X²,  n² · cov(x, y) = n·ΣXY − X·Y      (1)
///        r² = cov² / (var(x) · var(y))                                (2)
///      so r ≥ t is cov > 0 and cov² · 10⁸ ≥ t² · var(x) · var(y), t in basis points: no root and no division. Exact.
library CloneMath {
    /// @dev A vector varies if its standard deviation is at least 8 of 255: its square.
    uint256 internal constant MIN_VARIANCE = 64;

    /// @notice Sums over the uncertain claims both voted on. One slot.
    struct Sums {
        uint32 claims;
        uint40 first;
        uint40 second;
        uint48 firstSquared;
        uint48 secondSquared;
        uint48 product;
    }

    /// @notice Adds every uncertain claim of a round, |p̄ − θ| ≤ 2 · `distance` · min(θ, 1 − θ), to the sums.
    /// @param lanes Σ vote · v of the committee, see LaneTally
    /// @param weight Σv of its reveals
    /// @param threshold θ of the request as a 16-bit fraction
    /// @param distance basis points, at θ = ½
    /// @param first votes of the one, one byte per claim
    /// @param second votes of the other, as many
    function add(
        Sums memory sums,
        uint256[16] memory lanes,
        uint256 weight,
        uint256 threshold,
        uint256 distance,
        bytes calldata first,
        bytes calldata second
    ) internal pure {
        // p̄ = lane / (255 · Σv) and θ = threshold / 2^16, both brought to lane · 2^16.
        uint256 full = 255 * weight;
        uint256 center = threshold * full;
        uint256 nearer = FixedPointMathLib.min(threshold, VerdictMath.ONE - threshold);
        uint256 radius = (2 * distance * nearer * full) / Units.BPS;
        for (uint256 i; i < first.length; ++i) {
            uint256 mean = LaneTally.lane(lanes, i) << 16;
            // No underflow, both ways. Sums fit: n claims cost more than n gas, so n is below 2^32, and a vote is a byte.
            unchecked {
                if ((mean > center ? mean - center : center - mean) > radius) continue;
                uint256 x = uint8(first[i]);
                uint256 y = uint8(second[i]);
                ++sums.claims;
                sums.first += uint40(x);
                sums.second += uint40(y);
                sums.firstSquared += uint48(x * x);
                sums.secondSquared += uint48(y * y);
                sums.product += uint48(x * y);
            }
        }
    }

    /// @notice Sums over both sets of claims.
    function join(Sums memory one, Sums memory other) internal pure returns (Sums memory) {
        return
            Sums({
                claims: one.claims + other.claims,
                first: one.first + other.first,
                second: one.second + other.second,
                firstSquared: one.firstSquared + other.firstSquared,
                secondSquared: one.secondSquared + other.secondSquared,
                product: one.product + other.product
            });
    }

    /// @notice Whether r ≥ `correlation`. Votes that hardly vary are no evidence.
    /// @param correlation basis points
    function alike(Sums memory sums, uint256 correlation) internal pure returns (bool) {
        uint256 n = sums.claims;
        uint256 a = sums.first;
        uint256 b = sums.second;
        uint256 up = n * sums.product;
        uint256 down = a * b;
        if (n == 0 || up <= down) return false;
        // No underflow by Cauchy and Schwarz. No overflow: n ≤ 2^32, so variances and covariance are below 2^80.
        unchecked {
            uint256 varA = n * sums.firstSquared - a * a;
            uint256 varB = n * sums.secondSquared - b * b;
            uint256 least = MIN_VARIANCE * n * n;
            if (varA < least || varB < least) return false;
            uint256 cov = up - down;
            return cov * cov * (Units.BPS * Units.BPS) >= correlation * correlation * varA * varB;
        }
    }
}
