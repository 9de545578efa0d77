// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {EfficientHashLib} from "solady/src/utils/EfficientHashLib.sol";
import {FixedPointMathLib} from "solady/src/utils/FixedPointMathLib.sol";

/// @title Sortition
/// @notice Who sits: everybody can prove or refute a seat in O(1), without a list and without a draw.
/// @dev Share of operator i of family f:
///        Proportional  π = w / W                                  (1)
///        SquareRoot    π = w / (√W_f · Σ_g √W_g), ≤ λ · w / W     (2)
///      i sits iff uint128(keccak256(seed, roundId, owner)) < min(1, seats · π) · 2^128.
library Sortition {
    /// @notice One family's term of Σroot: `isqrt(W_f · 2^32)`, the square root with 16 fractional bits, rounded down.
    /// @param familyWeight gwei of WORK
    function root(uint256 familyWeight) internal pure returns (uint256) {
        return FixedPointMathLib.sqrt(familyWeight << 32);
    }

    /// @notice `seats · π · 2^128`, rounded down; a value ≥ 2^128 means a certain seat.
    /// @param weight w of the operator, gwei
    /// @param familyWeight W_f of its family, gwei, not zero
    /// @param totalWeight W of the domain, gwei, not zero
    /// @param roots Σroot of the domain, see {root}
    /// @param seats expected committee
    /// @param boostCap λ in sixteenths (32 = 2.0); zero selects the proportional rule
    function chance(
        uint256 weight,
        uint256 familyWeight,
        uint256 totalWeight,
        uint256 roots,
        uint256 seats,
        uint256 boostCap
    ) internal pure returns (uint256) {
        // No overflow: weight < 2^56, seats < 2^5, boostCap < 2^8, so the largest numerator is below 2^221.
        unchecked {
            if (boostCap == 0) return ((weight * seats) << 128) / totalWeight;
            uint256 diverse = ((weight * seats) << 160) / (root(familyWeight) * roots);
            uint256 capped = ((weight * seats * boostCap) << 124) / totalWeight;
            return FixedPointMathLib.min(diverse, capped);
        }
    }

    /// @notice The operator's ticket in [0, 2^128): it sits if this is below its {chance}.
    function ticket(uint256 seed, bytes32 roundId, address owner) internal pure returns (uint256) {
        // keccak256(abi.encode(seed, roundId, owner))
        return uint128(uint256(EfficientHashLib.hash(seed, uint256(roundId), uint160(owner))));
    }

    /// @notice Vote weight by the tier of a reputation: probation 1, standard 2, preferred 3, prime 4.
    /// @param reputation WAD
    function tier(uint256 reputation) internal pure returns (uint256) {
        if (reputation < 0.5e18) return 1;
        if (reputation < 2e18) return 2;
        return reputation < 5e18 ? 3 : 4;
    }
}
