// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {IAppeals} from "../../contracts/interfaces/IAppeals.sol";
import {IAssay} from "../../contracts/interfaces/IAssay.sol";
import {SettleActions} from "./SettleActions.sol";

/// @title AppealActions
/// @notice What becomes of verdicts somebody doubts: SPEC APP. Requesters pay the bonds. What a bond must come to is read
///         from the published verdicts of the rounds, claim by claim, never from the contract that decides it.
abstract contract AppealActions is SettleActions {
    uint256 private constant APPEALED = 16;

    /// @dev Bonds that came back or were burned against SPEC APP-10, and payments of another amount than due (APP-9).
    uint256 public wronglyResolved;
    /// @dev Of opened canaries whose answers count, as verdict words; zero for every other request.
    mapping(bytes32 requestId => uint256[2] words) internal _answers;

    // ----------------------------------------------------------------- expected

    /// @notice What the rounds up to number `last` say about a claim: 0 undecided, 1 false, 2 true (SPEC APP-5).
    function verdictUpTo(bytes32 requestId, uint256 last, uint256 claim) public view returns (uint256 verdict) {
        bytes32 id = requestId;
        for (uint256 r; r <= last; ++r) {
            uint256 own = publishedVerdict(id, claim);
            if (own != 0) verdict = own;
            id = _after(id);
        }
    }

    /// @dev The same of the answers of a canary: 0 if there are none.
    function _answerUpTo(bytes32 requestId, uint256 last, uint256 claim) internal view returns (uint256 answer) {
        answer = (_answers[requestId][claim / 128] >> (2 * (claim % 128))) & 3;
        bytes32 id = requestId;
        for (uint256 r = 1; answer != 0 && r <= last; ++r) {
            id = _after(id);
            uint256 own = publishedVerdict(id, claim);
            if (own != 0) answer = own;
        }
    }

    /// @dev Whether an appeal overturned a decided claim, or an answer (SPEC CAN-10), for good.
    function _overturns(bytes32 id) private view returns (bool) {
        uint256 index = indexOf[id];
        for (uint256 c; c < _terms[id].claims; ++c) {
            uint256 own = publishedVerdict(id, c);
            if (own == 0 || verdictUpTo(requestOf[id], 2, c) != own) continue;
            uint256 before = verdictUpTo(requestOf[id], index - 1, c);
            uint256 answer = _answerUpTo(requestOf[id], index - 1, c);
            if ((before != 0 && own != before) || (answer != 0 && own != answer)) return true;
        }
        return false;
    }

    // ----------------------------------------------------------------- actions

    /// @dev Puts a part of a bond in while the appeal can be opened, and now and then takes it back.
    function _fundAppeal(uint256 seed) internal {
        address who = requester(_draw(seed, 51) % REQUESTERS);
        bytes32 id = _findUnopened(seed);
        if (id != 0 && !_canAppeal(id))
            _forge(who, address(appeals), abi.encodeCall(appeals.fund, (_terms[id], indexOf[id] + 1, 1)));
        id = _toAppeal(_draw(seed, 50));
        if (id == 0) return;
        bytes32 next = _after(id);
        uint256 bond = appeals.bondOf(_terms[id], indexOf[id] + 1);
        uint256 missing = bond - appeals.potOf(next).funded;
        uint256 amount = _between(_draw(seed, 52), 1, bond + 1);
        token.transfer(who, amount);
        bytes memory call = abi.encodeCall(appeals.fund, (_terms[id], indexOf[id] + 1, amount));
        if (missing == 0 || _now() < registry.pausedUntil()) {
            _forge(who, address(appeals), call);
            return;
        }
        uint256 accepted = abi.decode(_do(who, address(appeals), call), (uint256));
        require(accepted == (amount < missing ? amount : missing), "funding took something else than what is missing");
        _count(Action.FUND_APPEAL);
        call = abi.encodeCall(appeals.claim, (next, who));
        _forge(COLLECTOR, address(appeals), call);
        if (_draw(seed, 53) % 4 != 0) return;
        call = abi.encodeCall(appeals.withdraw, (next));
        _do(who, address(appeals), call);
        _again(who, address(appeals), call);
    }

    /// @dev Appeals against verdicts that are open, agreeing with them, doubting all, or some.
    function _appealAny(uint256 seed) internal {
        bytes32 id = _toAppeal(seed);
        if (id == 0) return;
        uint256 how = _draw(seed, 60) % 3;
        _appeal(
            id,
            seed,
            how == 0
                ? 0
                : how == 1
                    ? type(uint256).max
                    : _draw(seed, 61)
        );
    }

    /// @dev A bond that ends as wanted; if there is none, an appeal that is meant to end so.
    function _resolve(uint256 seed, Action wanted) internal {
        uint256 before = timesOf[wanted];
        _resolveDue();
        // A whole round is long; most of them are left to the other actions.
        if (timesOf[wanted] != before || (before != 0 && _draw(seed, 65) % 4 != 0)) return;
        bytes32 id = _toAppeal(seed);
        if (id == 0) return;
        id = _appeal(id, seed, wanted == Action.OVERTURN ? type(uint256).max : 0);
        if (id == 0) return;
        if (wanted == Action.LAPSE) _abandon(id, seed);
        else _conduct(id);
        if (assay.phaseOf(requestOf[id]) != IAssay.Phase.FINAL) _travelTo(lens.roundOf(id).clock);
        _resolveDue();
    }

    /// @dev Settles seats whose verdicts an appeal overturned.
    function _seize(uint256 seed) internal {
        bytes32 id = _findOverturned();
        if (id == 0) {
            _resolve(seed, Action.OVERTURN);
            id = _findOverturned();
        }
        if (id != 0) _settle(id, _draw(seed, 62));
    }

    /// @dev Pays a funder what is due to it, exactly once; everybody else must be refused.
    function _claimAppeal(uint256 seed) internal {
        if (_claimAny(seed)) return;
        _resolve(seed, seed & 1 == 0 ? Action.OVERTURN : Action.LAPSE);
        _claimAny(seed);
    }

    // ----------------------------------------------------------------- helpers

    /// @dev A round whose verdicts can be appealed; makes one out of the phase before.
    function _toAppeal(uint256 seed) private returns (bytes32 id) {
        uint256 all = _ids.length;
        for (uint256 k; k < all; ++k) {
            id = _ids[((seed % all) + k) % all];
            if (_canAppeal(id)) return id;
        }
        id = _inTally(_draw(seed, 63));
        if (id == 0) return 0;
        _finalize(id);
        return _canAppeal(id) ? id : bytes32(0);
    }

    /// @dev Opens the next round, with claims it will see the other way round; a second time is refused, and so is
    ///      settling before the end.
    function _appeal(bytes32 id, uint256 seed, uint256 doubts) internal returns (bytes32 next) {
        address who = requester(_draw(seed, 64) % REQUESTERS);
        IAssay.Terms memory terms = _terms[id];
        next = _after(id);
        token.transfer(who, appeals.bondOf(terms, indexOf[id] + 1));
        bytes memory call = abi.encodeCall(assay.appeal, (terms));
        if (_now() < registry.pausedUntil() || vault.domainSums(terms.domain).weight == 0) {
            _forge(who, address(assay), call);
            return 0;
        }
        bytes memory answer = _do(who, address(assay), call);
        require(abi.decode(answer, (bytes32)) == next, "an appeal got another id than SPEC REQ-19 gives");
        _enter(next, requestOf[id], indexOf[id] + 1, terms, misledOn[id] ^ doubts);
        _count(Action.APPEAL);
        _forge(who, address(assay), call);
        _forge(COLLECTOR, address(assay), abi.encodeCall(assay.settle, (terms, indexOf[id], new IAssay.Vote[](0))));
        _forge(COLLECTOR, address(appeals), abi.encodeCall(appeals.resolve, (terms, indexOf[next])));
    }

    /// @dev Everybody who can takes part.
    function _conduct(bytes32 id) internal {
        if (!_seal(id)) return;
        for (uint256 i; i < OPERATORS; ++i) _commit(id, i, 2);
        _endCommit(id);
        if (assay.phaseOf(id) == IAssay.Phase.EXTENSION) {
            _extend(id);
            for (uint256 i; i < OPERATORS; ++i) _commit(id, i, 2);
            _endCommit(id);
        }
        if (assay.phaseOf(id) == IAssay.Phase.REVEAL) _reveal(id, 0);
        _endReveal(id);
        if (assay.phaseOf(id) == IAssay.Phase.TALLY) _finalize(id);
    }

    /// @dev Nobody seals, or nobody comes.
    function _abandon(bytes32 id, uint256 seed) private {
        if (seed & 1 == 0 && _seal(id)) {
            _endReveal(id);
            _finalize(id);
        } else {
            _travelTo(uint256(lens.roundOf(id).clock) + 1);
            bytes memory call = abi.encodeCall(assay.voidUnsealed, (_terms[id]));
            _do(COLLECTOR, address(assay), call);
            _again(COLLECTOR, address(assay), call);
        }
    }

    /// @dev Decides about every bond whose request is final.
    function _resolveDue() internal {
        for (uint256 n; n < _ids.length; ++n) {
            bytes32 id = _ids[n];
            if (indexOf[id] == 0 || appeals.potOf(id).state != IAppeals.BondState.LOCKED) continue;
            bytes memory call = abi.encodeCall(appeals.resolve, (_terms[id], indexOf[id]));
            if (assay.phaseOf(requestOf[id]) != IAssay.Phase.FINAL) {
                _forge(COLLECTOR, address(appeals), call);
                continue;
            }
            bool isVoid = lens.roundOf(id).flags & 8 != 0;
            bool due = isVoid || _overturns(id);
            _do(COLLECTOR, address(appeals), call);
            if ((appeals.potOf(id).state == IAppeals.BondState.RETURNED) != due) ++wronglyResolved;
            _count(
                isVoid
                    ? Action.LAPSE
                    : due
                        ? Action.OVERTURN
                        : Action.CONFIRM
            );
            _again(COLLECTOR, address(appeals), call);
        }
    }

    function _claimAny(uint256 seed) private returns (bool) {
        for (uint256 n; n < _ids.length; ++n) {
            bytes32 id = _ids[((seed % _ids.length) + n) % _ids.length];
            IAppeals.Pot memory pot = appeals.potOf(id);
            if (pot.state != IAppeals.BondState.RETURNED) continue;
            for (uint256 i; i < REQUESTERS; ++i) {
                address who = requester(i);
                IAppeals.Contribution memory part = appeals.contributionOf(id, who);
                uint256 due = part.amount + (uint256(part.amount) * pot.reward) / pot.funded - part.paid;
                bytes memory call = abi.encodeCall(appeals.claim, (id, who));
                if (due == 0) {
                    _forge(COLLECTOR, address(appeals), call);
                    continue;
                }
                uint256 before = token.balanceOf(who);
                _do(COLLECTOR, address(appeals), call);
                if (token.balanceOf(who) != before + due) ++wronglyResolved;
                _count(Action.CLAIM_BOND);
                _forge(COLLECTOR, address(appeals), call);
                return true;
            }
        }
        return false;
    }

    function _canAppeal(bytes32 id) internal view returns (bool) {
        uint256 index = indexOf[id];
        if (index == 2 || 2 * uint256(lens.drawOf(id).seats) + 1 > 31) return false;
        IAssay.Round memory round = lens.roundOf(id);
        if (round.flags & APPEALED != 0) return false;
        IAssay.Phase phase = assay.phaseOf(id);
        return phase == IAssay.Phase.FINALIZED || (index != 0 && phase == IAssay.Phase.VOID && _now() < round.clock);
    }

    /// @dev A round after which there may be another one that is not opened yet.
    function _findUnopened(uint256 seed) private view returns (bytes32) {
        uint256 all = _ids.length;
        for (uint256 k; k < all; ++k) {
            bytes32 id = _ids[((seed % all) + k) % all];
            if (indexOf[id] == 2 || lens.roundOf(id).flags & APPEALED != 0) continue;
            return id;
        }
        return 0;
    }

    /// @dev A round whose voters an appeal overturned, with seats that are not settled.
    function _findOverturned() private view returns (bytes32) {
        for (uint256 n; n < _ids.length; ++n) {
            bytes32 id = _ids[n];
            if (!_isUnsettled(id)) continue;
            for (uint256 c; c < _terms[id].claims; ++c) {
                uint256 own = publishedVerdict(id, c);
                if (own != 0 && verdictUpTo(requestOf[id], 2, c) != own) return id;
            }
        }
        return 0;
    }

    function _travelTo(uint256 time) internal {
        if (_now() < time) _travel(time - _now());
    }
}
