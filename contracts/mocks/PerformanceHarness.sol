// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {PerformanceMath} from "../libraries/PerformanceMath.sol";

/// @title PerformanceHarness
/// @notice What keeper/src/mirror/performanceMath.ts mirrors, many vectors a call. For tests only.
/// @dev Rows as in MirrorHarness. A receipt is one word, fields from the low bit up: inputSize 32 | outputSize 32 |
///      loadMs 32 | inferMs 32 | the rest of the round trip 32 | operator 8 | late 1.
contract PerformanceHarness {
    /// @notice A window of any length.
    struct Window {
        uint256 operator;
        uint256 stale;
        uint256[] receipts;
    }

    function rates(uint256[1][] calldata rows) external pure returns (PerformanceMath.Rates[] memory results) {
        results = new PerformanceMath.Rates[](rows.length);
        for (uint256 i; i < rows.length; ++i) results[i] = PerformanceMath.rates(_entry(rows[i][0]).receipt);
    }

    function normalize(uint256[3][] calldata rows) external pure returns (uint256[] memory results) {
        results = new uint256[](rows.length);
        for (uint256 i; i < rows.length; ++i) {
            results[i] = PerformanceMath.normalize(rows[i][0], rows[i][1], rows[i][2]);
        }
    }

    function roll(uint256[2][] calldata rows) external pure returns (uint256[] memory results) {
        results = new uint256[](rows.length);
        for (uint256 i; i < rows.length; ++i) results[i] = PerformanceMath.roll(rows[i][0], rows[i][1]);
    }

    /// @param rows head, request id, model hash, receipt
    function link(uint256[4][] calldata rows) external pure returns (bytes32[] memory results) {
        results = new bytes32[](rows.length);
        for (uint256 i; i < rows.length; ++i) {
            PerformanceMath.Entry memory entry = _entry(rows[i][3]);
            entry.receipt.requestId = bytes32(rows[i][1]);
            entry.receipt.modelHash = bytes32(rows[i][2]);
            results[i] = PerformanceMath.link(bytes32(rows[i][0]), entry);
        }
    }

    function measure(Window[] calldata rows) external pure returns (PerformanceMath.Measure[] memory results) {
        results = new PerformanceMath.Measure[](rows.length);
        for (uint256 i; i < rows.length; ++i) {
            uint256[] calldata receipts = rows[i].receipts;
            PerformanceMath.Entry[] memory entries = new PerformanceMath.Entry[](receipts.length);
            for (uint256 j; j < receipts.length; ++j) entries[j] = _entry(receipts[j]);
            results[i] = PerformanceMath.measure(entries, address(uint160(rows[i].operator)), rows[i].stale);
        }
    }

    /// @param rows R_r before, S, F, B, I, fresh, late, then the rule
    function reputation(uint256[16][] calldata rows) external pure returns (uint256[] memory results) {
        results = new uint256[](rows.length);
        for (uint256 i; i < rows.length; ++i) {
            uint256[16] calldata r = rows[i];
            PerformanceMath.Measure memory s = PerformanceMath.Measure(r[1], r[2], r[3], r[4], r[5], r[5], r[6]);
            results[i] = PerformanceMath.reputation(r[0], s, _rule(r));
        }
    }

    /// @dev Casts cut a word into its fields; the sum of the three times fits, because vectors stay below 2^30 each.
    function _entry(uint256 word) private pure returns (PerformanceMath.Entry memory entry) {
        PerformanceMath.Receipt memory r = entry.receipt;
        r.inputSize = uint32(word);
        r.outputSize = uint32(word >> 32);
        r.loadMs = uint32(word >> 64);
        r.inferMs = uint32(word >> 96);
        r.roundTripMs = r.loadMs + r.inferMs + uint32(word >> 128);
        r.operator = address(uint160(uint8(word >> 160)));
        entry.late = (word >> 168) & 1 != 0;
    }

    /// @dev Casts are safe: vectors stay inside the rule's types.
    function _rule(uint256[16] calldata r) private pure returns (PerformanceMath.Rule memory) {
        return
            PerformanceMath.Rule({
                alpha: uint16(r[7]),
                beta: uint16(r[8]),
                scale: uint16(r[9]),
                success: uint16(r[10]),
                late: uint16(r[11]),
                speedWeight: uint16(r[12]),
                forwardWeight: uint16(r[13]),
                backwardWeight: uint16(r[14]),
                responseWeight: uint16(r[15])
            });
    }
}
