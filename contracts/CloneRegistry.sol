// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {SafeERC20} from "@openzeppelin/contracts/token/ERC20/utils/SafeERC20.sol";
import {EfficientHashLib} from "solady/src/utils/EfficientHashLib.sol";
import {FixedPointMathLib} from "solady/src/utils/FixedPointMathLib.sol";

import {IAssay} from "./interfaces/IAssay.sol";
import {ICloneRegistry} from "./interfaces/ICloneRegistry.sol";
import {IDomainRegistry} from "./interfaces/IDomainRegistry.sol";
import {IStakeVault} from "./interfaces/IStakeVault.sol";
import {IWorkToken} from "./interfaces/IWorkToken.sol";
import {CloneMath} from "./libraries/CloneMath.sol";
import {DrawWord, RoundWord, SeatWord} from "./libraries/RequestWords.sol";
import {Units} from "./libraries/Units.sol";

/// @title CloneRegistry
contract CloneRegistry is ICloneRegistry {
    using SafeERC20 for IWorkToken;

    /// @dev Flag of IAssay.Round.
    uint256 private constant FINALIZED = 4;
    /// @dev Flag of IAssay.Seat.
    uint256 private constant REVEALED = 16;
    /// @dev Flag of IStakeVault.Operator.
    uint256 private constant REGISTERED = 1;

    /// @inheritdoc ICloneRegistry
    uint256 public constant MAX_EXHIBITS = 128;
    /// @inheritdoc ICloneRegistry
    uint256 public constant MAX_CLAIMS = 4_096;
    /// @inheritdoc ICloneRegistry
    uint256 public constant MAX_EVIDENCE = 2_048;

    IWorkToken public immutable TOKEN;
    IAssay public immutable ASSAY;
    IStakeVault public immutable VAULT;
    IDomainRegistry public immutable REGISTRY;
    /// @inheritdoc ICloneRegistry
    uint256 public immutable BOND;
    /// @inheritdoc ICloneRegistry
    uint256 public constant BOUNTY_EPOCHS = 30;

    mapping(uint16 domain => Rule) private _rules;
    mapping(uint16 domain => mapping(address earlier => mapping(address later => Case))) private _cases;

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
        require(open.status != Status.OPEN, WrongStatus(open.status, Status.NONE));
        _requirePair(domain, earlier, later);
        Rule memory rule = ruleOf(domain);
        (bytes32[] memory ids, CloneMath.Sums memory sums) = _read(
            [earlier, later],
            domain,
            rule.distance,
            open.firstEpoch,
            evidence
        );
        require(
            ids.length >= rule.minRequests && sums.claims >= rule.minClaims,
            TooLittleEvidence(ids.length, sums.claims, rule.minRequests, rule.minClaims)
        );
        require(CloneMath.alike(sums, rule.correlation), NotAlike(sums, rule.correlation));

        uint48 openUntil = uint48(block.timestamp + rule.replyWindow);
        open.reporter = msg.sender;
        open.openUntil = openUntil;
        open.status = Status.OPEN;
        open.sums = sums;
        open.rule = rule;
        open.evidenceHash = EfficientHashLib.hash(ids);
        emit CloneReported(domain, earlier, later, msg.sender, ids, sums, openUntil, BOND);

        TOKEN.safeTransferFrom(msg.sender, address(this), BOND);
    }

    /// @inheritdoc ICloneRegistry
    function reply(
        uint16 domain,
        address earlier,
        address later,
        bytes32[] calldata known,
        Exhibit[] calldata evidence
    ) external {
        Case storage open = _openCase(domain, earlier, later);
        require(block.timestamp < open.openUntil, ReplyWindowOver(block.timestamp, open.openUntil));
        require(evidence.length != 0, NoEvidence());
        uint256 count = known.length + evidence.length;
        require(count <= MAX_EVIDENCE, TooMuchEvidence(count, MAX_EVIDENCE));
        bytes32 given = EfficientHashLib.hash(known);
        require(given == open.evidenceHash, EvidenceMismatch(given, open.evidenceHash));
        Rule memory rule = open.rule;
        (bytes32[] memory ids, CloneMath.Sums memory sums) = _read(
            [earlier, later],
            domain,
            rule.distance,
            open.firstEpoch,
            evidence
        );
        ids = _merge(known, ids);
        sums = CloneMath.join(open.sums, sums);

        // Who replies last leaves the other side time to answer.
        uint48 openUntil = uint48(FixedPointMathLib.max(open.openUntil, block.timestamp + rule.replyWindow / 4));
        open.openUntil = openUntil;
        open.sums = sums;
        open.evidenceHash = EfficientHashLib.hash(ids);
        emit EvidenceAdded(domain, earlier, later, msg.sender, ids, sums, openUntil);
    }

    /// @inheritdoc ICloneRegistry
    function close(uint16 domain, address earlier, address later) external {
        Case storage open = _openCase(domain, earlier, later);
        require(block.timestamp >= open.openUntil, ReplyWindowOpen(block.timestamp, open.openUntil));
        uint8 from = _familyOf(domain, later);
        uint8 family = _familyOf(domain, earlier);
        address reporter = open.reporter;
        // A registered operator keeps its family listed; one that left has no family to share.
        bool moot = from == family || !_isRegistered(domain, earlier);
        if (moot || !CloneMath.alike(open.sums, open.rule.correlation)) {
            address recipient = moot ? reporter : later;
            _clear(open);
            emit CloneDismissed(domain, earlier, later, recipient, BOND);
            TOKEN.safeTransfer(recipient, BOND);
            return;
        }
        open.status = Status.RECLASSIFIED;
        open.from = from;
        open.lineage = REGISTRY.familyOf(domain, from).lineage;
        emit CloneConfirmed(domain, earlier, later, from, family);

        VAULT.reclassify(domain, later, family, _bountyFor(reporter));
        TOKEN.safeTransfer(reporter, BOND);
    }

    // ---------------------------------------------------------- domain owners

    /// @inheritdoc ICloneRegistry
    function reverse(uint16 domain, address earlier, address later, string calldata reason) external {
        _requireOwner(domain);
        require(bytes(reason).length != 0, NoReason());
        Case storage decided = _cases[domain][earlier][later];
        require(decided.status == Status.RECLASSIFIED, WrongStatus(decided.status, Status.RECLASSIFIED));
        uint8 from = decided.from;
        require(REGISTRY.familyOf(domain, from).lineage == decided.lineage, FamilyGone(domain, from));
        _clear(decided);
        emit CloneReversed(domain, earlier, later, reason);

        VAULT.reclassify(domain, later, from, IStakeVault.Bounty(address(0), 0, 0, 0));
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

    // --------------------------------------------------------------- evidence

    /// @dev Reads every uncertain claim of every request in evidence.
    /// @param pair the earlier and the later registrant
    function _read(
        address[2] memory pair,
        uint16 domain,
        uint256 distance,
        uint256 firstEpoch,
        Exhibit[] calldata evidence
    ) private view returns (bytes32[] memory ids, CloneMath.Sums memory sums) {
        require(evidence.length <= MAX_EXHIBITS, BatchTooLarge(evidence.length, MAX_EXHIBITS));
        ids = new bytes32[](evidence.length);
        uint256 claims;
        for (uint256 i; i < evidence.length; ++i) {
            Exhibit calldata exhibit = evidence[i];
            claims += exhibit.terms.claims;
            require(claims <= MAX_CLAIMS, TooManyClaims(claims, MAX_CLAIMS));
            require(exhibit.terms.domain == domain, DomainMismatch(exhibit.terms.domain, domain));
            // Of the terms, so that it is the request's own round: an appeal judges the same claims again.
            bytes32 id = ASSAY.idOf(exhibit.terms);
            require(i == 0 || id > ids[i - 1], NotAscending(id, i == 0 ? bytes32(0) : ids[i - 1]));
            ids[i] = id;
            RoundWord round = ASSAY.roundOf(id);
            // Lanes do not change any more, so neither does the set of uncertain claims.
            require(round.has(FINALIZED), NotFinalized(id));
            require(round.epoch() >= firstEpoch, TooOld(id, round.epoch(), firstEpoch));
            _requireVotes(id, pair[0], exhibit.first);
            _requireVotes(id, pair[1], exhibit.second);
            DrawWord draw = ASSAY.drawOf(id);
            uint256[16] memory lanes = ASSAY.lanesOf(id);
            CloneMath.add(sums, lanes, round.weight(), draw.threshold(), distance, exhibit.first, exhibit.second);
        }
    }

    /// @dev A reveal keeps the high 240 bits of keccak256(votes), which also fixes their number.
    function _requireVotes(bytes32 id, address owner, bytes calldata votes) private view {
        SeatWord seat = ASSAY.seatOf(id, owner);
        require(seat.has(REVEALED), NotRevealed(id, owner));
        uint240 digest = uint240(uint256(EfficientHashLib.hashCalldata(votes)) >> 16);
        require(digest == seat.digest(), VotesMismatch(id, owner));
    }

    /// @dev Two ascending lists without a common element as one.
    function _merge(bytes32[] calldata known, bytes32[] memory added) private pure returns (bytes32[] memory all) {
        all = new bytes32[](known.length + added.length);
        uint256 k;
        uint256 a;
        while (k + a < all.length) {
            if (a == added.length || (k < known.length && known[k] < added[a])) {
                all[k + a] = known[k];
                ++k;
            } else {
                require(k == known.length || known[k] != added[a], AlreadyInEvidence(added[a]));
                all[k + a] = added[a];
                ++a;
            }
        }
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

    /// @dev What was judged is not judged again: only requests of later epochs are evidence against the pair.
    function _clear(Case storage judged) private {
        judged.status = Status.NONE;
        // Fits: 2^24 epochs are far beyond any clock this is deployed with.
        judged.firstEpoch = uint24(VAULT.currentEpoch() + 1);
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

    function _requireOwner(uint16 domain) private view {
        address owner = REGISTRY.ownerOf(domain);
        require(msg.sender == owner, NotDomainOwner(msg.sender, owner));
    }
}
