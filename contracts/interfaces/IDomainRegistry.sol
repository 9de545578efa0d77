// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {ReputationMath} from "../libraries/ReputationMath.sol";
import {IEpochClock} from "./IEpochClock.sol";

/// @title IDomainRegistry
/// @notice Domains (kinds of questions), their parameters with delayed changes, their families of models.
/// @dev Parameters are versioned: a request keeps the version it began with. The two numbers the sums of weights
///      depend on (minSelfBond, minFamilyWeight) are fixed when the domain is created.
interface IDomainRegistry is IEpochClock {
    /// @notice Which share of the seats a stake gets.
    enum DiversityRule {
        PROPORTIONAL,
        SQUARE_ROOT
    }

    /// @notice How outcomes arise: QUALITY by windows of scored claims, PUBLISHED one per settled request.
    enum Preset {
        QUALITY,
        PUBLISHED
    }

    /// @notice Committee and time. One slot.
    struct Committee {
        /// @dev expected seats of a committee, 3..31
        uint8 seats;
        /// @dev quorum of reveals, 2..seats
        uint8 minSeats;
        /// @dev distinct families below which a verdict carries the flag lowDiversity, 1..16
        uint8 minFamilies;
        DiversityRule rule;
        /// @dev λ in sixteenths: 32 = 2.0; 16..64
        uint8 boostCap;
        Preset preset;
        /// @dev 1..256
        uint16 maxClaims;
        /// @dev expected time of a vote: expectedBase seconds + claims · expectedPerClaim milliseconds
        uint16 expectedBase;
        uint16 expectedPerClaim;
        /// @dev seconds
        uint16 revealWindow;
        uint16 appealWindow;
        uint16 sealWindow;
        /// @dev basis points of the distance to the nearer end, 0..4,500
        uint16 decisiveMargin;
        /// @dev scored claims per quality outcome, 8..1,024
        uint16 qualityWindow;
        /// @dev scored claims after which a score account is paid or charged, 1..4,096
        uint16 maturity;
    }

    /// @notice Money. One slot.
    struct Fees {
        /// @dev wei of WORK per claim-seat, the floor of the price
        uint88 minFee;
        /// @dev gwei of WORK, the floor of a seat's bond; at most 64 · minFee
        uint56 seatBond;
        /// @dev milli claim-seats per second
        uint32 feeTarget;
        /// @dev milli claim-seats that multiply the price by e
        uint40 feeRate;
        /// @dev ρ, basis points: a debt is ρ times the loss; 10,000..40,000
        uint16 penaltyRatio;
        /// @dev basis points of price · claims an absent seat is charged, 0..10,000
        uint16 absenceRatio;
    }

    /// @notice Rewards. One slot.
    struct Rewards {
        /// @dev κ, basis points of the earned burn that is minted, 0..10,000
        uint16 mintRatio;
        /// @dev basis points: an operator gets at most mintCap · κ of the fees its own seats turned into burn, 10,000..40,000
        uint16 mintCap;
        /// @dev exponent of R in the points, WAD, ≤ 1.25
        uint64 gamma;
        /// @dev exponent of R in the discount of an absence, WAD, ≤ 1.25
        uint64 delta;
        /// @dev τ, WAD, ≤ 1
        uint64 qualityBar;
        /// @dev gwei of WORK a posted reputation pays, taken from the epoch's earned burn; at most minFee
        uint32 postBounty;
    }

    /// @notice All parameters of one version.
    struct Parameters {
        Committee committee;
        Fees fees;
        Rewards rewards;
        ReputationMath.Rule reputation;
    }

    /// @notice What the price of a claim-seat follows, see {Fees}.
    struct Pricing {
        uint88 minFee;
        uint32 feeTarget;
        uint40 feeRate;
    }

    /// @notice What a request pins when it is opened.
    struct RequestRules {
        uint16 version;
        uint16 maxClaims;
        uint8 seats;
        uint8 minSeats;
        /// @dev λ in sixteenths under the square-root rule, zero under the proportional rule
        uint8 boostCap;
        /// @dev seconds: twice the expected time of a vote, at least 1
        uint16 commitWindow;
        uint16 revealWindow;
        uint16 sealWindow;
        /// @dev gwei of WORK
        uint56 seatBond;
        /// @dev basis points
        uint16 penaltyRatio;
        Pricing pricing;
    }

