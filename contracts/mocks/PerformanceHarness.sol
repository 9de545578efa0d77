// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {Multicall} from "@openzeppelin/contracts/utils/Multicall.sol";

import {PerformanceMath} from "../libraries/PerformanceMath.sol";

/// @title PerformanceHarness
/// @notice What keeper/src/mirror/performanceMath.ts mirrors, asked as MirrorHarness is. For tests only.
/// @dev A receipt is one word, fields from the low bit up: inputSize 32 | outputSize 32 | loadMs 32 | inferMs 32 | the rest
///      of the round trip 32 | operator 8 | late 1.
contract PerformanceHarness is Multicall {
    function rates(uint256 receipt) external pure returns (PerformanceMath.Rates memory) {
        return PerformanceMath.rates(_entry(receipt).receipt);
    }

    function normalize(uint256 x, uint256 low, uint256 high) external pure returns (uint256) {
        return PerformanceMath.normalize(x, low, high);
    }

    function roll(uint256 mean, uint256 x) external pure returns (uint256) {
        return PerformanceMath.roll(mean, x);
    }

    function link(bytes32 head, bytes32 requestId, bytes32 modelHash, uint256 receipt) external pure returns (bytes32) {
        PerformanceMath.Entry memory entry = _entry(receipt);
        entry.receipt.requestId = requestId;
        entry.receipt.modelHash = modelHash;
        return PerformanceMath.link(head, entry);
    }

    function measure(
        address operator,
        uint256 stale,
        uint256[] calldata receipts
    ) external pure returns (PerformanceMath.Measure memory) {
        PerformanceMath.Entry[] memory entries = new PerformanceMath.Entry[](receipts.length);
        for (uint256 i; i < receipts.length; ++i) entries[i] = _entry(receipts[i]);
        return PerformanceMath.measure(entries, operator, stale);
    }

    function reputation(
        uint256 before,
        PerformanceMath.Measure calldata measured,
        PerformanceMath.Rule calldata rule
    ) external pure returns (uint256) {
        return PerformanceMath.reputation(before, measured, rule);
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
}
