// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {AccountWord} from "../libraries/AccountWords.sol";
import {DrawWord, RoundWord, SeatWord} from "../libraries/RequestWords.sol";
import {ScoreWord} from "../libraries/ScoreWords.sol";
import {IEpochClock} from "./IEpochClock.sol";

/// @title IAssay
/// @notice The life of a request: request → seal → commit → (extend) → reveal → finalize → (appeal → …) → settle.
///         Every round has an id: that of the request for its first, the hash of the id before for the round an appeal
///         opens. Votes, tickets, seats and events belong to a round.
/// @dev Consumers act on the id of the request they opened, never on "some verdict for this text": whoever may pick
///      among verdicts can ask until a committee suits him (SPEC REQ-12).
///      Safety rests on: the peers are immutable contracts of this protocol and WORK calls nobody, so no outside code
///      runs inside a call; IRandomness never changes an answer of READY. Liveness rests on IRandomness answering.
interface IAssay is IEpochClock {
    /// @notice Where a request stands. Computed by one function from one clock.
    enum Phase {
        /// @dev unknown id
        NONE,
        /// @dev waiting for its seed; the first commit seals
        REQUESTED,
        COMMIT,
        /// @dev too few commits: may be extended once, else becomes void
        EXTENSION,
        REVEAL,
        /// @dev the reveal window is over, nobody finalized yet
        TALLY,
        /// @dev verdicts are published, the appeal window runs; absences can be reported
        FINALIZED,
        /// @dev verdicts cannot change any more; seats can be settled
        FINAL,
        /// @dev no verdict; credits went back, seats can be settled
        VOID,
        /// @dev a later round runs, or its verdicts can still be appealed
        APPEALED
    }

    /// @notice What a request fixes before its seed exists. Not stored: hashed into the id, handed back where needed.
    struct Terms {
        address requester;
        /// @dev chosen by the requester; makes ids distinct
        uint256 nonce;
        uint16 domain;
        /// @dev parameter version
        uint16 version;
        /// @dev epoch whose weights decide who sits
        uint24 epoch;
        /// @dev number of claims, 1..256
        uint16 claims;
        /// @dev base rate b, byte: the vote that means "I don't know"
        uint8 baseRate;
        /// @dev wei of WORK per claim-seat
        uint88 price;
        /// @dev keccak256 of the canonical payload
        bytes32 payloadHash;
        /// @dev random word of the requester; may carry a commitment nobody can tell from noise
        bytes32 sealedNote;
    }

    /// @notice What a requester asks for.
    struct Ask {
        uint16 domain;
        uint16 claims;
        uint256 nonce;
        bytes32 payloadHash;
        bytes32 sealedNote;
        /// @dev wei of WORK for all seats together
        uint256 maxFee;
        /// @dev where the payload can be fetched; may be empty if `payload` is given
        string uri;
        /// @dev the payload itself, or empty; must hash to `payloadHash`
        bytes payload;
    }

    /// @notice A vote and the salt that opens its commitment.
    struct Opening {
        address owner;
        /// @dev one byte a claim: the probability that it is true, 0..255
        bytes votes;
        bytes32 salt;
    }

    /// @notice A revealed vote handed back to be scored; empty for a seat that never revealed.
    struct Vote {
        address owner;
        bytes votes;
    }

    /// @notice What a request's seats are judged by. One slot.
    struct Draw {
        /// @dev W, gwei
        uint56 weight;
        /// @dev Σroot
        uint48 roots;
        /// @dev bond of a seat, gwei
        uint56 bond;
        /// @dev expected committee before an extension
        uint8 seats;
        uint8 baseRate;
        /// @dev θ, 16-bit fraction
        uint16 threshold;
        uint16 domain;
        /// @dev seconds
        uint16 commitWindow;
        uint16 revealWindow;
        /// @dev λ in sixteenths, zero selects the proportional rule
        uint8 boostCap;
        /// @dev claims − 1
        uint8 lastClaim;
    }

    /// @notice Where a round stands. One slot.
    struct Round {
        /// @dev the randomness ticket until sealed, the seed afterwards
        uint120 seed;
        /// @dev Unix seconds; REQUESTED: last moment to seal; until finalized: start of the commit window that counts;
        ///      afterwards: when FINAL begins, or until when absences of a void round can be reported and, if an appeal
        ///      opened it, the request be appealed again
        uint40 clock;
        uint24 epoch;
        /// @dev bit 0 sealed, 1 extended, 2 finalized, 3 void, 4 appealed, 5 opened as a canary
        uint8 flags;
        uint8 commits;
        uint8 reveals;
        /// @dev Σv of the commits, ≤ 255
        uint8 committed;
        /// @dev Σv of the reveals
        uint8 weight;
        /// @dev bit f: family f revealed
        uint16 families;
        uint8 minSeats;
        /// @dev revealed seats that were settled
        uint8 settled;
    }

