// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {IDomainRegistry} from "./IDomainRegistry.sol";
import {IEpochClock} from "./IEpochClock.sol";

/// @title IFeeMarket
/// @notice Prepaid credits bought by burning WORK, the price of a claim-seat, and the earned burn. Nobody receives a fee.
/// @dev Invariant (SPEC FEE-5): WORK burned for credits and by sponsors = Σ credits + Σ reserved + Σ earned + Σ spent on
///      bounties.
interface IFeeMarket is IEpochClock {
    /// @notice `payer` burned `amount` wei of WORK; `beneficiary` holds as many more credits.
    event CreditsBought(address indexed payer, address indexed beneficiary, uint256 amount);
    /// @notice `amount` credits of `requester` are reserved for `units` claim-seats at `price`.
    event CreditsReserved(
        address indexed requester,
        uint16 indexed domain,
        uint256 units,
        uint256 price,
        uint256 amount
    );
    /// @notice `amount` reserved credits went back to `requester`.
    event CreditsReleased(address indexed requester, uint256 amount);
    /// @notice `amount` reserved credits became earned burn of (domain, epoch).
    event BurnEarned(uint16 indexed domain, uint256 indexed epoch, uint256 amount);
    /// @notice `sponsor` burned `amount` wei of WORK, which became earned burn of (domain, epoch).
    event Sponsored(address indexed sponsor, uint16 indexed domain, uint256 indexed epoch, uint256 amount);
    /// @notice `amount` of the earned burn of (domain, epoch) was spent on a bounty.
    event BountySpent(uint16 indexed domain, uint256 indexed epoch, uint256 amount);

    /// @notice Only Assay.
    error NotAssay(address caller, address assay);
    /// @notice Only the RewardMinter.
    error NotMinter(address caller, address minter);
    /// @notice Nothing would be bought or burned.
    error ZeroAmount();
    /// @notice wei.
    error InsufficientCredits(address requester, uint256 held, uint256 required);
    /// @notice The fee of the request is above what its sender allows.
    error FeeAboveMax(uint256 fee, uint256 maxFee);

    /// @notice Burns `amount` wei of the caller's WORK (allowance needed) for as many credits of `beneficiary`.
    function buy(address beneficiary, uint256 amount) external;

    /// @notice {buy} with an EIP-2612 permit of the caller. A permit that was already used is no obstacle.
    function buyWithPermit(
        address beneficiary,
        uint256 amount,
        uint256 deadline,
        uint8 v,
        bytes32 r,
        bytes32 s
    ) external;

    /// @notice Burns `amount` wei of the caller's WORK (allowance needed) as earned burn of (domain, this epoch), so that
    ///         the domain's operators can be paid from it. Anyone; bonds of failed appeals end here.
    function sponsor(uint16 domain, uint256 amount) external;

    /// @notice Reserves the fee of a request and moves the price. Only Assay.
    /// @param pricing of the parameters the request runs under
    /// @param units claim-seats: claims times expected seats
    /// @param maxFee wei of WORK the requester accepts for all seats
    /// @return price wei of WORK per claim-seat
    function reserve(
        address requester,
        uint16 domain,
        IDomainRegistry.Pricing calldata pricing,
        uint256 units,
        uint256 maxFee
    ) external returns (uint256 price);

    /// @notice Returns reserved credits. Only Assay.
    function release(address requester, uint256 amount) external;

    /// @notice Turns reserved credits into earned burn of (domain, this epoch). Only Assay.
    function earn(uint16 domain, uint256 amount) external;

    /// @notice Takes up to `amount` out of the earned burn of (domain, this epoch) for a bounty. Only RewardMinter.
    /// @return taken what there was
    function spend(uint16 domain, uint256 amount) external returns (uint256 taken);

    /// @notice Credits of a requester, wei of WORK, not transferable.
    function credits(address requester) external view returns (uint256);
    /// @notice Earned burn of (domain, epoch), wei of WORK.
    function earned(uint16 domain, uint256 epoch) external view returns (uint256);
    /// @notice Price of a claim-seat of `domain` now, wei of WORK.
    function price(uint16 domain) external view returns (uint256);
}
