// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {SafeERC20} from "@openzeppelin/contracts/token/ERC20/utils/SafeERC20.sol";
import {DynamicArrayLib} from "solady/src/utils/DynamicArrayLib.sol";
import {EfficientHashLib} from "solady/src/utils/EfficientHashLib.sol";
import {FixedPointMathLib} from "solady/src/utils/FixedPointMathLib.sol";

import {IAssay} from "./interfaces/IAssay.sol";
import {ICloneRegistry} from "./interfaces/ICloneRegistry.sol";
import {IDomainRegistry} from "./interfaces/IDomainRegistry.sol";
import {IStakeVault} from "./interfaces/IStakeVault.sol";
import {IWorkToken} from "./interfaces/IWorkToken.sol";
import {CloneMath} from "./libraries/CloneMath.sol";
import {FINALIZED, REVEALED} from "./libraries/RequestFlags.sol";
import {RoundWord, SeatWord} from "./libraries/RequestWords.sol";
import {Units} from "./libraries/Units.sol";

/// @title CloneRegistry
contract CloneRegistry is ICloneRegistry {
    using SafeERC20 for IWorkToken;

    /// @dev Flag of IStakeVault.Operator.
    uint256 private constant REGISTERED = 1;

    IWorkToken public immutable TOKEN;
    IAssay public immutable ASSAY;
    IStakeVault public immutable VAULT;
    IDomainRegistry public immutable REGISTRY;
    /// @inheritdoc ICloneRegistry
    uint256 public immutable BOND;
    /// @inheritdoc ICloneRegistry
    uint256 public constant BOUNTY_EPOCHS = 30;
    /// @inheritdoc ICloneRegistry
    uint256 public constant MAX_EXHIBITS = 128;
    /// @inheritdoc ICloneRegistry
    uint256 public constant MAX_CLAIMS = 4_096;

    mapping(uint16 domain => Rule) private _rules;
    mapping(uint16 domain => mapping(address earlier => mapping(address later => Case))) private _cases;
    /// @dev Reports of all domains so far.
    uint64 private _reports;
    /// @inheritdoc ICloneRegistry
    mapping(uint256 number => mapping(bytes32 requestId => bool)) public isEvidence;
    /// @dev Of a pair in either order, the lower address first.
    mapping(uint16 domain => mapping(address lower => mapping(address higher => uint256 epoch))) private _firstEpochs;
    /// @dev Number of the case that moved an operator last and still stands.
    mapping(uint16 domain => mapping(address owner => uint64 number)) private _moves;

    constructor(IWorkToken token, IAssay assay, IStakeVault vault, IDomainRegistry registry) {
        require(address(vault).code.length != 0 && vault.CLONES() == address(this), InvalidPeer(address(vault)));
        require(vault.ASSAY() == address(assay), InvalidPeer(address(assay)));
        require(registry.VAULT() == address(vault), InvalidPeer(address(registry)));
        require(address(token).code.length != 0, InvalidPeer(address(token)));
        TOKEN = token;
        ASSAY = assay;
        VAULT = vault;
        REGISTRY = registry;
        BOND = registry.FAMILY_BOND();
    }

    // ---------------------------------------------------------------- reports

    /// @inheritdoc ICloneRegistry
    function report(uint16 domain, address earlier, address later, Exhibit[] calldata evidence) external {
        Case storage open = _cases[domain][earlier][later];
        require(open.status == Status.NONE, WrongStatus(open.status, Status.NONE));
        _requirePair(domain, earlier, later);
        Rule memory rule = ruleOf(domain);
        open.reporter = msg.sender;
        open.openUntil = uint48(block.timestamp + rule.replyWindow);
        // Fits: 2^24 epochs are far beyond any clock this is deployed with.
        open.epoch = uint24(VAULT.currentEpoch());
        open.status = Status.OPEN;
        open.family = _familyOf(domain, earlier);
        open.rule = rule;
        // Nobody reports 2^64 times.
        open.number = ++_reports;
        open.serial = VAULT.originOf(domain, earlier).serial;
        open.lastEnd = uint48(block.timestamp + 2 * uint256(rule.replyWindow));
        open.lineage = _lineageOf(domain, later);
        (bytes32[] memory ids, CloneMath.Sums memory sums) = _add(open, domain, [earlier, later], evidence);
        require(
            ids.length >= rule.minRequests && sums.claims >= rule.minClaims,
            TooLittleEvidence(ids.length, sums.claims, rule.minRequests, rule.minClaims)
        );
        require(CloneMath.alike(sums, rule.correlation), NotAlike(sums, rule.correlation));
        open.sums = sums;
        emit CloneReported(domain, earlier, later, msg.sender, ids, sums, open.openUntil, BOND);

        TOKEN.safeTransferFrom(msg.sender, address(this), BOND);
    }

    /// @inheritdoc ICloneRegistry
    function reply(uint16 domain, address earlier, address later, Exhibit[] calldata evidence) external {
        Case storage open = _openCase(domain, earlier, later);
        require(block.timestamp < open.openUntil, ReplyWindowOver(block.timestamp, open.openUntil));
        (bytes32[] memory ids, CloneMath.Sums memory sums) = _add(open, domain, [earlier, later], evidence);
        require(ids.length != 0, NothingToAdd());
        sums = CloneMath.join(open.sums, sums);

        // Who replies last leaves the other side time to answer, up to an end that nobody can move.
        uint256 end = FixedPointMathLib.min(open.lastEnd, block.timestamp + open.rule.replyWindow / 4);
        uint48 openUntil = uint48(FixedPointMathLib.max(open.openUntil, end));
        open.openUntil = openUntil;
        open.sums = sums;
        emit EvidenceAdded(domain, earlier, later, msg.sender, ids, sums, openUntil);
    }

    /// @inheritdoc ICloneRegistry
    function close(uint16 domain, address earlier, address later) external {
        Case storage open = _openCase(domain, earlier, later);
        require(block.timestamp >= open.openUntil, ReplyWindowOpen(block.timestamp, open.openUntil));
        uint8 from = _familyOf(domain, later);
        uint8 family = open.family;
        address reporter = open.reporter;
        bool alike = CloneMath.alike(open.sums, open.rule.correlation);
        if (!alike || from == family || !_isAsReported(open, domain, earlier)) {
            // Who was not judged is no worse off: a case that came to nothing leaves its evidence to the next one.
            if (alike) open.status = Status.NONE;
            else _clear(open, domain, earlier, later);
            address recipient = alike ? reporter : later;
            emit CloneDismissed(domain, earlier, later, recipient, BOND);
            TOKEN.safeTransfer(recipient, BOND);
            return;
        }
        open.status = Status.RECLASSIFIED;
        // One that left has no family any more, and its slot may be another's.
        if (_isRegistered(domain, later)) open.lineage = _lineageOf(domain, later);
        open.before = _moves[domain][later];
        _moves[domain][later] = open.number;
        emit CloneConfirmed(domain, earlier, later, from, family);

        VAULT.reclassify(domain, later, family, _bountyFor(reporter));
        TOKEN.safeTransfer(reporter, BOND);
    }

    // ---------------------------------------------------------- domain owners

    /// @inheritdoc ICloneRegistry
    function reverse(uint16 domain, address earlier, address later, uint8 family, string calldata reason) external {
        _requireOwner(domain);
        require(bytes(reason).length != 0, NoReason());
        Case storage decided = _cases[domain][earlier][later];
        require(decided.status == Status.RECLASSIFIED, WrongStatus(decided.status, Status.RECLASSIFIED));
        uint256 last = _moves[domain][later];
        require(last == decided.number, MovedSince(later, decided.number, last));
        bytes32 lineage = REGISTRY.familyOf(domain, family).lineage;
        require(lineage == decided.lineage, LineageMismatch(lineage, decided.lineage));
        uint64 before = decided.before;
        _moves[domain][later] = before;
        _clear(decided, domain, earlier, later);
        emit CloneReversed(domain, earlier, later, family, reason);

        IStakeVault.Bounty memory bounty;
        // Where an earlier case put it, it stays bound, and owes what it owed.
        if (before != 0) bounty = VAULT.bountyOf(domain, later);
        VAULT.reclassify(domain, later, family, bounty);
    }

    /// @inheritdoc ICloneRegistry
    function setRule(uint16 domain, Rule calldata rule) external {
        _requireOwner(domain);
        require(
            rule.minRequests >= 4 &&
                rule.minRequests <= MAX_EXHIBITS &&
                rule.minClaims >= 512 &&
                // Half of what a report can hold: not every claim is uncertain.
                rule.minClaims <= MAX_CLAIMS / 2 &&
                rule.distance >= 100 &&
                rule.distance <= 2_500 &&
                rule.correlation >= 9_500 &&
                rule.correlation <= 10_000 &&
                rule.replyWindow >= 1 days &&
                rule.replyWindow <= 30 days,
            InvalidRule(rule)
        );
        _rules[domain] = rule;
        emit RuleSet(domain, rule);
    }

    // ------------------------------------------------------------------ views

    /// @inheritdoc ICloneRegistry
    function ruleOf(uint16 domain) public view returns (Rule memory rule) {
        rule = _rules[domain];
        // Measured: docs/diversity.md, section 3.
        if (rule.minRequests == 0) rule = Rule(4, 512, 2_500, 9_500, 3 days);
    }

    /// @inheritdoc ICloneRegistry
    function caseOf(uint16 domain, address earlier, address later) external view returns (Case memory) {
        return _cases[domain][earlier][later];
    }

    /// @inheritdoc ICloneRegistry
    function firstEpochOf(uint16 domain, address one, address other) public view returns (uint256) {
        (address lower, address higher) = one < other ? (one, other) : (other, one);
        return _firstEpochs[domain][lower][higher];
    }

    // --------------------------------------------------------------- evidence

    /// @dev Takes requests into evidence and reads every uncertain claim of them. What is in evidence is passed over.
    /// @param pair the earlier and the later registrant
    /// @return ids of the requests that were not in evidence
    function _add(
        Case storage open,
        uint16 domain,
        address[2] memory pair,
        Exhibit[] calldata evidence
    ) private returns (bytes32[] memory ids, CloneMath.Sums memory sums) {
        require(evidence.length <= MAX_EXHIBITS, BatchTooLarge(evidence.length, MAX_EXHIBITS));
        mapping(bytes32 requestId => bool) storage known = isEvidence[open.number];
        uint256 distance = open.rule.distance;
        uint256[] memory added = new uint256[](evidence.length);
        uint256 count;
        uint256 claims;
        for (uint256 i; i < evidence.length; ++i) {
            Exhibit calldata exhibit = evidence[i];
            claims += exhibit.terms.claims;
            require(claims <= MAX_CLAIMS, TooManyClaims(claims, MAX_CLAIMS));
            require(exhibit.terms.domain == domain, DomainMismatch(exhibit.terms.domain, domain));
            // Of the terms, so that it is the request's own round: an appeal judges the same claims again.
            bytes32 id = ASSAY.idOf(exhibit.terms);
            if (known[id]) continue;
            known[id] = true;
            added[count] = uint256(id);
            ++count;
            RoundWord round = ASSAY.roundOf(id);
            // Lanes do not change any more, so neither does the set of uncertain claims.
            require(round.has(FINALIZED), NotFinalized(id));
            _requireEpoch(open, domain, pair, id, round.epoch());
            uint256 first = _requireVotes(id, pair[0], exhibit.first);
            uint256 second = _requireVotes(id, pair[1], exhibit.second);
            require(first != second, SatInOneFamily(id, first));
            CloneMath.add(
                sums,
                ASSAY.lanesOf(id),
                round.weight(),
                ASSAY.drawOf(id).threshold(),
                distance,
                exhibit.first,
                exhibit.second
            );
        }
        ids = DynamicArrayLib.asBytes32Array(DynamicArrayLib.truncate(added, count));
    }

    /// @dev Neither what the pair was cleared of, nor what was opened when the accused could know.
    function _requireEpoch(
        Case storage open,
        uint16 domain,
        address[2] memory pair,
        bytes32 id,
        uint256 epoch
    ) private view {
        uint256 first = firstEpochOf(domain, pair[0], pair[1]);
        require(epoch >= first, TooOld(id, epoch, first));
        require(epoch < open.epoch, TooNew(id, epoch, open.epoch));
    }

    /// @dev A reveal keeps the high 240 bits of keccak256(votes), which also fixes their number.
    /// @return the family it sat for
    function _requireVotes(bytes32 id, address owner, bytes calldata votes) private view returns (uint256) {
        SeatWord seat = ASSAY.seatOf(id, owner);
        require(seat.has(REVEALED), NotRevealed(id, owner));
        uint240 digest = uint240(uint256(EfficientHashLib.hashCalldata(votes)) >> 16);
        require(digest == seat.digest(), VotesMismatch(id, owner));
        return seat.family();
    }

    // -------------------------------------------------------------- internals

    function _requirePair(uint16 domain, address earlier, address later) private view {
        require(earlier != later, SameOwner(earlier));
        require(_isRegistered(domain, earlier), NotRegistered(domain, earlier));
        require(_isRegistered(domain, later), NotRegistered(domain, later));
        uint64 first = VAULT.originOf(domain, earlier).serial;
        require(first < VAULT.originOf(domain, later).serial, NotLater(earlier, later));
        uint8 family = _familyOf(domain, earlier);
        require(family != _familyOf(domain, later), SameFamily(earlier, later, family));
    }

    function _openCase(uint16 domain, address earlier, address later) private view returns (Case storage open) {
        open = _cases[domain][earlier][later];
        require(open.status == Status.OPEN, WrongStatus(open.status, Status.OPEN));
    }

    /// @dev Whether the earlier registrant is still the one that was there first, in the family it was in. Registered, it
    ///      keeps that family listed.
    function _isAsReported(Case storage open, uint16 domain, address earlier) private view returns (bool) {
        return
            _isRegistered(domain, earlier) &&
            VAULT.originOf(domain, earlier).serial == open.serial &&
            _familyOf(domain, earlier) == open.family;
    }

    /// @dev What was judged is not judged again: only requests of later epochs are evidence against the pair.
    function _clear(Case storage judged, uint16 domain, address one, address other) private {
        judged.status = Status.NONE;
        (address lower, address higher) = one < other ? (one, other) : (other, one);
        _firstEpochs[domain][lower][higher] = VAULT.currentEpoch() + 1;
    }

    /// @dev From the epoch on in which the operator counts in its new family; at most what the report had at stake.
    function _bountyFor(address reporter) private view returns (IStakeVault.Bounty memory) {
        uint256 from = VAULT.currentEpoch() + 1;
        uint256 cap = FixedPointMathLib.min(BOND / Units.GWEI, type(uint48).max);
        // Fits: 2^24 epochs are far beyond any clock this is deployed with.
        return IStakeVault.Bounty(reporter, uint24(from), uint24(from + BOUNTY_EPOCHS), uint48(cap));
    }

    function _isRegistered(uint16 domain, address owner) private view returns (bool) {
        return VAULT.operatorOf(domain, owner).flags & REGISTERED != 0;
    }

    /// @dev The family from the next epoch on.
    function _familyOf(uint16 domain, address owner) private view returns (uint8) {
        return VAULT.seatWeights(domain, owner, VAULT.currentEpoch() + 1).family;
    }

    function _lineageOf(uint16 domain, address owner) private view returns (bytes32) {
        return REGISTRY.familyOf(domain, _familyOf(domain, owner)).lineage;
    }

    function _requireOwner(uint16 domain) private view {
        address owner = REGISTRY.ownerOf(domain);
        require(msg.sender == owner, NotDomainOwner(msg.sender, owner));
    }
}
