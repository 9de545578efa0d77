// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {FixedPointMathLib} from "solady/src/utils/FixedPointMathLib.sol";

import {IRewardMinter} from "../interfaces/IRewardMinter.sol";

/// @notice IRewardMinter.Account as the one slot it is, fields from the low bit up in the order of the struct. Settlement
///         reads and writes whole words; everything else unpacks.
type AccountWord is uint256;

using AccountWords for AccountWord global;

/// @title AccountWords
library AccountWords {
    /// @notice No account, or a closed one.
    AccountWord internal constant NONE = AccountWord.wrap(0);

    uint256 private constant RELEASABLE = 88;
    uint256 private constant SERVED = 144;
    uint256 private constant FACTOR = 200;
    uint256 private constant SCORED = 240;
    uint256 private constant SCORE_MASK = type(uint88).max;

    function unpack(AccountWord a) internal pure returns (IRewardMinter.Account memory) {
        uint256 word = AccountWord.unwrap(a);
        return
            IRewardMinter.Account({
                score: int88(uint88(word)),
                releasable: uint56(word >> RELEASABLE),
                served: uint56(word >> SERVED),
                factor: uint40(word >> FACTOR),
                scored: uint16(word >> SCORED)
            });
    }

    /// @notice Whether the account was opened.
    function isOpen(AccountWord a) internal pure returns (bool) {
        return factor(a) != 0;
    }

    /// @notice wei
    function score(AccountWord a) internal pure returns (int256) {
        return int88(uint88(AccountWord.unwrap(a)));
    }

    /// @notice gwei
    function releasable(AccountWord a) internal pure returns (uint256) {
        return uint56(AccountWord.unwrap(a) >> RELEASABLE);
    }

    /// @notice 1e9 = 1.0
    function factor(AccountWord a) internal pure returns (uint256) {
        return uint40(AccountWord.unwrap(a) >> FACTOR);
    }

    function scored(AccountWord a) internal pure returns (uint256) {
        return AccountWord.unwrap(a) >> SCORED;
    }

    function withFactor(AccountWord a, uint256 factor_) internal pure returns (AccountWord) {
        uint256 rest = AccountWord.unwrap(a) & ~(uint256(type(uint40).max) << FACTOR);
        return AccountWord.wrap(rest | (factor_ << FACTOR));
    }

    /// @param bond gwei, at most what is releasable
    function release(AccountWord a, uint256 bond) internal pure returns (AccountWord) {
        // No borrow: the field covers the bond.
        unchecked {
            return AccountWord.wrap(AccountWord.unwrap(a) - (bond << RELEASABLE));
        }
    }

    /// @notice The account after a settled seat.
    /// @param value wei
    /// @param scored_ scored claims of the seat
    /// @param bond gwei
    /// @param served gwei
    /// @dev No carry between fields: |score| < 5 · supply < 2^87, bonds and fees are below the supply in gwei (SPEC
    ///      REW-6), the count saturates.
    function add(
        AccountWord a,
        int256 value,
        uint256 scored_,
        uint256 bond,
        uint256 served
    ) internal pure returns (AccountWord) {
        unchecked {
            uint256 count = FixedPointMathLib.min(scored(a) + scored_, type(uint16).max);
            uint256 sums = (AccountWord.unwrap(a) << 16) >> 16;
            sums = (sums & ~SCORE_MASK) + (bond << RELEASABLE) + (served << SERVED);
            return AccountWord.wrap(sums | uint88(uint256(score(a) + value)) | (count << SCORED));
        }
    }
}
