// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {SafeERC20} from "@openzeppelin/contracts/token/ERC20/utils/SafeERC20.sol";
import {LibBit} from "solady/src/utils/LibBit.sol";

import {IAppeals} from "./interfaces/IAppeals.sol";
import {IAssay} from "./interfaces/IAssay.sol";
import {ICanaries} from "./interfaces/ICanaries.sol";
import {IDomainRegistry} from "./interfaces/IDomainRegistry.sol";
import {IFeeMarket} from "./interfaces/IFeeMarket.sol";
import {IStakeVault} from "./interfaces/IStakeVault.sol";
import {IWorkToken} from "./interfaces/IWorkToken.sol";
import {CanaryNotes} from "./libraries/CanaryNotes.sol";
import {Rulings} from "./libraries/Rulings.sol";
import {Units} from "./libraries/Units.sol";

/// @title Canaries
contract Canaries is ICanaries {
    using SafeERC20 for IWorkToken;

    /// @dev Flag of IAssay.Round.
    uint256 private constant APPEALED = 16;
    bytes32 private constant NAME_HASH = keccak256("Assay canary v1");

    IWorkToken public immutable TOKEN;
    IDomainRegistry public immutable REGISTRY;
    IFeeMarket public immutable FEES;
    IStakeVault public immutable VAULT;
    IAppeals public immutable APPEALS;
    /// @inheritdoc ICanaries
    address public immutable ASSAY;
    /// @inheritdoc ICanaries
    uint256 public immutable BOND;
    /// @inheritdoc ICanaries
    uint256 public immutable LIFETIME;
    /// @inheritdoc ICanaries
    uint256 public constant MAX_BATCH = 256;

    /// @inheritdoc ICanaries
    mapping(uint16 domain => mapping(address inspector => bool)) public isInspector;
    /// @inheritdoc ICanaries
    uint64 public batchCount;
    mapping(uint256 batch => Batch) private _batches;
    mapping(bytes32 requestId => Canary) private _canaries;
    /// @dev Only of canaries whose answers count.
    mapping(bytes32 requestId => uint256[2] words) private _answers;

    constructor(
        IWorkToken token,
        IDomainRegistry registry,
        IFeeMarket fees,
        IStakeVault vault,
        IAppeals appeals,
        address assay,
        uint256 bond,
        uint256 lifetime
    ) {
        // The bond of the largest batch is part of the supply, and epochs of batches fit 24 bits.
        bool isSound = bond != 0 && bond * MAX_BATCH <= Units.MAX_SUPPLY && lifetime != 0 && lifetime < 1 << 23;
        require(isSound, InvalidConstants(bond, lifetime));
        TOKEN = token;
        REGISTRY = registry;
        FEES = fees;
        VAULT = vault;
        APPEALS = appeals;
        ASSAY = assay;
        BOND = bond;
        LIFETIME = lifetime;
        // FeeMarket burns what is forfeited.
        token.approve(address(fees), type(uint256).max);
    }

    modifier onlyDomainOwner(uint16 domain) {
        address owner = REGISTRY.ownerOf(domain);
        require(msg.sender == owner, NotDomainOwner(msg.sender, owner));
        _;
    }

    // ---------------------------------------------------------- domain owners

    /// @inheritdoc ICanaries
    function appoint(uint16 domain, address inspector) external onlyDomainOwner(domain) {
        require(!isInspector[domain][inspector], AlreadyInspector(domain, inspector));
        _requireNoOperator(domain, inspector);
        isInspector[domain][inspector] = true;
        emit InspectorAppointed(domain, inspector);
    }

    /// @inheritdoc ICanaries
    function dismiss(uint16 domain, address inspector) external onlyDomainOwner(domain) {
        require(isInspector[domain][inspector], NotInspector(domain, inspector));
        isInspector[domain][inspector] = false;
        emit InspectorDismissed(domain, inspector);
    }

    // ------------------------------------------------------------- inspectors

    /// @inheritdoc ICanaries
    function register(uint16 domain, bytes32 root, uint256 count) external returns (uint256 batch) {
        require(isInspector[domain][msg.sender], NotInspector(domain, msg.sender));
        require(count >= 1 && count <= MAX_BATCH, CountOutOfBounds(count, 1, MAX_BATCH));
        _requireNoOperator(domain, msg.sender);
        // Casts are safe: epochs fit 24 bits by deployment, the count was checked.
        uint24 epoch = uint24(VAULT.currentEpoch());
        batch = ++batchCount;
        _batches[batch] = Batch(msg.sender, domain, epoch, uint16(count), 0, 0, BatchState.OPEN, 0, root);
        emit BatchRegistered(domain, batch, msg.sender, root, count, epoch + LIFETIME, count * BOND);

        TOKEN.safeTransferFrom(msg.sender, address(this), count * BOND);
    }

    /// @inheritdoc ICanaries
    function open(
        uint256 batch,
        uint256 position,
        IAssay.Terms calldata terms,
        uint256[2] calldata answers,
        bytes32 salt,
        bytes32[] calldata siblings
    ) external {
        Batch storage b = _openBatch(batch);
        uint256 lastEpoch = b.epoch + LIFETIME;
        require(VAULT.currentEpoch() <= lastEpoch, BatchOver(batch, lastEpoch));
        require(terms.domain == b.domain, DomainMismatch(terms.domain, b.domain));
        _requireNoOperator(terms.domain, b.inspector);
        bytes32 note = noteOf(b.inspector, terms.requester, terms.payloadHash, answers, salt);
        require(note == terms.sealedNote, NoteMismatch(note, terms.sealedNote));
        require(Rulings.decidesAll(answers, terms.claims), WrongAnswers(terms.claims));
        bool isPlace = position < b.count && siblings.length == CanaryNotes.depth(b.count);
        bytes32 root = CanaryNotes.root(CanaryNotes.leaf(note, salt), position, siblings);
        require(isPlace && root == b.root, NotInBatch(batch, position));
        require((b.opened >> position) & 1 == 0, AlreadyOpened(batch, position));
        bytes32 requestId = _assay().idOf(terms);
        require(terms.epoch > b.epoch, RequestTooOld(requestId, terms.epoch, b.epoch + 1));
        require(_canaries[requestId].batch == 0, RequestOpened(requestId, _canaries[requestId].batch));

        bool counts = _answersCount(requestId);
        b.opened |= 1 << position;
        // Cast is safe: batches are counted in 64 bits.
        _canaries[requestId] = Canary(uint64(batch), counts, false);
        uint256 finalAt;
        if (counts) {
            _answers[requestId] = answers;
            (, , uint256 appealWindow, ) = REGISTRY.verdictRuleOf(terms.domain, terms.version);
            finalAt = block.timestamp + appealWindow;
        }
        emit CanaryOpened(terms.domain, requestId, batch, b.inspector, answers, finalAt);

        if (counts) _assay().markCanary(requestId, finalAt);
    }

    // ----------------------------------------------------------------- anyone

    /// @inheritdoc ICanaries
    function conclude(uint256 batch, IAssay.Terms[] calldata terms) external {
        Batch storage b = _openBatch(batch);
        uint16 concluded;
        uint16 overturned;
        for (uint256 i; i < terms.length; ++i) {
            bytes32 requestId = _assay().idOf(terms[i]);
            Canary storage canary = _canaries[requestId];
            require(canary.batch == batch, NotOpened(batch, requestId));
            if (canary.concluded) continue;
            IAssay.Phase phase = _assay().phaseOf(requestId);
            bool isFinal = phase == IAssay.Phase.FINAL || phase == IAssay.Phase.VOID;
            require(isFinal, NotFinal(requestId, phase));
            canary.concluded = true;
            ++concluded;
            bool isOverturned = canary.counts && _areOverturned(requestId, terms[i]);
            if (isOverturned) ++overturned;
            emit CanaryConcluded(b.domain, requestId, batch, isOverturned);
        }
        b.concluded += concluded;
        b.overturned += overturned;

        _forfeit(batch, b.domain, overturned * BOND);
    }

    /// @inheritdoc ICanaries
    function close(uint256 batch) external {
        Batch storage b = _openBatch(batch);
        uint256 lastEpoch = b.epoch + LIFETIME;
        require(VAULT.currentEpoch() > lastEpoch, BatchRunning(batch, lastEpoch));
        if (LibBit.popCount(b.opened) != b.count || _isOperator(b.domain, b.inspector)) {
            _burn(batch, b);
            return;
        }
        require(b.concluded == b.count, NotConcluded(batch, b.concluded, b.count));
        uint256 bond = _bondLeft(b);
        b.state = BatchState.RETURNED;
        emit BatchClosed(b.domain, batch, BatchState.RETURNED, bond);

        TOKEN.safeTransfer(b.inspector, bond);
    }

    /// @inheritdoc ICanaries
    function denounce(uint256 batch, IAssay.Terms calldata opened, IAssay.Terms calldata other) external {
        Batch storage b = _openBatch(batch);
        bytes32 requestId = _assay().idOf(opened);
        bytes32 otherId = _assay().idOf(other);
        require(_canaries[requestId].batch == batch, NotOpened(batch, requestId));
        bool isRepeated =
            otherId != requestId &&
                other.requester == opened.requester &&
                other.sealedNote == opened.sealedNote &&
                _assay().drawOf(otherId).exists();
        require(isRepeated, NotRepeated(requestId, otherId));

        _burn(batch, b);
    }

    // ------------------------------------------------------------------ views

    /// @inheritdoc ICanaries
    function answersOf(bytes32 requestId) public view returns (uint256[2] memory) {
        return _answers[requestId];
    }

    /// @inheritdoc ICanaries
    function noteOf(
        address inspector,
        address requester,
        bytes32 payloadHash,
        uint256[2] calldata answers,
        bytes32 salt
    ) public view returns (bytes32) {
        return CanaryNotes.note(separator(), inspector, requester, payloadHash, answers, salt);
    }

    /// @inheritdoc ICanaries
    function batchOf(uint256 batch) external view returns (Batch memory) {
        return _batches[batch];
    }

    /// @inheritdoc ICanaries
    function canaryOf(bytes32 requestId) external view returns (Canary memory) {
        return _canaries[requestId];
    }

    /// @inheritdoc ICanaries
    function separator() public view returns (bytes32) {
        return keccak256(abi.encode(NAME_HASH, block.chainid, address(this)));
    }

    // -------------------------------------------------------------- internals

    function _openBatch(uint256 batch) private view returns (Batch storage b) {
        b = _batches[batch];
        require(b.state == BatchState.OPEN, WrongBatchState(batch, b.state, BatchState.OPEN));
    }

    /// @dev Once final, a request that nobody appealed can no longer be opened: nothing is picked after the fact. A void or
    ///      appealed one ends without its inspector's doing, and is decided without it.
    function _answersCount(bytes32 requestId) private view returns (bool) {
        IAssay.Phase phase = _assay().phaseOf(requestId);
        if (phase == IAssay.Phase.FINALIZED) return true;
        bool isAppealed =
            phase == IAssay.Phase.APPEALED ||
                (phase == IAssay.Phase.FINAL && _assay().roundOf(requestId).has(APPEALED));
        require(isAppealed || phase == IAssay.Phase.VOID, IAssay.WrongPhase(requestId, phase, IAssay.Phase.FINALIZED));
        return false;
    }

    /// @dev Whether an appeal decided a claim otherwise than the inspector.
    function _areOverturned(bytes32 requestId, IAssay.Terms calldata terms) private view returns (bool) {
        if (!_assay().roundOf(requestId).has(APPEALED)) return false;
        uint256[2] memory answers = _answers[requestId];
        uint256[2] memory counting = APPEALS.referenceOf(terms);
        return (Rulings.opposed(answers[0], counting[0]) | Rulings.opposed(answers[1], counting[1])) != 0;
    }

    function _isOperator(uint16 domain, address inspector) private view returns (bool) {
        return VAULT.originOf(domain, inspector).serial != 0;
    }

    /// @dev Hot keys are not looked at: an operator can name any address as its own, so that would be a way to do harm.
    function _requireNoOperator(uint16 domain, address inspector) private view {
        require(!_isOperator(domain, inspector), OwnsOperator(domain, inspector));
    }

    function _bondLeft(Batch storage b) private view returns (uint256) {
        return (b.count - b.overturned) * BOND;
    }

    function _burn(uint256 batch, Batch storage b) private {
        uint256 bond = _bondLeft(b);
        b.state = BatchState.BURNED;
        emit BatchClosed(b.domain, batch, BatchState.BURNED, bond);

        _forfeit(batch, b.domain, bond);
    }

    function _forfeit(uint256 batch, uint16 domain, uint256 amount) private {
        if (amount == 0) return;
        uint256 bounty = amount / Units.BOUNTY_DIVISOR;
        emit BondForfeited(batch, msg.sender, bounty, amount - bounty);

        if (bounty != 0) TOKEN.safeTransfer(msg.sender, bounty);
        FEES.sponsor(domain, amount - bounty);
    }

    function _assay() private view returns (IAssay) {
        return IAssay(ASSAY);
    }
}
