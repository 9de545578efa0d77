// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

/// @title ISecurityQuote
/// @notice What a verdict costs and how likely a ring captures it, before it is asked for. Holds no state.
/// @dev A probability is an upper bound for every ring with that share of the domain's weight in this epoch, among committees
///      with a quorum: it is that of the ring with most seats, made of the operators whose families are smallest, λ counted in
///      (CaptureMath.shares), and holds however these shares are cut into operators (CaptureMath.capture). It is 1 where no
///      less is proven. What it assumes besides:
///      - nobody's chance to sit is above 1: what saturated operators lose, the honest among them lose too;
///      - a request that found no quorum at first, and was extended, is captured no more often than others;
///      - honest operators that are drawn vote, 0.9 or 0.1, and right;
///      - all votes weigh the same. They weigh 1 to 4 by R: a ring of the highest tier among newcomers counts up to four
///        times as much;
///      - the seed cannot be influenced.
///      Weights are those a request of this epoch pins, so {requireSecurity} in the same call as the request is exact; a
///      later epoch and an appeal in it may have other families.
interface ISecurityQuote {
    /// @notice A price and what it buys.
    struct Quote {
        /// @dev expected seats of the request's own round
        uint256 seats;
        /// @dev wei of WORK that the request reserves now
        uint256 fee;
        /// @dev bound of the probability that the ring decides a claim alone in the request's own round, WAD; off by less
        ///      than 1e-14
        uint256 capture;
        /// @dev the same in the largest round appeals lead to, by their bounds and quorum, with the families of now
        uint256 captureAppealed;
        /// @dev expected seats of the first round, appeals included, that meets the bound; zero if none does
        uint256 secureSeats;
    }

    /// @notice The ring may capture a claim with probability `available`, `required` was the most allowed. WAD.
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
    /// @param attackerShare share of the domain's weight the ring holds, WAD
    function quote(
        uint16 domain,
        uint256 claims,
        uint256 maxCapture,
        uint256 attackerShare
    ) external view returns (Quote memory);

    /// @notice Capture of a request's own committee if it had `seats` expected seats, 1..31, in `domain` as it is now, WAD.
    ///         Appeals have other bounds: see {quote}.
    function captureOf(uint16 domain, uint256 seats, uint256 attackerShare) external view returns (uint256);

    /// @notice Reverts with {InsufficientSecurity} unless a request of now is captured with at most `maxCapture`.
    function requireSecurity(uint16 domain, uint256 maxCapture, uint256 attackerShare) external view;
}
