// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {Defaults} from "../utils/Defaults.sol";
import {VM} from "../utils/Vm.sol";
import {World} from "./World.sol";

/// @title History
/// @notice Ghost: weight, tier and family of every operator in every epoch, written down by the words of SPEC STK-9,
///         STK-24 and VOTE-7 from stake, R, rest and moves, never from the vault's windows. Also the only way time passes.
abstract contract History is World {
    struct Standing {
        /// @dev gwei
        uint256 weight;
        uint256 tier;
        uint8 family;
    }

    mapping(uint16 domain => mapping(uint256 epoch => mapping(uint256 operator => Standing))) private _standings;
    mapping(uint16 domain => mapping(uint256 operator => bool)) internal _resting;
    /// @dev The family an operator counts in from the next epoch on.
    mapping(uint16 domain => mapping(uint256 operator => uint8)) internal _familyOf;
    /// @dev The clock of the campaign; the runner's own clock must not fall behind it.
    uint256 private _time;
    uint256 private _height;
    uint256 private _noted;

    constructor() {
        _time = VM.getBlockTimestamp();
        _height = VM.getBlockNumber();
        // Before the first epoch nobody weighed anything and everybody began with tier 2.
        for (uint16 d = 1; d <= DOMAINS; ++d) {
            for (uint256 i; i < OPERATORS; ++i) {
                _familyOf[d][i] = uint8(i % FAMILIES);
                _standings[d][0][i] = Standing(0, 2, _familyOf[d][i]);
            }
        }
        _note();
        // The first readable previous epoch must exist.
        _travel(EPOCH);
    }

    function standing(uint16 d, uint256 epoch, uint256 i) external view returns (Standing memory) {
        return _standings[d][epoch][i];
    }

    /// @dev Lets `time` seconds pass, with a block every 12 of them.
    function _travel(uint256 time) internal {
        _observe();
        _note();
        _time += time;
        _height += time / 12 + 1;
        _setClock();
        _fill();
    }

    /// @dev Lets blocks pass within a second each, for a seed that waits for its block.
    function _mine(uint256 blocks) internal {
        _observe();
        _note();
        _time += blocks;
        _height += blocks;
        _setClock();
        _fill();
    }

    function _setClock() internal {
        VM.warp(_time);
        VM.roll(_height);
    }

    /// @dev What happened until now belongs to the epoch that may end.
    function _observe() internal virtual;

    /// @dev What everybody has earned for the next epoch by what it has now.
    function _note() internal {
        for (uint16 d = 1; d <= DOMAINS; ++d)
            for (uint256 i; i < OPERATORS; ++i) _standings[d][_noted + 1][i] = _earned(d, i);
    }

    function _earned(uint16 d, uint256 i) private view returns (Standing memory) {
        uint256 r = ledger.reputationOf(d, holder(i));
        uint256 tier = 1;
        if (r >= 0.5e18) tier = 2;
        if (r >= 2e18) tier = 3;
        if (r >= 5e18) tier = 4;
        (uint256 own, ) = vault.assetsOf(d, holder(i), holder(i));
        if (_resting[d][i] || own < uint256(Defaults.MIN_SELF_BOND) * 1e9) return Standing(0, tier, _familyOf[d][i]);
        uint256 active = _pool(d, i).active;
        return Standing((r < 1e18 ? (active * r) / 1e18 : active) / 1e9, tier, _familyOf[d][i]);
    }

    /// @dev Epochs in which nothing happened repeat what was earned last.
    function _fill() private {
        while (_noted < _epoch()) {
            ++_noted;
            for (uint16 d = 1; d <= DOMAINS; ++d)
                for (uint256 i; i < OPERATORS; ++i) _standings[d][_noted + 1][i] = _standings[d][_noted][i];
        }
    }
}
