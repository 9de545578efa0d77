// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

/// @title CanaryNotes
/// @notice What a canary commits to: the note in its request, and the leaf by which a batch contains the note.
library CanaryNotes {
    /// @notice The sealed note of a canary: its answers, bound to who asks what. The salt makes it look like noise.
    /// @param separator of the network, see ICanaries.separator
    /// @param answers as verdict words: two bits a claim
    function note(
        bytes32 separator,
        address inspector,
        address requester,
        bytes32 payloadHash,
        uint256[2] memory answers,
        bytes32 salt
    ) internal pure returns (bytes32) {
        return keccak256(abi.encode(separator, inspector, requester, payloadHash, answers, salt));
    }

    /// @notice Salted too: notes can be read in requests, and a batch must not tell which of them are its own.
    function leaf(bytes32 note_, bytes32 salt) internal pure returns (bytes32) {
        return keccak256(abi.encode(note_, salt));
    }

    /// @notice Levels of the tree of a batch: the least whose leaves are enough.
    /// @param count at least 1
    function depth(uint256 count) internal pure returns (uint256 levels) {
        while (1 << levels < count) ++levels;
    }

    /// @notice Root of the tree that has the leaf at `position`. Sides follow from the position, not from the order of
    ///         hashes: so a tree of fixed depth has one leaf at each position, and a batch cannot hide spare ones.
    /// @param siblings from the leaf upwards
    function root(bytes32 leaf_, uint256 position, bytes32[] calldata siblings) internal pure returns (bytes32 node) {
        node = leaf_;
        for (uint256 i; i < siblings.length; ++i) {
            bytes32 sibling = siblings[i];
            bool isLeft = (position >> i) & 1 == 0;
            node = keccak256(isLeft ? abi.encode(node, sibling) : abi.encode(sibling, node));
        }
    }
}
