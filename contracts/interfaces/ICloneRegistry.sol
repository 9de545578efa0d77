// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {CloneMath} from "../libraries/CloneMath.sol";
import {IAssay} from "./IAssay.sol";

/// @title ICloneRegistry
/// @notice Proofs that two operators of different families run the same model: their revealed votes are correlated over the
///         uncertain claims of shared requests. The later registrant counts in the other's family from then on.
/// @dev Nothing is confiscated: a clone loses the diversity premium, and a twentieth of its next rewards goes to whoever
///      reported it (IStakeVault.Bounty). Whoever reports picks the requests, so until the reply window is over anyone may
///      add others that both voted in; what all of them say together decides. Only requests of epochs before that of the
///      report count, so that evidence is finite and nobody can make any once it knows.
///      The statistic cannot tell who copied whom: a domain's owner may reverse a reclassification, in public.
///      Safety rests on: Assay keeps the digest of revealed votes, StakeVault counts registrations, WORK calls nobody.
interface ICloneRegistry {
    enum Status {
        NONE,
        OPEN,
        RECLASSIFIED
    }

    /// @notice When two operators of a domain are clones. One slot.
    struct Rule {
        /// @dev distinct requests, 4..{MAX_EXHIBITS}
        uint16 minRequests;
        /// @dev shared uncertain claims, 512..{MAX_CLAIMS} / 2
        uint16 minClaims;
        /// @dev basis points: a claim is uncertain if the committee's mean is at most so far from a θ of ½, from another θ in
        ///      proportion to its nearer end, 2 · distance · min(θ, 1 − θ); 100..2,500
        uint16 distance;
        /// @dev basis points: accused from this correlation on; 9,500..10,000
        uint16 correlation;
        /// @dev seconds, 1 day..30 days
        uint32 replyWindow;
    }

    /// @notice One request in which both voted.
    struct Exhibit {
        IAssay.Terms terms;
        /// @dev votes of the earlier registrant
        bytes first;
        /// @dev votes of the later one
        bytes second;
    }

    /// @notice A report on a pair of operators.
    struct Case {
        // slot 0
        address reporter;
        /// @dev Unix seconds until which requests can be added
        uint48 openUntil;
        /// @dev of the report; only requests of earlier epochs are evidence
        uint24 epoch;
        Status status;
        /// @dev of the earlier registrant at the report
        uint8 family;
        // slot 1
        CloneMath.Sums sums;
        // slot 2
        Rule rule;
        // slot 3
        /// @dev counts the reports of all domains, from 1
        uint64 number;
        /// @dev of the earlier one's registration at the report, see IStakeVault.Origin
        uint64 serial;
        /// @dev Unix seconds: replies never move `openUntil` beyond
        uint48 lastEnd;
        /// @dev number of the case that had moved the later one before, and still stands; zero if none
        uint64 before;
        // slot 4
        /// @dev of the later one's family before it was moved
        bytes32 lineage;
    }

    /// @notice Later reports in the domain are judged by this rule.
    event RuleSet(uint16 indexed domain, Rule rule);
    /// @notice `requestIds` are the requests in evidence; `sums` are over their uncertain claims.
    event CloneReported(
        uint16 indexed domain,
        address indexed earlier,
        address indexed later,
        address reporter,
        bytes32[] requestIds,
        CloneMath.Sums sums,
        uint48 openUntil,
        uint256 bond
    );
    /// @notice `requestIds` were added; `sums` are over all uncertain claims in evidence.
    event EvidenceAdded(
        uint16 indexed domain,
        address indexed earlier,
        address indexed later,
        address sender,
        bytes32[] requestIds,
        CloneMath.Sums sums,
        uint48 openUntil
    );
    /// @notice The later registrant moves from slot `from` to slot `family` with the next epoch.
    event CloneConfirmed(
        uint16 indexed domain,
        address indexed earlier,
        address indexed later,
        uint8 from,
        uint8 family
    );
    /// @notice `bond` wei went to `recipient`: the later registrant, which was cleared, or the reporter where there was nothing
    ///         left to decide: they are of one family, or the earlier one left or was moved itself.
    event CloneDismissed(
        uint16 indexed domain,
        address indexed earlier,
        address indexed later,
        address recipient,
        uint256 bond
    );
    event CloneReversed(
        uint16 indexed domain,
        address indexed earlier,
        address indexed later,
        uint8 family,
        string reason
    );

