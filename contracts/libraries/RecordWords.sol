// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {IReputationLedger} from "../interfaces/IReputationLedger.sol";
import {ReputationMath} from "./ReputationMath.sol";

/// @notice IReputationLedger.Record as the one slot it is, fields from the low bit up in the order of the struct.
type RecordWord is uint256;

using RecordWords for RecordWord global;

/// @title RecordWords
library RecordWords {
    uint256 private constant QUALITY = 64;
    uint256 private constant SCORED = 128;
    uint256 private constant LENGTH = 144;
    uint256 private constant TAPE = 152;
    uint256 private constant WINDOW_MASK = uint256(type(uint80).max) << QUALITY;

    function unpack(RecordWord r) internal pure returns (IReputationLedger.Record memory) {
        uint256 word = RecordWord.unwrap(r);
        return
            IReputationLedger.Record({
                reputation: uint64(word),
                quality: quality(r),
                scored: uint16(scored(r)),
                length: uint8(length(r)),
                tape: uint96(tape(r))
            });
    }

    /// @notice R, WAD; the start value before anything was posted.
    function reputation(RecordWord r) internal pure returns (uint256) {
        uint256 stored = uint64(RecordWord.unwrap(r));
        return stored == 0 ? ReputationMath.START : stored;
    }

    /// @notice Quality of the open window, 1e-12.
    function quality(RecordWord r) internal pure returns (int64) {
        return int64(uint64(RecordWord.unwrap(r) >> QUALITY));
    }

    /// @notice Scored claims of the open window.
    function scored(RecordWord r) internal pure returns (uint256) {
        return uint16(RecordWord.unwrap(r) >> SCORED);
    }

    function length(RecordWord r) internal pure returns (uint256) {
        return uint8(RecordWord.unwrap(r) >> LENGTH);
    }

    function tape(RecordWord r) internal pure returns (uint256) {
        return RecordWord.unwrap(r) >> TAPE;
    }

    /// @param scored_ at most 1,024 + 256
    function withWindow(RecordWord r, int256 quality_, uint256 scored_) internal pure returns (RecordWord) {
        // Casts are safe: a claim adds less than 6e12.
        uint256 window = (uint256(uint64(int64(quality_))) << QUALITY) | (scored_ << SCORED);
        return RecordWord.wrap((RecordWord.unwrap(r) & ~WINDOW_MASK) | window);
    }

    /// @notice Puts `count` outcomes behind those on the tape, which must have room for them.
    function append(RecordWord r, uint256 outcomes, uint256 count) internal pure returns (RecordWord) {
        // No carry: a tape has 48 places.
        unchecked {
            uint256 word = RecordWord.unwrap(r) + (count << LENGTH);
            return RecordWord.wrap(word | (outcomes << (TAPE + 2 * length(r))));
        }
    }

    /// @notice The record with another R and an empty tape.
    /// @param reputation_ at most 10e18
    function replayed(RecordWord r, uint256 reputation_) internal pure returns (RecordWord) {
        return RecordWord.wrap((RecordWord.unwrap(r) & WINDOW_MASK) | reputation_);
    }
}
