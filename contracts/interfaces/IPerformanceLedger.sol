// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {PerformanceMath} from "../libraries/PerformanceMath.sol";
import {IAssay} from "./IAssay.sol";

/// @title IPerformanceLedger
/// @notice Measured performance: receipts requesters sign, metrics keepers post under a bond, the routing reputation R_r.
///         For routing only: nothing of it reaches votes, seats, stake or pay, and no room of the protocol reads it.
/// @dev Receipts extend one hash chain per (domain, model). A post names the head it was computed at, so receipts that
///      come later do not make it false; whoever doubts it replays the chain's last {WINDOW} receipts on-chain.
///      Safety rests on: Assay, the StakeVault and the DomainRegistry are the immutable peers and only asked; WORK calls
///      nobody; a requester that is a contract is asked for its signature by a static call, which cannot change anything.
///      Bonds return as long as WORK moves. Balance of WORK ≥ BOND · open posts.
///      What a receipt says is the requester's word: see docs/performance.md for who can lie about what.
interface IPerformanceLedger {
    /// @notice A receipt with what proves it.
    struct SignedReceipt {
        /// @dev of the request, as IAssay hands them out
        IAssay.Terms terms;
        PerformanceMath.Receipt receipt;
        /// @dev of `terms.requester` over {digestOf} the receipt: ECDSA, or ERC-1271 of a contract
        bytes signature;
    }

    /// @notice What is posted of one operator. WAD; S, F, B, I in 0..1, R_r in 0.1..10.
    struct Metrics {
        uint64 speed;
        uint64 forward;
        uint64 backward;
        uint64 response;
        uint64 reputation;
    }

    struct Entry {
        address operator;
        /// @dev R_r the metrics build on, WAD, and receipts of the chain that are in it: as they will be once an earlier
        ///      post whose window is over is accepted. Checked, so that nobody can make a post false by being first.
        uint64 before;
        uint48 counted;
        Metrics metrics;
    }

    /// @notice The newest post of a (domain, operator).
    struct Post {
        // slot 0
        /// @dev zero when it is not open any more
        address poster;
        /// @dev Unix seconds; challenges come before, the bond returns from then on
        uint48 openUntil;
        /// @dev rule of the domain it was computed under
        uint16 version;
        /// @dev number among the posts of this (domain, operator), from 1 on
        uint32 id;
        // slots 1 and 2
        Metrics metrics;
        /// @dev receipts of the chain it was computed at
        uint48 count;
        // slot 3
        bytes32 modelHash;
    }

    /// @param late the operator's seat in that request was late
    /// @param count receipts of the chain with this one
    event ReceiptRecorded(
        uint16 indexed domain,
        bytes32 indexed modelHash,
        address indexed operator,
        PerformanceMath.Receipt receipt,
        bool late,
        uint256 count
    );
    /// @notice The end of a batch: only such heads can be posted at.
    event ChainExtended(uint16 indexed domain, bytes32 indexed modelHash, uint256 count, bytes32 head);
    /// @notice Posts of a domain are computed under this rule from now on.
    event RuleSet(uint16 indexed domain, uint16 version, PerformanceMath.Rule rule);
    /// @notice A post waits for challenges until `openUntil`, Unix seconds.
    /// @param count receipts of the model's chain it was computed from
    /// @param version of the domain's rule
    event MetricsPosted(
        uint16 indexed domain,
        address indexed operator,
        address indexed poster,
        uint256 id,
        bytes32 modelHash,
        uint256 count,
        Metrics metrics,
        uint16 version,
        uint256 openUntil
    );
    /// @notice A post stands; its bond went back to the poster.
    event MetricsAccepted(uint16 indexed domain, address indexed operator, address indexed poster, uint256 reputation);
    /// @notice A replay said the same as the post: the challenger paid BOND, of it `reward` wei to the poster.
    event ChallengeLost(
        uint16 indexed domain,
        address indexed operator,
        address indexed challenger,
        address poster,
        uint256 reward
    );
    /// @notice A replay said something else: the poster lost its bond, of it `reward` wei to the challenger.
    /// @param replayed the true metrics; all zero if there was nothing new to post of the operator
    event MetricsRefuted(
        uint16 indexed domain,
        address indexed operator,
        address indexed challenger,
        address poster,
        Metrics replayed,
        uint256 reward
    );

