// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {IAssay} from "../../contracts/interfaces/IAssay.sol";
import {ICanaries} from "../../contracts/interfaces/ICanaries.sol";
import {CanaryNotes} from "../../contracts/libraries/CanaryNotes.sol";
import {AppealActions} from "./AppealActions.sol";

/// @title CanaryActions
/// @notice Requests whose answers an inspector committed to: SPEC CAN. Batches hold one or two canaries, of which one is
///         asked; its answers are true, false, or some of them. What becomes of bonds is decided here from what was done,
///         and from the published verdicts, claim by claim.
abstract contract CanaryActions is AppealActions {
    /// @dev What the room must know of a batch.
    struct Batch {
        uint16 domain;
        uint256 count;
        uint256 lastEpoch;
        uint256 opened;
        uint256 concluded;
        uint256 overturned;
        ICanaries.BatchState state;
    }

    /// @dev A request with a note, and what opens it.
    struct Canary {
        uint256 batch;
        uint256 position;
        bytes32 sibling;
        uint256[2] answers;
        /// @dev of the request; the salt, too
        uint256 seed;
        bool opened;
        bool concluded;
    }

    Batch[] private _batches;
    bytes32[] private _canaryIds;
    mapping(bytes32 requestId => Canary) private _canaries;
    /// @dev Bonds, and parts of them, that ended or were paid against SPEC CAN-11 … CAN-14.
    uint256 public wronglyClosed;

    function batchCount() external view returns (uint256) {
        return _batches.length;
    }

    /// @param number from 1
    function batchAt(uint256 number) external view returns (Batch memory) {
        return _batches[number - 1];
    }

    // ----------------------------------------------------------------- actions

    /// @dev Opens a canary; if there is none to open, one that is asked and voted on before.
    function _openCanary(uint256 seed) internal {
        for (uint256 n; n < _canaryIds.length; ++n) if (_openOne(_canaryIds[n])) return;
        uint256 how = _draw(seed, 70) % 3;
        uint256 lies = how == 0 ? 0 : _draw(seed, 71);
        if (how == 2) lies = type(uint256).max;
        bytes32 id = _askBatch(seed, 1 + (_draw(seed, 72) % 2), lies);
        if (id != 0) _openOne(id);
    }

    /// @dev False answers, and an appeal that says so.
    function _overturnCanary(uint256 seed) internal {
        if (!_isWanted(Action.OVERTURN_CANARY, seed)) return;
        bytes32 id = _askBatch(seed, 1, type(uint256).max);
        if (id == 0 || !_openOne(id) || !_canAppeal(id)) return;
        bytes32 next = _appeal(id, seed, 0);
        if (next == 0) return;
        _conduct(next);
        if (assay.phaseOf(id) != IAssay.Phase.FINAL) _travelTo(lens.roundOf(next).clock);
        _resolveDue();
        _closeDue();
    }

    /// @dev A batch whose canaries were all opened gets back what it did not lose.
    function _returnBatch(uint256 seed) internal {
        if (!_isWanted(Action.RETURN_BATCH, seed)) return;
        bytes32 id = _askBatch(seed, 1, 0);
        if (id == 0) return;
        _openOne(id);
        _endBatch(_canaries[id].batch);
    }

    /// @dev A batch of which one canary was not opened, or was asked twice, loses its bond.
    function _forfeitBatch(uint256 seed) internal {
        if (!_isWanted(Action.FORFEIT_BATCH, seed)) return;
        bytes32 id = _askBatch(seed, 2, 0);
        if (id == 0) return;
        if (seed & 1 == 0 && _openOne(id)) _denounce(id);
        else _endBatch(_canaries[id].batch);
    }

    // ----------------------------------------------------------------- helpers

    /// @dev Ends what is due. Whole batches are long; if that was one as wanted, most others are left to chance.
    function _isWanted(Action wanted, uint256 seed) private returns (bool) {
        uint256 before = timesOf[wanted];
        _closeDue();
        return timesOf[wanted] == before && (before == 0 || _draw(seed, 73) % 4 == 0);
    }

    /// @dev Registers a batch; in the next epoch one of its canaries is asked and voted on.
    /// @param lies claims (one bit each) that are answered the wrong way round
    function _askBatch(uint256 seed, uint256 count, uint256 lies) private returns (bytes32 id) {
        uint16 d = _domain(seed);
        bytes32[2] memory leaves;
        for (uint256 i; i < count; ++i) leaves[i] = _leaf(_draw(seed, 74 + i), lies);
        bytes32 root = count == 1 ? leaves[0] : keccak256(abi.encode(leaves[0], leaves[1]));
        bytes memory call = abi.encodeCall(canaries.register, (d, root, count));
        _forge(COLLECTOR, address(canaries), call);
        _do(INSPECTOR, address(canaries), call);
        _batches.push(Batch(d, count, _epoch() + CANARY_LIFETIME, 0, 0, 0, ICanaries.BatchState.OPEN));
        _travel(EPOCH - ((_now() - vault.GENESIS()) % EPOCH));
        uint256 position = seed % count;
        uint256 own = _draw(seed, 74 + position);
        id = _requestWith(own, d, _note(own, lies));
        if (id == 0) return 0;
        _canaryIds.push(id);
        uint256[2] memory answers = _answersTo(own, lies);
        _canaries[id] = Canary(_batches.length, position, leaves[1 - position], answers, own, false, false);
        _conduct(id);
        // The time to appeal begins anew with the opening; this shows it.
        _travel(_draw(seed, 76) % 300);
    }

    /// @dev Opens a canary exactly when that must be possible (SPEC CAN-5, CAN-6).
    function _openOne(bytes32 id) private returns (bool able) {
        Canary storage canary = _canaries[id];
        Batch storage batch = _batches[canary.batch - 1];
        IAssay.Phase phase = assay.phaseOf(id);
        bool counts = phase == IAssay.Phase.FINALIZED;
        able = counts || phase == IAssay.Phase.VOID || phase == IAssay.Phase.APPEALED;
        able = able || (phase == IAssay.Phase.FINAL && lens.roundOf(id).flags & 16 != 0);
        able = able && !canary.opened && batch.state == ICanaries.BatchState.OPEN && _epoch() <= batch.lastEpoch;
        // The tree has this leaf behind its last place, too.
        _forge(COLLECTOR, address(canaries), _opening(id, canary.position + batch.count));
        bytes memory call = _opening(id, canary.position);
        if (!able) {
            _forge(COLLECTOR, address(canaries), call);
            return false;
        }
        (bool success, ) = _try(COLLECTOR, address(canaries), call);
        // What was forged just now may have succeeded.
        require(success || forged != 0, "a canary was not opened");
        canary.opened = true;
        ++batch.opened;
        _forge(COLLECTOR, address(canaries), call);
        if (!counts) return true;
        _answers[id] = canary.answers;
        (, , uint256 window, ) = registry.verdictRuleOf(batch.domain, _terms[id].version);
        require(lens.roundOf(id).clock == _now() + window, "the time to appeal did not begin anew");
        _count(Action.OPEN_CANARY);
    }

    /// @dev Asks with the note of an opened canary once more, and shows it.
    function _denounce(bytes32 id) private {
        Batch storage batch = _batches[_canaries[id].batch - 1];
        IAssay.Terms memory terms = _terms[id];
        uint256 number = _canaries[id].batch;
        _forge(COLLECTOR, address(canaries), abi.encodeCall(canaries.denounce, (number, terms, terms)));
        bytes32 second = _requestWith(_canaries[id].seed, terms.domain, terms.sealedNote);
        if (second == 0) return;
        bytes memory call = abi.encodeCall(canaries.denounce, (number, terms, _terms[second]));
        _pay(COLLECTOR, _bondLeft(batch) / 20, call);
        batch.state = ICanaries.BatchState.BURNED;
        _count(Action.FORFEIT_BATCH);
    }

    /// @dev Travels behind the last epoch of a batch.
    function _endBatch(uint256 number) private {
        _travelTo(vault.GENESIS() + (_batches[number - 1].lastEpoch + 1) * EPOCH);
        _closeDue();
    }

    /// @dev Concludes every opened canary that is final, then closes every batch that is over; both are refused before.
    function _closeDue() private {
        for (uint256 n; n < _canaryIds.length; ++n) _conclude(_canaryIds[n]);
        for (uint256 n; n < _batches.length; ++n) {
            Batch storage batch = _batches[n];
            if (batch.state != ICanaries.BatchState.OPEN) continue;
            bytes memory call = abi.encodeCall(canaries.close, (n + 1));
            bool isWhole = batch.opened == batch.count;
            if (_epoch() <= batch.lastEpoch || (isWhole && batch.concluded != batch.count)) {
                _forge(COLLECTOR, address(canaries), call);
                continue;
            }
            if (isWhole) _pay(INSPECTOR, _bondLeft(batch), call);
            else _pay(COLLECTOR, _bondLeft(batch) / 20, call);
            batch.state = isWhole ? ICanaries.BatchState.RETURNED : ICanaries.BatchState.BURNED;
            _count(isWhole ? Action.RETURN_BATCH : Action.FORFEIT_BATCH);
        }
    }

    function _conclude(bytes32 id) private {
        Canary storage canary = _canaries[id];
        Batch storage batch = _batches[canary.batch - 1];
        if (canary.concluded || batch.state != ICanaries.BatchState.OPEN) return;
        IAssay.Terms[] memory terms = new IAssay.Terms[](1);
        terms[0] = _terms[id];
        bytes memory call = abi.encodeCall(canaries.conclude, (canary.batch, terms));
        IAssay.Phase phase = assay.phaseOf(id);
        if (!canary.opened || (phase != IAssay.Phase.FINAL && phase != IAssay.Phase.VOID)) {
            _forge(COLLECTOR, address(canaries), call);
            return;
        }
        bool fell = _answersFell(id);
        _pay(COLLECTOR, fell ? CANARY_BOND / 20 : 0, call);
        canary.concluded = true;
        ++batch.concluded;
        if (!fell) return;
        ++batch.overturned;
        _count(Action.OVERTURN_CANARY);
    }

    /// @dev A call after which somebody must have so much more.
    function _pay(address who, uint256 due, bytes memory call) private {
        uint256 before = token.balanceOf(who);
        _do(COLLECTOR, address(canaries), call);
        if (token.balanceOf(who) != before + due) ++wronglyClosed;
        _again(COLLECTOR, address(canaries), call);
    }

    /// @dev Whether an appeal decided a claim otherwise than the answers that count.
    function _answersFell(bytes32 id) private view returns (bool) {
        for (uint256 c; c < _terms[id].claims; ++c) if (_answerUpTo(id, 2, c) != _answerUpTo(id, 0, c)) return true;
        return false;
    }

    function _bondLeft(Batch storage batch) private view returns (uint256) {
        return (batch.count - batch.overturned) * CANARY_BOND;
    }

    function _opening(bytes32 id, uint256 position) private view returns (bytes memory) {
        Canary storage canary = _canaries[id];
        bytes32[] memory siblings = new bytes32[](_batches[canary.batch - 1].count - 1);
        if (siblings.length == 1) siblings[0] = canary.sibling;
        bytes32 salt = bytes32(canary.seed);
        return abi.encodeCall(canaries.open, (canary.batch, position, _terms[id], canary.answers, salt, siblings));
    }

    function _answersTo(uint256 seed, uint256 lies) private pure returns (uint256[2] memory words) {
        uint256 truths = _truthsOf(_payloadOf(seed)) ^ lies;
        for (uint256 c; c < _claimsOf(seed); ++c) words[c / 128] |= (1 + ((truths >> c) & 1)) << (2 * (c % 128));
    }

    function _note(uint256 seed, uint256 lies) private view returns (bytes32) {
        return canaries.noteOf(INSPECTOR, _requesterOf(seed), _payloadOf(seed), _answersTo(seed, lies), bytes32(seed));
    }

    function _leaf(uint256 seed, uint256 lies) private view returns (bytes32) {
        return CanaryNotes.leaf(_note(seed, lies), bytes32(seed));
    }
}