    /// @notice A seat. One slot, never cleared.
    struct Seat {
        /// @dev high 240 bits of the commitment; after the reveal of keccak256(votes)
        uint240 digest;
        uint8 family;
        /// @dev bits 0-2 vote weight v; 3 late, 4 revealed, 5 settled, 6 absent
        uint8 flags;
    }

    /// @notice A request was opened.
    /// @param terms what the id hashes, see {Terms}
    /// @param ticket of the seed, see IRandomness
    /// @param uri where the payload lies; may be empty
    /// @param payload the payload itself, or empty
    event Requested(
        bytes32 indexed requestId,
        address indexed requester,
        uint16 indexed domain,
        Terms terms,
        uint256 ticket,
        string uri,
        bytes payload
    );
    /// @notice The seed of a round was captured; its commit window starts at `start`, Unix seconds.
    event Sealed(bytes32 indexed requestId, uint256 seed, uint256 start);
    /// @notice A seat was taken, or its commitment replaced.
    /// @param seat the seat's slot, see {Seat}: digest | family << 240 | flags << 248
    event Committed(bytes32 indexed requestId, address indexed owner, SeatWord seat);
    /// @notice The committee grew to `seats` expected seats; the commit window starts again at `start`.
    event Extended(bytes32 indexed requestId, uint256 seats, uint256 start);
    /// @notice A commitment was opened.
    /// @param votes one byte a claim
    event Revealed(bytes32 indexed requestId, address indexed owner, bytes votes);
    /// @notice Verdicts of a round alone: two bits a claim (0 undecided, 1 false, 2 true), claim 0 lowest, 128 a word. Which
    ///         of them count says IAppeals.verdictsOf.
    /// @param requestId of the round
    /// @param mean mean vote over all claims, WAD
    /// @param baseRate B of the domain from now on, WAD
    /// @param threshold θ of the domain from now on, WAD
    event Finalized(
        bytes32 indexed requestId,
        uint256[2] verdicts,
        uint256 weight,
        bool lowDiversity,
        uint256 mean,
        uint256 baseRate,
        uint256 threshold,
        uint256 finalAt
    );
    /// @notice A round ended without a verdict; `refund` wei of credits went back to the requester.
    /// @param commits seats that committed, of which `reveals` revealed
    event Voided(bytes32 indexed requestId, uint256 commits, uint256 reveals, uint256 refund);
    /// @notice A revealed seat was settled: everything needed to explain every wei.
    /// @param score Σ of terms, counts, x̄, quality, lateness: see ScoreWord
    /// @param value what the score account gained, wei
    /// @param outcomes new outcomes, two bits each | count << 128
    /// @param account the score account before, factor included: see IRewardMinter.Account
    event SeatSettled(
        bytes32 indexed requestId,
        address indexed owner,
        ScoreWord score,
        int256 value,
        uint256 outcomes,
        AccountWord account
    );
    /// @notice A seat of a request without a verdict was settled; its bond is free.
    event SeatReleased(bytes32 indexed requestId, address indexed owner);
    /// @notice A seat that never revealed was settled.
    /// @param outcomes as in {SeatSettled}
    /// @param charge wei
    event SeatForfeited(bytes32 indexed requestId, address indexed owner, uint256 outcomes, uint256 charge);
    /// @notice A seat that was drawn and stayed silent lost `charge` wei.
    event AbsenceReported(bytes32 indexed requestId, address indexed owner, address indexed reporter, uint256 charge);
    /// @notice An appeal opened round `roundId` with `seats` expected seats.
    event Appealed(
        bytes32 indexed requestId,
        bytes32 indexed roundId,
        address indexed appellant,
        uint256 ticket,
        uint256 seats
    );
    /// @notice An overturned verdict cost a voter on its side `charge` wei of its bond; {SeatSettled} follows.
    event SeatOverturned(bytes32 indexed roundId, address indexed owner, uint256 charge);

