// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {IAssay} from "../../contracts/interfaces/IAssay.sol";
import {IRandomness} from "../../contracts/interfaces/IRandomness.sol";
import {VM} from "../utils/Vm.sol";
import {StakeActions} from "./StakeActions.sol";

/// @title RequestActions
/// @notice What requesters do, and the seed: SPEC REQ, FEE. Keeps every round with its terms: those of requests, and
///         those that appeals opened.
abstract contract RequestActions is StakeActions {
    bytes32[] internal _ids;
    mapping(bytes32 roundId => IAssay.Terms) internal _terms;
    mapping(bytes32 roundId => bytes32 requestId) public requestOf;
    /// @dev 0: the request's own round; 1 and 2: appeals.
    mapping(bytes32 roundId => uint256 index) public indexOf;
    /// @dev Claims (one bit each) that the honest voters of a round see the wrong way round.
    mapping(bytes32 roundId => uint256 mask) public misledOn;

    function roundCount() external view returns (uint256) {
        return _ids.length;
    }

    function roundAt(uint256 i) external view returns (bytes32 id, IAssay.Terms memory terms) {
        return (_ids[i], _terms[_ids[i]]);
    }

    function _enter(bytes32 id, bytes32 requestId, uint256 index, IAssay.Terms memory terms, uint256 misled) internal {
        _ids.push(id);
        _terms[id] = terms;
        requestOf[id] = requestId;
        indexOf[id] = index;
        misledOn[id] = misled;
    }

    /// @dev The id of the round that an appeal against `id` opens (SPEC REQ-19).
    function _after(bytes32 id) internal pure returns (bytes32) {
        return keccak256(abi.encode(id));
    }

    function _buy(uint256 seed) internal {
        address who = requester(_draw(seed, 1) % REQUESTERS);
        uint256 amount = _between(_draw(seed, 2), 1, 50e18);
        if (token.balanceOf(who) < amount) token.transfer(who, amount);
        _do(who, address(fees), abi.encodeCall(fees.buy, (requester(_draw(seed, 3) % REQUESTERS), amount)));
        _count(Action.BUY);
    }

    function _request(uint256 seed) internal returns (bytes32) {
        return _requestWith(seed, _domain(seed), bytes32(seed));
    }

    /// @dev Opens a request, with whatever it takes: time, credits, weight in the domain. Claims, requester and payload
    ///      follow from the seed alone.
    function _requestWith(uint256 seed, uint16 d, bytes32 note) internal returns (bytes32 id) {
        // Fifty times the floor: time makes claims cheap again.
        if (fees.price(d) > 0.05e18) _travel(EPOCH);
        if (_now() < registry.pausedUntil()) _travel(registry.pausedUntil() - _now());
        // One family alone seldom makes a committee.
        if (vault.domainSums(d).families < 2) _revive(d);
        // In the worst case its pools were charged down to nothing.
        if (vault.domainSums(d).weight == 0) return 0;
        uint16 claims = _claimsOf(seed);
        address who = _requesterOf(seed);
        uint256 needed = fees.price(d) * claims * registry.committeeOf(d, registry.currentVersion(d)).seats;
        if (fees.credits(who) < needed) {
            token.transfer(who, needed);
            _do(who, address(fees), abi.encodeCall(fees.buy, (who, needed)));
            _count(Action.BUY);
        }
        IAssay.Terms memory terms = IAssay.Terms({
            requester: who,
            nonce: _ids.length,
            domain: d,
            version: registry.currentVersion(d),
            epoch: uint24(_epoch()),
            claims: claims,
            baseRate: _baseRate(d),
            price: uint88(fees.price(d)),
            payloadHash: _payloadOf(seed),
            sealedNote: note
        });
        id = assay.idOf(terms);
        bytes memory call = abi.encodeCall(assay.request, (_ask(terms, needed)));
        bytes memory answer = _do(who, address(assay), call);
        require(abi.decode(answer, (bytes32)) == id, "a request got another id than its terms give");
        _enter(id, id, 0, terms, 0);
        _count(Action.REQUEST);
    }

    /// @dev Mostly few, now and then as many as there may be.
    function _claimsOf(uint256 seed) internal pure returns (uint16) {
        return uint16(_draw(seed, 1) % 16 == 0 ? 256 : 1 + ((_draw(seed, 1) >> 8) % 24));
    }

    function _requesterOf(uint256 seed) internal pure returns (address) {
        return requester(_draw(seed, 2) % REQUESTERS);
    }

    function _payloadOf(uint256 seed) internal pure returns (bytes32) {
        return keccak256(abi.encode(seed));
    }

    /// @dev Which claims of a payload are true, one bit each.
    function _truthsOf(bytes32 payloadHash) internal pure returns (uint256) {
        return uint256(keccak256(abi.encode(payloadHash)));
    }

    function _ask(IAssay.Terms memory terms, uint256 maxFee) internal pure returns (IAssay.Ask memory) {
        return
            IAssay.Ask({
                domain: terms.domain,
                claims: terms.claims,
                nonce: terms.nonce,
                payloadHash: terms.payloadHash,
                sealedNote: terms.sealedNote,
                maxFee: maxFee,
                uri: "data:",
                payload: ""
            });
    }

    /// @dev Seals after its block, unless that is too late.
    function _seal(bytes32 id) internal returns (bool) {
        IAssay.Round memory round = lens.roundOf(id);
        uint256 height = VM.getBlockNumber();
        if (height <= round.seed) {
            _mine(round.seed + 1 - height);
            height = round.seed + 1;
        }
        // The simulated chain knows no hashes of blocks it skipped.
        if (height - round.seed <= 256) VM.setBlockhash(round.seed, keccak256(abi.encode(id)));
        (, IRandomness.Status status) = randomness.seedOf(round.seed, "");
        bool able = status == IRandomness.Status.READY && _now() <= round.clock;
        bytes memory call = abi.encodeCall(assay.seal, (id, ""));
        (bool success, ) = _try(COLLECTOR, address(assay), call);
        require(success == able, "a request was not sealed when and only when it could be");
        if (able) {
            _count(Action.SEAL);
            _forge(COLLECTOR, address(assay), call);
        }
        return able;
    }

    /// @dev A request that was never sealed ends with a refund, once its seed or its time is lost (SPEC REQ-11).
    function _voidUnsealed(uint256 seed) internal {
        bytes32 id = _find(IAssay.Phase.REQUESTED, seed);
        if (id == 0) id = _request(seed);
        if (id == 0) return;
        IAssay.Terms memory terms = _terms[id];
        bytes memory call = abi.encodeCall(assay.voidUnsealed, (terms));
        IAssay.Round memory round = lens.roundOf(id);
        if (_now() <= round.clock) {
            (, IRandomness.Status status) = randomness.seedOf(round.seed, "");
            if (status != IRandomness.Status.LOST) _forge(COLLECTOR, address(assay), call);
            _travel(round.clock + 1 - _now());
        }
        // What was forged just now may have succeeded.
        if (assay.phaseOf(id) != IAssay.Phase.REQUESTED) return;
        uint256 credits = fees.credits(terms.requester);
        _do(COLLECTOR, address(assay), call);
        // The seats of an appeal are paid by its bond.
        uint256 paid = indexOf[id] == 0 ? uint256(terms.price) * terms.claims * lens.drawOf(id).seats : 0;
        require(fees.credits(terms.requester) == credits + paid, "a void request gave back something else");
        _count(Action.VOID);
        _again(COLLECTOR, address(assay), call);
    }

    /// @dev A request in a phase, searched from a random one on; zero if there is none.
    function _find(IAssay.Phase wanted, uint256 seed) internal view returns (bytes32) {
        uint256 all = _ids.length;
        if (all == 0) return 0;
        uint256 start = seed % all;
        for (uint256 k; k < all; ++k) {
            bytes32 id = _ids[(start + k) % all];
            if (assay.phaseOf(id) == wanted) return id;
        }
        return 0;
    }

    function _baseRate(uint16 d) private view returns (uint8) {
        (uint256 rate, ) = assay.meansOf(d);
        return uint8((rate * 255 + 0.5e18) / 1e18);
    }
}
