// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {VerdictMath} from "../../contracts/libraries/VerdictMath.sol";
import {Assert} from "../utils/Assert.sol";

/// @notice SPEC VOTE-10, VOTE-13 … VOTE-15: lanes to verdicts by cross-multiplication, bounds of base rate and threshold.
contract VerdictMathTest {
    uint256 private constant WAD = 1e18;

    /// @notice VOTE-10: a lane is TRUE iff p̄ ≥ θ + m and FALSE iff p̄ ≤ θ − m, decided by cross-multiplication.
    function testBoundsDecideByTheMean(uint256 threshold, uint256 margin, uint256 weight, uint256 lane) external pure {
        threshold = Assert.bound(threshold, 13_107, 52_428);
        margin = Assert.bound(margin, 0, 4_500);
        weight = Assert.bound(weight, 1, 255);
        lane = Assert.bound(lane, 0, 255 * weight);
        VerdictMath.Bounds memory b = VerdictMath.bounds(threshold, margin, weight);
        uint256 m = (2 * margin * (threshold < 32_768 ? threshold : 65_536 - threshold)) / 10_000;
        bool isTrue = lane * 65_536 >= (threshold + m) * 255 * weight;
        bool isFalse = lane * 65_536 <= (threshold - m) * 255 * weight;
        Assert.isTrue((lane >= b.high) == isTrue, "TRUE");
        Assert.isTrue((lane <= b.low) == isFalse, "FALSE");
        Assert.le(b.low, b.high, "bounds do not cross");
    }

    /// @notice Both verdicts can be reached at every threshold and margin the registry allows.
    function testBothSidesAreReachable(uint256 threshold, uint256 margin, uint256 weight) external pure {
        threshold = Assert.bound(threshold, 13_107, 52_428);
        margin = Assert.bound(margin, 0, 4_500);
        weight = Assert.bound(weight, 1, 255);
        VerdictMath.Bounds memory b = VerdictMath.bounds(threshold, margin, weight);
        Assert.le(b.high, 255 * weight, "a unanimous yes is TRUE");
        Assert.isTrue(b.high > 0, "a unanimous no is not TRUE");
    }

    /// @notice Words, mean and share against plain sums over the claims.
    function testReadIsThePlainSum(uint256 seed, uint256 claims, uint256 weight, uint256 margin) external pure {
        claims = Assert.bound(claims, 1, 256);
        weight = Assert.bound(weight, 1, 255);
        margin = Assert.bound(margin, 0, 4_500);
        uint256 threshold = Assert.bound(Assert.draw(seed, 999), 13_107, 52_428);
        VerdictMath.Bounds memory limits = VerdictMath.bounds(threshold, margin, weight);
        uint256[16] memory lanes;
        uint256[] memory sums = new uint256[](claims);
        for (uint256 i; i < claims; ++i) {
            sums[i] = Assert.bound(Assert.draw(seed, i), 0, 255 * weight);
            lanes[i / 16] |= sums[i] << (240 - 16 * (i % 16));
        }
        (uint256[2] memory words, uint256 mean, uint256 share) = VerdictMath.read(
            lanes,
            claims,
            weight,
            threshold,
            limits
        );
        uint256 total;
        uint256 above;
        for (uint256 i; i < 256; ++i) {
            uint256 verdict = (words[i / 128] >> (2 * (i % 128))) & 3;
            if (i >= claims) {
                Assert.eq(verdict, VerdictMath.UNDECIDED, "nothing behind the last claim");
                continue;
            }
            uint256 expected =
                sums[i] >= limits.high
                    ? VerdictMath.TRUE
                    : sums[i] <= limits.low
                        ? VerdictMath.FALSE
                        : VerdictMath.UNDECIDED;
            Assert.eq(verdict, expected, "verdict of a claim");
            total += sums[i];
            if (sums[i] * 65_536 > threshold * 255 * weight) ++above;
        }
        Assert.eq(mean, (total * WAD) / (255 * weight * claims), "mean vote");
        Assert.eq(share, (above * WAD) / claims, "share above the threshold");
        Assert.le(mean, WAD, "mean at most 1");
        Assert.le(share, WAD, "share at most 1");
    }

    /// @notice VOTE-13: B stays in 5–95 %, moves towards the mean and never past it; one request cannot move it by more than half.
    function testBaseRateBounds(uint256 rate, uint256 mean, uint256 claims) external pure {
        rate = Assert.bound(rate, VerdictMath.MIN_RATE, VerdictMath.MAX_RATE);
        mean = Assert.bound(mean, 0, WAD);
        claims = Assert.bound(claims, 1, 256);
        uint256 next = VerdictMath.nextBaseRate(rate, mean, claims);
        Assert.le(VerdictMath.MIN_RATE, next, "at least 5 %");
        Assert.le(next, VerdictMath.MAX_RATE, "at most 95 %");
        (uint256 low, uint256 high) = rate < mean ? (rate, mean) : (mean, rate);
        bool clipped = next == VerdictMath.MIN_RATE || next == VerdictMath.MAX_RATE;
        Assert.isTrue(clipped || (next >= low && next <= high), "between the old rate and the mean");
        uint256 step = next > rate ? next - rate : rate - next;
        Assert.le(step * (claims + 255), (high - low) * claims, "step of k / (k + 255)");
    }

    /// @notice VOTE-14: θ stays in 20–80 % and moves by at most 0.15 · k / (k + 64) of the gap, with its sign.
    function testThresholdBounds(uint256 threshold, uint256 share, uint256 mean, uint256 claims) external pure {
        threshold = Assert.bound(threshold, VerdictMath.MIN_THRESHOLD, VerdictMath.MAX_THRESHOLD);
        share = Assert.bound(share, 0, WAD);
        mean = Assert.bound(mean, 0, WAD);
        claims = Assert.bound(claims, 1, 256);
        uint256 next = VerdictMath.nextThreshold(threshold, share, mean, claims);
        Assert.le(VerdictMath.MIN_THRESHOLD, next, "at least 20 %");
        Assert.le(next, VerdictMath.MAX_THRESHOLD, "at most 80 %");
        if (share >= mean) Assert.le(threshold, next, "up when too many are above");
        else Assert.le(next, threshold, "down when too few are above");
        uint256 step = next > threshold ? next - threshold : threshold - next;
        uint256 gap = share > mean ? share - mean : mean - share;
        Assert.le(step * (claims + 64) * 100, gap * claims * 15, "size of the step");
    }

    /// @notice VOTE-15: a domain that always answers the same pins 13..242, never a rate at which a score has no scale.
    function testPinnedRateIsAByteWithRoom(uint256 rate) external pure {
        rate = Assert.bound(rate, VerdictMath.MIN_RATE, VerdictMath.MAX_RATE);
        uint256 pinned = VerdictMath.rateByte(rate);
        Assert.le(13, pinned, "lowest byte");
        Assert.le(pinned, 242, "highest byte");
        Assert.near(pinned * WAD, rate * 255, WAD / 2, "rounded to nearest");
    }

    function testPinnedThreshold(uint256 threshold) external pure {
        threshold = Assert.bound(threshold, VerdictMath.MIN_THRESHOLD, VerdictMath.MAX_THRESHOLD);
        uint256 bits = VerdictMath.thresholdBits(threshold);
        Assert.le(13_107, bits, "at least 20 %");
        Assert.le(bits, 52_428, "at most 80 %");
        Assert.le(bits * WAD, threshold * 65_536, "rounded down");
        Assert.isTrue((bits + 1) * WAD > threshold * 65_536, "within a unit");
    }

    /// @notice INV-18: 400 requests that all push one way leave both means inside their bounds.
    function testLongPushesStayInside(uint256 seed) external pure {
        uint256 rate = WAD / 2;
        uint256 threshold = WAD / 2;
        bool up = seed & 1 == 1;
        for (uint256 i; i < 400; ++i) {
            rate = VerdictMath.nextBaseRate(rate, up ? WAD : 0, 256);
            threshold = VerdictMath.nextThreshold(threshold, up ? WAD : 0, up ? 0 : WAD, 256);
        }
        Assert.eq(rate, up ? VerdictMath.MAX_RATE : VerdictMath.MIN_RATE, "rate at its end");
        Assert.eq(threshold, up ? VerdictMath.MAX_THRESHOLD : VerdictMath.MIN_THRESHOLD, "threshold at its end");
    }
}