    /// @notice The bond or the challenge window is out of bounds.
    error InvalidConstants(uint256 bond, uint256 challengeWindow);
    /// @notice A peer has no code or does not know Assay.
    error InvalidPeer(address peer);
    /// @notice A call takes `min` to `max` items.
    error BatchOutOfBounds(uint256 given, uint256 min, uint256 max);
    /// @notice The request belongs to another domain.
    error DomainMismatch(uint256 given, uint256 required);
    /// @notice The receipt names another request than the terms.
    error RequestMismatch(bytes32 given, bytes32 required);
    /// @notice The operator does not run that model.
    error ModelMismatch(address operator, bytes32 given, bytes32 registered);
    /// @notice Needs 1 ≤ inferMs and loadMs + inferMs ≤ roundTripMs.
    error InvalidTimes(uint256 loadMs, uint256 inferMs, uint256 roundTripMs);
    /// @notice The operator revealed no vote in that request.
    error NotRevealed(bytes32 requestId, address operator);
    /// @notice The requester did not sign exactly this receipt for this ledger.
    error InvalidSignature(bytes32 requestId, address operator, address requester);
    /// @notice Every receipt of the batch is recorded already.
    error NothingToRecord();
    /// @notice Only the domain's owner.
    error NotDomainOwner(address caller, address owner);
    /// @notice A number is out of its bounds, see {setRule}.
    error InvalidRule(PerformanceMath.Rule rule);
    /// @notice No batch ended with that head at that count.
    error UnknownHead(bytes32 given, bytes32 recorded);
    /// @notice More than a whole window was recorded since.
    error OldHead(uint256 count, uint256 least);
    /// @notice S, F, B and I are at most 1, R_r lies in 0.1 to 10.
    error MetricsOutOfBounds(address operator);
    /// @notice The domain's owner has chosen another rule since.
    error RuleChanged(uint256 given, uint256 current);
    /// @notice The metrics do not build on what is accepted of the operator.
    error StandingChanged(address operator, uint256 reputation, uint256 counted);
    /// @notice Of every operator given a post waits for challenges, or one at the same or a later count was accepted.
    error NothingToPost();
    /// @notice A post of the operator waits for challenges.
    error PostOpen(uint256 domain, address operator, uint256 openUntil);
    /// @notice No post of the operator waits.
    error NoOpenPost(uint256 domain, address operator);
    /// @notice The open post is not the one that was meant.
    error PostChanged(uint256 given, uint256 current);
    /// @notice Unix seconds.
    error ChallengeWindowOver(uint256 domain, address operator, uint256 openUntil);
    /// @notice A replay takes exactly `required` receipts.
    error WrongWindow(uint256 given, uint256 required);
    /// @notice The receipts are not the ones that were recorded.
    error ReplayMismatch(bytes32 given, bytes32 recorded);

    // ------------------------------------------------------------------ receipts

    /// @notice Adds receipts to the chain of a model, in their order. Anyone who holds them. Receipts that are recorded
    ///         already are passed over; a call that records nothing reverts. One receipt per (request, operator).
    /// @param receipts at most {MAX_RECEIPTS}, all of `domain` and `modelHash`
    function recordReceipts(uint16 domain, bytes32 modelHash, SignedReceipt[] calldata receipts) external;

    // ------------------------------------------------------------------- metrics

