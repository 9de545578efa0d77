// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {FeeCurve} from "../../contracts/libraries/FeeCurve.sol";
import {Assert} from "../utils/Assert.sol";

/// @notice SPEC FEE-2, FEE-3: the price stays between its floor and e^20 times it, and moves with demand and time only one way.
contract FeeCurveTest {
    uint256 private constant MAX_SUPPLY = 2 ** 84 - 1;
    uint256 private constant E = 2_718281828459045235;
    /// @dev e^20, WAD, rounded up; Solady's exponential is good to 18 digits.
    uint256 private constant E20 = 485_165195_409790277969106831;

    function testPriceBounds(uint256 minFee, uint256 excess, uint256 rate) external pure {
        (minFee, excess, rate) = _inputs(minFee, excess, rate);
        uint256 price = FeeCurve.price(minFee, excess, rate);
        Assert.le(minFee, price, "never below the floor");
        Assert.le(price, (minFee * (E20 + E20 / 1e18)) / 1e18, "never above e^20 times the floor");
        Assert.isTrue(price * 256 * 31 < 2 ** 128, "largest reservation");
    }

    function testPriceGrowsWithExcess(uint256 minFee, uint256 excess, uint256 more, uint256 rate) external pure {
        (minFee, excess, rate) = _inputs(minFee, excess, rate);
        more = Assert.bound(more, excess, type(uint128).max);
        Assert.le(FeeCurve.price(minFee, excess, rate), FeeCurve.price(minFee, more, rate), "more excess");
        Assert.le(
            FeeCurve.price(minFee, excess, rate),
            FeeCurve.price(minFee + 1, excess, rate),
            "a higher floor, a higher price"
        );
        if (rate < type(uint40).max) {
            Assert.le(
                FeeCurve.price(minFee, excess, rate + 1),
                FeeCurve.price(minFee, excess, rate),
                "a slower rate, a lower price"
            );
        }
    }

    /// @notice e^(a + b) = e^a · e^b: the exponential is one, not only monotone.
    function testPriceIsExponential(uint256 a, uint256 b, uint256 rate) external pure {
        rate = Assert.bound(rate, 1_000, type(uint40).max);
        a = Assert.bound(a, 0, 10 * rate);
        b = Assert.bound(b, 0, 10 * rate);
        uint256 product = (FeeCurve.price(1e18, a, rate) * FeeCurve.price(1e18, b, rate)) / 1e18;
        uint256 whole = FeeCurve.price(1e18, a + b, rate);
        Assert.near(product, whole, whole / 1e16 + 5, "product of two prices");
    }

    function testPriceAtOneRateIsE(uint256 rate) external pure {
        rate = Assert.bound(rate, 1_000, type(uint40).max);
        Assert.near(FeeCurve.price(1e18, rate, rate), E, 1, "e");
        Assert.eq(FeeCurve.price(1e18, 0, rate), 1e18, "no excess");
        Assert.near(FeeCurve.price(1e18, 20 * rate, rate), E20, E20 / 1e17, "e^20");
        Assert.eq(FeeCurve.price(1e18, 21 * rate, rate), FeeCurve.price(1e18, 20 * rate, rate), "saturated");
    }

    /// @notice Waiting once or in parts is the same; the excess never passes below zero.
    function testDecayIgnoresHowOftenItIsRead(uint256 excess, uint256 target, uint256 one, uint256 two) external pure {
        excess = Assert.bound(excess, 0, type(uint128).max);
        target = Assert.bound(target, 1, type(uint32).max);
        one = Assert.bound(one, 0, type(uint48).max);
        two = Assert.bound(two, 0, type(uint48).max);
        uint256 once = FeeCurve.decay(excess, target, one + two);
        Assert.eq(FeeCurve.decay(FeeCurve.decay(excess, target, one), target, two), once, "two waits");
        Assert.eq(once, excess > target * (one + two) ? excess - target * (one + two) : 0, "floored difference");
    }

    /// @notice Buying at once or in parts leads to the same excess, which saturates where the price does.
    function testGrowthIgnoresHowItIsSplit(uint256 excess, uint256 one, uint256 two, uint256 rate) external pure {
        rate = Assert.bound(rate, 1_000, type(uint40).max);
        excess = Assert.bound(excess, 0, 20 * rate);
        one = Assert.bound(one, 0, 256 * 31);
        two = Assert.bound(two, 0, 256 * 31);
        uint256 once = FeeCurve.grow(excess, one + two, rate);
        Assert.eq(FeeCurve.grow(FeeCurve.grow(excess, one, rate), two, rate), once, "two purchases");
        Assert.le(excess, once, "demand never lowers the excess");
        Assert.le(once, 20 * rate, "saturation");
        if (excess + (one + two) * 1_000 <= 20 * rate) {
            Assert.eq(once, excess + (one + two) * 1_000, "milli claim-seats");
        }
    }

    /// @notice A price pushed up by k claim-seats is back once k claim-seats' time has passed, not before.
    function testAPushedPriceComesBack(uint256 minFee, uint256 units, uint256 target, uint256 rate) external pure {
        minFee = Assert.bound(minFee, 1e9, MAX_SUPPLY);
        rate = Assert.bound(rate, 1_000, type(uint40).max);
        target = Assert.bound(target, 1, type(uint32).max);
        units = Assert.bound(units, 1, 256 * 31);
        uint256 pushed = FeeCurve.grow(0, units, rate);
        uint256 needed = (pushed + target - 1) / target;
        Assert.eq(FeeCurve.price(minFee, FeeCurve.decay(pushed, target, needed), rate), minFee, "back at the floor");
        Assert.isTrue(FeeCurve.decay(pushed, target, needed - 1) > 0, "not a second earlier");
    }

    function _inputs(uint256 minFee, uint256 excess, uint256 rate) private pure returns (uint256, uint256, uint256) {
        return (
            Assert.bound(minFee, 1e9, MAX_SUPPLY),
            Assert.bound(excess, 0, type(uint128).max),
            Assert.bound(rate, 1_000, type(uint40).max)
        );
    }
}
