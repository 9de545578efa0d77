// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {PerformanceMath} from "../../contracts/libraries/PerformanceMath.sol";
import {ReputationMath} from "../../contracts/libraries/ReputationMath.sol";
import {Assert} from "../utils/Assert.sol";

/// @notice SPEC PERF: measures stay in 0..1 whatever the window, degenerate windows give one half, R_r stays in 0.1..10.
contract PerformanceMathTest {
    uint256 private constant WAD = 1e18;
    uint256 private constant OPERATORS = 3;
    address private constant OPERATOR = address(1);
    uint32 private constant MAX_TIME = 2 ** 30;

    /// @notice PERF-2: any window, also with one receipt, with equal ones and with extremes: no division by zero.
    function testMeasuresStayInBounds(uint256 seed, uint256 length, uint256 stale) external pure {
        length = Assert.bound(length, 0, PerformanceMath.WINDOW);
        stale = Assert.bound(stale, 0, length);
        PerformanceMath.Measure memory m = PerformanceMath.measure(_window(seed, length), OPERATOR, stale);
        Assert.le(m.speed, WAD, "S");
        Assert.le(m.forward, WAD, "F");
        Assert.le(m.backward, WAD, "B");
        Assert.le(m.response, WAD, "I");
        Assert.le(m.count, length, "receipts");
        Assert.le(m.fresh, m.count, "new receipts");
        Assert.le(m.late, m.fresh, "late receipts");
        if (stale == length) Assert.eq(m.fresh, 0, "nothing is new");
        if (stale == 0) Assert.eq(m.fresh, m.count, "everything is new");
    }

    /// @notice One receipt alone says nothing about what is fast.
    function testOneReceiptIsInTheMiddle(uint256 seed) external pure {
        PerformanceMath.Entry[] memory entries = _window(seed, 1);
        entries[0].receipt.operator = OPERATOR;
        _requireMiddle(PerformanceMath.measure(entries, OPERATOR, 0));
    }

    /// @notice Nor do many that are alike, whoever they are of.
    function testEqualReceiptsAreInTheMiddle(uint256 seed, uint256 length) external pure {
        length = Assert.bound(length, 1, PerformanceMath.WINDOW);
        PerformanceMath.Entry[] memory entries = new PerformanceMath.Entry[](length);
        for (uint256 i; i < length; ++i) {
            entries[i] = _entry(seed);
            entries[i].receipt.operator = i == 0 || seed >> i == 0 ? OPERATOR : address(2);
        }
        _requireMiddle(PerformanceMath.measure(entries, OPERATOR, 0));
    }

    /// @notice Who is best in everything gets 1 for everything, who is worst 0; a third in between.
    function testBestAndWorst(uint256 seed) external pure {
        PerformanceMath.Entry[] memory entries = new PerformanceMath.Entry[](3);
        for (uint256 i; i < 3; ++i) entries[i] = _entry(seed);
        uint32 size = uint32(Assert.bound(seed, 1, type(uint32).max));
        (entries[0].receipt.inputSize, entries[0].receipt.outputSize) = (size, size);
        entries[0].receipt.operator = address(10);
        _setTimes(entries[0].receipt, 1, 0);
        entries[1].receipt = _copy(entries[0].receipt, address(11));
        _setTimes(entries[1].receipt, 2, 2);
        entries[2].receipt = _copy(entries[0].receipt, address(12));
        _setTimes(entries[2].receipt, 4, 4);

        PerformanceMath.Measure memory best = PerformanceMath.measure(entries, address(10), 0);
        PerformanceMath.Measure memory worst = PerformanceMath.measure(entries, address(12), 0);
        uint256[4] memory top = _four(best);
        uint256[4] memory between = _four(PerformanceMath.measure(entries, address(11), 0));
        uint256[4] memory bottom = _four(worst);
        for (uint256 i; i < 4; ++i) {
            Assert.eq(top[i], WAD, "best");
            Assert.eq(bottom[i], 0, "worst");
            Assert.isTrue(between[i] > 0 && between[i] < WAD, "in between");
        }
    }

    /// @notice PERF-1: loading longer, and waiting for it, changes nothing.
    function testLoadingIsCountedApart(uint256 seed, uint256 load) external pure {
        PerformanceMath.Receipt memory r = _entry(seed).receipt;
        PerformanceMath.Rates memory before = PerformanceMath.rates(r);
        uint32 more = uint32(Assert.bound(load, 0, type(uint32).max - r.roundTripMs));
        r.loadMs += more;
        r.roundTripMs += more;
        Assert.isTrue(keccak256(abi.encode(before)) == keccak256(abi.encode(PerformanceMath.rates(r))), "rates");
    }

    /// @notice PERF-1, PERF-2, PERF-3: measures and rates against the formulas spelled out with a plain loop.
    function testMeasureIsItsReference(uint256 seed, uint256 length) external pure {
        length = Assert.bound(length, 1, 24);
        PerformanceMath.Entry[] memory entries = _window(seed, length);
        entries[0].receipt.operator = OPERATOR;
        uint256[] memory speeds = new uint256[](length);
        uint256 low = type(uint256).max;
        uint256 high;
        for (uint256 i; i < length; ++i) {
            PerformanceMath.Receipt memory r = entries[i].receipt;
            speeds[i] = ((uint256(r.inputSize) + r.outputSize) * WAD) / (uint256(r.roundTripMs) - r.loadMs);
            if (speeds[i] < low) low = speeds[i];
            if (speeds[i] > high) high = speeds[i];
        }
        uint256 rolling;
        bool begun;
        for (uint256 i; i < length; ++i) {
            if (entries[i].receipt.operator != OPERATOR) continue;
            uint256 normal = high == low ? WAD / 2 : ((speeds[i] - low) * WAD) / (high - low);
            rolling = begun ? (rolling * 9 + normal) / 10 : normal;
            begun = true;
        }
        Assert.eq(PerformanceMath.measure(entries, OPERATOR, 0).speed, rolling, "S");
    }

    /// @notice PERF-4: whatever the rule in its bounds, R_r stays where it belongs, and better measures never lower it.
    function testReputationStaysInBounds(uint256 seed, uint256 before, uint256 more) external pure {
        before = Assert.bound(before, ReputationMath.MIN, ReputationMath.MAX);
        PerformanceMath.Rule memory rule = _rule(seed);
        PerformanceMath.Measure memory m = _measured(seed);
        uint256 r = PerformanceMath.reputation(before, m, rule);
        Assert.le(ReputationMath.MIN, r, "at least 0.1");
        Assert.le(r, ReputationMath.MAX, "at most 10");
        m.speed = Assert.bound(more, m.speed, WAD);
        Assert.le(r, PerformanceMath.reputation(before, m, rule), "faster is not worse");
        if (m.late == 0) return;
        uint256 late = PerformanceMath.reputation(before, m, rule);
        --m.late;
        Assert.le(late, PerformanceMath.reputation(before, m, rule), "in time is not worse");
    }

    /// @notice PERF-4, PERF-5: scale = 1 and one new receipt: α · R · Pen^M · Rew^(1 − M) + β · Σ w · measure, to the wei.
    function testScaleOneIsThePublishedRule(uint256 seed, uint256 before, bool late) external pure {
        before = Assert.bound(before, ReputationMath.MIN, ReputationMath.MAX);
        PerformanceMath.Rule memory rule = PerformanceMath.defaultRule();
        rule.scale = 1;
        PerformanceMath.Measure memory m = _measured(seed);
        (m.fresh, m.late) = (1, late ? 1 : 0);
        uint256 expected =
            (before * 7 * (late ? 80 : 101)) / 1_000 + (3 * (m.speed + m.forward + m.backward + m.response)) / 40;
        if (expected < 0.1e18) expected = 0.1e18;
        if (expected > 10e18) expected = 10e18;
        Assert.eq(PerformanceMath.reputation(before, m, rule), expected, "published rule");
    }

    /// @notice With the default rule the best settles at 10, the average at half of it, the worst at the floor.
    function testDefaultRuleUsesTheWholeScale() external pure {
        uint256[3] memory levels = [WAD, WAD / 2, 0];
        uint256[3] memory ends = [uint256(10e18), 5.119e18, 0.1e18];
        for (uint256 i; i < 3; ++i) {
            uint256 r = ReputationMath.START;
            uint256 level = levels[i];
            PerformanceMath.Measure memory m = PerformanceMath.Measure(level, level, level, level, 1, 1, 0);
            for (uint256 j; j < 100; ++j) r = PerformanceMath.reputation(r, m, PerformanceMath.defaultRule());
            Assert.near(r, ends[i], 0.001e18, "level of R_r");
        }
    }

    /// @notice PERF-9: a link depends on everything before it and on every field of its receipt.
    function testLinksDiffer(uint256 seed, uint256 field) external pure {
        PerformanceMath.Entry memory entry = _entry(seed);
        bytes32 head = keccak256(abi.encode(seed));
        bytes32 link = PerformanceMath.link(head, entry);
        Assert.isTrue(link != PerformanceMath.link(keccak256(abi.encode(head)), entry), "head");
        field %= 9;
        PerformanceMath.Receipt memory r = entry.receipt;
        if (field == 0) r.requestId ^= bytes32(uint256(1));
        else if (field == 1) r.operator = address(uint160(r.operator) ^ 1);
        else if (field == 2) r.modelHash ^= bytes32(uint256(1));
        else if (field == 3) r.inputSize ^= 1;
        else if (field == 4) r.outputSize ^= 1;
        else if (field == 5) r.loadMs ^= 1;
        else if (field == 6) r.inferMs ^= 1;
        else if (field == 7) r.roundTripMs ^= 1;
        else entry.late = !entry.late;
        Assert.isTrue(link != PerformanceMath.link(head, entry), "field");
    }

    // ---------------------------------------------------------------- helpers

    function _requireMiddle(PerformanceMath.Measure memory m) private pure {
        uint256[4] memory values = _four(m);
        for (uint256 i; i < 4; ++i) Assert.eq(values[i], WAD / 2, "one half");
    }

    function _four(PerformanceMath.Measure memory m) private pure returns (uint256[4] memory) {
        return [m.speed, m.forward, m.backward, m.response];
    }

    function _copy(
        PerformanceMath.Receipt memory r,
        address operator
    ) private pure returns (PerformanceMath.Receipt memory) {
        return
            PerformanceMath.Receipt(
                r.requestId,
                operator,
                r.modelHash,
                r.inputSize,
                r.outputSize,
                r.loadMs,
                r.inferMs,
                r.roundTripMs
            );
    }

    function _setTimes(PerformanceMath.Receipt memory r, uint32 infer, uint32 wait) private pure {
        (r.inferMs, r.roundTripMs) = (infer, r.loadMs + infer + wait);
    }

    /// @dev Now and then all receipts of a window share their sizes or times.
    function _window(uint256 seed, uint256 length) private pure returns (PerformanceMath.Entry[] memory entries) {
        entries = new PerformanceMath.Entry[](length);
        for (uint256 i; i < length; ++i) {
            entries[i] = _entry(Assert.draw(seed, i));
            entries[i].receipt.operator = address(uint160(1 + (Assert.draw(seed, i) % OPERATORS)));
            if (i == 0) continue;
            PerformanceMath.Receipt memory first = entries[0].receipt;
            PerformanceMath.Receipt memory r = entries[i].receipt;
            if (seed & 1 != 0) (r.inputSize, r.outputSize) = (first.inputSize, first.outputSize);
            if (seed & 2 != 0) {
                (r.loadMs, r.inferMs, r.roundTripMs) = (first.loadMs, first.inferMs, first.roundTripMs);
            }
        }
    }

    /// @dev Any receipt a ledger takes. Casts are safe: bounded.
    function _entry(uint256 seed) private pure returns (PerformanceMath.Entry memory entry) {
        PerformanceMath.Receipt memory r = entry.receipt;
        r.requestId = bytes32(Assert.draw(seed, 10));
        r.modelHash = bytes32(Assert.draw(seed, 11));
        r.inputSize = uint32(Assert.bound(Assert.draw(seed, 12), 0, type(uint32).max));
        r.outputSize = uint32(Assert.bound(Assert.draw(seed, 13), 0, type(uint32).max));
        r.loadMs = uint32(Assert.bound(Assert.draw(seed, 14), 0, MAX_TIME));
        r.inferMs = uint32(Assert.bound(Assert.draw(seed, 15), 1, MAX_TIME));
        r.roundTripMs = r.loadMs + r.inferMs + uint32(Assert.bound(Assert.draw(seed, 16), 0, MAX_TIME));
        r.operator = OPERATOR;
        entry.late = Assert.draw(seed, 17) & 1 != 0;
    }

    function _measured(uint256 seed) private pure returns (PerformanceMath.Measure memory m) {
        m.speed = Assert.bound(Assert.draw(seed, 20), 0, WAD);
        m.forward = Assert.bound(Assert.draw(seed, 21), 0, WAD);
        m.backward = Assert.bound(Assert.draw(seed, 22), 0, WAD);
        m.response = Assert.bound(Assert.draw(seed, 23), 0, WAD);
        m.count = m.fresh = Assert.bound(Assert.draw(seed, 24), 1, PerformanceMath.WINDOW);
        m.late = Assert.bound(Assert.draw(seed, 25), 0, m.fresh);
    }

    /// @dev Any rule a ledger takes. Casts are safe: bounded.
    function _rule(uint256 seed) private pure returns (PerformanceMath.Rule memory rule) {
        rule = PerformanceMath.defaultRule();
        rule.alpha = uint16(Assert.bound(Assert.draw(seed, 30), 0, 10_000));
        rule.beta = uint16(Assert.bound(Assert.draw(seed, 31), 0, 10_000));
        rule.scale = uint16(Assert.bound(Assert.draw(seed, 32), 1, 10));
        rule.success = uint16(Assert.bound(Assert.draw(seed, 33), 10_000, 20_000));
        rule.late = uint16(Assert.bound(Assert.draw(seed, 34), 1_000, 10_000));
        rule.speedWeight = uint16(Assert.bound(Assert.draw(seed, 35), 0, 10_000));
        rule.forwardWeight = uint16(Assert.bound(Assert.draw(seed, 36), 0, 10_000 - rule.speedWeight));
        rule.backwardWeight = uint16(
            Assert.bound(Assert.draw(seed, 37), 0, 10_000 - rule.speedWeight - rule.forwardWeight)
        );
        rule.responseWeight = 10_000 - rule.speedWeight - rule.forwardWeight - rule.backwardWeight;
    }
}