    /// @notice Only Canaries calls this.
    error NotCanaries(address caller, address canaries);
    /// @notice The round is in phase `given`.
    error WrongPhase(bytes32 requestId, Phase given, Phase required);
    /// @notice Nobody opened a request or round with this id, or the terms are not its own.
    error UnknownRequest(bytes32 requestId);
    /// @notice The same terms were opened before; choose another nonce.
    error RequestExists(bytes32 requestId);
    /// @notice A request has `min` to `max` claims.
    error ClaimsOutOfBounds(uint256 given, uint256 min, uint256 max);
    /// @notice The payload hashes to `given`, not to the `payloadHash` asked for.
    error PayloadMismatch(bytes32 given, bytes32 required);
    /// @notice A request without a URI needs its payload inline.
    error PayloadMissing();
    /// @notice Bytes.
    error UriTooLong(uint256 given, uint256 max);
    /// @notice Bytes given inline.
    error PayloadTooLong(uint256 given, uint256 max);
    /// @notice Nobody in the domain carries weight.
    error EmptyDomain(uint256 domain);
    /// @notice The moment of the seed has not come yet.
    error SeedPending(bytes32 requestId, uint256 ticket);
    /// @notice The seed can never be had any more; the request can be voided.
    error SeedLost(bytes32 requestId, uint256 ticket);
    /// @notice Sealing was possible until `deadline`, Unix seconds.
    error SealWindowOver(bytes32 requestId, uint256 deadline);
    /// @notice The request can still be sealed, until `deadline`, Unix seconds.
    error SealWindowOpen(bytes32 requestId, uint256 deadline);
    /// @notice Rounds are numbered 0 to `max`.
    error NoSuchRound(uint256 given, uint256 max);
    /// @notice Zero stands for no commitment.
    error EmptyDigest();
    /// @notice The ticket is not below the chance, both in 2^-128.
    error NotDrawn(bytes32 requestId, address owner, uint256 ticket, uint256 chance);
    /// @notice The family weighs less than `minFamilyWeight`, so none of its members sits.
    error FamilyTooLight(uint256 domain, uint256 family);
    /// @notice Σv would be `weight`.
    error CommitteeFull(uint256 weight, uint256 max);
    /// @notice The owner has no seat in this round.
    error NotCommitted(bytes32 requestId, address owner);
    /// @notice The owner has a seat, so it was not absent.
    error AlreadyCommitted(bytes32 requestId, address owner);
    /// @notice All seats of the batch are open already; the owner is that of the first.
    error AlreadyRevealed(bytes32 requestId, address owner);
    /// @notice A vote has one byte a claim.
    error WrongVoteLength(uint256 given, uint256 required);
    /// @notice Votes and salt do not open the commitment; both digests are the high 240 bits.
    error OpeningMismatch(bytes32 requestId, address owner, uint240 given, uint240 committed);
    /// @notice The votes are not the ones that were revealed.
    error VoteMismatch(bytes32 requestId, address owner, uint240 given, uint240 revealed);
    /// @notice More items than one call takes.
    error BatchTooLarge(uint256 given, uint256 max);
    /// @notice Absences could be reported until `deadline`, Unix seconds.
    error ReportWindowOver(bytes32 requestId, uint256 deadline);
    /// @notice Too few committed to prove that the payload could be had.
    error AbsenceUnproven(bytes32 requestId, uint256 commits, uint256 required);
    /// @notice All owners of the batch were reported before; the owner is the first of them, zero for an empty batch.
    error AlreadyReported(bytes32 requestId, address owner);
    /// @notice A peer has no code or does not know this contract.
    error InvalidPeer(address peer);

    // ---------------------------------------------------------------- requesters

    /// @notice Opens a request paid from the caller's credits.
    /// @return requestId see {idOf}
    function request(Ask calldata ask) external returns (bytes32 requestId);

    /// @notice {request}, refused if a ring with `attackerShare` of the domain's stake would capture a claim of it with more
    ///         than `maxCapture`; see ISecurityQuote. Both WAD.
    function requestSecured(Ask calldata ask, uint256 maxCapture, uint256 attackerShare) external returns (bytes32);

    /// @notice Captures the seed. The first {commit} does it too, with an empty proof.
    function seal(bytes32 requestId, bytes calldata proof) external;

    /// @notice Opens the next round of a request whose latest verdicts can be appealed: 2n + 1 expected seats, weights of this
    ///         epoch, a seed of its own, the same terms otherwise. Anyone, at most {MAX_APPEALS} times; see IAppeals for the
    ///         bond, of which the caller pays what others did not, and no more than it allowed Appeals to take.
    /// @return roundId see {roundIdOf}
    function appeal(Terms calldata terms) external returns (bytes32 roundId);

    // ----------------------------------------------------------------- operators

