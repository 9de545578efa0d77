// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {IAssay} from "../../contracts/interfaces/IAssay.sol";
import {PerformanceActions} from "./PerformanceActions.sol";

/// @title Handler
/// @notice What the runner calls, one function an action, each with one seed for all its choices. An action that needs
///         a request, a ticket or an account makes one if there is none, so nearly every call does something.
abstract contract Handler is PerformanceActions {
    /// @dev After so many calls each further call also tries the actions that never happened yet: afterwards a run is
    ///      expected to have seen every action.
    uint256 public constant WARM_UP = 28;
    uint256 public calls;

    modifier act() {
        _setClock();
        _;
        _observe();
        _note();
        // A call from here is one that catches up.
        if (msg.sender != address(this) && ++calls > WARM_UP) _catchUp(calls);
    }

    function stake(uint256 seed) external act {
        _stake(seed);
    }

    function unstake(uint256 seed) external act {
        _unstake(seed);
    }

    function cancel(uint256 seed) external act {
        _cancel(seed);
    }

    function withdraw(uint256 seed) external act {
        _withdraw(seed);
    }

    function rest(uint256 seed) external act {
        _rest(seed);
    }

    function commission(uint256 seed) external act {
        _commission(seed);
    }

    function buy(uint256 seed) external act {
        _buy(seed);
    }

    function request(uint256 seed) external act {
        _request(seed);
    }

    function seal(uint256 seed) external act {
        bytes32 id = _find(IAssay.Phase.REQUESTED, seed);
        if (id == 0) id = _request(seed);
        if (id != 0) _seal(id);
    }

    function commit(uint256 seed) external act {
        bytes32 id = _inCommit(seed);
        if (id != 0) _commit(id, _draw(seed, 30) % OPERATORS, _draw(seed, 31));
    }

    function commitAll(uint256 seed) external act {
        bytes32 id = _inCommit(seed);
        if (id != 0) _commitAll(id, _draw(seed, 32));
    }

    function replace(uint256 seed) external act {
        bytes32 id = _inCommit(seed);
        if (id == 0) return;
        _commitAll(id, _draw(seed, 33));
        if (assay.phaseOf(id) == IAssay.Phase.COMMIT) _replace(id, _draw(seed, 34));
    }

    function extend(uint256 seed) external act {
        bytes32 id = _inExtension(seed);
        if (id != 0 && assay.phaseOf(id) == IAssay.Phase.EXTENSION) _extend(id);
    }

    function reveal(uint256 seed) external act {
        bytes32 id = _inReveal(seed);
        if (id != 0 && assay.phaseOf(id) == IAssay.Phase.REVEAL) _reveal(id, _draw(seed, 35));
    }

    function finalize(uint256 seed) external act {
        bytes32 id = _inTally(seed);
        if (id != 0) _finalize(id);
    }

    function voidUnsealed(uint256 seed) external act {
        _voidUnsealed(seed);
    }

    function settle(uint256 seed) external act {
        bytes32 id = _toSettle(seed);
        if (id != 0) _settle(id, _draw(seed, 36));
    }

    function report(uint256 seed) external act {
        bytes32 id = _toReport(seed);
        if (id != 0) _report(id);
    }

    function fundAppeal(uint256 seed) external act {
        _fundAppeal(seed);
    }

    function appeal(uint256 seed) external act {
        _appealAny(seed);
    }

    function overturn(uint256 seed) external act {
        _resolve(seed, Action.OVERTURN);
    }

    function confirm(uint256 seed) external act {
        _resolve(seed, Action.CONFIRM);
    }

    function lapse(uint256 seed) external act {
        _resolve(seed, Action.LAPSE);
    }

    function seize(uint256 seed) external act {
        _seize(seed);
    }

    function claimBond(uint256 seed) external act {
        _claimAppeal(seed);
    }

    function openCanary(uint256 seed) external act {
        _openCanary(seed);
    }

    function overturnCanary(uint256 seed) external act {
        _overturnCanary(seed);
    }

    function returnBatch(uint256 seed) external act {
        _returnBatch(seed);
    }

    function forfeitBatch(uint256 seed) external act {
        _forfeitBatch(seed);
    }

    function post(uint256 seed) external act {
        _post(seed);
    }

    function distribute(uint256 seed) external act {
        _distribute(seed);
    }

    function unlock(uint256 seed) external act {
        _unlock(seed);
    }

    function pause(uint256 seed) external act {
        _pause(seed);
    }

    function share(uint256 seed) external act {
        _share(seed);
    }

    function announce(uint256 seed) external act {
        _announce(seed);
    }

    function family(uint256 seed) external act {
        _family(seed);
    }

    function reclassify(uint256 seed) external act {
        _reclassify(seed);
    }

    function record(uint256 seed) external act {
        _record(seed);
    }

    function postMetrics(uint256 seed) external act {
        _postMetrics(seed);
    }

    function prove(uint256 seed) external act {
        _challenge(seed, true);
    }

    function refute(uint256 seed) external act {
        _challenge(seed, false);
    }

    function withdrawBond(uint256 seed) external act {
        _withdrawBond(seed);
    }

    function donate(uint256 seed) external act {
        _donate(seed);
    }

    function wait_(uint256 seed) external act {
        _travel(1 + (seed % 120));
        _count(Action.WAIT);
    }

    function passEpochs(uint256 seed) external act {
        _travel(seed % 3 == 0 ? 1 + (seed % (3 * EPOCH)) : EPOCH - ((_now() - vault.GENESIS()) % EPOCH));
        _count(Action.WAIT);
    }

    /// @notice The functions the runner may call.
    function actions() public pure returns (bytes4[] memory list) {
        list = new bytes4[](45);
        list[0] = this.stake.selector;
        list[1] = this.unstake.selector;
        list[2] = this.cancel.selector;
        list[3] = this.withdraw.selector;
        list[4] = this.rest.selector;
        list[5] = this.commission.selector;
        list[6] = this.buy.selector;
        list[7] = this.request.selector;
        list[8] = this.seal.selector;
        list[9] = this.commit.selector;
        list[10] = this.commitAll.selector;
        list[11] = this.replace.selector;
        list[12] = this.extend.selector;
        list[13] = this.reveal.selector;
        list[14] = this.finalize.selector;
        list[15] = this.voidUnsealed.selector;
        list[16] = this.settle.selector;
        list[17] = this.report.selector;
        list[18] = this.fundAppeal.selector;
        list[19] = this.appeal.selector;
        list[20] = this.overturn.selector;
        list[21] = this.confirm.selector;
        list[22] = this.lapse.selector;
        list[23] = this.seize.selector;
        list[24] = this.claimBond.selector;
        list[25] = this.openCanary.selector;
        list[26] = this.overturnCanary.selector;
        list[27] = this.returnBatch.selector;
        list[28] = this.forfeitBatch.selector;
        list[29] = this.post.selector;
        list[30] = this.distribute.selector;
        list[31] = this.unlock.selector;
        list[32] = this.pause.selector;
        list[33] = this.share.selector;
        list[34] = this.announce.selector;
        list[35] = this.family.selector;
        list[36] = this.reclassify.selector;
        list[37] = this.record.selector;
        list[38] = this.postMetrics.selector;
        list[39] = this.prove.selector;
        list[40] = this.refute.selector;
        list[41] = this.withdrawBond.selector;
        list[42] = this.donate.selector;
        list[43] = this.wait_.selector;
        list[44] = this.passEpochs.selector;
    }

    /// @notice Whether every action happened at least once, and the first one that did not.
    function complete() public view returns (bool, Action) {
        for (uint256 a; a <= uint256(type(Action).max); ++a) if (timesOf[Action(a)] == 0) return (false, Action(a));
        return (true, Action.WAIT);
    }

    /// @dev Tries every action that never happened.
    function _catchUp(uint256 seed) private {
        bytes4[] memory list = actions();
        for (uint256 action; action <= uint256(type(Action).max); ++action) {
            if (timesOf[Action(action)] != 0) continue;
            // The list follows the enum; only COMMIT has two functions.
            bytes4 selector = list[action > uint256(Action.COMMIT) ? action + 1 : action];
            _do(address(this), address(this), abi.encodeWithSelector(selector, _draw(seed, action)));
        }
    }
}
