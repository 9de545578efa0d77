// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {SafeERC20} from "@openzeppelin/contracts/token/ERC20/utils/SafeERC20.sol";
import {FixedPointMathLib} from "solady/src/utils/FixedPointMathLib.sol";

import {IAppeals} from "./interfaces/IAppeals.sol";
import {IAssay} from "./interfaces/IAssay.sol";
import {ICanaries} from "./interfaces/ICanaries.sol";
import {IDomainRegistry} from "./interfaces/IDomainRegistry.sol";
import {IFeeMarket} from "./interfaces/IFeeMarket.sol";
import {IRandomness} from "./interfaces/IRandomness.sol";
import {IStakeVault} from "./interfaces/IStakeVault.sol";
import {IWorkToken} from "./interfaces/IWorkToken.sol";
import {DomainWindow} from "./libraries/DomainWindow.sol";
import {APPEALED, CANARY, FINALIZED, VOIDED} from "./libraries/RequestFlags.sol";
import {DrawWord, RoundWord, RoundWords} from "./libraries/RequestWords.sol";
import {ROUNDS, Rulings} from "./libraries/Rulings.sol";
import {SkillScore} from "./libraries/SkillScore.sol";
import {Units} from "./libraries/Units.sol";
import {VerdictMath} from "./libraries/VerdictMath.sol";

