// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {IAssay} from "./IAssay.sol";

/// @title ICanaries
/// @notice Requests whose answers are known beforehand. An inspector of a domain, who owns no operator in it, registers a
///         batch of canaries under a bond and has them asked like any other request: what a canary commits to is its
///         sealed note, which nobody can tell from noise. Once verdicts are published and nobody appealed, the inspector
///         opens the canary: from then on it can be appealed like a verdict, and the quality outcomes of its seats, hence
///         their R, are judged by the answers. Verdicts, scores, points and charges stay as they are.
/// @dev Nothing can be picked after the fact: a note fixes requester, payload and answers, a batch fixes the notes before
///      the epoch of its first request begins, and a batch of which one canary was not opened, or was asked twice, loses
///      its bond. So does one whose inspector became an operator of the domain. A canary whose answers an appeal
///      overturned loses its part. Whoever brings that about gets a twentieth, the rest is burned for the domain.
///      Safety rests on: WORK calls nobody, the peers are immutable contracts of this protocol.
interface ICanaries {
    enum BatchState {
        NONE,
        OPEN,
        /// @dev the bond went back
        RETURNED,
        /// @dev the bond is burned
        BURNED
    }

    /// @notice A batch of canaries.
    struct Batch {
        // slot 0
        address inspector;
        uint16 domain;
        uint24 epoch; // of the registration; requests of later epochs count
        uint16 count; // canaries, 1..256
        uint16 concluded; // canaries whose request is final
        uint16 overturned; // concluded canaries whose answers an appeal overturned
        BatchState state;
        // slot 1
        uint256 opened; // bit p: the canary at position p was opened
        // slot 2
        bytes32 root; // of the leaves, see CanaryNotes
    }

    /// @notice An opened canary. One slot.
    struct Canary {
        uint64 batch;
        /// @dev whether its answers count: the request had verdicts and was not appealed yet
        bool counts;
        bool concluded;
    }

    event InspectorAppointed(uint16 indexed domain, address indexed inspector);
    event InspectorDismissed(uint16 indexed domain, address indexed inspector);
    /// @param lastEpoch in which canaries of the batch can be opened
    event BatchRegistered(
        uint16 indexed domain,
        uint256 indexed batch,
        address indexed inspector,
        bytes32 root,
        uint256 count,
        uint256 lastEpoch,
        uint256 bond
    );
    /// @notice Request `requestId` was a canary.
    /// @param answers two bits a claim (1 false, 2 true), claim 0 lowest, 128 claims a word
    /// @param finalAt when FINAL begins now; zero where the answers do not count
    event CanaryOpened(
        uint16 indexed domain,
        bytes32 indexed requestId,
        uint256 indexed batch,
        address inspector,
        uint256[2] answers,
        uint256 finalAt
    );
    event CanaryConcluded(uint16 indexed domain, bytes32 indexed requestId, uint256 indexed batch, bool overturned);
    /// @param bond wei that was left of the bond
    event BatchClosed(uint16 indexed domain, uint256 indexed batch, BatchState state, uint256 bond);
    /// @notice Of a bond `bounty` wei went to `collector`, `burned` wei were burned for the domain.
    event BondForfeited(uint256 indexed batch, address indexed collector, uint256 bounty, uint256 burned);