    /// @notice What turns the scores of settled seats into outcomes.
    struct QualityRule {
        Preset preset;
        /// @dev scored claims per outcome
        uint256 window;
        /// @dev τ, WAD
        uint256 bar;
    }

    /// @notice A family: a lineage of models, in one of the domain's 16 slots.
    struct Family {
        /// @dev who gets the bond back; zero in an empty slot
        address proposer;
        /// @dev wei of WORK
        uint96 bond;
        /// @dev keccak256 of the family's label
        bytes32 lineage;
    }

    /// @notice A domain was created; its version 1 is in force at once.
    event DomainCreated(
        uint16 indexed domain,
        address indexed owner,
        string name,
        uint56 minSelfBond,
        uint56 minFamilyWeight,
        Parameters parameters
    );
    /// @notice Version `version` comes into force at the start of epoch `epoch`.
    event ParametersAnnounced(uint16 indexed domain, uint16 version, uint24 epoch, Parameters parameters);
    /// @notice The domain has a new owner.
    event DomainTransferred(uint16 indexed domain, address indexed from, address indexed to);
    /// @notice From now on `hook` decides who may register; zero: anybody.
    event AttestationSet(uint16 indexed domain, address indexed hook);
    /// @notice `bond` wei were deposited for a lineage, the hash of `label`.
    event FamilyProposed(
        uint16 indexed domain,
        bytes32 indexed lineage,
        address indexed proposer,
        string label,
        uint256 bond
    );
    /// @notice A proposal that was not listed was taken back; `bond` wei returned.
    event FamilyWithdrawn(uint16 indexed domain, bytes32 indexed lineage, address indexed proposer, uint256 bond);
    /// @notice The lineage holds slot `family` from now on.
    event FamilyListed(uint16 indexed domain, uint8 indexed family, bytes32 indexed lineage);
    /// @notice The slot is free again; the bond returned to its proposer.
    event FamilyVacated(uint16 indexed domain, uint8 indexed family, bytes32 indexed lineage);

    /// @notice Requests and appeals are refused until `until`, Unix seconds.
    event Paused(uint256 until);

    /// @notice Domains are numbered 1 to {domainCount}.
    error UnknownDomain(uint256 domain);
    /// @notice Until `until`, Unix seconds.
    error RequestsPaused(uint256 until);
    /// @notice Unix seconds: a pause ends at `max` at the latest.
    error PauseTooLong(uint256 given, uint256 max);
    /// @notice Versions of a domain are numbered from 1.
    error UnknownVersion(uint256 domain, uint256 version);
    /// @notice The slot is empty.
    error UnknownFamily(uint256 domain, uint256 family);
    /// @notice Only the domain's owner.
    error NotDomainOwner(address caller, address owner);
    /// @notice Only the StakeVault.
    error NotVault(address caller, address vault);
    /// @notice Only who proposed the lineage.
    error NotProposer(address caller, address proposer);
    /// @notice A domain's name has 1 to 32 bytes, a family's label 1 to 64.
    error InvalidName(string name);
    /// @notice A domain cannot belong to the zero address.
    error InvalidOwner();
    /// @notice A hook must have code.
    error NotAContract(address given);
    /// @notice A parameter lies outside its hard bounds.
    error ParameterOutOfBounds(string name, uint256 given, uint256 min, uint256 max);
    /// @notice Somebody's proposal of this lineage is open in the domain.
    error AlreadyProposed(bytes32 lineage);
    /// @notice The lineage holds slot `family`.
    error AlreadyListed(bytes32 lineage, uint256 family);
    /// @notice No open proposal of this lineage in the domain.
    error NotProposed(bytes32 lineage);
    /// @notice All slots are taken.
    error FamiliesFull(uint256 domain, uint256 max);
    /// @notice All numbers are given.
    error TooManyDomains(uint256 max);

    /// @notice Creates a domain by burning {DOMAIN_FEE} wei of the caller's WORK (allowance needed).
    /// @param name 1..32 bytes, unique by convention only
    /// @param minSelfBond gwei of WORK an operator's own share must be worth to be drawn
    /// @param minFamilyWeight gwei of WORK a family must weigh to count
    /// @return domain number of the new domain, from 1
    function createDomain(
        string calldata name,
        uint56 minSelfBond,
        uint56 minFamilyWeight,
        Parameters calldata parameters
    ) external returns (uint16 domain);

