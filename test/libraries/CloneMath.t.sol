// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {CloneMath} from "../../contracts/libraries/CloneMath.sol";
import {LaneTally} from "../../contracts/libraries/LaneTally.sol";
import {Assert} from "../utils/Assert.sol";

/// @notice SPEC CLONE-2 … CLONE-4: sums claim by claim, and the decision by deviations from the mean.
contract CloneMathTest {
    uint256 private constant DEFAULT = 9_500;

    /// @notice CLONE-3, random committees: the uncertain claims are those whose mean, cross-multiplied, is near θ, and no others.
    function testSumsAreThoseOfTheUncertainClaims(uint256 seed, uint256 claims, uint256 distance) external view {
        claims = Assert.bound(claims, 1, 256);
        distance = Assert.bound(distance, 0, 10_000);
        uint256 threshold = Assert.bound(Assert.draw(seed, 3), 13_107, 52_428);
        bytes[3] memory votes = [_votes(seed, 1_000, claims), _votes(seed, 2_000, claims), _votes(seed, 3_000, claims)];
        uint256[3] memory weights;
        uint256[16] memory lanes;
        uint256 weight;
        for (uint256 v; v < 3; ++v) {
            weights[v] = 1 + (Assert.draw(seed, v) & 3);
            weight += weights[v];
            lanes = this.tally(lanes, votes[v], weights[v]);
        }
        CloneMath.Sums memory sums = this.sum(lanes, weight, threshold, distance, votes[0], votes[1]);
        uint256[6] memory plain;
        for (uint256 i; i < claims; ++i) {
            (uint256 x, uint256 y) = (uint8(votes[0][i]), uint8(votes[1][i]));
            int256 lane = int256(x * weights[0] + y * weights[1] + uint8(votes[2][i]) * weights[2]);
            // |lane / (255 · Σv) − θ / 2^16| ≤ 2 · distance / 10⁴ · min(θ, 2^16 − θ) / 2^16, times 255 · Σv · 2^16 · 10⁴
            int256 gap = (lane * 65_536 - int256(threshold * 255 * weight)) * 10_000;
            if (gap < 0) gap = -gap;
            if (gap > int256(2 * distance * 255 * weight * _nearer(threshold))) continue;
            uint256[6] memory more = [1, x, y, x * x, y * y, x * y];
            for (uint256 k; k < 6; ++k) plain[k] += more[k];
        }
        Assert.eq(sums.claims, plain[0], "uncertain claims");
        Assert.eq(sums.first, plain[1], "sum of the first");
        Assert.eq(sums.second, plain[2], "sum of the second");
        Assert.eq(sums.firstSquared, plain[3], "squares of the first");
        Assert.eq(sums.secondSquared, plain[4], "squares of the second");
        Assert.eq(sums.product, plain[5], "products");
    }

    /// @notice CLONE-3: the widest band is from half of θ to halfway up from it, so of what a committee is sure about nothing is
    ///         in it, whatever θ is. Lanes of one vote of weight one, on the bounds and beside them.
    function testTheBandShrinksWithTheNearerEnd(uint256 seed) external view {
        uint256 threshold = Assert.bound(seed, 13_107, 52_428);
        uint256 nearer = _nearer(threshold);
        uint256 low = (255 * (2 * threshold - nearer) + 131_071) / 131_072;
        uint256 high = (255 * (2 * threshold + nearer)) / 131_072;
        bytes memory votes = new bytes(4);
        (votes[0], votes[1]) = (bytes1(uint8(low - 1)), bytes1(uint8(low)));
        (votes[2], votes[3]) = (bytes1(uint8(high)), bytes1(uint8(high + 1)));
        uint256[16] memory lanes;
        lanes = this.tally(lanes, votes, 1);
        CloneMath.Sums memory sums = this.sum(lanes, 1, threshold, 2_500, votes, votes);
        Assert.eq(sums.claims, 2, "on the bounds, not beside them");
        Assert.eq(sums.first, low + high, "which two");
        Assert.le(1, low, "what is surely false");
        Assert.le(high, 254, "what is surely true");
    }

    /// @notice CLONE-4, copies with noise of every size, so that both answers are frequent, against deviations from the mean.
    function testAlikeIsPearson(uint256 seed, uint256 claims, uint256 noise, uint256 correlation) external view {
        claims = Assert.bound(claims, 1, 256);
        noise = Assert.bound(noise, 0, 120);
        correlation = Assert.bound(correlation, 9_000, 10_000);
        bytes memory first = _votes(seed, 1_000, claims);
        bytes memory second = new bytes(claims);
        for (uint256 i; i < claims; ++i) second[i] = _near(first[i], Assert.draw(seed, 2_000 + i), noise);
        CloneMath.Sums memory sums = _all(first, second);
        bool plain = _pearson(first, second, correlation);
        Assert.isTrue(CloneMath.alike(sums, correlation) == plain, "correlated");
        Assert.isTrue(CloneMath.alike(_all(second, first), correlation) == plain, "the other way round");
    }

    /// @notice A calibration of one's own does not hide a copy: 7 + 13x/16.
    function testABentCopyIsAlike(uint256 seed) external view {
        bytes memory first = _votes(seed, 1_000, 256);
        bytes memory second = new bytes(256);
        for (uint256 i; i < 256; ++i) second[i] = bytes1(uint8(7 + (uint256(uint8(first[i])) * 13) / 16));
        Assert.isTrue(CloneMath.alike(_all(first, second), DEFAULT), "a bent copy");
    }

    /// @notice CLONE-4: votes of independent models, opposite ones, constants and those that hardly vary are not alike.
    function testOthersAreNotAlike(uint256 seed) external view {
        bytes memory first = _votes(seed, 1_000, 256);
        bytes memory opposite = new bytes(256);
        bytes memory constant_ = new bytes(256);
        bytes memory flat = new bytes(256);
        for (uint256 i; i < 256; ++i) {
            opposite[i] = bytes1(255 - uint8(first[i]));
            constant_[i] = bytes1(uint8(seed));
            flat[i] = bytes1(uint8(100 + (uint8(first[i]) & 15)));
        }
        Assert.isTrue(CloneMath.alike(_all(first, first), 10_000), "itself");
        Assert.isTrue(!CloneMath.alike(_all(first, _votes(seed, 9_000, 256)), DEFAULT), "another model");
        Assert.isTrue(!CloneMath.alike(_all(first, opposite), DEFAULT), "opposite");
        Assert.isTrue(!CloneMath.alike(_all(constant_, constant_), DEFAULT), "constants");
        Assert.isTrue(!CloneMath.alike(_all(flat, flat), DEFAULT), "votes that hardly vary");
        CloneMath.Sums memory none;
        Assert.isTrue(!CloneMath.alike(none, DEFAULT), "nothing");
    }

    /// @notice The largest sums there can be: 2^32 − 1 claims, half of them 0 and half 255.
    function testLargestSumsDoNotOverflow() external pure {
        uint48 squares = uint48(2 ** 31 - 1) * 65_025;
        uint40 half = uint40(2 ** 31 - 1) * 255;
        CloneMath.Sums memory sums = CloneMath.Sums(type(uint32).max, half, half, squares, squares, squares);
        Assert.isTrue(CloneMath.alike(sums, 10_000), "equal");
        sums.product -= 1e9;
        Assert.isTrue(!CloneMath.alike(sums, 10_000), "not quite equal");
    }

    /// @notice The sums over two parts are the sums over both.
    function testJoinedPartsAreTheWhole(uint256 seed, uint256 cut) external view {
        cut = Assert.bound(cut, 0, 256);
        bytes memory first = _votes(seed, 1_000, 256);
        bytes memory second = _votes(seed, 2_000, 256);
        CloneMath.Sums memory parts = CloneMath.join(
            _all(_slice(first, 0, cut), _slice(second, 0, cut)),
            _all(_slice(first, cut, 256), _slice(second, cut, 256))
        );
        Assert.eq(
            uint256(keccak256(abi.encode(parts))),
            uint256(keccak256(abi.encode(_all(first, second)))),
            "sums of the parts"
        );
    }

    function tally(
        uint256[16] memory lanes,
        bytes calldata votes,
        uint256 weight
    ) external pure returns (uint256[16] memory) {
        LaneTally.add(lanes, votes, weight);
        return lanes;
    }

    function sum(
        uint256[16] calldata lanes,
        uint256 weight,
        uint256 threshold,
        uint256 distance,
        bytes calldata first,
        bytes calldata second
    ) external pure returns (CloneMath.Sums memory sums) {
        CloneMath.add(sums, lanes, weight, threshold, distance, first, second);
    }

    /// @dev min(θ, 1 − θ) as a 16-bit fraction.
    function _nearer(uint256 threshold) private pure returns (uint256) {
        return threshold < 32_768 ? threshold : 65_536 - threshold;
    }

    /// @dev Every claim counts: nothing is farther than 1 from θ.
    function _all(bytes memory first, bytes memory second) private view returns (CloneMath.Sums memory) {
        uint256[16] memory lanes;
        return this.sum(lanes, 1, 32_768, 10_000, first, second);
    }

    /// @dev Deviations n·x − X of every claim; their sums are n³ var(x), n³ var(y) and n³ cov(x, y).
    function _pearson(bytes memory first, bytes memory second, uint256 correlation) private pure returns (bool) {
        int256 n = int256(first.length);
        (int256 a, int256 b) = (int256(0), int256(0));
        for (uint256 i; i < first.length; ++i) {
            a += int256(uint256(uint8(first[i])));
            b += int256(uint256(uint8(second[i])));
        }
        (int256 varA, int256 varB, int256 cov) = (int256(0), int256(0), int256(0));
        for (uint256 i; i < first.length; ++i) {
            int256 x = n * int256(uint256(uint8(first[i]))) - a;
            int256 y = n * int256(uint256(uint8(second[i]))) - b;
            varA += x * x;
            varB += y * y;
            cov += x * y;
        }
        if (varA < 64 * n * n * n || varB < 64 * n * n * n || cov <= 0) return false;
        return cov * cov * 100_000_000 >= int256(correlation * correlation) * varA * varB;
    }

    function _near(bytes1 vote, uint256 seed, uint256 noise) private pure returns (bytes1) {
        uint256 moved = uint256(uint8(vote)) + (seed % (2 * noise + 1));
        if (moved < noise) return 0;
        return moved - noise > 255 ? bytes1(0xff) : bytes1(uint8(moved - noise));
    }

    function _votes(uint256 seed, uint256 from, uint256 claims) private pure returns (bytes memory votes) {
        votes = new bytes(claims);
        for (uint256 i; i < claims; ++i) votes[i] = bytes1(uint8(Assert.draw(seed, from + i)));
    }

    function _slice(bytes memory votes, uint256 from, uint256 to) private pure returns (bytes memory part) {
        part = new bytes(to - from);
        for (uint256 i = from; i < to; ++i) part[i - from] = votes[i];
    }
}