    /// @notice Commits a vote of `owner`, sent by the owner or its hot key. Replaceable until the window closes; after
    ///         three quarters of it the seat is LATE.
    /// @param digest high 240 bits of AssayLens.commitmentOf
    function commit(bytes32 requestId, address owner, uint240 digest) external;

    /// @notice Doubles the expected committee once, when too few committed. Anyone.
    function extend(bytes32 requestId) external;

    /// @notice Opens commitments. Anyone who holds an opening; many in one call. Seats that are open already are passed
    ///         over, so nobody can spoil a batch; a call that opens nothing reverts.
    /// @param openings at most {MAX_OPENINGS}
    function reveal(bytes32 requestId, Opening[] calldata openings) external;

    // -------------------------------------------------------------------- anyone

    /// @notice Ends the latest round of a request: publishes its verdicts, or voids it if it has no quorum.
    function finalize(Terms calldata terms) external;

    /// @notice Ends the latest round of a request if its seed is lost or late. Of a request's own round the credits go back;
    ///         the round of an appeal leaves the verdicts before it, and the appeal window once more.
    function voidUnsealed(Terms calldata terms) external;

    /// @notice Settles seats of a final or void request: scores, reputation, bonds. Settled seats are passed over.
    /// @param votes at most {MAX_VOTES}; exactly what was revealed, empty for seats that never revealed
    ///        at most {MAX_APPEALED_VOTES} of a request that was appealed or a canary
    /// @param index 0 for the request's own round, then its appeals
    function settle(Terms calldata terms, uint256 index, Vote[] calldata votes) external;

    /// @notice Proves that seats were drawn and stayed silent. Reporters get a twentieth of the charge.
    ///         Owners without duty (not drawn, free stake below the bond, committee full) are refused, and so is every
    ///         report on a request to which fewer than `minSeats` committed: a payload may have been withheld.
    /// @param owners at most {MAX_OWNERS}
    /// @param index as in {settle}
    function reportAbsent(Terms calldata terms, uint256 index, address[] calldata owners) external;

    /// @notice Marks a request as an opened canary: the quality of its seats is judged by answers, see IAppeals.Ruling, and
    ///         it can be appealed until `finalAt`. Only Canaries.
    /// @param finalAt Unix seconds
    function markCanary(bytes32 requestId, uint256 finalAt) external;

    // -------------------------------------------------------------------- views

    /// @notice `keccak256(abi.encode(chainid, this, terms))`.
    function idOf(Terms calldata terms) external view returns (bytes32);
    /// @notice The phase a round is in now; with the id of a request, the phase of the request. A round that was appealed is
    ///         APPEALED until the latest round is over, then FINAL.
    function phaseOf(bytes32 roundId) external view returns (Phase);
    /// @notice Id of a round: `requestId` for index 0, then keccak256 of the id before.
    function roundIdOf(bytes32 requestId, uint256 index) external pure returns (bytes32);
    /// @notice The slots of a round and of a seat; AssayLens gives their fields.
    function drawOf(bytes32 roundId) external view returns (DrawWord);
    /// @notice Where a round stands, see {Round}.
    function roundOf(bytes32 roundId) external view returns (RoundWord);
    /// @notice A seat, see {Seat}.
    function seatOf(bytes32 roundId, address owner) external view returns (SeatWord);
    /// @notice Σ vote · v of every claim: 16 claims a word, 16 bits each, claim 0 highest.
    function lanesOf(bytes32 roundId) external view returns (uint256[16] memory);
    /// @notice B and θ of a domain, WAD.
    function meansOf(uint16 domain) external view returns (uint256 baseRate, uint256 threshold);
    /// @notice EIP-712 style domain separator: keccak256(abi.encode(name hash, chainid, this)).
    function domainSeparator() external view returns (bytes32);

    /// @notice Openings a {reveal} takes.
    function MAX_OPENINGS() external view returns (uint256);
    /// @notice Seats a {settle} takes.
    function MAX_VOTES() external view returns (uint256);
    /// @notice Seats a {settle} takes of a request that was appealed.
    function MAX_APPEALED_VOTES() external view returns (uint256);
    /// @notice Owners a {reportAbsent} takes.
    function MAX_OWNERS() external view returns (uint256);
    /// @notice Bytes of a URI.
    function MAX_URI() external view returns (uint256);
    /// @notice Bytes of a payload given inline.
    function MAX_PAYLOAD() external view returns (uint256);
    /// @notice Appeals of one request.
    function MAX_APPEALS() external view returns (uint256);
}