    error InvalidConstants(uint256 bond, uint256 lifetime);
    error NotDomainOwner(address caller, address owner);
    error NotInspector(uint256 domain, address caller);
    error AlreadyInspector(uint256 domain, address inspector);
    /// @notice Who ever registered an operator in a domain does not inspect it.
    error OwnsOperator(uint256 domain, address inspector);
    error CountOutOfBounds(uint256 given, uint256 min, uint256 max);
    error WrongBatchState(uint256 batch, BatchState given, BatchState required);
    error BatchOver(uint256 batch, uint256 lastEpoch);
    error BatchRunning(uint256 batch, uint256 lastEpoch);
    error DomainMismatch(uint256 given, uint256 required);
    /// @notice The request is not younger than the batch.
    error RequestTooOld(bytes32 requestId, uint256 epoch, uint256 firstEpoch);
    error NoteMismatch(bytes32 given, bytes32 required);
    /// @notice Every claim of the request, and no other, needs an answer.
    error WrongAnswers(uint256 claims);
    /// @notice The batch has no such canary at this position.
    error NotInBatch(uint256 batch, uint256 position);
    error AlreadyOpened(uint256 batch, uint256 position);
    /// @notice The request was opened for another position or batch.
    error RequestOpened(bytes32 requestId, uint256 batch);
    error NotOpened(uint256 batch, bytes32 requestId);
    error NotFinal(bytes32 requestId, IAssay.Phase phase);
    error NotConcluded(uint256 batch, uint256 concluded, uint256 count);
    /// @notice These are not two requests of one requester with one note.
    error NotRepeated(bytes32 requestId, bytes32 other);

    /// @notice Lets `inspector` register batches in the domain. Only its owner.
    function appoint(uint16 domain, address inspector) external;

    /// @notice Ends that. Batches that are registered can and must still be opened. Only the domain's owner.
    function dismiss(uint16 domain, address inspector) external;

    /// @notice Registers a batch for a bond of `count` · {BOND} wei of the caller's WORK (allowance needed). Its requests
    ///         must belong to later epochs and be opened within {LIFETIME} epochs. Only inspectors.
    /// @param root of the leaves at positions 0 … count − 1 of a tree of the least depth, see CanaryNotes
    /// @param count 1..{MAX_BATCH}
    /// @return batch number, from 1
    function register(uint16 domain, bytes32 root, uint256 count) external returns (uint256 batch);

    /// @notice Opens a canary. Anyone who holds the opening. The answers count if the verdicts are published and not
    ///         appealed; the time to appeal begins anew. A void or appealed request is opened without effect.
    /// @param position of the canary in its batch, from 0
    /// @param answers two bits a claim, every claim 1 (false) or 2 (true)
    /// @param siblings on the way from the leaf to the root
    function open(
        uint256 batch,
        uint256 position,
        IAssay.Terms calldata terms,
        uint256[2] calldata answers,
        bytes32 salt,
        bytes32[] calldata siblings
    ) external;

    /// @notice Notes what became of opened canaries whose requests are final or void; concluded ones are passed over.
    ///         Answers that an appeal overturned cost their part of the bond. Anyone.
    function conclude(uint256 batch, IAssay.Terms[] calldata terms) external;

    /// @notice Ends a batch after its last epoch: the rest of the bond returns if all canaries were opened and concluded,
    ///         else it is forfeited. Anyone.
    function close(uint256 batch) external;

    /// @notice Proves that the requester of an opened canary asked with the same note again, which forfeits the bond: who
    ///         asks twice could open the one that suits. Anyone, until the batch is closed.
    function denounce(uint256 batch, IAssay.Terms calldata opened, IAssay.Terms calldata other) external;

    /// @notice The answers of an opened canary that count; zero for every other request.
    function answersOf(bytes32 requestId) external view returns (uint256[2] memory);
    /// @notice The commitment of a canary, which its request carries as sealed note.
    function noteOf(
        address inspector,
        address requester,
        bytes32 payloadHash,
        uint256[2] calldata answers,
        bytes32 salt
    ) external view returns (bytes32);
    function batchOf(uint256 batch) external view returns (Batch memory);
    function canaryOf(bytes32 requestId) external view returns (Canary memory);
    function batchCount() external view returns (uint64);
    function isInspector(uint16 domain, address inspector) external view returns (bool);
    /// @notice keccak256(abi.encode(name hash, chainid, this)).
    function separator() external view returns (bytes32);

    /// @notice wei of WORK under each canary.
    function BOND() external view returns (uint256);
    /// @notice Epochs after that of its registration in which a batch can be opened.
    function LIFETIME() external view returns (uint256);
    function MAX_BATCH() external view returns (uint256);
    function ASSAY() external view returns (address);
}
