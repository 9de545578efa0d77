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
/// @dev Everybody's seat is drawn on its own: a ring has a = Σ of its draws, the others h, with means A = n · r and H = n · h,
///      where n is the expected committee, r and h the {shares} of both. Who holds how much of a share is not known, so a and
///      h are any sums of independent draws with these means. The ring holds the committee if there is a quorum Q and its votes
///      of certainty outweigh honest votes of 0.9 for the contrary:
///        TRUE:  255 · a + 26 · h ≥ (θ + m) · 255 · (a + h)       FALSE:  229 · h ≤ (θ − m) · 255 · (a + h)
///      with the 60 % of {Rulings.appealBounds} in appeals, that is, a ≥ k(h) for the least k that will do; k(h) here is the
///      least for h seats or more, so it grows with h. All votes weigh the same, every honest operator that is drawn votes.
///      The bound is of the probability among committees with a quorum; π and Π are terms and tails of Poisson variables:
///        P(a ≥ k) ≤ Π_A(k)         for k ≥ A + 1     (1)        P(a ≥ k) ≤ A / k                            (2)
///        P(h ≤ j) ≤ 1 − Π_H(j + 1) for j ≤ H − 1     (3)        P(a + h ≥ Q) ≥ Π_(A + H)(Q)  for Q ≤ A + H    (4)
///      (1), (3), (4): no sum of independent draws strays farther from its mean than binomial draws (Hoeffding 1956), and
///      these no farther than Poisson ones (Anderson and Samuels 1967), from one seat off the mean on; (2) is Markov's. All
///      hold for less of a ring and more of the others too. With g(k) for the lesser of (1), where it holds, and (2), and
///      L = ⌊H⌋, the farthest that (3) reaches, summing (3) by parts gives
///        P ≤ (Σ_(h < L) π_H(h) · g(k(h)) + Π_H(L) · g(k(L))) / Π_(A + H)(Q)                                 (5)
///      and 1 if Q is more than A + H, but for rings whose numerator rounds to nothing. From the share on at which a ring
///      outweighs the others on average, (5) is close to 1.
///      Poisson terms are summed unnormalised, w_k = w_(k−1) · mean / k, cut off at {TERMS}, behind which there is less than
///      1e-18, and divided by their sum, so no exponential is needed. Each division rounds down by less than a unit of 1e-18,
///      which the next terms carry on in proportion; the sum is at least as large, so (5) is off by less than 1e-14.
library CaptureMath {
    /// @notice Poisson terms that are counted, from zero.
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

    /// @notice Upper bound of the probability that the ring decides a claim alone, on the side it can capture more easily.
    /// @return WAD
    function capture(Committee memory c) internal pure returns (uint256) {
        // θ ± m as VerdictMath.bounds takes them for one seat, in 255 · 2^16.
        uint256 m = (2 * c.margin * FixedPointMathLib.min(c.threshold, VerdictMath.ONE - c.threshold)) / Units.BPS;
        VerdictMath.Bounds memory limits = VerdictMath.Bounds((c.threshold + m) * 255, (c.threshold - m) * 255);
        if (c.isAppeal) limits = Rulings.appealBounds(limits, VerdictMath.ONE);
        uint256 full = 255 * VerdictMath.ONE;
        uint256 asTrue = _captured(
            c,
            full - limits.high,
            FixedPointMathLib.zeroFloorSub(limits.high, HONEST_LOW * VerdictMath.ONE)
        );
        uint256 asFalse = _captured(
            c,
            limits.low,
            FixedPointMathLib.zeroFloorSub(HONEST_HIGH * VerdictMath.ONE, limits.low)
        );
        uint256 captured = FixedPointMathLib.max(asTrue, asFalse);
        uint256 mean = c.seats * (c.ring + c.honest);
        if (captured == 0) return 0;
        if (c.quorum * Units.WAD > mean) return Units.WAD;
        uint256[] memory all = tails(poisson(mean));
        return FixedPointMathLib.min(Units.WAD, FixedPointMathLib.fullMulDivUp(captured, all[0], all[c.quorum]));
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

    /// @notice Sums of each term and all behind it, in place.
    function tails(uint256[] memory terms) internal pure returns (uint256[] memory) {
        unchecked {
            for (uint256 k = TERMS - 1; k != 0; --k) terms[k - 1] += terms[k];
        }
        return terms;
    }

    /// @dev The numerator of (5), WAD, rounded up; a ring captures where a · ringPart ≥ h · honestPart.
    function _captured(Committee memory c, uint256 ringPart, uint256 honestPart) private pure returns (uint256) {
        uint256[] memory ring = tails(poisson(c.seats * c.ring));
        uint256[] memory honest = tails(poisson(c.seats * c.honest));
        uint256 last = (c.seats * c.honest) / Units.WAD;
        uint256 least = type(uint256).max;
        uint256 sum;
        // From Q on k(h) only grows. Products are of terms below 2^105, at most 32 of them.
        for (uint256 h = FixedPointMathLib.max(last, c.quorum) + 1; h != 0;) {
            --h;
            uint256 enough = FixedPointMathLib.divUp(h * honestPart, ringPart);
            least = FixedPointMathLib.min(
                least,
                FixedPointMathLib.max(enough, FixedPointMathLib.zeroFloorSub(c.quorum, h))
            );
            if (h > last) continue;
            uint256 weight = h == last ? honest[h] : honest[h] - honest[h + 1];
            sum += weight * _reach(ring, c.seats * c.ring, least);
        }
        return FixedPointMathLib.fullMulDivUp(sum, Units.WAD, ring[0] * honest[0]);
    }

    /// @dev g(k), as a part of ring[0].
    /// @param ring tails
    /// @param mean WAD
    /// @param k not zero: a quorum is at least one
    function _reach(uint256[] memory ring, uint256 mean, uint256 k) private pure returns (uint256) {
        if (k * Units.WAD >= mean + Units.WAD) return k < TERMS ? ring[k] : 0;
        return FixedPointMathLib.min(ring[0], FixedPointMathLib.fullMulDivUp(ring[0], mean, k * Units.WAD));
    }
}