    /// @notice A peer has no code or does not know this contract or its peers.
    error InvalidPeer(address peer);
    /// @notice A number is out of its bounds, see {Rule}.
    error InvalidRule(Rule given);
    /// @notice Only the domain's owner.
    error NotDomainOwner(address caller, address owner);
    /// @notice Nobody is a clone of itself.
    error SameOwner(address owner);
    /// @notice Within a family copies are no offence.
    error SameFamily(address earlier, address later, uint256 family);
    /// @notice No operator of the domain has this owner.
    error NotRegistered(uint256 domain, address owner);
    /// @notice The second operator must have registered after the first.
    error NotLater(address earlier, address later);
    /// @notice The case on the pair is `given`.
    error WrongStatus(Status given, Status required);
    /// @notice The request belongs to another domain.
    error DomainMismatch(uint256 given, uint256 required);
    /// @notice More exhibits than one call takes.
    error BatchTooLarge(uint256 given, uint256 max);
    /// @notice The exhibits of one call have more claims together than it takes.
    error TooManyClaims(uint256 given, uint256 max);
    /// @notice Every request given is in evidence.
    error NothingToAdd();
    /// @notice The request has no verdict, or the terms are of no request.
    error NotFinalized(bytes32 requestId);
    /// @notice The pair was cleared of everything before epoch `first`.
    error TooOld(bytes32 requestId, uint256 epoch, uint256 first);
    /// @notice Only requests of epochs before that of the report are evidence.
    error TooNew(bytes32 requestId, uint256 epoch, uint256 reported);
    /// @notice In that request both sat for family `family`, where copies are no offence.
    error SatInOneFamily(bytes32 requestId, uint256 family);
    /// @notice The operator revealed nothing in this request.
    error NotRevealed(bytes32 requestId, address owner);
    /// @notice The votes are not those the operator revealed.
    error VotesMismatch(bytes32 requestId, address owner);
    /// @notice The rule asks for more requests or more uncertain claims.
    error TooLittleEvidence(uint256 requests, uint256 claims, uint256 minRequests, uint256 minClaims);
    /// @notice The votes are no more alike than those of different models may be.
    error NotAlike(CloneMath.Sums sums, uint256 correlation);
    /// @notice Unix seconds.
    error ReplyWindowOver(uint256 now_, uint256 openUntil);
    /// @notice Unix seconds.
    error ReplyWindowOpen(uint256 now_, uint256 openUntil);
    /// @notice A reversal says why.
    error NoReason();
    /// @notice An operator goes back to the lineage it came from only.
    error LineageMismatch(bytes32 given, bytes32 required);
    /// @notice Case `last` moved the operator after case `number`, and is to be reversed first.
    error MovedSince(address owner, uint256 number, uint256 last);

    /// @notice Opens a case by a deposit of {BOND} wei of the caller's WORK (allowance needed).
    /// @param earlier the operator that registered first; both must be registered, in different families
    /// @param evidence requests of the domain and of past epochs, finalized, that both revealed in for different families; at
    ///        most {MAX_EXHIBITS}, with {MAX_CLAIMS} claims together
    function report(uint16 domain, address earlier, address later, Exhibit[] calldata evidence) external;

    /// @notice Adds requests to an open case. Anyone. Those that are in evidence are passed over, so nobody can spoil a reply;
    ///         one that adds nothing reverts. In the last quarter of the window it stays open for a quarter more, but never
    ///         longer than two windows.
    /// @param evidence as in {report}
    function reply(uint16 domain, address earlier, address later, Exhibit[] calldata evidence) external;

    /// @notice Decides a case whose window is over. Anyone. If both are alike over all evidence, the later one moves to the
    ///         earlier one's family, the bond returns and the bounty begins; else the bond goes to the later one. Where there
    ///         is nothing left to decide, see {CloneDismissed}, the bond returns and the pair can be reported again.
    function close(uint16 domain, address earlier, address later) external;

    /// @notice Moves a reclassified operator back and ends its bounty. Only the domain's owner; of several moves of one
    ///         operator the last one first.
    /// @param family a slot of the lineage the operator came from
    /// @param reason not empty
    function reverse(uint16 domain, address earlier, address later, uint8 family, string calldata reason) external;

    /// @notice Sets when operators of the domain are clones; open cases keep the rule they began with. Only the domain's
    ///         owner.
    function setRule(uint16 domain, Rule calldata rule) external;

    /// @notice The rule for new cases; a domain that chose none has 4 requests, 512 claims, 0.25, 0.95 and 3 days.
    function ruleOf(uint16 domain) external view returns (Rule memory);
    /// @notice The case on a pair, see {Case}.
    function caseOf(uint16 domain, address earlier, address later) external view returns (Case memory);
    /// @notice Whether a request is in evidence of case `number`.
    function isEvidence(uint256 number, bytes32 requestId) external view returns (bool);
    /// @notice Requests before this epoch are no evidence against the pair, in either order: it was cleared then.
    function firstEpochOf(uint16 domain, address one, address other) external view returns (uint256);
    /// @notice wei of WORK, as much as a proposed family deposits. A bounty is at most as much.
    function BOND() external view returns (uint256);
    /// @notice Exhibits a call takes.
    function MAX_EXHIBITS() external view returns (uint256);
    /// @notice Claims the exhibits of a call have together, certain ones included.
    function MAX_CLAIMS() external view returns (uint256);
    /// @notice Epochs whose rewards pay a bounty.
    function BOUNTY_EPOCHS() external view returns (uint256);
}
