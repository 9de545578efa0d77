// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {IAssay} from "../../contracts/interfaces/IAssay.sol";
import {VoteActions} from "./VoteActions.sol";

/// @title SettleActions
/// @notice A round moved through its phases, its verdicts and what becomes of its seats: SPEC REQ, SCORE, ACC.
abstract contract SettleActions is VoteActions {
    /// @dev Flags of a round.
    uint256 private constant VOIDED = 8;
    uint256 private constant APPEALED = 16;
    /// @dev Flags of a seat.
    uint256 private constant REVEALED = 16;
    uint256 private constant SETTLED = 32;
    uint256 private constant ABSENT = 64;

    /// @dev Verdicts of a request that were read when it was final.
    mapping(bytes32 requestId => bytes32 hash) public finalVerdicts;

    // ------------------------------------------------- a request in some phase
    // Each of these finds one, or makes one out of the phase before; zero if it came out otherwise.

    function _inCommit(uint256 seed) internal returns (bytes32 id) {
        id = _find(IAssay.Phase.COMMIT, seed);
        if (id != 0) return id;
        id = _find(IAssay.Phase.REQUESTED, seed);
        if (id != 0 && _seal(id)) return id;
        id = _request(_draw(seed, 20));
        if (id != 0) _seal(id);
    }

    function _inExtension(uint256 seed) internal returns (bytes32 id) {
        id = _find(IAssay.Phase.EXTENSION, seed);
        if (id != 0) return id;
        id = _request(_draw(seed, 21));
        if (id == 0 || !_seal(id)) return 0;
        if (seed & 1 == 0) _commit(id, _draw(seed, 22) % OPERATORS, seed);
        _endCommit(id);
    }

    function _inReveal(uint256 seed) internal returns (bytes32 id) {
        id = _find(IAssay.Phase.REVEAL, seed);
        if (id != 0) return id;
        id = _inCommit(seed);
        if (id == 0) return 0;
        _commitAll(id, _draw(seed, 23));
        _endCommit(id);
        if (assay.phaseOf(id) != IAssay.Phase.EXTENSION) return id;
        _extend(id);
        _commitAll(id, _draw(seed, 24));
        _endCommit(id);
    }

    function _inTally(uint256 seed) internal returns (bytes32 id) {
        id = _find(IAssay.Phase.TALLY, seed);
        if (id != 0) return id;
        id = _inReveal(seed);
        if (id == 0) return 0;
        // A slow commit may have outlasted the whole window.
        if (assay.phaseOf(id) == IAssay.Phase.REVEAL) _reveal(id, _draw(seed, 25));
        _endReveal(id);
    }

    /// @dev A request with somebody to report; makes one in which half of the operators stay silent.
    function _toReport(uint256 seed) internal returns (bytes32 id) {
        for (uint256 n; n < _ids.length; ++n) {
            id = _ids[((seed % _ids.length) + n) % _ids.length];
            if (!_canReport(id)) continue;
            for (uint256 i; i < OPERATORS; ++i) {
                IAssay.Seat memory seat = lens.seatOf(id, holder(i));
                if (seat.digest == 0 && seat.flags & ABSENT == 0 && _mustSit(id, holder(i))) return id;
            }
        }
        id = _request(_draw(seed, 26));
        if (id == 0 || !_seal(id)) return 0;
        for (uint256 i = seed % 2; i < OPERATORS; i += 2) _commit(id, i, seed >> i);
        _endCommit(id);
        if (assay.phaseOf(id) == IAssay.Phase.REVEAL) _reveal(id, seed);
        _travel(lens.drawOf(id).revealWindow);
    }

    /// @dev A request whose seats can be settled, and of which some are not.
    function _toSettle(uint256 seed) internal returns (bytes32 id) {
        id = _findUnsettled(seed);
        if (id != 0) return id;
        id = _find(IAssay.Phase.FINALIZED, seed);
        if (id == 0) {
            id = _inTally(seed);
            if (id == 0) return 0;
            _finalize(id);
        }
        uint256 clock = lens.roundOf(id).clock;
        if (_now() < clock) _travel(clock - _now());
        return _findUnsettled(seed);
    }

    // ----------------------------------------------------------------- actions

    function _extend(bytes32 id) internal {
        bytes memory call = abi.encodeCall(assay.extend, (id));
        _do(COLLECTOR, address(assay), call);
        _count(Action.EXTEND);
        _again(COLLECTOR, address(assay), call);
    }

    function _finalize(bytes32 id) internal {
        _forgeUntimely(id);
        bytes memory call = abi.encodeCall(assay.finalize, (_terms[id]));
        _do(COLLECTOR, address(assay), call);
        // Without a quorum there are no verdicts, and that is not what this counts.
        if (assay.phaseOf(id) != IAssay.Phase.VOID) _count(Action.FINALIZE);
        _again(COLLECTOR, address(assay), call);
    }

    /// @dev Settles some seats, settled ones among them.
    function _settle(bytes32 id, uint256 seed) internal {
        _forgeUntimely(id);
        bytes32 requestId = requestOf[id];
        if (finalVerdicts[requestId] == 0 && assay.phaseOf(requestId) == IAssay.Phase.FINAL) {
            finalVerdicts[requestId] = keccak256(abi.encode(appeals.verdictsOf(_terms[id])));
            _forge(requester(0), address(assay), abi.encodeCall(assay.appeal, (_terms[id])));
        }
        IAssay.Vote[] memory votes = new IAssay.Vote[](OPERATORS);
        uint256 count;
        for (uint256 i; i < OPERATORS; ++i) {
            IAssay.Seat memory seat = lens.seatOf(id, holder(i));
            if (seat.digest == 0 || _draw(seed, i) % 8 == 0) continue;
            votes[count++] = IAssay.Vote(holder(i), seat.flags & REVEALED == 0 ? bytes("") : votesOf(id, holder(i)));
        }
        assembly ("memory-safe") {
            mstore(votes, count)
        }
        if (count == 0) return;
        bytes memory call = abi.encodeCall(assay.settle, (_terms[id], indexOf[id], votes));
        _do(COLLECTOR, address(assay), call);
        if (assay.phaseOf(id) == IAssay.Phase.FINAL) _count(Action.SETTLE);
        uint256 before = seizures;
        _observe();
        if (seizures != before) _count(Action.SEIZE);
        _again(COLLECTOR, address(assay), call);
    }

    /// @dev Reports everybody who was drawn and stayed silent; everybody else must be refused (SPEC ACC-2).
    function _report(bytes32 id) internal {
        if (!_canReport(id)) return;
        address[] memory owners = new address[](1);
        for (uint256 i; i < OPERATORS; ++i) {
            owners[0] = holder(i);
            IAssay.Seat memory seat = lens.seatOf(id, owners[0]);
            bool able = seat.digest == 0 && seat.flags & ABSENT == 0 && _mustSit(id, owners[0]);
            bytes memory call = abi.encodeCall(assay.reportAbsent, (_terms[id], indexOf[id], owners));
            if (!able) {
                _forge(COLLECTOR, address(assay), call);
                continue;
            }
            _do(COLLECTOR, address(assay), call);
            _count(Action.REPORT);
            _again(COLLECTOR, address(assay), call);
        }
    }

    // ----------------------------------------------------------------- helpers

    function _canReport(bytes32 id) internal view returns (bool) {
        IAssay.Round memory round = lens.roundOf(id);
        // Only a quorum of commits proves that the payload could be had (SPEC ACC-2).
        if (round.commits < round.minSeats) return false;
        // Older weights cannot be read any more (SPEC ACC-5).
        if (uint256(round.epoch) + 1 < _epoch()) return false;
        // A request that was voided unsealed drew nobody.
        if (round.flags & VOIDED != 0) return round.flags & 1 == 1 && _now() < round.clock;
        // An appeal neither ends nor extends the time for the round before.
        if (round.flags & APPEALED != 0) return _now() < round.clock;
        IAssay.Phase phase = assay.phaseOf(id);
        return phase == IAssay.Phase.TALLY || phase == IAssay.Phase.FINALIZED;
    }

    function _endCommit(bytes32 id) internal {
        uint256 end = uint256(lens.roundOf(id).clock) + lens.drawOf(id).commitWindow;
        if (_now() < end) _travel(end - _now());
    }

    function _endReveal(bytes32 id) internal {
        IAssay.Draw memory draw = lens.drawOf(id);
        uint256 end = uint256(lens.roundOf(id).clock) + draw.commitWindow + draw.revealWindow;
        if (_now() < end) _travel(end - _now());
    }

    /// @dev Whether a round has seats that can be settled and are not.
    function _isUnsettled(bytes32 id) internal view returns (bool) {
        IAssay.Phase phase = assay.phaseOf(requestOf[id]);
        if (phase != IAssay.Phase.FINAL && phase != IAssay.Phase.VOID) return false;
        for (uint256 i; i < OPERATORS; ++i) {
            IAssay.Seat memory seat = lens.seatOf(id, holder(i));
            if (seat.digest != 0 && seat.flags & SETTLED == 0) return true;
        }
        return false;
    }

    function _findUnsettled(uint256 seed) private view returns (bytes32) {
        uint256 all = _ids.length;
        if (all == 0) return 0;
        uint256 start = seed % all;
        for (uint256 k; k < all; ++k) {
            bytes32 id = _ids[(start + k) % all];
            if (_isUnsettled(id)) return id;
        }
        return 0;
    }
}
