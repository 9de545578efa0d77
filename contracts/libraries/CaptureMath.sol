// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {FixedPointMathLib} from "solady/src/utils/FixedPointMathLib.sol";

import {Units} from "./Units.sol";
import {VerdictMath} from "./VerdictMath.sol";

/// @title CaptureMath
/// @notice How likely a ring decides a claim alone, against a committee of its own draw.
/// @dev Seats are drawn independently, each with a small chance, so that ring and honest seats are Poisson variables with
///      means n · q and n · (1 − q), where n is the expected committee and q the ring's share of seats. The ring holds the
///      committee if there is a quorum and its votes of certainty outweigh honest votes of 0.9 for the contrary:
///        TRUE:  255 · a + 26 · h ≥ (θ + m) · 255 · (a + h)       FALSE:  229 · h ≤ (θ − m) · 255 · (a + h)
///      All votes weigh the same. The probability is that among committees with a quorum (an extension makes the
///      committee larger and capture rarer), the exact double sum
///        P = Σ p(a) · p(h) over the pairs that capture / Σ p(a) · p(h) over the pairs with a quorum,
///      cut off at {TERMS} seats of a kind, whose probability is below 1e-18. Poisson terms are summed unnormalised,
///      w_k = w_(k−1) · mean / k, and divided by their sum, so no exponential is needed. Every w_k is rounded down by
///      less than k units of 1e-18: the result is off by less than 1e-14.
library CaptureMath {
    /// @notice Seats of one kind that are counted, from zero.
    uint256 internal constant TERMS = 128;

    /// @dev Bytes honest operators are assumed to vote: 0.1 and 0.9.
    uint256 private constant HONEST_LOW = 26;
    uint256 private constant HONEST_HIGH = 229;

    /// @notice A committee and its rule of decision.
    struct Committee {
        /// @dev expected seats, at most 31
        uint256 seats;
        /// @dev quorum of reveals, at most the seats
        uint256 quorum;
        /// @dev λ in sixteenths, zero under the proportional rule
        uint256 boostCap;
        /// @dev θ, 16-bit fraction
        uint256 threshold;
        /// @dev decisiveMargin, basis points
        uint256 margin;
    }

    /// @notice Share of the seats that a share of the stake can get: λ times as much under the square-root rule.
    /// @param stake WAD
    function shareOfSeats(uint256 stake, uint256 boostCap) internal pure returns (uint256) {
        return boostCap == 0 ? stake : FixedPointMathLib.min(Units.WAD, (stake * boostCap) / 16);
    }

    /// @notice Probability that a ring with `stake` of the domain's weight decides a claim alone, on the side it can
    ///         capture more easily.
    /// @param stake WAD, at most 1
    /// @return WAD
    function capture(Committee memory c, uint256 stake) internal pure returns (uint256) {
        uint256 share = shareOfSeats(stake, c.boostCap);
        uint256[] memory ring = poisson(c.seats * share);
        uint256[] memory honest = cumulated(poisson(c.seats * (Units.WAD - share)));
        // θ ± m as VerdictMath.bounds takes them for one seat, in 255 · 2^16.
        uint256 m = (2 * c.margin * FixedPointMathLib.min(c.threshold, VerdictMath.ONE - c.threshold)) / Units.BPS;
        uint256 high = (c.threshold + m) * 255;
        uint256 low = (c.threshold - m) * 255;
        uint256 whole = 255 * VerdictMath.ONE;
        uint256 asTrue = _sum(ring, honest, c.quorum, whole - high, _minus(high, HONEST_LOW * VerdictMath.ONE));
        uint256 asFalse = _sum(ring, honest, c.quorum, low, _minus(HONEST_HIGH * VerdictMath.ONE, low));
        return FixedPointMathLib.max(asTrue, asFalse);
    }

    /// @notice Unnormalised Poisson terms, the first one 1e18.
    /// @param mean WAD, at most 31e18
    function poisson(uint256 mean) internal pure returns (uint256[] memory terms) {
        terms = new uint256[](TERMS);
        terms[0] = Units.WAD;
        // No overflow: terms stay below e^31 · 1e18.
        unchecked {
            for (uint256 k = 1; k < TERMS; ++k) terms[k] = (terms[k - 1] * mean) / (k * Units.WAD);
        }
    }

    /// @notice Running sums, in place.
    function cumulated(uint256[] memory terms) internal pure returns (uint256[] memory) {
        unchecked {
            for (uint256 k = 1; k < TERMS; ++k) terms[k] += terms[k - 1];
        }
        return terms;
    }

    /// @dev Σ over a and h with a · ringPart ≥ h · honestPart and a + h ≥ quorum, divided by all with a + h ≥ quorum, rounded
    ///      up.
    /// @param honest running sums
    function _sum(
        uint256[] memory ring,
        uint256[] memory honest,
        uint256 quorum,
        uint256 ringPart,
        uint256 honestPart
    ) private pure returns (uint256) {
        uint256 captured;
        uint256 quorate;
        // No overflow: 128 products of terms below 2^105.
        unchecked {
            for (uint256 a; a < TERMS; ++a) {
                uint256 fewest = quorum > a ? quorum - a : 0;
                uint256 fewer = fewest == 0 ? 0 : honest[fewest - 1];
                quorate += ring[a] * (honest[TERMS - 1] - fewer);
                uint256 most = TERMS - 1;
                if (honestPart != 0) most = FixedPointMathLib.min(most, (a * ringPart) / honestPart);
                if (fewest <= most) captured += ring[a] * (honest[most] - fewer);
            }
        }
        return FixedPointMathLib.fullMulDivUp(captured, Units.WAD, quorate);
    }

    function _minus(uint256 a, uint256 b) private pure returns (uint256) {
        return FixedPointMathLib.zeroFloorSub(a, b);
    }
}
