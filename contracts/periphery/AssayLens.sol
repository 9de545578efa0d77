// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {FixedPointMathLib} from "solady/src/utils/FixedPointMathLib.sol";

import {IAppeals} from "../interfaces/IAppeals.sol";
import {IAssay} from "../interfaces/IAssay.sol";
import {IDomainRegistry} from "../interfaces/IDomainRegistry.sol";
import {IStakeVault} from "../interfaces/IStakeVault.sol";
import {EXTENDED, SEALED} from "../libraries/RequestFlags.sol";
import {DrawWord} from "../libraries/RequestWords.sol";
import {Sortition} from "../libraries/Sortition.sol";
import {Units} from "../libraries/Units.sol";
import {VerdictMath} from "../libraries/VerdictMath.sol";

/// @title AssayLens
/// @notice Reading aids for requesters, contracts that act on verdicts, and operators. Holds no state and no rights.
contract AssayLens {
    IAssay public immutable ASSAY;
    IDomainRegistry public immutable REGISTRY;
    IStakeVault public immutable VAULT;
    IAppeals public immutable APPEALS;

    /// @notice The request has no verdicts (yet).
    error NoVerdict(bytes32 requestId, IAssay.Phase phase);
    /// @notice The request is not sealed, so nobody sits yet.
    error NotSealed(bytes32 requestId);

    constructor(IAssay assay, IDomainRegistry registry, IStakeVault vault, IAppeals appeals) {
        ASSAY = assay;
        REGISTRY = registry;
        VAULT = vault;
        APPEALS = appeals;
    }

    /// @notice Verdicts of a finalized request, those of its appeals included. Act on them only if `isFinal`, and only for
    ///         a request you opened.
    /// @return words two bits a claim (0 undecided, 1 false, 2 true), claim 0 lowest, 128 claims a word
    /// @return mean mean vote of the first committee over all claims, WAD
    /// @return isFinal whether they cannot change any more
    function verdictsOf(
        IAssay.Terms calldata terms
    ) external view returns (uint256[2] memory words, uint256 mean, bool isFinal) {
        bytes32 requestId = ASSAY.idOf(terms);
        IAssay.Phase phase = ASSAY.phaseOf(requestId);
        bool published =
            phase == IAssay.Phase.FINALIZED || phase == IAssay.Phase.APPEALED || phase == IAssay.Phase.FINAL;
        require(published, NoVerdict(requestId, phase));
        DrawWord draw = ASSAY.drawOf(requestId);
        uint256 weight = ASSAY.roundOf(requestId).weight();
        VerdictMath.Bounds memory bounds = VerdictMath.bounds(
            draw.threshold(),
            REGISTRY.committeeOf(terms.domain, terms.version).decisiveMargin,
            weight
        );
        (, mean, ) = VerdictMath.read(ASSAY.lanesOf(requestId), terms.claims, weight, draw.threshold(), bounds);
        words = APPEALS.verdictsOf(terms);
        isFinal = phase == IAssay.Phase.FINAL;
    }

    /// @notice Whether `owner` sits in the committee as it is now, and why.
    /// @return drawn whether it sits (if its free stake covers the bond)
    /// @return ticket see Sortition.ticket
    /// @return chance see Sortition.chance; zero if its family is too light
    function isDrawn(
        bytes32 requestId,
        address owner
    ) external view returns (bool drawn, uint256 ticket, uint256 chance) {
        IAssay.Draw memory draw = drawOf(requestId);
        IAssay.Round memory round = roundOf(requestId);
        require(round.flags & SEALED != 0, NotSealed(requestId));
        IStakeVault.SeatWeights memory seat = VAULT.seatWeights(draw.domain, owner, round.epoch);
        ticket = Sortition.ticket(round.seed, requestId, owner);
        uint256 seats =
            round.flags & EXTENDED == 0 ? draw.seats : FixedPointMathLib.min(2 * draw.seats, Units.MAX_SEATS);
        if (seat.familyWeight != 0) {
            chance = Sortition.chance(seat.weight, seat.familyWeight, draw.weight, draw.roots, seats, draw.boostCap);
        }
        drawn = ticket < chance;
    }

    /// @notice What a round's seats are judged by.
    function drawOf(bytes32 roundId) public view returns (IAssay.Draw memory) {
        return ASSAY.drawOf(roundId).unpack();
    }

    /// @notice Where a round stands.
    function roundOf(bytes32 roundId) public view returns (IAssay.Round memory) {
        return ASSAY.roundOf(roundId).unpack();
    }

    /// @notice A seat of a round.
    function seatOf(bytes32 roundId, address owner) external view returns (IAssay.Seat memory) {
        return ASSAY.seatOf(roundId, owner).unpack();
    }

    /// @notice What a vote must commit to; IAssay.commit takes its high 240 bits.
    function commitmentOf(
        bytes32 roundId,
        address owner,
        bytes32 votesHash,
        bytes32 salt
    ) external view returns (bytes32) {
        return keccak256(abi.encode(ASSAY.domainSeparator(), roundId, owner, votesHash, salt));
    }
}
