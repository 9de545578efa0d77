// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {IStakeVault} from "../../contracts/interfaces/IStakeVault.sol";
import {MoneyActions} from "./MoneyActions.sol";

/// @title CloneActions
/// @notice Operators that are moved to other families and back: SPEC STK-24 … STK-26. What CloneRegistry decides is decided
///         here without evidence, because a case takes 256 uncertain claims of one pair; its own tests are elsewhere.
abstract contract CloneActions is MoneyActions {
    /// @dev Epoch from which an operator counts in the family it was moved to last.
    mapping(uint16 domain => mapping(uint256 operator => uint256 epoch)) private _movedFrom;

    /// @dev A clone is found, reported by a delegator, or an operator is moved back. A move waits until the last one has aged.
    function _reclassify(uint256 seed) internal {
        uint16 d = _domain(seed);
        uint256 i = _draw(seed, 1) % OPERATORS;
        uint8 family = uint8(_draw(seed, 2) % FAMILIES);
        IStakeVault.Bounty memory bounty;
        // Mostly with a bounty, so small that some are used up.
        if (_draw(seed, 3) % 4 != 0) {
            uint256 epoch = _epoch() + 1;
            uint256 left = _between(_draw(seed, 4), 1, 1e7);
            bounty = IStakeVault.Bounty(holder(OPERATORS), uint24(epoch), uint24(epoch + 6), uint48(left));
        }
        bytes memory call = abi.encodeCall(vault.reclassify, (d, holder(i), family, bounty));
        _forge(COLLECTOR, address(vault), call);
        if (_movedFrom[d][i] >= _epoch()) {
            _forge(address(clones), address(vault), call);
            return;
        }
        _do(address(clones), address(vault), call);
        _movedFrom[d][i] = _epoch() + 1;
        _familyOf[d][i] = family;
        _count(Action.RECLASSIFY);
        _forge(address(clones), address(vault), call);
    }
}
