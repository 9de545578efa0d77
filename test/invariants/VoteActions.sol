// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {IAssay} from "../../contracts/interfaces/IAssay.sol";
import {IStakeVault} from "../../contracts/interfaces/IStakeVault.sol";
import {RequestActions} from "./RequestActions.sol";

/// @title VoteActions
/// @notice What operators do in a round: SPEC SORT, VOTE-1 … VOTE-6. Operators 0 to 5 mostly know the truth, 6 lies, 7
///         votes the base rate, 8 guesses.
abstract contract VoteActions is RequestActions {
    /// @dev Ghost: how often an owner committed to another vote; its votes and salt follow from that. Zero: never.
    mapping(bytes32 requestId => mapping(address owner => uint256 count)) public versionOf;
    /// @dev Seats whose commitment was accepted although the owner was not drawn or could not pay, or the reverse.
    uint256 public wronglySeated;

    // ------------------------------------------------------------------ votes

    /// @notice The votes an owner committed to last.
    function votesOf(bytes32 id, address owner) public view returns (bytes memory) {
        return _votes(id, owner, versionOf[id][owner]);
    }

    function _votes(bytes32 id, address owner, uint256 version) internal view returns (bytes memory votes) {
        IAssay.Terms storage terms = _terms[id];
        uint256 who = uint160(owner) - uint160(holder(0));
        votes = new bytes(terms.claims);
        uint256 truths = _truthsOf(terms.payloadHash) ^ misledOn[id];
        uint256 noise = uint256(keccak256(abi.encode(id, owner, version)));
        for (uint256 c; c < votes.length; ++c) {
            bool isTrue = (truths >> c) & 1 == 1;
            uint256 random = uint8(noise >> (c % 248));
            uint256 vote = random;
            if (who == 6) vote = isTrue ? 0 : 255;
            else if (who == 7) vote = terms.baseRate;
            else if (who < 6) {
                // Wrong one time in sixteen.
                if (random % 16 == 0) isTrue = !isTrue;
                vote = isTrue ? 255 - random / 4 : random / 4;
            }
            votes[c] = bytes1(uint8(vote));
        }
    }

    function _salt(address owner, uint256 version) internal pure returns (bytes32) {
        return keccak256(abi.encode(owner, version, "salt"));
    }

    function _opening(bytes32 id, address owner, uint256 version) internal view returns (IAssay.Opening memory) {
        return IAssay.Opening(owner, _votes(id, owner, version), _salt(owner, version));
    }

    function _digest(bytes32 id, address owner, uint256 version) private view returns (uint240) {
        bytes32 hash = lens.commitmentOf(id, owner, keccak256(_votes(id, owner, version)), _salt(owner, version));
        return uint240(uint256(hash) >> 16);
    }

    // ----------------------------------------------------------------- commits

    /// @dev One operator tries to take a seat; it gets one exactly when it is drawn and can pay for it (SPEC SORT-4).
    function _commit(bytes32 id, uint256 i, uint256 seed) internal {
        address owner = holder(i);
        if (lens.seatOf(id, owner).digest != 0) return;
        bool able = _mustSit(id, owner);
        uint256 version = versionOf[id][owner] + 1;
        address from = seed & 1 == 0 ? owner : hotKey(i);
        bytes memory call = abi.encodeCall(assay.commit, (id, owner, _digest(id, owner, version)));
        if (seed & 14 == 0) _forge(COLLECTOR, address(assay), call);
        (bool success, ) = _try(from, address(assay), call);
        if (success != able) ++wronglySeated;
        if (!success) return;
        versionOf[id][owner] = version;
        _count(Action.COMMIT);
    }

    /// @dev Most of the committee commits, one after the other, some of it late.
    function _commitAll(bytes32 id, uint256 seed) internal {
        uint256 sparse = seed % 8 == 0 ? 7 : 1;
        for (uint256 i; i < OPERATORS; ++i) {
            if (assay.phaseOf(id) != IAssay.Phase.COMMIT) return;
            uint256 luck = _draw(seed, i);
            if (luck % 8 < sparse) continue;
            if (i == 5 && (luck >> 8) % 4 == 0) _travel((uint256(lens.drawOf(id).commitWindow) * 4) / 5);
            _commit(id, i, luck >> 16);
        }
    }

    /// @dev Another vote in place of the committed one.
    function _replace(bytes32 id, uint256 seed) internal {
        uint256 start = seed % OPERATORS;
        for (uint256 k; k < OPERATORS; ++k) {
            uint256 i = (start + k) % OPERATORS;
            address owner = holder(i);
            if (lens.seatOf(id, owner).digest == 0) continue;
            uint256 version = versionOf[id][owner] + 1;
            bytes memory call = abi.encodeCall(assay.commit, (id, owner, _digest(id, owner, version)));
            _do(hotKey(i), address(assay), call);
            versionOf[id][owner] = version;
            _count(Action.REPLACE);
            return;
        }
    }

    // ----------------------------------------------------------------- reveals

    /// @dev Some of those who committed open their votes, in one call; forgeries first.
    function _reveal(bytes32 id, uint256 seed) internal {
        _forgeReveals(id, seed);
        uint256 count;
        IAssay.Opening[] memory openings = new IAssay.Opening[](OPERATORS);
        bool fresh;
        for (uint256 i; i < OPERATORS; ++i) {
            address owner = holder(i);
            IAssay.Seat memory seat = lens.seatOf(id, owner);
            if (seat.digest == 0 || _draw(seed, i) % 8 == 0) continue;
            openings[count++] = _opening(id, owner, versionOf[id][owner]);
            fresh = fresh || seat.flags & 16 == 0;
        }
        if (!fresh) return;
        assembly ("memory-safe") {
            mstore(openings, count)
        }
        bytes memory call = abi.encodeCall(assay.reveal, (id, openings));
        _do(COLLECTOR, address(assay), call);
        _count(Action.REVEAL);
        _forge(COLLECTOR, address(assay), call);
    }

    /// @dev Openings nobody committed to: another vote, another salt, the vote that was replaced, no commitment at all.
    function _forgeReveals(bytes32 id, uint256 seed) internal {
        address owner = holder(seed % OPERATORS);
        uint256 version = versionOf[id][owner];
        if (lens.seatOf(id, owner).flags & 16 != 0) return;
        IAssay.Opening[] memory openings = new IAssay.Opening[](1);
        openings[0] = _opening(id, owner, version + 1);
        _forge(COLLECTOR, address(assay), abi.encodeCall(assay.reveal, (id, openings)));
        if (version == 0) return;
        openings[0] = _opening(id, owner, version - 1);
        _forge(COLLECTOR, address(assay), abi.encodeCall(assay.reveal, (id, openings)));
        openings[0] = _opening(id, owner, version);
        openings[0].salt = 0;
        _forge(COLLECTOR, address(assay), abi.encodeCall(assay.reveal, (id, openings)));
    }

    /// @dev True openings that come before or after their phase.
    function _forgeUntimely(bytes32 id) internal {
        for (uint256 i; i < OPERATORS; ++i) {
            address owner = holder(i);
            IAssay.Seat memory seat = lens.seatOf(id, owner);
            if (seat.digest == 0 || seat.flags & 16 != 0) continue;
            IAssay.Opening[] memory openings = new IAssay.Opening[](1);
            openings[0] = _opening(id, owner, versionOf[id][owner]);
            _forge(COLLECTOR, address(assay), abi.encodeCall(assay.reveal, (id, openings)));
            return;
        }
    }

    /// @dev Whether the owner sits: drawn, able to lock the bond, and with room for its weight.
    function _mustSit(bytes32 id, address owner) internal view returns (bool) {
        (bool drawn, , ) = lens.isDrawn(id, owner);
        if (!drawn) return false;
        IAssay.Draw memory draw = lens.drawOf(id);
        IAssay.Round memory round = lens.roundOf(id);
        IStakeVault.SeatWeights memory weights = vault.seatWeights(draw.domain, owner, round.epoch);
        return vault.freeStake(draw.domain, owner) >= draw.bond && uint256(round.committed) + weights.tier <= 255;
    }
}
