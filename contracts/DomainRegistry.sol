// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {AccessManaged} from "@openzeppelin/contracts/access/manager/AccessManaged.sol";
import {SafeERC20} from "@openzeppelin/contracts/token/ERC20/utils/SafeERC20.sol";

import {EpochClock} from "./EpochClock.sol";
import {IDomainRegistry} from "./interfaces/IDomainRegistry.sol";
import {IWorkToken} from "./interfaces/IWorkToken.sol";
import {ReputationMath} from "./libraries/ReputationMath.sol";
import {Units} from "./libraries/Units.sol";

/// @title DomainRegistry
contract DomainRegistry is EpochClock, AccessManaged, IDomainRegistry {
    using SafeERC20 for IWorkToken;

    struct Domain {
        // slot 0
        address owner;
        uint16 latest; // newest version, in force from `latestFrom` on; before that latest − 1 is
        uint24 latestFrom; // epoch
        // slot 1
        uint56 minSelfBond; // gwei
        uint56 minFamilyWeight; // gwei
    }

    IWorkToken public immutable TOKEN;
    /// @inheritdoc IDomainRegistry
    address public immutable VAULT;
    /// @inheritdoc IDomainRegistry
    uint256 public immutable DOMAIN_FEE;
    /// @inheritdoc IDomainRegistry
    uint256 public immutable FAMILY_BOND;
    /// @inheritdoc IDomainRegistry
    uint256 public immutable PARAMETER_DELAY;
    /// @inheritdoc IDomainRegistry
    uint256 public constant MAX_PAUSE = 7 days;

    /// @inheritdoc IDomainRegistry
    uint16 public domainCount;
    /// @inheritdoc IDomainRegistry
    uint256 public pausedUntil;
    mapping(uint16 domain => Domain) private _domains;
    mapping(uint16 domain => mapping(uint16 version => Parameters)) private _parameters;
    mapping(uint16 domain => mapping(uint8 family => Family)) private _families;
    mapping(uint16 domain => mapping(bytes32 lineage => Family)) private _proposals;
    /// @inheritdoc IDomainRegistry
    mapping(uint16 domain => address hook) public attestationOf;

    constructor(
        address authority,
        IWorkToken token,
        address vault,
        uint256 genesis,
        uint256 epochLength,
        uint256 domainFee,
        uint256 familyBond,
        uint256 parameterDelay
    ) EpochClock(genesis, epochLength) AccessManaged(authority) {
        TOKEN = token;
        VAULT = vault;
        DOMAIN_FEE = domainFee;
        FAMILY_BOND = familyBond;
        PARAMETER_DELAY = parameterDelay;
    }

    modifier onlyDomainOwner(uint16 domain) {
        address owner = _domains[domain].owner;
        require(owner != address(0), UnknownDomain(domain));
        require(msg.sender == owner, NotDomainOwner(msg.sender, owner));
        _;
    }

    // ---------------------------------------------------------------- domains

    /// @inheritdoc IDomainRegistry
    function createDomain(
        string calldata name,
        uint56 minSelfBond,
        uint56 minFamilyWeight,
        Parameters calldata parameters
    ) external returns (uint16 domain) {
        require(bytes(name).length >= 1 && bytes(name).length <= 32, InvalidName(name));
        require(domainCount < type(uint16).max, TooManyDomains(type(uint16).max));
        _bound("minSelfBond", minSelfBond, 1, Units.MAX_SUPPLY / Units.GWEI);
        _bound("minFamilyWeight", minFamilyWeight, 1, Units.MAX_SUPPLY / Units.GWEI);
        _check(parameters);

        domain = ++domainCount;
        _domains[domain] = Domain(msg.sender, 1, 0, minSelfBond, minFamilyWeight);
        _parameters[domain][1] = parameters;
        emit DomainCreated(domain, msg.sender, name, minSelfBond, minFamilyWeight, parameters);

        TOKEN.burnFrom(msg.sender, DOMAIN_FEE);
    }

    /// @inheritdoc IDomainRegistry
    function announce(uint16 domain, Parameters calldata parameters) external onlyDomainOwner(domain) {
        _check(parameters);
        Domain storage d = _domains[domain];
        bool pending = currentEpoch() < d.latestFrom;
        uint16 version = pending ? d.latest : d.latest + 1;
        // Fits: 2^24 epochs are far beyond any clock this is deployed with.
        uint24 epoch = uint24((block.timestamp + PARAMETER_DELAY - GENESIS) / EPOCH + 1);
        d.latest = version;
        d.latestFrom = epoch;
        _parameters[domain][version] = parameters;
        emit ParametersAnnounced(domain, version, epoch, parameters);
    }

    /// @inheritdoc IDomainRegistry
    function transferDomain(uint16 domain, address to) external onlyDomainOwner(domain) {
        require(to != address(0), InvalidOwner());
        _domains[domain].owner = to;
        emit DomainTransferred(domain, msg.sender, to);
    }

    /// @inheritdoc IDomainRegistry
    function setAttestation(uint16 domain, address hook) external onlyDomainOwner(domain) {
        require(hook == address(0) || hook.code.length != 0, NotAContract(hook));
        attestationOf[domain] = hook;
        emit AttestationSet(domain, hook);
    }

    // --------------------------------------------------------------- families

    /// @inheritdoc IDomainRegistry
    function proposeFamily(uint16 domain, string calldata label) external returns (bytes32 lineage) {
        require(_domains[domain].owner != address(0), UnknownDomain(domain));
        require(bytes(label).length >= 1 && bytes(label).length <= 64, InvalidName(label));
        lineage = keccak256(bytes(label));
        require(_proposals[domain][lineage].proposer == address(0), AlreadyProposed(lineage));
        // An empty slot has lineage 0, which is the hash of no label. Listing needs no such check: a lineage is
        // proposed only while it is not listed, and listing takes its one proposal away.
        for (uint8 family; family < Units.MAX_FAMILIES; ++family) {
            require(_families[domain][family].lineage != lineage, AlreadyListed(lineage, family));
        }
        // Fits: the supply is below 2^84.
        _proposals[domain][lineage] = Family(msg.sender, uint96(FAMILY_BOND), lineage);
        emit FamilyProposed(domain, lineage, msg.sender, label, FAMILY_BOND);

        TOKEN.safeTransferFrom(msg.sender, address(this), FAMILY_BOND);
    }

    /// @inheritdoc IDomainRegistry
    function withdrawFamily(uint16 domain, bytes32 lineage) external {
        Family memory proposal = _proposals[domain][lineage];
        require(proposal.proposer != address(0), NotProposed(lineage));
        require(msg.sender == proposal.proposer, NotProposer(msg.sender, proposal.proposer));
        delete _proposals[domain][lineage];
        emit FamilyWithdrawn(domain, lineage, msg.sender, proposal.bond);

        TOKEN.safeTransfer(msg.sender, proposal.bond);
    }

    /// @inheritdoc IDomainRegistry
    function listFamily(uint16 domain, bytes32 lineage) external onlyDomainOwner(domain) returns (uint8 family) {
        Family memory proposal = _proposals[domain][lineage];
        require(proposal.proposer != address(0), NotProposed(lineage));
        while (family < Units.MAX_FAMILIES && _families[domain][family].proposer != address(0)) ++family;
        require(family < Units.MAX_FAMILIES, FamiliesFull(domain, Units.MAX_FAMILIES));
        delete _proposals[domain][lineage];
        _families[domain][family] = proposal;
        emit FamilyListed(domain, family, lineage);
    }

    /// @inheritdoc IDomainRegistry
    function vacateFamily(uint16 domain, uint8 family, address caller) external {
        require(msg.sender == VAULT, NotVault(msg.sender, VAULT));
        Family memory listed = _families[domain][family];
        require(listed.proposer != address(0), UnknownFamily(domain, family));
        bool isTheirs = caller == listed.proposer || caller == _domains[domain].owner;
        require(isTheirs, NotProposer(caller, listed.proposer));
        delete _families[domain][family];
        emit FamilyVacated(domain, family, listed.lineage);

        TOKEN.safeTransfer(listed.proposer, listed.bond);
    }

    // -------------------------------------------------------------- governance

    /// @inheritdoc IDomainRegistry
    function pause(uint256 until) external restricted {
        require(until <= block.timestamp + MAX_PAUSE, PauseTooLong(until, block.timestamp + MAX_PAUSE));
        pausedUntil = until;
        emit Paused(until);
    }

    // ------------------------------------------------------------------ views

    /// @inheritdoc IDomainRegistry
    function currentVersion(uint16 domain) public view returns (uint16) {
        Domain storage d = _domains[domain];
        require(d.owner != address(0), UnknownDomain(domain));
        return currentEpoch() < d.latestFrom ? d.latest - 1 : d.latest;
    }

    /// @inheritdoc IDomainRegistry
    function requestRulesOf(uint16 domain, uint256 claims) external view returns (RequestRules memory) {
        require(block.timestamp >= pausedUntil, RequestsPaused(pausedUntil));
        uint16 version = currentVersion(domain);
        Committee memory c = _parameters[domain][version].committee;
        Fees memory f = _parameters[domain][version].fees;
        uint256 expected = c.expectedBase + (claims * c.expectedPerClaim) / 1_000;
        return
            RequestRules({
                version: version,
                maxClaims: c.maxClaims,
                seats: c.seats,
                minSeats: c.minSeats,
                boostCap: c.rule == DiversityRule.SQUARE_ROOT ? c.boostCap : 0,
                // Fits for every allowed number of claims, by the bound "expected"; others are refused by Assay.
                commitWindow: uint16(2 * expected == 0 ? 1 : 2 * expected),
                revealWindow: c.revealWindow,
                sealWindow: c.sealWindow,
                seatBond: f.seatBond,
                penaltyRatio: f.penaltyRatio,
                pricing: Pricing(f.minFee, f.feeTarget, f.feeRate)
            });
    }

    /// @inheritdoc IDomainRegistry
    function committeeOf(uint16 domain, uint16 version) external view returns (Committee memory) {
        return _parameters[domain][version].committee;
    }

    /// @inheritdoc IDomainRegistry
    function feesOf(uint16 domain, uint16 version) external view returns (Fees memory) {
        return _parameters[domain][version].fees;
    }

    /// @inheritdoc IDomainRegistry
    function rewardsOf(uint16 domain, uint16 version) external view returns (Rewards memory) {
        return _parameters[domain][version].rewards;
    }

    /// @inheritdoc IDomainRegistry
    function reputationOf(uint16 domain, uint16 version) external view returns (ReputationMath.Rule memory) {
        return _parameters[domain][version].reputation;
    }

    /// @inheritdoc IDomainRegistry
    function verdictRuleOf(
        uint16 domain,
        uint16 version
    ) external view returns (uint256 minFamilies, uint256 decisiveMargin, uint256 appealWindow, uint256 sealWindow) {
        Committee storage c = _parameters[domain][version].committee;
        return (c.minFamilies, c.decisiveMargin, c.appealWindow, c.sealWindow);
    }

    /// @inheritdoc IDomainRegistry
    function qualityOf(uint16 domain, uint16 version) external view returns (QualityRule memory) {
        Parameters storage p = _parameters[domain][version];
        return QualityRule(p.committee.preset, p.committee.qualityWindow, p.rewards.qualityBar);
    }

    /// @inheritdoc IDomainRegistry
    function parametersOf(uint16 domain, uint16 version) external view returns (Parameters memory) {
        require(version != 0 && version <= _domains[domain].latest, UnknownVersion(domain, version));
        return _parameters[domain][version];
    }

    /// @inheritdoc IDomainRegistry
    function stakeFloor(uint16 domain) external view returns (uint56 minSelfBond, uint56 minFamilyWeight) {
        Domain storage d = _domains[domain];
        require(d.owner != address(0), UnknownDomain(domain));
        return (d.minSelfBond, d.minFamilyWeight);
    }

    /// @inheritdoc IDomainRegistry
    function ownerOf(uint16 domain) external view returns (address) {
        return _domains[domain].owner;
    }

    /// @inheritdoc IDomainRegistry
    function familyOf(uint16 domain, uint8 family) external view returns (Family memory) {
        return _families[domain][family];
    }

    // ----------------------------------------------------------------- bounds

    /// @dev The hard bounds of the protocol (SPEC, DOM-4). The longest round must end within the epoch after its own,
    ///      because weights are exact for two epochs only.
    function _check(Parameters calldata p) private view {
        Committee calldata c = p.committee;
        _bound("seats", c.seats, 3, Units.MAX_SEATS);
        _bound("minSeats", c.minSeats, 2, c.seats);
        _bound("minFamilies", c.minFamilies, 1, Units.MAX_FAMILIES);
        _bound("boostCap", c.boostCap, 16, 64);
        _bound("maxClaims", c.maxClaims, 1, Units.MAX_CLAIMS);
        _bound("decisiveMargin", c.decisiveMargin, 0, 4_500);
        _bound("qualityWindow", c.qualityWindow, 8, 1_024);
        _bound("maturity", c.maturity, 1, 4_096);
        _bound("expected", uint256(c.expectedBase) + (uint256(c.maxClaims) * c.expectedPerClaim) / 1_000, 1, 32_767);
        _bound("revealWindow", c.revealWindow, 1, type(uint16).max);
        _bound("sealWindow", c.sealWindow, 1, type(uint16).max);
        uint256 commitWindow = 2 * (uint256(c.expectedBase) + (uint256(c.maxClaims) * c.expectedPerClaim) / 1_000 + 1);
        // A round with an extension: seal, commit, wait for the extension, commit again, reveal, appeal; after the opening
        // of a canary, appeal anew.
        uint256 longest = uint256(c.sealWindow) + 2 * (commitWindow + c.revealWindow + c.appealWindow);
        _bound("longestRound", longest, 0, EPOCH);

        Fees calldata f = p.fees;
        _bound("minFee", f.minFee, Units.GWEI, Units.MAX_SUPPLY);
        _bound("seatBond", f.seatBond, 1, (64 * uint256(f.minFee)) / Units.GWEI);
        _bound("feeTarget", f.feeTarget, 1, type(uint32).max);
        _bound("feeRate", f.feeRate, 1_000, type(uint40).max);
        _bound("penaltyRatio", f.penaltyRatio, Units.BPS, 4 * Units.BPS);
        _bound("absenceRatio", f.absenceRatio, 0, Units.BPS);

        Rewards calldata r = p.rewards;
        _bound("mintRatio", r.mintRatio, 0, Units.BPS);
        _bound("mintCap", r.mintCap, Units.BPS, 4 * Units.BPS);
        _bound("gamma", r.gamma, 0, 1.25e18);
        _bound("delta", r.delta, 0, 1.25e18);
        _bound("qualityBar", r.qualityBar, 0, Units.WAD);
        _bound("postBounty", r.postBounty, 0, f.minFee / Units.GWEI);

        ReputationMath.Rule calldata q = p.reputation;
        _bound("pull", q.pull, 0, Units.WAD);
        _bound("success", q.success, Units.WAD, 2 * Units.WAD);
        _bound("wrong", q.wrong, 0.1e18, Units.WAD);
        _bound("late", q.late, 0.1e18, Units.WAD);
        _bound("absent", q.absent, 0.1e18, Units.WAD);
        _bound("catchUp", q.catchUp, 0, Units.WAD);
    }

    function _bound(string memory name, uint256 given, uint256 min, uint256 max) private pure {
        require(given >= min && given <= max, ParameterOutOfBounds(name, given, min, max));
    }
}