    /// @notice Posts metrics of operators of one model, each under a BOND of the caller (allowance needed). An older post
    ///         of the same operator whose window is over is accepted first. Operators of whom a post waits for challenges, or
    ///         one at the same or a later count was accepted, are passed over; a call that posts nothing reverts.
    /// @param version of the domain's rule, the one of now
    /// @param count, head of the chain, as a batch left it; at most {WINDOW} receipts old
    /// @param entries at most {MAX_POSTS}
    function postMetrics(
        uint16 domain,
        bytes32 modelHash,
        uint16 version,
        uint256 count,
        bytes32 head,
        Entry[] calldata entries
    ) external;

    /// @notice Replays the receipts an open post was computed from. If it is false, its bond is lost: half of it goes to
    ///         the caller, the rest burns. If it is true, it is accepted at once and the caller pays as much (allowance
    ///         needed): half to the poster, the rest burns. A post of an operator without a new receipt is false. A full
    ///         window costs about a million gas.
    /// @param id of the post, so that nobody can put a true one in the place of the false one that is challenged
    /// @param base head of the chain before the first of `entries`; zero if that is the chain's first
    /// @param entries the last min(count, {WINDOW}) receipts up to the post's count, the oldest first
    function challengeMetrics(
        uint16 domain,
        address operator,
        uint256 id,
        bytes32 base,
        PerformanceMath.Entry[] calldata entries
    ) external;

    /// @notice Accepts a post whose window is over and gives its bond back to the poster. Anyone.
    function withdrawBond(uint16 domain, address operator) external;

    // --------------------------------------------------------------------- rules

    /// @notice Chooses the rule for later posts of a domain. Only the domain's owner.
    /// @param rule weights 10,000 together; alpha, beta ≤ 10,000; scale 1..10; success 10,000..20,000; late 1,000..10,000
    function setRule(uint16 domain, PerformanceMath.Rule calldata rule) external;

    // --------------------------------------------------------------------- views

    /// @notice R_r, WAD: of the newest post nobody can challenge any more.
    function routingReputationOf(uint16 domain, address operator) external view returns (uint256);
    /// @notice What a post of the operator's present model has to build on: R_r, receipts of the chain that are in it, and
    ///         the version of the rule.
    function basisOf(
        uint16 domain,
        address operator
    ) external view returns (uint256 reputation, uint256 counted, uint16 version);
    /// @notice Receipts of a model's chain that are in the operator's R_r: its count at the last accepted post.
    function countedOf(uint16 domain, address operator, bytes32 modelHash) external view returns (uint256);
    /// @notice The open post of the operator, see {Post}; no poster if there is none.
    function postOf(uint16 domain, address operator) external view returns (Post memory);
    /// @notice Receipts recorded of a model.
    function countOf(uint16 domain, bytes32 modelHash) external view returns (uint256);
    /// @notice Head of a model's chain after `count` receipts; zero where no batch ended.
    function headAt(uint16 domain, bytes32 modelHash, uint256 count) external view returns (bytes32);
    /// @notice Whether the operator's receipt of that request is recorded.
    function isRecorded(bytes32 requestId, address operator) external view returns (bool);
    /// @notice Version of the rule for posts from now on; zero is the default rule.
    function versionOf(uint16 domain) external view returns (uint16);
    /// @notice The domain's rule of that version.
    function ruleOf(uint16 domain, uint16 version) external view returns (PerformanceMath.Rule memory);
    /// @notice What a requester signs: EIP-712, name "Assay Performance", version "1".
    function digestOf(PerformanceMath.Receipt calldata receipt) external view returns (bytes32);

    /// @notice wei of WORK a post, and a lost challenge, costs at stake.
    function BOND() external view returns (uint256);
    /// @notice Seconds a post can be challenged.
    function CHALLENGE_WINDOW() external view returns (uint256);
    /// @notice Largest batch of {recordReceipts}; fits a 16M-gas transaction with ECDSA signatures.
    function MAX_RECEIPTS() external view returns (uint256);
    /// @notice Largest batch of {postMetrics}; fits a 16M-gas transaction.
    function MAX_POSTS() external view returns (uint256);
    /// @notice Receipts of a model that count.
    function WINDOW() external view returns (uint256);
}
