// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {EfficientHashLib} from "solady/src/utils/EfficientHashLib.sol";
import {FixedPointMathLib} from "solady/src/utils/FixedPointMathLib.sol";
import {LibBit} from "solady/src/utils/LibBit.sol";

import {EpochClock} from "./EpochClock.sol";
import {IAppeals} from "./interfaces/IAppeals.sol";
import {IAssay} from "./interfaces/IAssay.sol";
import {ICanaries} from "./interfaces/ICanaries.sol";
import {IDomainRegistry} from "./interfaces/IDomainRegistry.sol";
import {IFeeMarket} from "./interfaces/IFeeMarket.sol";
import {IRandomness} from "./interfaces/IRandomness.sol";
import {IReputationLedger} from "./interfaces/IReputationLedger.sol";
import {IRewardMinter} from "./interfaces/IRewardMinter.sol";
import {ISecurityQuote} from "./interfaces/ISecurityQuote.sol";
import {IStakeVault} from "./interfaces/IStakeVault.sol";
import {DomainWindow} from "./libraries/DomainWindow.sol";
import {LaneTally} from "./libraries/LaneTally.sol";
import {ROUNDS, Rulings} from "./libraries/Rulings.sol";
import {ABSENT, APPEALED, CANARY, EXTENDED, FINALIZED, LATE, REVEALED} from "./libraries/RequestFlags.sol";
import {SEALED, SETTLED, VOIDED, WEIGHT} from "./libraries/RequestFlags.sol";
import {DrawWord, DrawWords, RoundWord, RoundWords, SeatWord, SeatWords} from "./libraries/RequestWords.sol";
import {SkillScore} from "./libraries/SkillScore.sol";
import {AccountWord} from "./libraries/AccountWords.sol";
import {ScoreWords} from "./libraries/ScoreWords.sol";
import {Sortition} from "./libraries/Sortition.sol";
import {Units} from "./libraries/Units.sol";
import {VerdictMath} from "./libraries/VerdictMath.sol";

