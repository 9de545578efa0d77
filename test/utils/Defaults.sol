// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {IDomainRegistry} from "../../contracts/interfaces/IDomainRegistry.sol";
import {ReputationMath} from "../../contracts/libraries/ReputationMath.sol";

/// @title Defaults
/// @notice The default preset of deploy/parameters.ts, and the constants the Solidity tests deploy with.
library Defaults {
    uint256 internal constant EPOCH = 1 days;
    uint256 internal constant UNBONDING = 7 days;
    uint256 internal constant SUPPLY = 10_000_000e18;
    uint256 internal constant DOMAIN_FEE = 1_000e18;
    uint256 internal constant FAMILY_BOND = 500e18;
    /// @dev gwei
    uint56 internal constant MIN_SELF_BOND = 100e9;
    uint56 internal constant MIN_FAMILY_WEIGHT = 1_000e9;

    function parameters() internal pure returns (IDomainRegistry.Parameters memory p) {
        p.committee = IDomainRegistry.Committee({
            seats: 7,
            minSeats: 4,
            minFamilies: 2,
            rule: IDomainRegistry.DiversityRule.SQUARE_ROOT,
            boostCap: 32,
            preset: IDomainRegistry.Preset.QUALITY,
            maxClaims: 256,
            expectedBase: 20,
            expectedPerClaim: 200,
            revealWindow: 60,
            appealWindow: 600,
            sealWindow: 1_200,
            decisiveMargin: 1_000,
            qualityWindow: 32,
            maturity: 64
        });
        p.fees = IDomainRegistry.Fees({
            minFee: 0.001e18,
            seatBond: 0.064e9,
            feeTarget: 10_000,
            feeRate: 100_000_000,
            penaltyRatio: 20_000,
            absenceRatio: 10_000
        });
        p.rewards = IDomainRegistry.Rewards({
            mintRatio: 9_000,
            mintCap: 15_000,
            gamma: 0.5e18,
            delta: 0.5e18,
            qualityBar: 0.25e18,
            postBounty: 100_000
        });
        p.reputation = ReputationMath.Rule({
            pull: 0.055e18,
            success: 1.05e18,
            wrong: 0.94e18,
            late: 0.97e18,
            absent: 0.94e18,
            catchUp: 0
        });
    }
}