/// @title Appeals
contract Appeals is IAppeals {
    using SafeERC20 for IWorkToken;

    /// @notice What the rounds of a request decided.
    struct Chain {
        bytes32 requestId;
        bytes32[ROUNDS] ids;
        uint256 count;
        /// @dev each round's own verdicts; all undecided without quorum
        uint256[2][ROUNDS] own;
        /// @dev the verdicts that count
        uint256[2] verdicts;
        /// @dev of a canary, but what appeals decided where one did; see IAppeals.referenceOf
        uint256[2] answers;
        bool isCanary;
        /// @dev masks of the claims that an appeal overturned for good
        uint256[2][ROUNDS] lasting;
        bool[ROUNDS] isVoid;
    }

    IWorkToken public immutable TOKEN;
    IDomainRegistry public immutable REGISTRY;
    IFeeMarket public immutable FEES;
    IStakeVault public immutable VAULT;
    IRandomness public immutable RANDOMNESS;
    ICanaries public immutable CANARIES;
    /// @inheritdoc IAppeals
    address public immutable ASSAY;

    mapping(bytes32 roundId => Pot) private _pots;
    mapping(bytes32 roundId => mapping(address funder => Contribution)) private _contributions;

    constructor(
        IWorkToken token,
        IDomainRegistry registry,
        IFeeMarket fees,
        IStakeVault vault,
        IRandomness randomness,
        ICanaries canaries,
        address assay
    ) {
        TOKEN = token;
        REGISTRY = registry;
        FEES = fees;
        VAULT = vault;
        RANDOMNESS = randomness;
        CANARIES = canaries;
        ASSAY = assay;
        // FeeMarket burns what is forfeited.
        token.approve(address(fees), type(uint256).max);
    }

    modifier onlyAssay() {
        require(msg.sender == ASSAY, NotAssay(msg.sender, ASSAY));
        _;
    }

    // ---------------------------------------------------------------- funders

    /// @inheritdoc IAppeals
    function fund(IAssay.Terms calldata terms, uint256 round, uint256 amount) external returns (uint256 accepted) {
        bytes32 roundId = _roundId(_assay().idOf(terms), round);
        BondState state = _pots[roundId].state;
        require(state == BondState.FUNDING, NotFundable(roundId, state));
        require(amount != 0, ZeroAmount());
        uint256 bond = bondOf(terms, round);
        _appealable(terms);
        accepted = FixedPointMathLib.min(amount, bond - _pots[roundId].funded);
        require(accepted != 0, NothingMissing(roundId, bond));
        _contribute(roundId, msg.sender, accepted);
    }

    /// @inheritdoc IAppeals
    function withdraw(bytes32 roundId) external {
        Pot storage pot = _pots[roundId];
        require(pot.state == BondState.FUNDING, WrongBondState(roundId, pot.state, BondState.FUNDING));
        uint96 amount = _contributions[roundId][msg.sender].amount;
        require(amount != 0, NothingToWithdraw(roundId, msg.sender));
        delete _contributions[roundId][msg.sender];
        pot.funded -= amount;
        emit FundingWithdrawn(roundId, msg.sender, amount);

        TOKEN.safeTransfer(msg.sender, amount);
    }

    /// @inheritdoc IAppeals
    function claim(bytes32 roundId, address funder) external {
        Pot memory pot = _pots[roundId];
        require(pot.state == BondState.RETURNED, WrongBondState(roundId, pot.state, BondState.RETURNED));
        Contribution storage contribution = _contributions[roundId][funder];
        uint256 amount = contribution.amount;
        uint256 due = amount + (amount * pot.reward) / pot.funded - contribution.paid;
        require(due != 0, NothingToClaim(roundId, funder));
        // Fits: all payments together are at most the bond and as much again.
        contribution.paid += uint96(due);
        emit Claimed(roundId, funder, due);

        TOKEN.safeTransfer(funder, due);
    }

    // ------------------------------------------------------------------ Assay

    /// @inheritdoc IAppeals
    function open(
        IAssay.Terms calldata terms,
        address appellant
    ) external onlyAssay returns (DrawWord draw, RoundWord round) {
        bytes32 requestId;
        uint256 index;
        (requestId, index, draw, round) = _appealable(terms);
        uint256 seats = Rulings.nextSeats(draw.seats());
        uint256 quorum = Rulings.nextQuorum(round.minSeats(), draw.seats());
        DomainWindow.Sums memory sums = VAULT.domainSums(terms.domain);
        require(sums.weight != 0, IAssay.EmptyDomain(terms.domain));
        (, , , uint256 sealWindow) = REGISTRY.verdictRuleOf(terms.domain, terms.version);

        draw = draw.withCommittee(sums.weight, sums.roots, seats);
        uint256 deadline = block.timestamp + sealWindow;
        round = RoundWords.open(RANDOMNESS.open(), deadline, VAULT.currentEpoch(), quorum);
        _lock(_roundId(requestId, index + 1), appellant, uint256(terms.price) * terms.claims * seats);
    }

    /// @inheritdoc IAppeals
    function award(bytes32 roundId, uint16 domain, uint256 amount) external onlyAssay {
        Pot storage pot = _pots[roundId];
        uint256 reward = FixedPointMathLib.min(amount / 2, pot.funded - pot.reward);
        // Fits: at most what was funded.
        pot.reward += uint96(reward);
        emit Awarded(roundId, reward, amount - reward);

        if (amount != reward) FEES.sponsor(domain, amount - reward);
    }

    // ----------------------------------------------------------------- anyone

    /// @inheritdoc IAppeals
    function resolve(IAssay.Terms calldata terms, uint256 round) external {
        Chain memory chain = _chain(terms);
        require(round != 0 && round < chain.count, UnknownRound(chain.requestId, round));
        bytes32 roundId = chain.ids[round];
        Pot storage pot = _pots[roundId];
        require(pot.state == BondState.LOCKED, WrongBondState(roundId, pot.state, BondState.LOCKED));
        IAssay.Phase phase = _assay().phaseOf(chain.requestId);
        require(phase == IAssay.Phase.FINAL, NotFinal(chain.requestId, phase));
        uint256[2] memory lasting = chain.lasting[round];
        bool returned = chain.isVoid[round] || (lasting[0] | lasting[1]) != 0;
        pot.state = returned ? BondState.RETURNED : BondState.BURNED;
        emit BondResolved(roundId, pot.state, pot.funded);

        if (!returned) FEES.sponsor(terms.domain, pot.funded);
    }

    // ------------------------------------------------------------------ views

    /// @inheritdoc IAppeals
    function rulingOf(
        IAssay.Terms calldata terms,
        uint256 round
    ) external view returns (uint256[] memory halves, Ruling memory ruling) {
        Chain memory chain = _chain(terms);
        require(round < chain.count, UnknownRound(chain.requestId, round));
        ruling.verdicts = chain.verdicts;
        uint256[2] memory foreign;
        uint256[2] memory apart;
        bool any;
        for (uint256 i; i < 2; ++i) {
            uint256 own = chain.own[round][i];
            uint256 later;
            for (uint256 r = round + 1; r < chain.count; ++r) later |= Rulings.decided(chain.own[r][i]);
            // Where neither this round nor a later one decided, an earlier one did, or the claim stays undecided.
            foreign[i] = later | (Rulings.decided(chain.verdicts[i]) & ~Rulings.decided(own));
            // An answer hangs on no vote; in its own round nothing but answers and later rounds is looked at.
            apart[i] = round == 0 ? Rulings.decided(chain.answers[i]) : later | ~Rulings.decided(own);
            ruling.overturned[i] = Rulings.opposed(own, chain.verdicts[i]);
            if (ruling.overturned[i] != 0) any = true;
        }
        bytes32 id = chain.ids[round];
        uint256 weight = _assay().roundOf(id).weight();
        uint256[16] memory lanes = _assay().lanesOf(id);
        halves = SkillScore.sidesBy(terms.claims, weight, lanes, chain.verdicts, foreign);
        if (chain.isCanary) {
            ruling.inspected = SkillScore.sidesBy(terms.claims, weight, lanes, chain.answers, apart);
        }
        // A later round overturned each of these claims for good, so there is one.
        for (uint256 r = round + 1; any && ruling.winner == 0; ++r) {
            uint256[2] memory lasting = chain.lasting[r];
            bool isOfThem = (lasting[0] & ruling.overturned[0]) | (lasting[1] & ruling.overturned[1]) != 0;
            if (isOfThem) ruling.winner = chain.ids[r];
        }
    }

    /// @inheritdoc IAppeals
    function verdictsOf(IAssay.Terms calldata terms) external view returns (uint256[2] memory) {
        return _chain(terms).verdicts;
    }

    /// @inheritdoc IAppeals
    function referenceOf(IAssay.Terms calldata terms) external view returns (uint256[2] memory) {
        return _chain(terms).answers;
    }

    /// @inheritdoc IAppeals
    function bondOf(IAssay.Terms calldata terms, uint256 round) public view returns (uint256) {
        bytes32 requestId = _assay().idOf(terms);
        require(round == 1 || round == 2, UnknownRound(requestId, round));
        uint256 seats = _assay().drawOf(_roundId(requestId, round - 1)).seats();
        require(seats != 0, UnknownRound(requestId, round - 1));
        return uint256(terms.price) * terms.claims * Rulings.nextSeats(seats);
    }

    /// @inheritdoc IAppeals
    function potOf(bytes32 roundId) external view returns (Pot memory) {
        return _pots[roundId];
    }

    /// @inheritdoc IAppeals
    function contributionOf(bytes32 roundId, address funder) external view returns (Contribution memory) {
        return _contributions[roundId][funder];
    }

    // -------------------------------------------------------------- internals

    function _lock(bytes32 roundId, address appellant, uint256 bond) private {
        Pot storage pot = _pots[roundId];
        uint256 missing = bond - pot.funded;
        pot.state = BondState.LOCKED;
        if (missing != 0) _contribute(roundId, appellant, missing);
        emit BondLocked(roundId, bond);
    }

    function _contribute(bytes32 roundId, address funder, uint256 amount) private {
        // Fits: a payment is part of the supply.
        _pots[roundId].funded += uint96(amount);
        _contributions[roundId][funder].amount += uint96(amount);
        emit Funded(roundId, funder, amount);

        TOKEN.safeTransferFrom(funder, address(this), amount);
    }

    /// @dev Reads every round of a request and puts them together.
    function _chain(IAssay.Terms calldata terms) private view returns (Chain memory chain) {
        bytes32 id = _assay().idOf(terms);
        chain.requestId = id;
        (, uint256 margin, , ) = REGISTRY.verdictRuleOf(terms.domain, terms.version);
        uint256[2][ROUNDS] memory flips;
        for (uint256 r; r < ROUNDS; ++r) {
            RoundWord round = _assay().roundOf(id);
            // A round's clock is set when it is opened.
            if (round.clock() == 0) break;
            chain.ids[r] = id;
            ++chain.count;
            chain.isVoid[r] = round.has(VOIDED);
            if (round.has(CANARY)) {
                chain.isCanary = true;
                chain.answers = CANARIES.answersOf(id);
            }
            if (round.has(FINALIZED)) {
                uint256[2] memory own = _read(id, terms.claims, round.weight(), margin, r != 0);
                chain.own[r] = own;
                for (uint256 i; i < 2; ++i) {
                    flips[r][i] = Rulings.opposed(chain.verdicts[i], own[i]);
                    chain.verdicts[i] = Rulings.amended(chain.verdicts[i], own[i]);
                    if (r == 0) continue;
                    flips[r][i] |= Rulings.opposed(chain.answers[i], own[i]);
                    chain.answers[i] = Rulings.amended(chain.answers[i], own[i]);
                }
            }
            id = keccak256(abi.encode(id));
        }
        for (uint256 r = 1; r < chain.count; ++r) {
            for (uint256 i; i < 2; ++i) {
                chain.lasting[r][i] = flips[r][i] & Rulings.same(chain.own[r][i], chain.verdicts[i]);
            }
        }
    }

    /// @dev A round's own verdicts; appeals need 60 % of the weight.
    function _read(
        bytes32 id,
        uint256 claims,
        uint256 weight,
        uint256 margin,
        bool isAppeal
    ) private view returns (uint256[2] memory words) {
        uint256 threshold = _assay().drawOf(id).threshold();
        VerdictMath.Bounds memory limits = VerdictMath.bounds(threshold, margin, weight);
        if (isAppeal) limits = Rulings.appealBounds(limits, weight);
        (words, , ) = VerdictMath.read(_assay().lanesOf(id), claims, weight, threshold, limits);
    }

    /// @dev The round that an appeal of now would be against; reverts if there can be none.
    function _appealable(
        IAssay.Terms calldata terms
    ) private view returns (bytes32 requestId, uint256 index, DrawWord draw, RoundWord round) {
        uint256 until = REGISTRY.pausedUntil();
        require(block.timestamp >= until, IDomainRegistry.RequestsPaused(until));
        bytes32 latest;
        (requestId, latest, index) = _latest(terms);
        IAssay.Phase phase = _assay().phaseOf(latest);
        require(phase != IAssay.Phase.NONE, IAssay.UnknownRequest(requestId));
        round = _assay().roundOf(latest);
        // A void appeal leaves the verdicts, and as much time to appeal again.
        bool reopened = index != 0 && phase == IAssay.Phase.VOID && block.timestamp < round.clock();
        bool isOpen = reopened || phase == IAssay.Phase.FINALIZED;
        require(isOpen, IAssay.WrongPhase(latest, phase, IAssay.Phase.FINALIZED));
        draw = _assay().drawOf(latest);
        uint256 seats = Rulings.nextSeats(draw.seats());
        bool exhausted = index == ROUNDS - 1 || seats > Units.MAX_SEATS;
        require(!exhausted, NoFurtherAppeal(requestId, seats, Units.MAX_SEATS));
    }

    /// @dev The round whose verdicts are still open.
    function _latest(
        IAssay.Terms calldata terms
    ) private view returns (bytes32 requestId, bytes32 latest, uint256 index) {
        requestId = _assay().idOf(terms);
        latest = requestId;
        while (_assay().roundOf(latest).has(APPEALED)) latest = _roundId(requestId, ++index);
    }

    /// @dev See IAssay.roundIdOf.
    function _roundId(bytes32 requestId, uint256 round) private view returns (bytes32) {
        return _assay().roundIdOf(requestId, round);
    }

    function _assay() private view returns (IAssay) {
        return IAssay(ASSAY);
    }
}
