// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {ReputationMath} from "../../contracts/libraries/ReputationMath.sol";
import {Assert} from "../utils/Assert.sol";

/// @notice SPEC REP-1: R stays in [0.1, 10] under every rule the registry allows and never gains by rounding.
contract ReputationMathTest {
    uint256 private constant WAD = 1e18;

    function testOneOutcomeStaysInBounds(uint256 seed, uint256 r, uint256 outcome) external pure {
        r = Assert.bound(r, ReputationMath.MIN, ReputationMath.MAX);
        uint256 next = ReputationMath.apply_(r, outcome & 3, _rule(seed));
        Assert.le(ReputationMath.MIN, next, "at least 0.1");
        Assert.le(next, ReputationMath.MAX, "at most 10");
    }

    /// @notice Whole tapes, both presets: in bounds, and equal to the outcomes applied one by one.
    function testTapesStayInBounds(uint256 seed, uint256 tape, uint256 length, uint256 r) external pure {
        length = Assert.bound(length, 0, 48);
        r = Assert.bound(r, ReputationMath.MIN, ReputationMath.MAX);
        ReputationMath.Rule memory rule = seed & 1 == 0 ? _rule(seed) : _preset(seed & 2 == 0);
        uint256 expected = r;
        for (uint256 i; i < length; ++i) {
            expected = ReputationMath.apply_(expected, (tape / 4 ** i) % 4, rule);
            Assert.le(ReputationMath.MIN, expected, "at least 0.1");
            Assert.le(expected, ReputationMath.MAX, "at most 10");
        }
        Assert.eq(ReputationMath.replay(r, tape, length, rule), expected, "replay of a tape");
    }

    /// @notice REP-2, REP-3, REP-4, REP-5: the formula spelled out with rational bounds at every product.
    function testOneOutcomeIsItsReference(uint256 seed, uint256 r, uint256 outcome) external pure {
        r = Assert.bound(r, ReputationMath.MIN, ReputationMath.MAX);
        outcome &= 3;
        ReputationMath.Rule memory rule = _rule(seed);
        uint256 expected = r;
        if (outcome <= ReputationMath.WRONG) {
            expected =
                r <= WAD
                    ? r + (uint256(rule.pull) * (WAD - r)) / WAD
                    : r - (uint256(rule.pull) * (r - WAD) + WAD - 1) / WAD;
        }
        uint64[4] memory m = [rule.success, rule.wrong, rule.late, rule.absent];
        expected = (expected * m[outcome]) / WAD;
        if (expected < 0.1e18) expected = 0.1e18;
        if (expected > 10e18) expected = 10e18;
        if (outcome == ReputationMath.SUCCESS && expected < WAD) {
            expected += (uint256(rule.catchUp) * (WAD - expected)) / WAD;
        }
        Assert.eq(ReputationMath.apply_(r, outcome, rule), expected, "R after an outcome");
    }

    /// @notice More reputation before is never less after, whatever happens; a success is worth no less than a fault.
    function testOutcomesKeepTheOrder(uint256 seed, uint256 r, uint256 more, uint256 outcome) external pure {
        r = Assert.bound(r, ReputationMath.MIN, ReputationMath.MAX);
        more = Assert.bound(more, r, ReputationMath.MAX);
        outcome &= 3;
        ReputationMath.Rule memory rule = _rule(seed);
        uint256 low = ReputationMath.apply_(r, outcome, rule);
        // Rounding of the pull may cost the upper one a wei of R, never more.
        Assert.le(low, ReputationMath.apply_(more, outcome, rule) + 2, "order of two operators");
        uint256 right = ReputationMath.apply_(r, ReputationMath.SUCCESS, rule);
        Assert.le(ReputationMath.apply_(r, ReputationMath.WRONG, rule), right, "wrong against right");
    }

    /// @notice A service fault never raises R (unless it lies below the floor, which it cannot).
    function testServiceFaultsNeverRaise(uint256 seed, uint256 r) external pure {
        r = Assert.bound(r, ReputationMath.MIN, ReputationMath.MAX);
        ReputationMath.Rule memory rule = _rule(seed);
        Assert.le(ReputationMath.apply_(r, ReputationMath.LATE, rule), r, "late");
        Assert.le(ReputationMath.apply_(r, ReputationMath.ABSENT, rule), r, "absent");
    }

    /// @notice The default preset reaches prime tier on successes only and returns towards 1 when it is mixed.
    function testDefaultPresetFindsItsLevel() external pure {
        ReputationMath.Rule memory rule = _preset(false);
        uint256 best = WAD;
        uint256 worst = WAD;
        for (uint256 i; i < 3_000; ++i) {
            best = ReputationMath.apply_(best, ReputationMath.SUCCESS, rule);
            worst = ReputationMath.apply_(worst, ReputationMath.WRONG, rule);
        }
        Assert.le(5e18, best, "only successes end in prime");
        Assert.isTrue(best < 10e18, "the pull keeps the best from saturating");
        Assert.le(worst, 0.5e18, "only wrong ends in probation");
        Assert.isTrue(worst > 0.1e18, "the pull keeps the worst from the floor");
    }

    /// @notice `power` against square roots and identities, and inside the range the factor's field allows.
    function testPower(uint256 r, uint256 exponent, uint256 more) external pure {
        r = Assert.bound(r, ReputationMath.MIN, ReputationMath.MAX);
        exponent = Assert.bound(exponent, 0, 1.25e18);
        uint256 p = ReputationMath.power(r, exponent);
        Assert.le(0.05e18, p, "0.1 to 1.25");
        Assert.le(p, 17.79e18, "10 to 1.25");
        Assert.eq(ReputationMath.power(r, 0), WAD, "to the power of 0");
        Assert.near(ReputationMath.power(r, WAD), r, 100, "to the power of 1");
        uint256 root = ReputationMath.power(r, 0.5e18);
        Assert.near((root * root) / WAD, r, 100, "square of the square root");
        more = Assert.bound(more, r, ReputationMath.MAX);
        Assert.le(p, ReputationMath.power(more, exponent) + 2, "monotone in R");
    }

    /// @notice REW-4: the premium lies between 1 and λ and is the floored root of W / (F · W_f) in between.
    function testTiltIsItsReference(uint256 total, uint256 families, uint256 family, uint256 cap) external pure {
        total = Assert.bound(total, 0, type(uint56).max);
        families = Assert.bound(families, 0, 16);
        family = Assert.bound(family, 0, total);
        cap = Assert.bound(cap, 0, 64);
        uint256 tilt = ReputationMath.tilt(total, families, family, cap);
        uint256 highest = cap < 16 ? WAD : (cap * WAD) / 16;
        Assert.le(WAD, tilt, "at least 1");
        Assert.le(tilt, highest, "at most the cap");
        if (family == 0 || families == 0) {
            Assert.eq(tilt, WAD, "nothing to compare with");
            return;
        }
        uint256 ratio = (total * 1e36) / (families * family);
        if (tilt > WAD) Assert.le(tilt * tilt, ratio, "rounded down");
        if (tilt < highest) Assert.isTrue((tilt + 1) * (tilt + 1) > ratio, "within a unit");
    }

    /// @notice R^γ · tilt fits the 40 bits of an account's factor at 1e9.
    function testFactorFitsItsField() external pure {
        uint256 largest = (ReputationMath.power(10e18, 1.25e18) * 4e18) / 1e18 / 1e9;
        Assert.le(largest, type(uint40).max, "largest factor");
    }

    /// @dev Any rule within the registry's bounds.
    function _rule(uint256 seed) private pure returns (ReputationMath.Rule memory) {
        return
            ReputationMath.Rule({
                pull: uint64(Assert.bound(Assert.draw(seed, 0), 0, WAD)),
                success: uint64(Assert.bound(Assert.draw(seed, 1), WAD, 2 * WAD)),
                wrong: uint64(Assert.bound(Assert.draw(seed, 2), 0.1e18, WAD)),
                late: uint64(Assert.bound(Assert.draw(seed, 3), 0.1e18, WAD)),
                absent: uint64(Assert.bound(Assert.draw(seed, 4), 0.1e18, WAD)),
                catchUp: uint64(Assert.bound(Assert.draw(seed, 5), 0, WAD))
            });
    }

    function _preset(bool published) private pure returns (ReputationMath.Rule memory) {
        return
            published
                ? ReputationMath.Rule(0, 1.01e18, 1e18, 0.8e18, 0.64e18, 0.02e18)
                : ReputationMath.Rule(0.055e18, 1.05e18, 0.94e18, 0.97e18, 0.94e18, 0);
    }
}
