// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

/// @title IRandomness
/// @notice A source of seeds that do not exist yet when a request is made. Fits block hashes, RANDAO proofs and drand rounds.
interface IRandomness {
    /// @notice PENDING: not there yet. READY: `seed` is it. LOST: it can never be had again.
    enum Status {
        PENDING,
        READY,
        LOST
    }

    /// @notice Names a future moment whose randomness nobody knows yet.
    /// @return ticket below 2^120
    function open() external view returns (uint256 ticket);

    /// @notice The seed of a ticket. The answer of READY never changes; a caller keeps the first one it gets.
    /// @param ticket from {open}
    /// @param proof whatever the source needs to prove the seed; empty for block hashes
    /// @return seed unpredictable before the ticket's moment; zero unless READY
    /// @return status see {Status}
    function seedOf(uint256 ticket, bytes calldata proof) external view returns (uint256 seed, Status status);
}
