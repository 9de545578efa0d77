// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {SafeERC20} from "@openzeppelin/contracts/token/ERC20/utils/SafeERC20.sol";
import {EIP712} from "@openzeppelin/contracts/utils/cryptography/EIP712.sol";
import {SignatureChecker} from "@openzeppelin/contracts/utils/cryptography/SignatureChecker.sol";
import {FixedPointMathLib} from "solady/src/utils/FixedPointMathLib.sol";

import {IAssay} from "./interfaces/IAssay.sol";
import {IDomainRegistry} from "./interfaces/IDomainRegistry.sol";
import {IPerformanceLedger} from "./interfaces/IPerformanceLedger.sol";
import {IStakeVault} from "./interfaces/IStakeVault.sol";
import {IWorkToken} from "./interfaces/IWorkToken.sol";
import {PerformanceMath} from "./libraries/PerformanceMath.sol";
import {ReputationMath} from "./libraries/ReputationMath.sol";
import {LATE, REVEALED} from "./libraries/RequestFlags.sol";
import {SeatWord} from "./libraries/RequestWords.sol";
import {Units} from "./libraries/Units.sol";

/// @title PerformanceLedger
contract PerformanceLedger is EIP712, IPerformanceLedger {
    using SafeERC20 for IWorkToken;

    // The compiler hashes it; no string is left in the code.
    // solhint-disable gas-small-strings
    bytes32 private constant RECEIPT_TYPE = keccak256(
        "Receipt(bytes32 requestId,address operator,bytes32 modelHash,uint32 inputSize,uint32 outputSize,"
        "uint32 loadMs,uint32 inferMs,uint32 roundTripMs)"
    );
    // solhint-enable gas-small-strings

    IWorkToken public immutable TOKEN;
    IAssay public immutable ASSAY;
    IStakeVault public immutable VAULT;
    IDomainRegistry public immutable REGISTRY;
    /// @inheritdoc IPerformanceLedger
    uint256 public immutable BOND;
    /// @inheritdoc IPerformanceLedger
    uint256 public immutable CHALLENGE_WINDOW;

    /// @inheritdoc IPerformanceLedger
    uint256 public constant MAX_RECEIPTS = 128;
    /// @inheritdoc IPerformanceLedger
    uint256 public constant MAX_POSTS = 64;
    /// @inheritdoc IPerformanceLedger
    uint256 public constant WINDOW = PerformanceMath.WINDOW;

    /// @inheritdoc IPerformanceLedger
    mapping(bytes32 requestId => mapping(address operator => bool)) public isRecorded;
    /// @inheritdoc IPerformanceLedger
    mapping(uint16 domain => mapping(bytes32 modelHash => uint256)) public countOf;
    /// @inheritdoc IPerformanceLedger
    mapping(uint16 domain => mapping(bytes32 modelHash => mapping(uint256 count => bytes32))) public headAt;
    /// @dev R_r as it was accepted last, WAD; zero stands for the start value 1.
    mapping(uint16 domain => mapping(address operator => uint256)) private _accepted;
    mapping(uint16 domain => mapping(address operator => Post)) private _posts;
    /// @inheritdoc IPerformanceLedger
    mapping(uint16 domain => uint16) public versionOf;
    mapping(uint16 domain => mapping(uint16 version => PerformanceMath.Rule)) private _rules;
    /// @inheritdoc IPerformanceLedger
    mapping(uint16 domain => mapping(address operator => mapping(bytes32 modelHash => uint256))) public countedOf;

    constructor(
        IWorkToken token,
        IAssay assay,
        IStakeVault vault,
        IDomainRegistry registry,
        uint256 bond,
        uint256 challengeWindow
    ) EIP712("Assay Performance", "1") {
        require(
            bond != 0 && bond <= Units.MAX_SUPPLY && challengeWindow != 0 && challengeWindow <= type(uint32).max,
            InvalidConstants(bond, challengeWindow)
        );
        require(address(assay).code.length != 0, InvalidPeer(address(assay)));
        require(address(vault).code.length != 0 && vault.ASSAY() == address(assay), InvalidPeer(address(vault)));
        require(registry.VAULT() == address(vault), InvalidPeer(address(registry)));
        require(address(token).code.length != 0, InvalidPeer(address(token)));
        TOKEN = token;
        ASSAY = assay;
        VAULT = vault;
        REGISTRY = registry;
        BOND = bond;
        CHALLENGE_WINDOW = challengeWindow;
    }

    // --------------------------------------------------------------- receipts

    /// @inheritdoc IPerformanceLedger
    function recordReceipts(uint16 domain, bytes32 modelHash, SignedReceipt[] calldata receipts) external {
        _requireBatch(receipts.length, MAX_RECEIPTS);
        uint256 before = countOf[domain][modelHash];
        bytes32 head = headAt[domain][modelHash][before];
        uint256 count = before;
        for (uint256 i; i < receipts.length; ++i) {
            PerformanceMath.Receipt calldata receipt = receipts[i].receipt;
            require(receipt.modelHash == modelHash, ModelMismatch(receipt.operator, receipt.modelHash, modelHash));
            _requireRequest(domain, receipts[i]);
            // Passed over, so that nobody can spoil a batch by recording one of it first.
            if (isRecorded[receipt.requestId][receipt.operator]) continue;
            bool late = _requireReceipt(domain, receipts[i]);
            isRecorded[receipt.requestId][receipt.operator] = true;
            ++count;
            head = PerformanceMath.link(head, PerformanceMath.Entry(receipt, late));
            emit ReceiptRecorded(domain, modelHash, receipt.operator, receipt, late, count);
        }
        require(count != before, NothingToRecord());
        countOf[domain][modelHash] = count;
        headAt[domain][modelHash][count] = head;
        emit ChainExtended(domain, modelHash, count, head);
    }

    /// @dev The terms name the requester and the domain, and the id says that they are the terms of the request.
    function _requireRequest(uint16 domain, SignedReceipt calldata signed) private view {
        require(signed.terms.domain == domain, DomainMismatch(signed.terms.domain, domain));
        bytes32 requestId = _idOf(signed.terms);
        require(signed.receipt.requestId == requestId, RequestMismatch(signed.receipt.requestId, requestId));
    }

    /// @return late whether the operator's seat was late
    function _requireReceipt(uint16 domain, SignedReceipt calldata signed) private view returns (bool late) {
        PerformanceMath.Receipt calldata r = signed.receipt;
        require(
            r.inferMs != 0 && uint256(r.loadMs) + r.inferMs <= r.roundTripMs,
            InvalidTimes(r.loadMs, r.inferMs, r.roundTripMs)
        );
        _requireModel(domain, r.operator, r.modelHash);
        bool revealed;
        (revealed, late) = _seatOf(r.requestId, r.operator);
        require(revealed, NotRevealed(r.requestId, r.operator));
        address requester = signed.terms.requester;
        require(
            SignatureChecker.isValidSignatureNowCalldata(requester, digestOf(r), signed.signature),
            InvalidSignature(r.requestId, r.operator, requester)
        );
    }

    // ---------------------------------------------------------------- metrics

    /// @inheritdoc IPerformanceLedger
    function postMetrics(
        uint16 domain,
        bytes32 modelHash,
        uint16 version,
        uint256 count,
        bytes32 head,
        Entry[] calldata entries
    ) external {
        _requireBatch(entries.length, MAX_POSTS);
        require(version == versionOf[domain], RuleChanged(version, versionOf[domain]));
        bytes32 recorded = headAt[domain][modelHash][count];
        require(head == recorded && head != 0, UnknownHead(head, recorded));
        uint256 least = FixedPointMathLib.zeroFloorSub(countOf[domain][modelHash], WINDOW);
        require(count >= least, OldHead(count, least));
        Post memory post;
        post.poster = msg.sender;
        // Casts are safe: a window has 32 bits, and nobody pays for 2^48 receipts.
        post.openUntil = uint48(block.timestamp + CHALLENGE_WINDOW);
        post.version = version;
        post.count = uint48(count);
        post.modelHash = modelHash;
        uint256 posted;
        for (uint256 i; i < entries.length; ++i) if (_post(domain, entries[i], post)) ++posted;
        require(posted != 0, NothingToPost());

        TOKEN.safeTransferFrom(msg.sender, address(this), BOND * posted);
    }

    /// @param post all but the metrics
    /// @return whether it was posted; what somebody did before is passed over, so that nobody can spoil a batch
    function _post(uint16 domain, Entry calldata entry, Post memory post) private returns (bool) {
        Metrics calldata m = entry.metrics;
        require(
            m.speed <= Units.WAD &&
                m.forward <= Units.WAD &&
                m.backward <= Units.WAD &&
                m.response <= Units.WAD &&
                m.reputation >= ReputationMath.MIN &&
                m.reputation <= ReputationMath.MAX,
            MetricsOutOfBounds(entry.operator)
        );
        _requireModel(domain, entry.operator, post.modelHash);
        Post storage earlier = _posts[domain][entry.operator];
        if (earlier.poster != address(0)) {
            if (!_isOver(earlier)) return false;
            _accept(domain, entry.operator, earlier);
        }
        uint256 reputation = _reputationOf(domain, entry.operator);
        uint256 counted = countedOf[domain][entry.operator][post.modelHash];
        if (post.count <= counted) return false;
        require(
            entry.before == reputation && entry.counted == counted,
            StandingChanged(entry.operator, reputation, counted)
        );
        // Wraps after 2^32 posts of one operator, which does no harm: what counts is that the next one differs.
        unchecked {
            post.id = earlier.id + 1;
        }
        post.metrics = m;
        _posts[domain][entry.operator] = post;
        emit MetricsPosted(
            domain,
            entry.operator,
            post.poster,
            post.id,
            post.modelHash,
            post.count,
            m,
            post.version,
            post.openUntil
        );
        return true;
    }

    /// @inheritdoc IPerformanceLedger
    function challengeMetrics(
        uint16 domain,
        address operator,
        uint256 id,
        bytes32 base,
        PerformanceMath.Entry[] calldata entries
    ) external {
        Post storage open = _openPost(domain, operator);
        require(id == open.id, PostChanged(id, open.id));
        require(!_isOver(open), ChallengeWindowOver(domain, operator, open.openUntil));
        Post memory post = open;
        uint256 length = FixedPointMathLib.min(post.count, WINDOW);
        require(entries.length == length, WrongWindow(entries.length, length));
        PerformanceMath.Entry[] memory window = entries;
        _requireChain(domain, post, base, window);

        uint256 counted = countedOf[domain][operator][post.modelHash];
        uint256 stale = FixedPointMathLib.zeroFloorSub(counted, post.count - length);
        PerformanceMath.Measure memory m = PerformanceMath.measure(window, operator, stale);
        Metrics memory replayed;
        if (m.fresh != 0) {
            uint256 before = _reputationOf(domain, operator);
            // Casts are safe: measures are at most 1e18, R_r at most 10e18.
            replayed = Metrics({
                speed: uint64(m.speed),
                forward: uint64(m.forward),
                backward: uint64(m.backward),
                response: uint64(m.response),
                reputation: uint64(PerformanceMath.reputation(before, m, ruleOf(domain, post.version)))
            });
        }
        // A post carries R_r ≥ 0.1, so it differs from metrics of nothing, which are zero.
        if (keccak256(abi.encode(replayed)) == keccak256(abi.encode(post.metrics))) {
            _losesChallenge(domain, operator, open);
        } else {
            _refute(domain, operator, open, replayed);
        }
    }

    /// @dev A chain of hashes has one past only: whoever arrives at the head brought the receipts that were recorded.
    function _requireChain(
        uint16 domain,
        Post memory post,
        bytes32 base,
        PerformanceMath.Entry[] memory window
    ) private view {
        bytes32 head = base;
        for (uint256 i; i < window.length; ++i) head = PerformanceMath.link(head, window[i]);
        bytes32 recorded = headAt[domain][post.modelHash][post.count];
        require(head == recorded, ReplayMismatch(head, recorded));
    }

    function _losesChallenge(uint16 domain, address operator, Post storage post) private {
        address poster = post.poster;
        uint256 reward = BOND / 2;
        emit ChallengeLost(domain, operator, msg.sender, poster, reward);
        _accept(domain, operator, post);

        TOKEN.safeTransferFrom(msg.sender, poster, reward);
        TOKEN.burnFrom(msg.sender, BOND - reward);
    }

    function _refute(uint16 domain, address operator, Post storage post, Metrics memory replayed) private {
        address poster = post.poster;
        uint256 reward = BOND / 2;
        post.poster = address(0);
        emit MetricsRefuted(domain, operator, msg.sender, poster, replayed, reward);

        TOKEN.safeTransfer(msg.sender, reward);
        TOKEN.burn(BOND - reward);
    }

    /// @inheritdoc IPerformanceLedger
    function withdrawBond(uint16 domain, address operator) external {
        Post storage post = _openPost(domain, operator);
        require(_isOver(post), PostOpen(domain, operator, post.openUntil));
        _accept(domain, operator, post);
    }

    function _accept(uint16 domain, address operator, Post storage post) private {
        address poster = post.poster;
        uint64 reputation = post.metrics.reputation;
        _accepted[domain][operator] = reputation;
        countedOf[domain][operator][post.modelHash] = post.count;
        post.poster = address(0);
        emit MetricsAccepted(domain, operator, poster, reputation);

        TOKEN.safeTransfer(poster, BOND);
    }

    // ------------------------------------------------------------------ rules

    /// @inheritdoc IPerformanceLedger
    function setRule(uint16 domain, PerformanceMath.Rule calldata rule) external {
        address owner = REGISTRY.ownerOf(domain);
        require(msg.sender == owner, NotDomainOwner(msg.sender, owner));
        uint256 weights = uint256(rule.speedWeight) + rule.forwardWeight + rule.backwardWeight + rule.responseWeight;
        require(
            weights == Units.BPS &&
                rule.alpha <= Units.BPS &&
                rule.beta <= Units.BPS &&
                rule.scale >= 1 &&
                rule.scale <= 10 &&
                rule.success >= Units.BPS &&
                rule.success <= 2 * Units.BPS &&
                rule.late >= Units.BPS / 10 &&
                rule.late <= Units.BPS,
            InvalidRule(rule)
        );
        uint16 version = ++versionOf[domain];
        _rules[domain][version] = rule;
        emit RuleSet(domain, version, rule);
    }

    // ------------------------------------------------------------------ peers

    function _idOf(IAssay.Terms calldata terms) private view returns (bytes32) {
        return ASSAY.idOf(terms);
    }

    function _seatOf(bytes32 requestId, address operator) private view returns (bool revealed, bool late) {
        SeatWord seat = ASSAY.seatOf(requestId, operator);
        return (seat.has(REVEALED), seat.has(LATE));
    }

    function _requireModel(uint16 domain, address operator, bytes32 modelHash) private view {
        bytes32 registered = VAULT.modelHashOf(domain, operator);
        require(modelHash == registered, ModelMismatch(operator, modelHash, registered));
    }

    // ---------------------------------------------------------------- helpers

    function _requireBatch(uint256 length, uint256 max) private pure {
        require(length != 0 && length <= max, BatchOutOfBounds(length, 1, max));
    }

    function _openPost(uint16 domain, address operator) private view returns (Post storage post) {
        post = _posts[domain][operator];
        require(post.poster != address(0), NoOpenPost(domain, operator));
    }

    function _isOver(Post storage post) private view returns (bool) {
        return block.timestamp >= post.openUntil;
    }

    function _reputationOf(uint16 domain, address operator) private view returns (uint256) {
        uint256 accepted = _accepted[domain][operator];
        return accepted == 0 ? ReputationMath.START : accepted;
    }

    // ------------------------------------------------------------------ views

    /// @inheritdoc IPerformanceLedger
    function routingReputationOf(uint16 domain, address operator) public view returns (uint256) {
        Post storage post = _posts[domain][operator];
        return _isAccepted(post) ? post.metrics.reputation : _reputationOf(domain, operator);
    }

    /// @inheritdoc IPerformanceLedger
    function basisOf(
        uint16 domain,
        address operator
    ) external view returns (uint256 reputation, uint256 counted, uint16 version) {
        Post storage post = _posts[domain][operator];
        bytes32 modelHash = VAULT.modelHashOf(domain, operator);
        reputation = routingReputationOf(domain, operator);
        counted = countedOf[domain][operator][modelHash];
        if (_isAccepted(post) && post.modelHash == modelHash) counted = post.count;
        version = versionOf[domain];
    }

    /// @dev Whether nobody can challenge it any more, though its bond was not returned yet.
    function _isAccepted(Post storage post) private view returns (bool) {
        return post.poster != address(0) && _isOver(post);
    }

    /// @inheritdoc IPerformanceLedger
    function postOf(uint16 domain, address operator) external view returns (Post memory) {
        return _posts[domain][operator];
    }

    /// @inheritdoc IPerformanceLedger
    function ruleOf(uint16 domain, uint16 version) public view returns (PerformanceMath.Rule memory) {
        return version == 0 ? PerformanceMath.defaultRule() : _rules[domain][version];
    }

    /// @inheritdoc IPerformanceLedger
    function digestOf(PerformanceMath.Receipt calldata receipt) public view returns (bytes32) {
        return _hashTypedDataV4(keccak256(abi.encode(RECEIPT_TYPE, receipt)));
    }
}
