// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {CaptureMath} from "../../contracts/libraries/CaptureMath.sol";
import {Sortition} from "../../contracts/libraries/Sortition.sol";
import {Assert} from "../utils/Assert.sol";

/// @notice SPEC ACC-9: how likely a ring captures a committee.
contract CaptureMathTest {
    uint256 private constant WAD = 1e18;
    /// @dev The error the library states, 1e-14.
    uint256 private constant TOLERANCE = 1e4;
    /// @dev A gwei of the lightest domain, in shares, times the largest boost and more.
    uint256 private constant GWEI_OFF = 1e10;
    uint256 private constant BY_HAND = 0.024070006439984e18;
    uint256 private constant TIPPED = 0.98e18;

    /// @notice Any committee and any ring: a probability. Whoever holds nothing captures nothing, whoever holds all always.
    function testCaptureIsAProbability(uint256 seed, uint256 stake) external pure {
        CaptureMath.Committee memory c = _committee(seed, 31);
        Assert.le(_capture(c, Assert.bound(stake, 0, WAD)), WAD, "at most certain");
        Assert.eq(_capture(c, 0), 0, "no stake, no capture");
        Assert.eq(_capture(c, WAD), WAD, "all stake, every capture");
    }

    /// @notice A larger ring captures no less.
    function testMoreStakeCapturesMore(uint256 seed, uint256 stake, uint256 more) external pure {
        CaptureMath.Committee memory c = _committee(seed, 31);
        stake = Assert.bound(stake, 0, WAD);
        more = Assert.bound(more, stake, WAD);
        Assert.le(_capture(c, stake), _capture(c, more) + TOLERANCE, "more stake");
    }

    /// @notice The 60 % of an appeal and a wider margin never help a ring.
    function testAppealsAndMarginsHinder(uint256 seed, uint256 share) external pure {
        CaptureMath.Committee memory c = _committee(seed, 31);
        share = Assert.bound(share, 0, WAD);
        uint256 first = _capture(c, share);
        c.isAppeal = true;
        Assert.le(_capture(c, share), first + TOLERANCE, "an appeal");
        c.isAppeal = false;
        c.margin = Assert.bound(seed >> 16, c.margin, 4_500);
        Assert.le(_capture(c, share), first + TOLERANCE, "more margin");
    }

    /// @notice An appeal's larger committee (2n + 1) with the quorum that grows with it is captured less often by a ring
    ///         with at most a quarter of the seats, under the default margin.
    function testLargerCommitteesAreSafer(uint256 seats, uint256 quorum, uint256 stake) external pure {
        seats = Assert.bound(seats, 3, 15);
        quorum = Assert.bound(quorum, (seats + 1) / 2, seats);
        stake = Assert.bound(stake, 0, WAD / 4);
        CaptureMath.Committee memory c = CaptureMath.Committee(seats, quorum, 0, 0, 32_768, 1_000, false);
        uint256 first = _capture(c, stake);
        c.seats = 2 * seats + 1;
        c.quorum = (quorum * c.seats) / seats;
        Assert.le(_capture(c, stake), first + TOLERANCE, "larger committee");
    }

    /// @notice Real committees, drawn operator by operator: up to eight equal ones of the ring and up to twenty others, with
    ///         any chances. The exact products of binomials never exceed the bound.
    function testCaptureBoundsEqualOperators(uint256 seed, uint256 ring, uint256 honest) external pure {
        ring = Assert.bound(ring, 1, 8);
        honest = Assert.bound(honest, 1, 20);
        uint256 a = Assert.bound(Assert.draw(seed, 6), 0, WAD);
        uint256 h = Assert.bound(Assert.draw(seed, 7), 0, WAD);
        CaptureMath.Committee memory c = _committee(seed, 31);
        c.ring = (ring * a) / c.seats + 1;
        c.honest = (honest * h) / c.seats;
        if (c.ring + c.honest > WAD) return;
        uint256 bound = CaptureMath.capture(c);
        Assert.le(_exact(c, _binomial(ring, a), _binomial(honest, h)), bound + TOLERANCE, "exact");
    }

    /// @notice Seven seats, a quorum of four, a fifth for the ring: k(h) = 3, 3, 3, 4, 5, 7 for 0 to 5 honest seats, so
    ///         P ≤ (π(0..2) · Π(3) + π(3) · Π(4) + π(4) · Π(5) + Π(5..) · Π(7)) / Π_7(4), taken from a table.
    function testACommitteeByHand() external pure {
        CaptureMath.Committee memory c = CaptureMath.Committee(7, 4, 0, 0, 32_768, 1_000, false);
        Assert.near(_capture(c, WAD / 5), BY_HAND, TOLERANCE, "by hand");
    }

    /// @notice From the share on from which a ring outweighs the others on average, nothing is safe.
    function testBeyondTheTippingShareNothingIsSafe(uint256 seats, uint256 share) external pure {
        seats = Assert.bound(seats, 3, 31);
        // 1.245 times the honest seats are enough: 0.5546 of all.
        share = Assert.bound(share, 0.555e18, WAD);
        CaptureMath.Committee memory c = CaptureMath.Committee(seats, (seats + 1) / 2, 0, 0, 32_768, 1_000, false);
        Assert.le(TIPPED, _capture(c, share), "beyond");
    }

    /// @notice The ring has at most λ times its share of the weight and at least that share of the seats that are filled;
    ///         two fifths of them always are, and a larger ring has no fewer.
    function testShares(uint256 seed, uint256 stake, uint256 boostCap) external pure {
        stake = Assert.bound(stake, 0, WAD);
        boostCap = Assert.bound(boostCap, 16, 64);
        (uint256 ring, uint256 honest) = _shares(seed, boostCap, stake);
        Assert.le(ring, (stake * boostCap) / 16 + GWEI_OFF, "at most the boost");
        Assert.le(stake * (ring + honest), (ring + GWEI_OFF) * WAD, "at least as much as the others for its stake");
        Assert.le(0.4e18, ring + honest + GWEI_OFF, "two fifths are filled");
        Assert.le(ring + honest, WAD + GWEI_OFF, "no more than there are");
        (uint256 more, ) = _shares(seed, boostCap, Assert.bound(seed, stake, WAD));
        Assert.le(ring, more, "more stake");
    }

    // -------------------------------------------------------------- internals

    /// @dev Of a ring with `share` of the seats, the others having the rest.
    function _capture(CaptureMath.Committee memory c, uint256 share) private pure returns (uint256) {
        (c.ring, c.honest) = (share, WAD - share);
        return CaptureMath.capture(c);
    }

    /// @dev Up to sixteen families of any sizes.
    function _shares(uint256 seed, uint256 boostCap, uint256 stake) private pure returns (uint256, uint256) {
        uint256[] memory weights = new uint256[](1 + (Assert.draw(seed, 5) % 16));
        uint256 weight;
        uint256 roots;
        for (uint256 f; f < weights.length; ++f) {
            weights[f] = Assert.bound(Assert.draw(seed, 6 + f), 1e12, 1e15);
            weight += weights[f];
            roots += Sortition.root(weights[f]);
        }
        return CaptureMath.shares(weights, weight, roots, boostCap, stake);
    }

    /// @dev Any committee a domain can have, of at most `largest` expected seats.
    function _committee(uint256 seed, uint256 largest) private pure returns (CaptureMath.Committee memory c) {
        c.seats = Assert.bound(Assert.draw(seed, 0), 1, largest);
        c.quorum = Assert.bound(Assert.draw(seed, 1), 1, c.seats);
        c.threshold = Assert.bound(Assert.draw(seed, 3), 13_108, 52_428);
        c.margin = Assert.bound(Assert.draw(seed, 4), 0, 4_500);
    }

    /// @dev Probabilities of 0, 1, … of `count` seats that come with `chance` each, WAD.
    function _binomial(uint256 count, uint256 chance) private pure returns (uint256[] memory terms) {
        terms = new uint256[](count + 1);
        terms[0] = WAD;
        for (uint256 i; i < count; ++i) {
            for (uint256 k = count; k != 0; --k) {
                terms[k] = (terms[k] * (WAD - chance) + terms[k - 1] * chance) / WAD;
            }
            terms[0] = (terms[0] * (WAD - chance)) / WAD;
        }
    }

    /// @dev Σ p(a) · p(h) over the pairs that capture, by those with a quorum; on the better side.
    function _exact(
        CaptureMath.Committee memory c,
        uint256[] memory ring,
        uint256[] memory honest
    ) private pure returns (uint256) {
        uint256 nearer = c.threshold < 65_536 - c.threshold ? c.threshold : 65_536 - c.threshold;
        uint256 m = (2 * c.margin * nearer) / 10_000;
        uint256 all;
        uint256 asTrue;
        uint256 asFalse;
        for (uint256 a; a < ring.length; ++a) {
            for (uint256 h = a < c.quorum ? c.quorum - a : 0; h < honest.length; ++h) {
                uint256 pair = ring[a] * honest[h];
                all += pair;
                if ((255 * a + 26 * h) * 65_536 >= (c.threshold + m) * 255 * (a + h)) asTrue += pair;
                if (229 * h * 65_536 <= (c.threshold - m) * 255 * (a + h)) asFalse += pair;
            }
        }
        // A quorum in less than one of a million committees says more about rounding than about rings.
        if (all < WAD * 1e12) return 0;
        return ((asTrue > asFalse ? asTrue : asFalse) * WAD) / all;
    }
}
