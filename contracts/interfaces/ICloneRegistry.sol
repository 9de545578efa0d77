// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {CloneMath} from "../libraries/CloneMath.sol";
import {IAssay} from "./IAssay.sol";

/// @title ICloneRegistry
/// @notice Proofs that two operators of different families run the same model: their revealed votes are correlated over the
///         uncertain claims of shared requests. The later registrant counts in the other's family from then on.
/// @dev Nothing is confiscated: a clone loses the diversity premium, and a twentieth of its next rewards goes to whoever
///      reported it (IStakeVault.Bounty). Whoever reports picks the requests, so until the reply
///      window is over anyone may add others that both voted in; what all of them say together decides.
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
        /// @dev basis points: a claim is uncertain if the committee's mean is at most so far from θ; 100..2,500
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
        /// @dev requests before this epoch are no evidence: the pair was cleared then
        uint24 firstEpoch;
        Status status;
        /// @dev family of the later registrant before it was reclassified
        uint8 from;
        // slot 1
        CloneMath.Sums sums;
        // slot 2
        Rule rule;
        // slot 3
        /// @dev keccak256 of the ids of all requests in evidence, ascending, packed
        bytes32 evidenceHash;
        // slot 4
        /// @dev lineage of family `from`
        bytes32 lineage;
    }

    /// @notice Later reports in the domain are judged by this rule.
    event RuleSet(uint16 indexed domain, Rule rule);
    /// @notice `requestIds` are all requests in evidence, ascending; `sums` are over their uncertain claims.
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
    /// @notice As {CloneReported}, after requests were added.
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
    /// @notice The pair was cleared; `bond` wei went to `recipient`: the later registrant, or the reporter where there was
    ///         nothing left to decide because they are of one family or the earlier one is gone.
    event CloneDismissed(
        uint16 indexed domain,
        address indexed earlier,
        address indexed later,
        address recipient,
        uint256 bond
    );
    /// @notice The domain's owner moved the later registrant back.
    event CloneReversed(uint16 indexed domain, address indexed earlier, address indexed later, string reason);

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
    /// @notice Ids of the evidence must ascend, so that none comes twice.
    error NotAscending(bytes32 requestId, bytes32 before);
    /// @notice The request was counted before.
    error AlreadyInEvidence(bytes32 requestId);
    /// @notice The known ids are not those in evidence: hashes of both lists.
    error EvidenceMismatch(bytes32 given, bytes32 required);
    /// @notice The request has no verdict, or the terms are of no request.
    error NotFinalized(bytes32 requestId);
    /// @notice The pair was judged over the epochs before `first`.
    error TooOld(bytes32 requestId, uint256 epoch, uint256 first);
    /// @notice The operator revealed nothing in this request.
    error NotRevealed(bytes32 requestId, address owner);
    /// @notice The votes are not those the operator revealed.
    error VotesMismatch(bytes32 requestId, address owner);
    /// @notice The rule asks for more requests or more uncertain claims.
    error TooLittleEvidence(uint256 requests, uint256 claims, uint256 minRequests, uint256 minClaims);
    /// @notice The votes are no more alike than those of different models may be.
    error NotAlike(CloneMath.Sums sums, uint256 correlation);
    /// @notice A reply adds at least one request.
    error NoEvidence();
    /// @notice More exhibits than one call takes.
    error BatchTooLarge(uint256 given, uint256 max);
    /// @notice The exhibits of one call have more claims together than it takes.
    error TooManyClaims(uint256 given, uint256 max);
    /// @notice A case would hold more requests than a reply can still name.
    error TooMuchEvidence(uint256 given, uint256 max);
    /// @notice Unix seconds.
    error ReplyWindowOver(uint256 now_, uint256 openUntil);
    /// @notice Unix seconds.
    error ReplyWindowOpen(uint256 now_, uint256 openUntil);
    /// @notice A reversal says why.
    error NoReason();
    /// @notice The slot of the former family now belongs to another one.
    error FamilyGone(uint256 domain, uint256 family);

    /// @notice Opens a case by a deposit of {BOND} wei of the caller's WORK (allowance needed).
    /// @param earlier the operator that registered first; both must be registered, in different families
    /// @param evidence requests of the domain that both revealed in, finalized, ids ascending; at most {MAX_EXHIBITS},
    ///        with {MAX_CLAIMS} claims together
    function report(uint16 domain, address earlier, address later, Exhibit[] calldata evidence) external;

    /// @notice Adds requests to an open case. Anyone. In the last quarter of the window it stays open for a quarter more.
    /// @param known ids of the requests in evidence so far, ascending
    /// @param evidence as in {report}; with the known ones at most {MAX_EVIDENCE}
    function reply(
        uint16 domain,
        address earlier,
        address later,
        bytes32[] calldata known,
        Exhibit[] calldata evidence
    ) external;

    /// @notice Decides a case whose window is over. Anyone. If both are still alike over all evidence, the later one moves
    ///         to the earlier one's family, the bond returns and the bounty begins; else the bond goes to the later one.
    function close(uint16 domain, address earlier, address later) external;

    /// @notice Moves a reclassified operator back and ends its bounty. Only the domain's owner.
    /// @param reason not empty
    function reverse(uint16 domain, address earlier, address later, string calldata reason) external;

    /// @notice Sets when operators of the domain are clones; open cases keep the rule they began with. Only the domain's
    ///         owner.
    function setRule(uint16 domain, Rule calldata rule) external;

    /// @notice The rule for new cases; a domain that chose none has 4 requests, 512 claims, 0.25, 0.95 and 3 days.
    function ruleOf(uint16 domain) external view returns (Rule memory);
    /// @notice The case on a pair, see {Case}.
    function caseOf(uint16 domain, address earlier, address later) external view returns (Case memory);
    /// @notice Exhibits a call takes.
    function MAX_EXHIBITS() external view returns (uint256);
    /// @notice Claims the exhibits of a call have together, certain ones included.
    function MAX_CLAIMS() external view returns (uint256);
    /// @notice Requests a case holds.
    function MAX_EVIDENCE() external view returns (uint256);
    /// @notice wei of WORK, as much as a proposed family deposits. A bounty is at most as much.
    function BOND() external view returns (uint256);
    /// @notice Epochs whose rewards pay a bounty.
    function BOUNTY_EPOCHS() external view returns (uint256);
}
