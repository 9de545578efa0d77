// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

/// @title Units
/// @notice The scales every room shares. Nothing here has behaviour.
library Units {
    /// @dev 1.0 in fixed-point numbers (reputation, exponents, base rate, threshold).
    uint256 internal constant WAD = 1e18;

    /// @dev 1.0 in ratios that parameters express in basis points.
    uint256 internal constant BPS = 10_000;

    /// @dev Weights and bonds are counted in whole gwei of WORK so that three of them fit a slot.
    uint256 internal constant GWEI = 1e9;

    /// @dev Upper bound of the WORK supply in wei (about 19.3 million WORK). Minting never exceeds burning, so the
    ///      genesis supply bounds every sum in the protocol: no packed field can overflow (see SPEC, TOK-2).
    uint256 internal constant MAX_SUPPLY = 2 ** 84 - 1;

    /// @dev Largest number of claims of a request: 16 words of 16 lanes.
    uint256 internal constant MAX_CLAIMS = 256;

    /// @dev Largest expected committee, after an extension too.
    uint256 internal constant MAX_SEATS = 31;

    /// @dev Largest number of families of a domain.
    uint256 internal constant MAX_FAMILIES = 16;

    /// @dev Part of a charge that goes to whoever reported or collected it: 1/20, the rest burns.
    uint256 internal constant BOUNTY_DIVISOR = 20;
}
