// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {IPerformanceLedger} from "../../contracts/interfaces/IPerformanceLedger.sol";
import {PerformanceMath} from "../../contracts/libraries/PerformanceMath.sol";
import {ReputationMath} from "../../contracts/libraries/ReputationMath.sol";
import {VM} from "../utils/Vm.sol";
import {CloneActions} from "./CloneActions.sol";

/// @title PerformanceActions
/// @notice Receipts, metrics and their bonds: SPEC PERF. Every post is known to be true or false when it is made, from the
///         receipts as they were handed in; whatever comes later must not change that.
abstract contract PerformanceActions is CloneActions {
    /// @dev The newest post of an operator.
    struct Posting {
        bool open;
        bool truth;
    }

    /// @dev The receipts of a model, and the counts a batch ended with.
    mapping(uint16 domain => mapping(bytes32 modelHash => PerformanceMath.Entry[])) private _chains;
    mapping(uint16 domain => mapping(bytes32 modelHash => uint256[] counts)) private _ends;
    mapping(uint16 domain => mapping(uint256 operator => Posting)) public postingOf;
    /// @dev Bonds that were lost, kept or paid against SPEC PERF-10 … PERF-14.
    uint256 public wronglyBonded;

    // ----------------------------------------------------------------- actions

    /// @dev Records receipts of everybody who revealed in a request and runs one model.
    function _record(uint256 seed) internal {
        if (_recordAny(seed)) return;
        if (_inTally(_draw(seed, 80)) != 0) _recordAny(seed);
    }

    /// @dev Posts metrics of an operator, true ones or such that are a wei off; now and then the rule changes afterwards.
    function _postMetrics(uint256 seed) internal {
        _postOne(seed, _draw(seed, 81) % 2 == 0);
    }

    /// @dev Challenges a post that is as wanted; if there is none, makes it.
    function _challenge(uint256 seed, bool truth) internal {
        (uint16 d, uint256 i) = _findPosting(seed, truth);
        if (d == 0) {
            _postOne(seed, truth);
            (d, i) = _findPosting(seed, truth);
        }
        if (d == 0) return;
        IPerformanceLedger.Post memory post = performance.postOf(d, holder(i));
        _forge(WATCHER, address(performance), _challengeOf(d, i, post.id + 1));
        bytes memory call = _challengeOf(d, i, post.id);
        uint256 half = POST_BOND / 2;
        if (truth) _move(WATCHER, call, int256(POST_BOND + half), -int256(POST_BOND));
        else _move(WATCHER, call, 0, int256(half));
        _forge(WATCHER, address(performance), call);
        postingOf[d][i].open = false;
        _count(truth ? Action.PROVE : Action.REFUTE);
    }

    /// @dev A post nobody challenged in time gives its bond back, whatever it says.
    function _withdrawBond(uint256 seed) internal {
        (uint16 d, uint256 i) = _findPosting(seed, seed & 1 == 0);
        if (d == 0) {
            _postOne(seed, seed & 1 == 0);
            (d, i) = _findPosting(seed, seed & 1 == 0);
        }
        if (d == 0) return;
        IPerformanceLedger.Post memory post = performance.postOf(d, holder(i));
        bytes memory call = abi.encodeCall(performance.withdrawBond, (d, holder(i)));
        _forge(COLLECTOR, address(performance), call);
        _travelTo(post.openUntil);
        _forge(WATCHER, address(performance), _challengeOf(d, i, post.id));
        _move(COLLECTOR, call, int256(POST_BOND), 0);
        _forge(COLLECTOR, address(performance), call);
        postingOf[d][i].open = false;
        _count(Action.WITHDRAW_BOND);
    }

    // ---------------------------------------------------------------- receipts

    function _recordAny(uint256 seed) private returns (bool) {
        for (uint256 n; n < _ids.length; ++n) {
            bytes32 id = _ids[((seed % _ids.length) + n) % _ids.length];
            if (indexOf[id] != 0 || lens.roundOf(id).reveals == 0) continue;
            for (uint256 f; f < FAMILIES; ++f) if (_recordModel(id, ((seed >> 8) + f) % FAMILIES, seed)) return true;
        }
        return false;
    }

    function _recordModel(bytes32 id, uint256 first, uint256 seed) private returns (bool) {
        IPerformanceLedger.SignedReceipt[] memory batch = new IPerformanceLedger.SignedReceipt[](OPERATORS);
        uint256 count;
        PerformanceMath.Entry[] storage chain = _chains[_terms[id].domain][model(first)];
        for (uint256 i = first; i < OPERATORS; i += FAMILIES) {
            uint256 flags = lens.seatOf(id, holder(i)).flags;
            if (flags & 16 == 0 || performance.isRecorded(id, holder(i))) continue;
            batch[count] = IPerformanceLedger.SignedReceipt(_terms[id], _receipt(id, i, _draw(seed, 82 + i)), "");
            chain.push(PerformanceMath.Entry(batch[count++].receipt, flags & 8 != 0));
        }
        if (count == 0) return false;
        assembly ("memory-safe") {
            mstore(batch, count)
        }
        bool isFirst = _terms[id].requester == requester(0);
        for (uint256 k; k < count; ++k) batch[k].signature = _signature(isFirst ? 2 : 1, batch[k].receipt);
        _forge(COLLECTOR, address(performance), _recordOf(id, first, batch));
        for (uint256 k; k < count; ++k) batch[k].signature = _signature(isFirst ? 1 : 2, batch[k].receipt);
        bytes memory call = _recordOf(id, first, batch);
        _do(COLLECTOR, address(performance), call);
        _ends[_terms[id].domain][model(first)].push(chain.length);
        _forge(COLLECTOR, address(performance), call);
        _count(Action.RECORD);
        return true;
    }

    function _recordOf(
        bytes32 id,
        uint256 first,
        IPerformanceLedger.SignedReceipt[] memory batch
    ) private view returns (bytes memory) {
        return abi.encodeCall(performance.recordReceipts, (_terms[id].domain, model(first), batch));
    }

    function _receipt(bytes32 id, uint256 i, uint256 seed) private pure returns (PerformanceMath.Receipt memory r) {
        r.requestId = id;
        r.operator = holder(i);
        r.modelHash = model(i);
        r.inputSize = uint32(seed % 5_000);
        r.outputSize = uint32((seed >> 32) % 500);
        r.loadMs = uint32((seed >> 64) % 100);
        r.inferMs = uint32(1 + ((seed >> 96) % 500));
        r.roundTripMs = r.loadMs + r.inferMs + uint32((seed >> 128) % 1_000);
    }

    function _signature(uint256 key, PerformanceMath.Receipt memory r) private view returns (bytes memory) {
        (uint8 v, bytes32 x, bytes32 y) = VM.sign(key, performance.digestOf(r));
        return abi.encodePacked(x, y, v);
    }

    // ----------------------------------------------------------------- metrics

    /// @dev Posts metrics of the first operator of whom there is something new; records receipts first if there is nobody.
    function _postOne(uint256 seed, bool truth) private {
        (uint16 d, uint256 i) = _findPostable(seed);
        if (d == 0) {
            _record(_draw(seed, 91));
            (d, i) = _findPostable(seed);
        }
        if (d == 0) return;
        (uint256 reputation, uint256 counted, uint16 version) = performance.basisOf(d, holder(i));
        uint256 count = _endAfter(d, model(i), counted, _draw(seed, 92));
        (IPerformanceLedger.Metrics memory metrics, bool isNew) = _metricsAt(d, i, count);
        if (!truth || !isNew) _falsify(metrics, _draw(seed, 93));
        bytes32 head = performance.headAt(d, model(i), count);
        IPerformanceLedger.Entry[] memory entries = new IPerformanceLedger.Entry[](1);
        entries[0] = IPerformanceLedger.Entry(holder(i), uint64(reputation) + 1, uint48(counted), metrics);
        _forge(
            POSTER,
            address(performance),
            abi.encodeCall(performance.postMetrics, (d, model(i), version, count, head, entries))
        );
        entries[0].before -= 1;
        bytes memory call = abi.encodeCall(performance.postMetrics, (d, model(i), version, count, head, entries));
        // The bond of a post whose window is over comes back.
        _move(POSTER, call, postingOf[d][i].open ? int256(0) : -int256(POST_BOND), 0);
        postingOf[d][i] = Posting(true, truth && isNew);
        _forge(POSTER, address(performance), call);
        _count(Action.POST_METRICS);
        if (seed % 4 == 0)
            _do(address(this), address(performance), abi.encodeCall(performance.setRule, (d, _rule(seed))));
    }

    /// @dev A call after which poster and watcher must have so much more.
    function _move(address from, bytes memory call, int256 poster, int256 watcher) private {
        uint256 p = token.balanceOf(POSTER);
        uint256 w = token.balanceOf(WATCHER);
        _do(from, address(performance), call);
        bool isDue = int256(token.balanceOf(POSTER)) == int256(p) + poster;
        if (!isDue || int256(token.balanceOf(WATCHER)) != int256(w) + watcher) ++wronglyBonded;
    }

    /// @dev What a replay must come to, and whether it contains a new receipt of the operator.
    function _metricsAt(
        uint16 d,
        uint256 i,
        uint256 count
    ) private view returns (IPerformanceLedger.Metrics memory metrics, bool isNew) {
        (uint256 before, uint256 counted, uint16 version) = performance.basisOf(d, holder(i));
        (, PerformanceMath.Entry[] memory window) = _windowOf(d, model(i), count);
        uint256 start = count - window.length;
        PerformanceMath.Measure memory m = PerformanceMath.measure(
            window,
            holder(i),
            counted > start ? counted - start : 0
        );
        isNew = m.fresh != 0;
        metrics.speed = uint64(m.speed);
        metrics.forward = uint64(m.forward);
        metrics.backward = uint64(m.backward);
        metrics.response = uint64(m.response);
        metrics.reputation = uint64(ReputationMath.START);
        if (isNew) {
            PerformanceMath.Rule memory rule = performance.ruleOf(d, version);
            metrics.reputation = uint64(PerformanceMath.reputation(before, m, rule));
        }
    }

    /// @dev One of the five numbers, by one wei.
    function _falsify(IPerformanceLedger.Metrics memory m, uint256 seed) private pure {
        uint256 which = seed % 5;
        if (which == 0) m.speed = m.speed == 0 ? 1 : m.speed - 1;
        else if (which == 1) m.forward = m.forward == 0 ? 1 : m.forward - 1;
        else if (which == 2) m.backward = m.backward == 0 ? 1 : m.backward - 1;
        else if (which == 3) m.response = m.response == 0 ? 1 : m.response - 1;
        else m.reputation = m.reputation == ReputationMath.MIN ? m.reputation + 1 : m.reputation - 1;
    }

    /// @dev The last receipts up to `count`, and the head before them.
    function _windowOf(
        uint16 d,
        bytes32 modelHash,
        uint256 count
    ) private view returns (bytes32 base, PerformanceMath.Entry[] memory window) {
        PerformanceMath.Entry[] storage chain = _chains[d][modelHash];
        uint256 start = count > PerformanceMath.WINDOW ? count - PerformanceMath.WINDOW : 0;
        for (uint256 k; k < start; ++k) base = PerformanceMath.link(base, chain[k]);
        window = new PerformanceMath.Entry[](count - start);
        for (uint256 k = start; k < count; ++k) window[k - start] = chain[k];
    }

    function _challengeOf(uint16 d, uint256 i, uint256 id) private view returns (bytes memory) {
        (bytes32 base, PerformanceMath.Entry[] memory window) = _windowOf(
            d,
            model(i),
            performance.postOf(d, holder(i)).count
        );
        return abi.encodeCall(performance.challengeMetrics, (d, holder(i), id, base, window));
    }

    function _rule(uint256 seed) private pure returns (PerformanceMath.Rule memory rule) {
        rule = PerformanceMath.defaultRule();
        rule.alpha = uint16(_draw(seed, 94) % 10_001);
        rule.beta = uint16(_draw(seed, 95) % 10_001);
    }

    // ----------------------------------------------------------------- finding

    /// @dev An operator with receipts in its chain that no accepted post counts, and no post that runs.
    function _findPostable(uint256 seed) private view returns (uint16, uint256) {
        for (uint256 k; k < DOMAINS * OPERATORS; ++k) {
            uint16 d = _domain((seed % DOMAINS) + k);
            uint256 i = ((seed >> 8) + k / DOMAINS) % OPERATORS;
            (, uint256 counted, ) = performance.basisOf(d, holder(i));
            if (_chains[d][model(i)].length > counted && !_isRunning(d, i)) return (d, i);
        }
        return (0, 0);
    }

    /// @dev A post that can be challenged, true or false as wanted.
    function _findPosting(uint256 seed, bool truth) private view returns (uint16, uint256) {
        for (uint256 k; k < DOMAINS * OPERATORS; ++k) {
            uint16 d = _domain((seed % DOMAINS) + k);
            uint256 i = ((seed >> 8) + k / DOMAINS) % OPERATORS;
            if (postingOf[d][i].truth == truth && _isRunning(d, i)) return (d, i);
        }
        return (0, 0);
    }

    function _isRunning(uint16 d, uint256 i) private view returns (bool) {
        return postingOf[d][i].open && _now() < performance.postOf(d, holder(i)).openUntil;
    }

    /// @dev A count past the accepted ones at which a batch ended: one of those that are not too old.
    function _endAfter(uint16 d, bytes32 modelHash, uint256 counted, uint256 seed) private view returns (uint256) {
        uint256[] storage ends = _ends[d][modelHash];
        uint256 end = ends[seed % ends.length];
        uint256 length = _chains[d][modelHash].length;
        return end > counted && end + PerformanceMath.WINDOW >= length ? end : length;
    }
}