/// @title Assay
contract Assay is EpochClock, IAssay {
    /// @dev B and θ of a domain, WAD; zero stands for the start value ½.
    struct Means {
        uint64 baseRate;
        uint64 threshold;
    }

    /// @dev What the seats of a round of a final request are settled by, read once for all of them.
    struct Judgement {
        bytes32 roundId;
        DrawWord draw;
        /// @dev wei of WORK per claim-seat
        uint256 price;
        SkillScore.Frame frame;
        SkillScore.Sides decided;
        IDomainRegistry.QualityRule rule;
        /// @dev revealed seats settled in this call
        uint256 settled;
        /// @dev whether the request was appealed or is a canary, so that there is a ruling
        bool isRuled;
        IAppeals.Ruling ruling;
    }

    /// @dev Larger committees are not extended.
    uint256 private constant MAX_EXTENDED = 16;
    bytes32 private constant NAME_HASH = keccak256("Assay commitment v1");

    IDomainRegistry public immutable REGISTRY;
    IFeeMarket public immutable FEES;
    IStakeVault public immutable VAULT;
    IReputationLedger public immutable LEDGER;
    IRewardMinter public immutable MINTER;
    IRandomness public immutable RANDOMNESS;
    IAppeals public immutable APPEALS;
    ICanaries public immutable CANARIES;
    ISecurityQuote public immutable SECURITY;

    /// @inheritdoc IAssay
    uint256 public constant MAX_OPENINGS = 64;
    /// @inheritdoc IAssay
    uint256 public constant MAX_VOTES = 64;
    /// @inheritdoc IAssay
    uint256 public constant MAX_APPEALED_VOTES = 24;
    /// @inheritdoc IAssay
    uint256 public constant MAX_OWNERS = 64;
    /// @inheritdoc IAssay
    uint256 public constant MAX_URI = 1_024;
    /// @inheritdoc IAssay
    uint256 public constant MAX_PAYLOAD = 65_536;
    /// @inheritdoc IAssay
    uint256 public constant MAX_APPEALS = ROUNDS - 1;

    mapping(bytes32 roundId => DrawWord) private _draws;
    mapping(bytes32 roundId => RoundWord) private _rounds;
    /// @dev Lane sums of the revealed votes, see LaneTally.
    mapping(bytes32 roundId => uint256[16] words) private _lanes;
    mapping(bytes32 roundId => mapping(address owner => SeatWord)) private _seats;
    mapping(uint16 domain => Means) private _means;

    /// @dev Every peer must have code, and those that name this address in a view must know it.
    constructor(
        IDomainRegistry registry,
        IFeeMarket fees,
        IStakeVault vault,
        IReputationLedger ledger,
        IRewardMinter minter,
        IRandomness randomness,
        IAppeals appeals,
        ICanaries canaries,
        ISecurityQuote security,
        uint256 genesis,
        uint256 epochLength
    ) EpochClock(genesis, epochLength) {
        REGISTRY = registry;
        FEES = fees;
        VAULT = vault;
        LEDGER = ledger;
        MINTER = minter;
        RANDOMNESS = randomness;
        APPEALS = appeals;
        CANARIES = canaries;
        SECURITY = security;
        require(address(vault).code.length != 0 && vault.ASSAY() == address(this), InvalidPeer(address(vault)));
        require(vault.LEDGER() == address(ledger), InvalidPeer(address(ledger)));
        require(vault.MINTER() == address(minter), InvalidPeer(address(minter)));
        require(registry.VAULT() == address(vault), InvalidPeer(address(registry)));
        require(address(appeals).code.length != 0 && appeals.ASSAY() == address(this), InvalidPeer(address(appeals)));
        require(
            address(canaries).code.length != 0 && canaries.ASSAY() == address(this),
            InvalidPeer(address(canaries))
        );
        address[5] memory others = [
            address(fees),
            address(ledger),
            address(minter),
            address(randomness),
            address(security)
        ];
        for (uint256 i; i < 5; ++i) require(others[i].code.length != 0, InvalidPeer(others[i]));
    }

    // ------------------------------------------------------------- requesters

    /// @inheritdoc IAssay
    function requestSecured(Ask calldata ask, uint256 maxCapture, uint256 attackerShare) external returns (bytes32) {
        SECURITY.requireSecurity(ask.domain, maxCapture, attackerShare);
        return request(ask);
    }

    /// @inheritdoc IAssay
    function request(Ask calldata ask) public returns (bytes32 requestId) {
        IDomainRegistry.RequestRules memory rules = REGISTRY.requestRulesOf(ask.domain, ask.claims);
        require(ask.claims >= 1 && ask.claims <= rules.maxClaims, ClaimsOutOfBounds(ask.claims, 1, rules.maxClaims));
        _checkPayload(ask);
        DomainWindow.Sums memory sums = VAULT.domainSums(ask.domain);
        require(sums.weight != 0, EmptyDomain(ask.domain));
        (uint256 baseRate, uint256 threshold) = meansOf(ask.domain);
        uint256 price = FEES.reserve(
            msg.sender,
            ask.domain,
            rules.pricing,
            uint256(ask.claims) * rules.seats,
            ask.maxFee
        );

        // Casts are safe: the price is part of the supply, B and θ are bounded, epochs fit by deployment.
        Terms memory terms = Terms({
            requester: msg.sender,
            nonce: ask.nonce,
            domain: ask.domain,
            version: rules.version,
            epoch: uint24(currentEpoch()),
            claims: ask.claims,
            baseRate: uint8(VerdictMath.rateByte(baseRate)),
            price: uint88(price),
            payloadHash: ask.payloadHash,
            sealedNote: ask.sealedNote
        });
        requestId = _id(terms);
        require(!_draws[requestId].exists(), RequestExists(requestId));
        _draws[requestId] = _draw(terms, rules, sums, threshold);
        uint256 ticket = RANDOMNESS.open();
        _rounds[requestId] = RoundWords.open(ticket, block.timestamp + rules.sealWindow, terms.epoch, rules.minSeats);
        emit Requested(requestId, msg.sender, ask.domain, terms, ticket, ask.uri, ask.payload);
    }

    /// @inheritdoc IAssay
    function seal(bytes32 requestId, bytes calldata proof) external {
        RoundWord round = _rounds[requestId];
        _requirePhase(requestId, _phase(_draws[requestId], round), Phase.REQUESTED);
        _rounds[requestId] = _seal(requestId, round, proof);
    }

    /// @inheritdoc IAssay
    function appeal(Terms calldata terms) external returns (bytes32 roundId) {
        bytes32 requestId = _idOf(terms);
        (bytes32 latest, , RoundWord round) = _latest(requestId);
        (DrawWord draw, RoundWord next) = APPEALS.open(terms, msg.sender);
        _rounds[latest] = round.withFlag(APPEALED);
        roundId = _next(latest);
        _draws[roundId] = draw;
        _rounds[roundId] = next;
        // Not sealed yet, so the seed is a ticket.
        emit Appealed(requestId, roundId, msg.sender, next.seed(), draw.seats());
    }

    // -------------------------------------------------------------- operators

    /// @inheritdoc IAssay
    function commit(bytes32 requestId, address owner, uint240 digest) external {
        require(digest != 0, EmptyDigest());
        DrawWord draw = _draws[requestId];
        RoundWord round = _rounds[requestId];
        Phase phase = _phase(draw, round);
        if (phase == Phase.REQUESTED) round = _seal(requestId, round, msg.data[0:0]);
        else _requirePhase(requestId, phase, Phase.COMMIT);

        mapping(address => SeatWord) storage seats = _seats[requestId];
        SeatWord seat = seats[owner];
        bool late;
        // Cannot wrap: the commit window began, and times are far below 2^254.
        unchecked {
            late = (block.timestamp - round.clock()) * 4 > draw.commitWindow() * 3;
        }
        if (seat.digest() == 0) {
            IStakeVault.SeatWeights memory weights = VAULT.takeSeat(
                draw.domain(),
                owner,
                msg.sender,
                round.epoch(),
                draw.bond()
            );
            bool overdue = _requireSeat(requestId, owner, draw, round, weights);
            late = late || overdue;
            // Fits: Σv ≤ 255 was just checked, and a commit weighs at least 1.
            _rounds[requestId] = round.addCommit(weights.tier);
            seat = SeatWords.pack(digest, weights.family, weights.tier);
        } else {
            VAULT.requireKey(draw.domain(), owner, msg.sender);
            seat = seat.withDigest(digest);
        }
        if (late) seat = seat.withFlag(LATE);
        seats[owner] = seat;
        emit Committed(requestId, owner, seat);
    }

    /// @inheritdoc IAssay
    function extend(bytes32 requestId) external {
        DrawWord draw = _draws[requestId];
        RoundWord round = _rounds[requestId];
        _requirePhase(requestId, _phase(draw, round), Phase.EXTENSION);
        _rounds[requestId] = round.withFlag(EXTENDED).withClock(block.timestamp);
        emit Extended(requestId, _grown(draw.seats()), block.timestamp);
    }

    /// @inheritdoc IAssay
    function reveal(bytes32 requestId, Opening[] calldata openings) external {
        require(openings.length <= MAX_OPENINGS, BatchTooLarge(openings.length, MAX_OPENINGS));
        DrawWord draw = _draws[requestId];
        RoundWord round = _rounds[requestId];
        _requirePhase(requestId, _phase(draw, round), Phase.REVEAL);
        uint256 claims = draw.claims();
        mapping(address => SeatWord) storage seats = _seats[requestId];
        bytes32 separator = domainSeparator();
        uint256[16] memory lanes;
        uint256 opened;
        for (uint256 i; i < openings.length; ++i) {
            Opening calldata opening = openings[i];
            address owner = opening.owner;
            bytes calldata votes = opening.votes;
            require(votes.length == claims, WrongVoteLength(votes.length, claims));
            SeatWord seat = seats[owner];
            require(seat.digest() != 0, NotCommitted(requestId, owner));
            if (seat.has(REVEALED)) continue;
            bytes32 votesHash = EfficientHashLib.hashCalldata(votes);
            uint240 digest = _high(_commitment(separator, requestId, owner, votesHash, opening.salt));
            require(digest == seat.digest(), OpeningMismatch(requestId, owner, digest, seat.digest()));

            uint256 weight = seat.flags() & WEIGHT;
            LaneTally.add(lanes, votes, weight);
            // Fits: reveals ≤ commits and Σv of the reveals ≤ Σv of the commits ≤ 255; families are below 16.
            round = round.addReveal(weight, seat.family());
            seats[owner] = seat.withDigest(_high(votesHash)).withFlag(REVEALED);
            emit Revealed(requestId, owner, votes);
            ++opened;
        }
        require(opened != 0, AlreadyRevealed(requestId, openings.length == 0 ? address(0) : openings[0].owner));
        _rounds[requestId] = round;
        uint256[16] storage sums = _lanes[requestId];
        for (uint256 i; i << 4 < claims; ++i) sums[i] += lanes[i];
    }

    // ------------------------------------------------------------------ anyone

    /// @inheritdoc IAssay
    function finalize(Terms calldata terms) external {
        bytes32 requestId = _idOf(terms);
        (bytes32 latest, DrawWord draw, RoundWord round) = _latest(requestId);
        _requirePhase(latest, _phase(draw, round), Phase.TALLY);
        (uint256 minFamilies, uint256 margin, uint256 appealWindow, ) = REGISTRY.verdictRuleOf(
            terms.domain,
            terms.version
        );
        // The seats of an appeal are paid by its bond.
        uint256 unit = latest == requestId ? uint256(terms.price) * terms.claims : 0;
        round = round.withClock(block.timestamp + appealWindow);
        if (round.reveals() < round.minSeats()) {
            _void(latest, round, terms.requester, unit * draw.seats());
            return;
        }
        round = round.withFlag(FINALIZED);
        _rounds[latest] = round;
        SkillScore.Frame memory frame = _frame(draw, round, margin);
        if (unit == 0) frame.bounds = Rulings.appealBounds(frame.bounds, frame.weight);
        _publish(latest, terms, round, frame, minFamilies, unit != 0);
        uint256 spare = FixedPointMathLib.zeroFloorSub(draw.seats(), round.reveals());
        if (spare * unit != 0) FEES.release(terms.requester, unit * spare);
    }

    /// @inheritdoc IAssay
    function voidUnsealed(Terms calldata terms) external {
        bytes32 requestId = _idOf(terms);
        (bytes32 latest, DrawWord draw, RoundWord round) = _latest(requestId);
        _requirePhase(latest, _phase(draw, round), Phase.REQUESTED);
        if (block.timestamp <= round.clock()) {
            (, IRandomness.Status status) = RANDOMNESS.seedOf(round.seed(), msg.data[0:0]);
            require(status == IRandomness.Status.LOST, SealWindowOpen(latest, round.clock()));
        }
        // Nobody was drawn, so nobody can be reported; but a void appeal leaves as much time to appeal again.
        (, , uint256 appealWindow, ) = REGISTRY.verdictRuleOf(terms.domain, terms.version);
        round = round.withClock(block.timestamp + appealWindow);
        uint256 fee = latest == requestId ? uint256(terms.price) * terms.claims * draw.seats() : 0;
        _void(latest, round, terms.requester, fee);
    }

    /// @inheritdoc IAssay
    function settle(Terms calldata terms, uint256 index, Vote[] calldata votes) external {
        require(votes.length <= MAX_VOTES, BatchTooLarge(votes.length, MAX_VOTES));
        (bytes32 roundId, DrawWord draw, RoundWord round) = _ended(terms, index);
        bool isVoid = round.has(VOIDED);
        Judgement memory judged;
        if (!isVoid) judged = _judge(roundId, terms, index, votes.length, draw, round);
        mapping(address => SeatWord) storage seats = _seats[roundId];
        SkillScore.SeatScore[] memory scores = new SkillScore.SeatScore[](isVoid ? 0 : votes.length);
        uint256 earning;
        for (uint256 i; i < votes.length; ++i) {
            Vote calldata vote = votes[i];
            address owner = vote.owner;
            SeatWord seat = seats[owner];
            require(seat.digest() != 0, NotCommitted(roundId, owner));
            if (seat.has(SETTLED)) continue;
            seats[owner] = seat.withFlag(SETTLED);
            if (!seat.has(REVEALED)) {
                // Too few committed and nobody extended: the phase to reveal in never came.
                if (_extendable(draw, round)) _releaseSeat(roundId, draw, owner);
                else _settleUnrevealed(roundId, draw, owner);
                continue;
            }
            bytes calldata revealed = vote.votes;
            uint240 given = _high(EfficientHashLib.hashCalldata(revealed));
            require(given == seat.digest(), VoteMismatch(roundId, owner, given, seat.digest()));
            if (isVoid) {
                _releaseSeat(roundId, draw, owner);
            } else {
                _score(judged, owner, revealed, seat, scores[earning]);
                if (!judged.isRuled || !_amend(judged, scores[earning], revealed, seat)) ++earning;
            }
        }
        if (earning != 0) {
            // The seats that earn come first in `scores`; the others end here.
            // solhint-disable-next-line no-inline-assembly
            assembly ("memory-safe") {
                mstore(scores, earning)
            }
            _book(judged, draw.bond(), scores);
        }
        uint256 settled = judged.settled;
        if (settled == 0) return;
        _rounds[roundId] = round.addSettled(settled);
        if (index != 0) return;
        // Only the first `seats` settled seats were paid for. Fits: settled ≤ reveals ≤ 255.
        uint256 paid = FixedPointMathLib.min(settled, FixedPointMathLib.zeroFloorSub(draw.seats(), round.settled()));
        if (paid != 0) FEES.earn(terms.domain, judged.price * judged.frame.claims * paid);
    }

    /// @inheritdoc IAssay
    function reportAbsent(Terms calldata terms, uint256 index, address[] calldata owners) external {
        require(owners.length <= MAX_OWNERS, BatchTooLarge(owners.length, MAX_OWNERS));
        bytes32 requestId = roundIdOf(_idOf(terms), index);
        DrawWord draw = _draws[requestId];
        RoundWord round = _rounds[requestId];
        Phase phase = _phase(draw, round);
        if (phase != Phase.TALLY && phase != Phase.VOID) _requirePhase(requestId, phase, Phase.FINALIZED);
        if (phase == Phase.VOID) {
            require(block.timestamp < round.clock(), ReportWindowOver(requestId, round.clock()));
        }
        // Only a quorum of commits proves that the payload could be had, so that silence was a choice.
        require(round.commits() >= round.minSeats(), AbsenceUnproven(requestId, round.commits(), round.minSeats()));
        uint256 reported;
        for (uint256 i; i < owners.length; ++i) {
            SeatWord seat = _seats[requestId][owners[i]];
            require(seat.digest() == 0, AlreadyCommitted(requestId, owners[i]));
            if (seat.has(ABSENT)) continue;
            IStakeVault.SeatWeights memory weights = VAULT.seatWeights(terms.domain, owners[i], round.epoch());
            _requireSeat(requestId, owners[i], draw, round, weights);
            uint256 free = VAULT.freeStake(terms.domain, owners[i]);
            require(free >= draw.bond(), IStakeVault.InsufficientFreeStake(free, draw.bond()));
            _seats[requestId][owners[i]] = seat.withFlag(ABSENT);
            _chargeAbsent(requestId, terms, draw.bond(), owners[i]);
            ++reported;
        }
        require(reported != 0, AlreadyReported(requestId, owners.length == 0 ? address(0) : owners[0]));
    }

    /// @inheritdoc IAssay
    function markCanary(bytes32 requestId, uint256 finalAt) external {
        require(msg.sender == address(CANARIES), NotCanaries(msg.sender, address(CANARIES)));
        RoundWord round = _rounds[requestId];
        _requirePhase(requestId, _phase(_draws[requestId], round), Phase.FINALIZED);
        _rounds[requestId] = round.withFlag(CANARY).withClock(finalAt);
    }

    // ------------------------------------------------------------------ views

    /// @inheritdoc IAssay
    function idOf(Terms calldata terms) external view returns (bytes32) {
        return _idOf(terms);
    }

    /// @inheritdoc IAssay
    function phaseOf(bytes32 roundId) external view returns (Phase) {
        (bytes32 latest, DrawWord draw, RoundWord round) = _latest(roundId);
        return latest == roundId ? _phase(draw, round) : _appealedPhase(draw, round);
    }

    /// @inheritdoc IAssay
    function roundIdOf(bytes32 requestId, uint256 index) public pure returns (bytes32 roundId) {
        require(index <= MAX_APPEALS, NoSuchRound(index, MAX_APPEALS));
        roundId = requestId;
        for (; index != 0; --index) roundId = _next(roundId);
    }

    /// @inheritdoc IAssay
    function domainSeparator() public view returns (bytes32) {
        return keccak256(abi.encode(NAME_HASH, block.chainid, address(this)));
    }

    /// @inheritdoc IAssay
    function drawOf(bytes32 roundId) external view returns (DrawWord) {
        return _draws[roundId];
    }

    /// @inheritdoc IAssay
    function roundOf(bytes32 roundId) external view returns (RoundWord) {
        return _rounds[roundId];
    }

    /// @inheritdoc IAssay
    function seatOf(bytes32 roundId, address owner) external view returns (SeatWord) {
        return _seats[roundId][owner];
    }

    /// @inheritdoc IAssay
    function lanesOf(bytes32 requestId) external view returns (uint256[16] memory) {
        return _lanes[requestId];
    }

    /// @inheritdoc IAssay
    function meansOf(uint16 domain) public view returns (uint256 baseRate, uint256 threshold) {
        Means memory means = _means[domain];
        return means.baseRate == 0 ? (Units.WAD / 2, Units.WAD / 2) : (means.baseRate, means.threshold);
    }

    // ------------------------------------------------------------------ phases

    /// @dev The only place that knows when a phase begins and ends.
    function _phase(DrawWord draw, RoundWord round) private view returns (Phase) {
        if (!draw.exists()) return Phase.NONE;
        if (round.has(VOIDED)) return Phase.VOID;
        if (round.has(FINALIZED)) return block.timestamp < round.clock() ? Phase.FINALIZED : Phase.FINAL;
        if (!round.has(SEALED)) return Phase.REQUESTED;
        // No overflow: 40 and 16 bits.
        unchecked {
            uint256 commitEnd = round.clock() + draw.commitWindow();
            if (block.timestamp < commitEnd) return Phase.COMMIT;
            if (block.timestamp >= commitEnd + draw.revealWindow()) return Phase.TALLY;
        }
        return _extendable(draw, round) ? Phase.EXTENSION : Phase.REVEAL;
    }

    function _extendable(DrawWord draw, RoundWord round) private pure returns (bool) {
        return round.commits() < round.minSeats() && !round.has(EXTENDED) && draw.seats() <= MAX_EXTENDED;
    }

    /// @dev The round whose verdicts are still open: the request's own, or the one its latest appeal opened.
    function _latest(bytes32 roundId) private view returns (bytes32 latest, DrawWord draw, RoundWord round) {
        latest = roundId;
        round = _rounds[latest];
        while (round.has(APPEALED)) {
            latest = _next(latest);
            round = _rounds[latest];
        }
        draw = _draws[latest];
    }

    /// @dev The phase of a request, given its latest round, which an appeal opened.
    function _appealedPhase(DrawWord draw, RoundWord latest) private view returns (Phase) {
        Phase phase = _phase(draw, latest);
        bool isFinal = phase == Phase.FINAL || (phase == Phase.VOID && block.timestamp >= latest.clock());
        return isFinal ? Phase.FINAL : Phase.APPEALED;
    }

    /// @dev A round of a request that is final or void.
    function _ended(
        Terms calldata terms,
        uint256 index
    ) private view returns (bytes32 roundId, DrawWord draw, RoundWord round) {
        bytes32 requestId = _idOf(terms);
        (roundId, draw, round) = _latest(requestId);
        bool isSole = roundId == requestId;
        Phase phase = isSole ? _phase(draw, round) : _appealedPhase(draw, round);
        if (phase != Phase.VOID) _requirePhase(requestId, phase, Phase.FINAL);
        if (isSole && index == 0) return (roundId, draw, round);
        roundId = roundIdOf(requestId, index);
        draw = _draws[roundId];
        require(draw.exists(), UnknownRequest(roundId));
        round = _rounds[roundId];
    }

    /// @dev The id of the round that an appeal against round `roundId` opens.
    function _next(bytes32 roundId) private pure returns (bytes32) {
        return EfficientHashLib.hash(roundId);
    }

    function _requirePhase(bytes32 requestId, Phase given, Phase required) private pure {
        require(given != Phase.NONE, UnknownRequest(requestId));
        require(given == required, WrongPhase(requestId, given, required));
    }

    /// @dev Captures the seed, once; all windows count from now.
    function _seal(bytes32 requestId, RoundWord round, bytes calldata proof) private returns (RoundWord) {
        require(block.timestamp <= round.clock(), SealWindowOver(requestId, round.clock()));
        (uint256 seed, IRandomness.Status status) = RANDOMNESS.seedOf(round.seed(), proof);
        require(status != IRandomness.Status.PENDING, SeedPending(requestId, round.seed()));
        require(status == IRandomness.Status.READY, SeedLost(requestId, round.seed()));
        // 120 bits of an unpredictable word are enough: nobody can try 2^120 requests.
        emit Sealed(requestId, uint120(seed), block.timestamp);
        return round.withSeed(seed).withClock(block.timestamp).withFlag(SEALED);
    }

    function _void(bytes32 requestId, RoundWord round, address requester, uint256 refund) private {
        _rounds[requestId] = round.withFlag(VOIDED);
        emit Voided(requestId, round.commits(), round.reveals(), refund);
        if (refund != 0) FEES.release(requester, refund);
    }

    // ------------------------------------------------------------------- seats

    /// @dev Reverts unless the owner sits in the committee as it is now and there is room for its vote weight.
    /// @return overdue whether it sat before the extension already
    function _requireSeat(
        bytes32 requestId,
        address owner,
        DrawWord draw,
        RoundWord round,
        IStakeVault.SeatWeights memory weights
    ) private pure returns (bool overdue) {
        require(weights.familyWeight != 0, FamilyTooLight(draw.domain(), weights.family));
        uint256 ticket = Sortition.ticket(round.seed(), requestId, owner);
        uint256 chance = _chance(draw, weights, draw.seats());
        if (round.has(EXTENDED)) {
            overdue = ticket < chance;
            if (!overdue) chance = _chance(draw, weights, _grown(draw.seats()));
        }
        require(ticket < chance, NotDrawn(requestId, owner, ticket, chance));
        uint256 full;
        // Fits: 255 and 4.
        unchecked {
            full = round.committed() + weights.tier;
        }
        require(full <= LaneTally.MAX_WEIGHT, CommitteeFull(full, LaneTally.MAX_WEIGHT));
    }

    function _chance(
        DrawWord draw,
        IStakeVault.SeatWeights memory weights,
        uint256 seats
    ) private pure returns (uint256) {
        return
            Sortition.chance(weights.weight, weights.familyWeight, draw.weight(), draw.roots(), seats, draw.boostCap());
    }

    /// @dev Expected committee after an extension.
    function _grown(uint256 seats) private pure returns (uint256) {
        return FixedPointMathLib.min(2 * seats, Units.MAX_SEATS);
    }

    // -------------------------------------------------------------- settlement

    function _judge(
        bytes32 roundId,
        Terms calldata terms,
        uint256 index,
        uint256 count,
        DrawWord draw,
        RoundWord round
    ) private view returns (Judgement memory judged) {
        (, uint256 margin, , ) = REGISTRY.verdictRuleOf(terms.domain, terms.version);
        judged.roundId = roundId;
        judged.draw = draw;
        judged.price = terms.price;
        judged.frame = _frame(draw, round, margin);
        if (index == 0 && !round.has(APPEALED | CANARY)) {
            judged.decided = SkillScore.sides(judged.frame, _loadLanes(roundId, terms.claims));
        } else {
            require(count <= MAX_APPEALED_VOTES, BatchTooLarge(count, MAX_APPEALED_VOTES));
            judged.isRuled = true;
            (judged.decided.halves, judged.ruling) = APPEALS.rulingOf(terms, index);
        }
        judged.rule = REGISTRY.qualityOf(terms.domain, terms.version);
    }

    /// @dev Fills in what a revealed seat scored.
    function _score(
        Judgement memory judged,
        address owner,
        bytes calldata votes,
        SeatWord seat,
        SkillScore.SeatScore memory result
    ) private pure {
        result.owner = owner;
        SkillScore.Frame memory frame = judged.frame;
        SkillScore.Sums memory sums = SkillScore.sum(frame, judged.decided, votes, seat.flags() & WEIGHT);
        uint256 lossMean = SkillScore.lossMean(sums, frame.weight);
        int256 quality = SkillScore.quality(sums, frame.baseRate, judged.rule.bar);
        result.score = ScoreWords.pack(sums, lossMean, quality, seat.has(LATE));
        result.value = SkillScore.value(sums.numerator, judged.price, frame.baseRate, lossMean);
        // No overflow: at most 64.
        unchecked {
            ++judged.settled;
        }
    }

    /// @dev What else rulings make of a scored seat: of a canary its quality is judged anew, then see {_overturn}.
    /// @return booked whether the seat was booked already
    function _amend(
        Judgement memory judged,
        SkillScore.SeatScore memory result,
        bytes calldata votes,
        SeatWord seat
    ) private returns (bool booked) {
        SkillScore.Sides memory inspected = SkillScore.Sides(judged.ruling.inspected);
        if (inspected.halves.length != 0) {
            SkillScore.Frame memory frame = judged.frame;
            SkillScore.Sums memory sums = SkillScore.sum(frame, inspected, votes, seat.flags() & WEIGHT);
            int256 quality = SkillScore.quality(sums, frame.baseRate, judged.rule.bar);
            result.score = result.score.withQuality(sums, quality);
        }
        return _overturn(judged, result, votes);
    }

    /// @dev Takes what a voter on the losing side of overturned verdicts owes, and books its seat with the rest of its bond.
    ///      What was taken no longer backs the score, so a loss shrinks with the bond: both together never exceed it.
    /// @return overturned whether anything was taken
    function _overturn(
        Judgement memory judged,
        SkillScore.SeatScore memory seat,
        bytes calldata votes
    ) private returns (bool overturned) {
        if (judged.ruling.winner == 0) return false;
        uint256 bond = judged.draw.bond();
        uint256 taken = SkillScore.overturnCharge(
            judged.frame,
            judged.ruling.verdicts,
            judged.ruling.overturned,
            votes,
            bond
        );
        if (taken == 0) return false;
        if (seat.value < 0) seat.value = (seat.value * int256(bond - taken)) / int256(bond);
        emit SeatOverturned(judged.roundId, seat.owner, taken * Units.GWEI);
        uint16 domain = judged.draw.domain();
        VAULT.seize(domain, seat.owner, taken, address(APPEALS));
        APPEALS.award(judged.ruling.winner, domain, taken * Units.GWEI);
        SkillScore.SeatScore[] memory alone = new SkillScore.SeatScore[](1);
        alone[0] = seat;
        _book(judged, bond - taken, alone);
        return true;
    }

    /// @dev Books scored seats with the ledger and the minter, in this order: a folded tape counts for the account.
    /// @param bond gwei of each seat that its account holds from now on
    function _book(Judgement memory judged, uint256 bond, SkillScore.SeatScore[] memory scores) private {
        uint16 domain = judged.draw.domain();
        uint256[] memory outcomes = LEDGER.record(domain, judged.rule.preset, judged.rule.window, scores);
        uint256 served = (judged.price * judged.frame.claims) / Units.GWEI;
        AccountWord[] memory accounts = MINTER.credit(domain, bond, served, scores);
        for (uint256 i; i < scores.length; ++i) {
            SkillScore.SeatScore memory seat = scores[i];
            emit SeatSettled(judged.roundId, seat.owner, seat.score, seat.value, outcomes[i], accounts[i]);
        }
    }

    /// @dev Without a verdict a seat that did its duty earns nothing and loses nothing.
    function _releaseSeat(bytes32 requestId, DrawWord draw, address owner) private {
        VAULT.unlock(draw.domain(), owner, draw.bond());
        emit SeatReleased(requestId, owner);
    }

    /// @dev Silence is never cheaper than any reveal: the whole bond goes.
    function _settleUnrevealed(bytes32 requestId, DrawWord draw, address owner) private {
        uint256 outcomes = LEDGER.recordAbsent(draw.domain(), owner);
        uint256 bond = draw.bond();
        uint256 charged = VAULT.charge(draw.domain(), owner, bond, bond * Units.GWEI, msg.sender);
        emit SeatForfeited(requestId, owner, outcomes, charged);
    }

    /// @dev `absenceRatio · price · claims / R^δ`, at most the bond the seat would have locked.
    function _chargeAbsent(bytes32 requestId, Terms calldata terms, uint256 bond, address owner) private {
        uint256 fee = uint256(terms.price) * terms.claims;
        uint256 owed = LEDGER.absenceChargeOf(terms.domain, terms.version, owner, fee);
        LEDGER.recordAbsent(terms.domain, owner);
        uint256 capped = FixedPointMathLib.min(owed, bond * Units.GWEI);
        uint256 charged = VAULT.charge(terms.domain, owner, 0, capped, msg.sender);
        emit AbsenceReported(requestId, owner, msg.sender, charged);
    }

    // --------------------------------------------------------------- verdicts

    /// @dev Emits the verdicts of a round; a request's own round moves B and θ of the domain.
    function _publish(
        bytes32 requestId,
        Terms calldata terms,
        RoundWord round,
        SkillScore.Frame memory frame,
        uint256 minFamilies,
        bool isFirst
    ) private {
        (uint256[2] memory words, uint256 mean, uint256 share) = VerdictMath.read(
            _loadLanes(requestId, terms.claims),
            frame.claims,
            frame.weight,
            frame.threshold,
            frame.bounds
        );
        (uint256 baseRate, uint256 threshold) = meansOf(terms.domain);
        // Appeals judge chosen claims again; they must not move the means of the domain.
        if (isFirst) {
            baseRate = VerdictMath.nextBaseRate(baseRate, mean, terms.claims);
            threshold = VerdictMath.nextThreshold(threshold, share, mean, terms.claims);
            // Fits: both are at most 0.95e18.
            _means[terms.domain] = Means(uint64(baseRate), uint64(threshold));
        }
        bool lowDiversity = LibBit.popCount(round.families()) < minFamilies;
        emit Finalized(requestId, words, round.weight(), lowDiversity, mean, baseRate, threshold, round.clock());
    }

    function _frame(DrawWord draw, RoundWord round, uint256 margin) private pure returns (SkillScore.Frame memory) {
        return
            SkillScore.Frame({
                claims: draw.claims(),
                baseRate: draw.baseRate(),
                weight: round.weight(),
                threshold: draw.threshold(),
                bounds: VerdictMath.bounds(draw.threshold(), margin, round.weight())
            });
    }

    /// @dev Reads only the words that hold claims.
    function _loadLanes(bytes32 requestId, uint256 claims) private view returns (uint256[16] memory lanes) {
        uint256[16] storage sums = _lanes[requestId];
        for (uint256 i; i << 4 < claims; ++i) lanes[i] = sums[i];
    }

    // ---------------------------------------------------------------- request

    function _draw(
        Terms memory terms,
        IDomainRegistry.RequestRules memory rules,
        DomainWindow.Sums memory sums,
        uint256 threshold
    ) private pure returns (DrawWord) {
        uint256 bond = SkillScore.bond(rules.seatBond, rules.penaltyRatio, terms.price, terms.claims, terms.baseRate);
        // Casts are safe: weights and roots by their windows, the bond saturates at 2^56 − 1.
        return
            DrawWords.pack(
                Draw({
                    weight: uint56(sums.weight),
                    roots: uint48(sums.roots),
                    bond: uint56(bond),
                    seats: rules.seats,
                    baseRate: terms.baseRate,
                    threshold: uint16(VerdictMath.thresholdBits(threshold)),
                    domain: terms.domain,
                    commitWindow: rules.commitWindow,
                    revealWindow: rules.revealWindow,
                    boostCap: rules.boostCap,
                    lastClaim: uint8(terms.claims - 1)
                })
            );
    }

    function _checkPayload(Ask calldata ask) private pure {
        require(bytes(ask.uri).length <= MAX_URI, UriTooLong(bytes(ask.uri).length, MAX_URI));
        require(ask.payload.length <= MAX_PAYLOAD, PayloadTooLong(ask.payload.length, MAX_PAYLOAD));
        if (ask.payload.length == 0) {
            require(bytes(ask.uri).length != 0, PayloadMissing());
            return;
        }
        bytes32 given = keccak256(ask.payload);
        require(given == ask.payloadHash, PayloadMismatch(given, ask.payloadHash));
    }

    /// @dev {_id} straight from calldata. Bits outside a field's type make an id nobody opened.
    function _idOf(Terms calldata terms) private view returns (bytes32 id) {
        // solhint-disable-next-line no-inline-assembly
        assembly ("memory-safe") {
            let free := mload(0x40)
            mstore(free, chainid())
            mstore(add(free, 0x20), address())
            calldatacopy(add(free, 0x40), terms, 0x140)
            id := keccak256(free, 0x180)
        }
    }

    function _id(Terms memory terms) private view returns (bytes32) {
        return keccak256(abi.encode(block.chainid, address(this), terms));
    }

    function _commitment(
        bytes32 separator,
        bytes32 roundId,
        address owner,
        bytes32 votesHash,
        bytes32 salt
    ) private pure returns (bytes32) {
        // keccak256(abi.encode(separator, roundId, owner, votesHash, salt))
        return EfficientHashLib.hash(separator, roundId, bytes32(uint256(uint160(owner))), votesHash, salt);
    }

    function _high(bytes32 hash) private pure returns (uint240) {
        return uint240(uint256(hash) >> 16);
    }
}
