// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {FixedPointMathLib} from "solady/src/utils/FixedPointMathLib.sol";
import {LibSort} from "solady/src/utils/LibSort.sol";

import {Rulings} from "./Rulings.sol";
import {Sortition} from "./Sortition.sol";
import {Units} from "./Units.sol";
import {VerdictMath} from "./VerdictMath.sol";

/// @title CaptureMath
/// @notice How likely a ring decides a claim alone, against a committee of its own draw.
/// @dev Seats are drawn independently, each with a small chance, so that ring and honest seats are Poisson variables with
///      means n · r and n · h, where n is the expected committee, r and h the {shares} of both. The ring holds the committee
///      if there is a quorum and its votes of certainty outweigh honest votes of 0.9 for the contrary:
///        TRUE:  255 · a + 26 · h ≥ (θ + m) · 255 · (a + h)       FALSE:  229 · h ≤ (θ − m) · 255 · (a + h)
///      with the 60 % of {Rulings.appealBounds} in appeals. All votes weigh the same, and every honest operator that is drawn
///      votes. The probability is that among committees with a quorum (an extension makes the committee larger and capture
///      rarer), the exact double sum
///        P = Σ p(a) · p(h) over the pairs that capture / Σ p(a) · p(h) over the pairs with a quorum,
///      cut off at {TERMS} seats of a kind, whose probability is below 1e-18. Given k seats, those of the ring are binomial
///      with r / (r + h): the more of the seats it has, the likelier it captures, so the largest r bounds P from above.
///      Poisson terms are summed unnormalised, w_k = w_(k−1) · mean / k, and divided by their sum, so no exponential is
///      needed. Every w_k is rounded down by less than k units of 1e-18: the result is off by less than 1e-14.
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
        /// @dev shares of the seats, WAD, see {shares}
        uint256 ring;
        uint256 honest;
        /// @dev θ, 16-bit fraction
        uint256 threshold;
        /// @dev decisiveMargin, basis points
        uint256 margin;
        /// @dev whether an appeal drew it
        bool isAppeal;
    }

    /// @notice The most of the seats that a ring with `stake` of a domain's weight can have, whichever operators it is made
    ///         of, and what the others have then. What λ cuts nobody has.
    /// @dev Family f has min(√W_f / Σ√W, λ · W_f / W) of the seats. Both terms give a gwei of stake the more, the smaller its
    ///      family is, so the ring with most seats holds the smallest families, the last of them in part. A family of share x
    ///      has at least 1 / (x + √(15 · x · (1 − x))) ≥ 2/5 of x, so λ ≥ 1 leaves at least two fifths of all seats.
    /// @param weights W_f of the families that count, gwei; sorted in place
    /// @param weight W, their sum
    /// @param roots Σroot
    /// @param boostCap λ in sixteenths, zero under the proportional rule
    /// @param stake WAD, at most 1
    /// @return ring WAD, rounded up
    /// @return honest WAD, rounded down
    function shares(
        uint256[] memory weights,
        uint256 weight,
        uint256 roots,
        uint256 boostCap,
        uint256 stake
    ) internal pure returns (uint256 ring, uint256 honest) {
        LibSort.insertionSort(weights);
        uint256 left = FixedPointMathLib.mulWadUp(weight, stake);
        for (uint256 i; i < weights.length; ++i) {
            uint256 family = weights[i];
            uint256 seats = Sortition.chance(family, family, weight, roots, 1, boostCap);
            uint256 held = FixedPointMathLib.min(left, family);
            left -= held;
            ring += FixedPointMathLib.divUp(seats * held, family);
            honest += (seats * (family - held)) / family;
        }
        // Chances are of 2^128.
        ring = FixedPointMathLib.divUp(ring * Units.WAD, 1 << 128);
        honest = (honest * Units.WAD) >> 128;
    }

    /// @notice Probability that the ring decides a claim alone, on the side it can capture more easily.
    /// @return WAD
    function capture(Committee memory c) internal pure returns (uint256) {
        uint256[] memory ring = poisson(c.seats * c.ring);
        uint256[] memory honest = cumulated(poisson(c.seats * c.honest));
        // θ ± m as VerdictMath.bounds takes them for one seat, in 255 · 2^16.
        uint256 m = (2 * c.margin * FixedPointMathLib.min(c.threshold, VerdictMath.ONE - c.threshold)) / Units.BPS;
        VerdictMath.Bounds memory limits = VerdictMath.Bounds((c.threshold + m) * 255, (c.threshold - m) * 255);
        if (c.isAppeal) limits = Rulings.appealBounds(limits, VerdictMath.ONE);
        uint256 full = 255 * VerdictMath.ONE;
        uint256 asTrue = _sum(
            ring,
            honest,
            c.quorum,
            full - limits.high,
            FixedPointMathLib.zeroFloorSub(limits.high, HONEST_LOW * VerdictMath.ONE)
        );
        uint256 asFalse = _sum(
            ring,
            honest,
            c.quorum,
            limits.low,
            FixedPointMathLib.zeroFloorSub(HONEST_HIGH * VerdictMath.ONE, limits.low)
        );
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
}
