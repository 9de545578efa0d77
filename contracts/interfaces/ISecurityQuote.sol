// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

/// @title ISecurityQuote
/// @notice What a verdict costs and how likely a ring captures it, before it is asked for. Holds no state.
interface ISecurityQuote {
    /// @notice A price and what it buys.
    struct Quote {
        /// @dev expected seats of the request's own round
        uint256 seats;
        /// @dev wei of WORK that the request reserves now
        uint256 fee;
        /// @dev probability that the ring decides a claim alone in the request's own round, WAD; off by less than 1e-14
        uint256 capture;
        /// @dev the same in the largest round appeals lead to
        uint256 captureAppealed;
        /// @dev expected seats of the first round, appeals included, that meets the bound; zero if none does
        uint256 secureSeats;
    }

    /// @notice The ring would capture a claim with probability `available`, `required` was the most allowed. WAD.
    error InsufficientSecurity(uint256 required, uint256 available);
    /// @notice A share of the stake, WAD.
    error ShareOutOfBounds(uint256 given, uint256 max);
    /// @notice Expected seats.
    error SeatsOutOfBounds(uint256 given, uint256 min, uint256 max);
    /// @notice Claims of a request of the domain.
    error ClaimsOutOfBounds(uint256 given, uint256 min, uint256 max);

    /// @notice Quotes a request with the parameters, price and threshold of now.
    /// @param claims 1..maxClaims of the domain
    /// @param maxCapture most likely capture that is accepted, WAD
    /// @param attackerShare share of the domain's stake the ring holds, WAD; λ is counted in
    function quote(
        uint16 domain,
        uint256 claims,
        uint256 maxCapture,
        uint256 attackerShare
    ) external view returns (Quote memory);

    /// @notice Capture of a committee of `seats` expected seats, 1..31, in `domain` as it is now, WAD.
    function captureOf(uint16 domain, uint256 seats, uint256 attackerShare) external view returns (uint256);

    /// @notice Reverts with {InsufficientSecurity} unless a request of now is captured with at most `maxCapture`.
    function requireSecurity(uint16 domain, uint256 maxCapture, uint256 attackerShare) external view;
}
