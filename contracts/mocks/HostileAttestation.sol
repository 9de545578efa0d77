// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

/// @title HostileAttestation
/// @notice The hook of a domain's owner who means ill: IAttestation's question, answered by an act. For tests only.
contract HostileAttestation {
    enum Mood {
        SILENT,
        REFUSE,
        /// @dev uses up all gas it is given
        BURN,
        /// @dev refuses with a reason of 200,000 bytes
        SHOUT,
        /// @dev calls back, and refuses if that is refused
        REENTER
    }

    Mood private _mood;
    address private _target;
    bytes private _data;

    error Refused();

    function set(Mood mood, address target, bytes calldata data) external {
        (_mood, _target, _data) = (mood, target, data);
    }

    /// @dev Not a view, other than IAttestation says: it tries what it likes.
    function requireAdmitted(uint16, address) external {
        require(_mood != Mood.REFUSE, Refused());
        if (_mood == Mood.BURN) {
            for (uint256 i; ; ++i) keccak256(abi.encode(i));
        } else if (_mood == Mood.SHOUT) {
            revert(string(new bytes(200_000)));
        } else if (_mood == Mood.REENTER) {
            // Any call: that is what it is for.
            // solhint-disable-next-line avoid-low-level-calls
            (bool done, ) = _target.call(_data);
            require(done, Refused());
        }
    }
}