    /// @notice Announces new parameters; they come into force at the first epoch boundary after {PARAMETER_DELAY}.
    ///         A pending announcement is replaced.
    function announce(uint16 domain, Parameters calldata parameters) external;

    /// @notice Hands a domain to a new owner.
    function transferDomain(uint16 domain, address to) external;

    /// @notice Chooses what the domain asks of who registers from now on (IAttestation); zero: nothing. At once, because
    ///         nobody who is registered is concerned. Only the domain's owner.
    function setAttestation(uint16 domain, address hook) external;

    /// @notice Proposes a family with a bond of {FAMILY_BOND} wei (allowance needed). A lineage can be proposed or listed
    ///         once per domain at a time.
    /// @param label human-readable lineage, hashed into `lineage`
    function proposeFamily(uint16 domain, string calldata label) external returns (bytes32 lineage);

    /// @notice Takes back a proposal that was not listed, and its bond.
    function withdrawFamily(uint16 domain, bytes32 lineage) external;

    /// @notice Lists a proposed family in the first free slot. Only the domain's owner.
    function listFamily(uint16 domain, bytes32 lineage) external returns (uint8 family);

    /// @notice Frees the slot of a family without members and returns its bond. Only the StakeVault, which counts members.
    /// @param caller who asked the vault: the proposer or the domain's owner
    function vacateFamily(uint16 domain, uint8 family, address caller) external;

    /// @notice Refuses new requests and appeals until `until`, at most {MAX_PAUSE} ahead. Nothing else stops and no deadline
    ///         moves. Only governance.
    function pause(uint256 until) external;

    /// @notice The version in force now. Reverts for an unknown domain.
    function currentVersion(uint16 domain) external view returns (uint16);

    /// @notice What a request with that many claims pins, from the version in force. Reverts for an unknown domain, and
    ///         while requests are paused.
    function requestRulesOf(uint16 domain, uint256 claims) external view returns (RequestRules memory);
    /// @notice Until when requests and appeals are refused.
    function pausedUntil() external view returns (uint256);
    /// @notice Seconds.
    function MAX_PAUSE() external view returns (uint256);

    /// @notice The committee parameters of a version.
    function committeeOf(uint16 domain, uint16 version) external view returns (Committee memory);
    /// @notice The fee parameters of a version.
    function feesOf(uint16 domain, uint16 version) external view returns (Fees memory);
    /// @notice The reward parameters of a version.
    function rewardsOf(uint16 domain, uint16 version) external view returns (Rewards memory);
    /// @notice The reputation rule of a version.
    function reputationOf(uint16 domain, uint16 version) external view returns (ReputationMath.Rule memory);
    /// @notice What turns lanes into verdicts.
    /// @return minFamilies families below which a verdict is marked lowDiversity
    /// @return decisiveMargin basis points
    /// @return appealWindow seconds
    /// @return sealWindow seconds
    function verdictRuleOf(
        uint16 domain,
        uint16 version
    ) external view returns (uint256 minFamilies, uint256 decisiveMargin, uint256 appealWindow, uint256 sealWindow);
    /// @notice What turns scores into quality outcomes.
    function qualityOf(uint16 domain, uint16 version) external view returns (QualityRule memory);
    /// @notice All parameters of a version.
    function parametersOf(uint16 domain, uint16 version) external view returns (Parameters memory);

    /// @notice The numbers fixed at creation, gwei of WORK. Reverts for an unknown domain.
    function stakeFloor(uint16 domain) external view returns (uint56 minSelfBond, uint56 minFamilyWeight);
    /// @notice Owner of a domain; zero for an unknown one.
    function ownerOf(uint16 domain) external view returns (address);
    /// @notice The domain's IAttestation; zero: none.
    function attestationOf(uint16 domain) external view returns (address);
    /// @notice A family slot; empty slots have no proposer.
    function familyOf(uint16 domain, uint8 family) external view returns (Family memory);
    /// @notice Number of domains; they are numbered 1..domainCount.
    function domainCount() external view returns (uint16);

    /// @notice wei of WORK burned by {createDomain}.
    function DOMAIN_FEE() external view returns (uint256);
    /// @notice wei of WORK a proposed family deposits.
    function FAMILY_BOND() external view returns (uint256);
    /// @notice Seconds between an announcement and the earliest epoch boundary it can take effect at.
    function PARAMETER_DELAY() external view returns (uint256);
    /// @notice Only caller of {vacateFamily}.
    function VAULT() external view returns (address);
}
