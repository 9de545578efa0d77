// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {DrawWord, RoundWord} from "../libraries/RequestWords.sol";
import {IAssay} from "./IAssay.sol";

/// @title IAppeals
/// @notice The bonds of appeals, and what the rounds of an appealed request say together.
/// @dev A bond is what the next round costs: `price · claims · seats`. Anyone may put in a part of it before the appeal is
///      opened ({fund}); who opens it pays what is missing. When the request is final, a bond comes back if its round
///      overturned a verdict, or an answer of a canary, and the overturning lasts, or if its round was void; else it is burned for the domain, as the
///      fee of a round would be. What overturned voters lose comes here: half of it to the appeal's funders, in all at most
///      as much as their bond, the rest is burned for the domain and so pays the voters of the appeal.
///      Safety rests on: WORK calls nobody, Assay and FeeMarket are immutable contracts of this protocol.
interface IAppeals {
    /// @notice Where a bond stands.
    enum BondState {
        /// @dev no appeal was opened; contributions can be withdrawn
        FUNDING,
        /// @dev the round runs or is not final yet
        LOCKED,
        /// @dev comes back to its funders with their part of what was taken
        RETURNED,
        /// @dev burned for the domain
        BURNED
    }

    /// @notice The bond of one appeal.
    struct Pot {
        /// @dev wei of WORK put in
        uint96 funded;
        /// @dev wei of WORK taken from overturned voters for the funders, at most `funded`
        uint96 reward;
        BondState state;
    }

    /// @notice What one funder put in and got back, wei of WORK.
    struct Contribution {
        uint96 amount;
        uint96 paid;
    }

    /// @notice What a round of a final request is settled by. Words as published: two bits a claim.
    struct Ruling {
        /// @dev verdicts that count
        uint256[2] verdicts;
        /// @dev mask (low bit of a claim): this round decided the claim, and the verdict that counts is the other one
        uint256[2] overturned;
        /// @dev the first later round that overturned one of these claims for good; its funders share in what the voters
        ///      lose. Zero if nothing was overturned
        bytes32 winner;
        /// @dev the claims by the side that quality is judged by, see SkillScore.Sides; empty unless it is a canary
        uint256[] inspected;
    }

    /// @notice `funder` put `amount` wei towards the appeal that opens round `roundId`.
    event Funded(bytes32 indexed roundId, address indexed funder, uint256 amount);
    /// @notice `funder` took its contribution back before the appeal was opened.
    event FundingWithdrawn(bytes32 indexed roundId, address indexed funder, uint256 amount);
    /// @notice The appeal was opened; `bond` wei are held until the request is final.
    event BondLocked(bytes32 indexed roundId, uint256 bond);
    /// @notice Of what an overturned voter lost, `reward` wei go to the funders, `burned` wei were burned for the domain.
    event Awarded(bytes32 indexed roundId, uint256 reward, uint256 burned);
    /// @notice The request is final: `bond` wei come back (RETURNED) or were burned for the domain (BURNED).
    event BondResolved(bytes32 indexed roundId, BondState state, uint256 bond);
    /// @notice `amount` wei were paid to `funder`.
    event Claimed(bytes32 indexed roundId, address indexed funder, uint256 amount);

    /// @notice Only Assay.
    error NotAssay(address caller, address assay);
    /// @notice The round cannot be funded: it runs already, or there can be none after the latest.
    error NotFundable(bytes32 roundId, BondState state);
    /// @notice The request has no such round, or not yet.
    error UnknownRound(bytes32 requestId, uint256 round);
    /// @notice All of the bond, `bond` wei, is funded.
    error NothingMissing(bytes32 roundId, uint256 bond);
    /// @notice Nothing would be put in.
    error ZeroAmount();
    /// @notice The funder put nothing in, or took it back.
    error NothingToWithdraw(bytes32 roundId, address funder);
    /// @notice The funder put nothing in, or was paid all that is due so far.
    error NothingToClaim(bytes32 roundId, address funder);
    /// @notice The bond is `given`.
    error WrongBondState(bytes32 roundId, BondState given, BondState required);
    /// @notice The request was appealed twice, or the next committee would be larger than `max` seats.
    error NoFurtherAppeal(bytes32 requestId, uint256 seats, uint256 max);
    /// @notice Verdicts can still change.
    error NotFinal(bytes32 requestId, IAssay.Phase phase);

    /// @notice Puts up to `amount` wei of the caller's WORK (allowance needed) towards the bond of round `round`, while the
    ///         appeal can be opened: who pays has seen the verdict, and whoever opens a full pot does what its funders want.
    /// @param round 1 or 2; the round that an appeal of now would open
    /// @return accepted wei, at most what is missing
    function fund(IAssay.Terms calldata terms, uint256 round, uint256 amount) external returns (uint256 accepted);

    /// @notice Takes the caller's contribution back while the appeal is not opened.
    function withdraw(bytes32 roundId) external;

    /// @notice Checks that the request may be appealed now and locks the bond, of which `appellant` pays what is missing.
    ///         Only Assay.
    /// @return draw of the next round: 2n + 1 seats, weights of this epoch, else as before
    /// @return round waiting for its seed
    function open(IAssay.Terms calldata terms, address appellant) external returns (DrawWord draw, RoundWord round);

    /// @notice Books `amount` wei that Assay moved here from an overturned voter. Only Assay.
    function award(bytes32 roundId, uint16 domain, uint256 amount) external;

    /// @notice Decides what becomes of the bond of round `round` once the request is final. Anyone.
    function resolve(IAssay.Terms calldata terms, uint256 round) external;

    /// @notice Pays `funder` its contribution and its part of what was taken so far; again whenever more was taken. Anyone.
    function claim(bytes32 roundId, address funder) external;

    /// @notice How round `round` of a request is settled, given the rounds there are now.
    /// @return halves the claims by side, see SkillScore.Sides
    function rulingOf(
        IAssay.Terms calldata terms,
        uint256 round
    ) external view returns (uint256[] memory halves, Ruling memory ruling);

    /// @notice The verdicts that count, given the rounds there are now.
    function verdictsOf(IAssay.Terms calldata terms) external view returns (uint256[2] memory);

    /// @notice What the quality of a canary's seats is judged by: its answers, but what an appeal decided where one did.
    ///         Of any other request what appeals decided.
    function referenceOf(IAssay.Terms calldata terms) external view returns (uint256[2] memory);

    /// @notice Wei of WORK that the bond of round `round` takes.
    function bondOf(IAssay.Terms calldata terms, uint256 round) external view returns (uint256);
    /// @notice The bond of the appeal that opened `roundId`.
    function potOf(bytes32 roundId) external view returns (Pot memory);
    /// @notice What `funder` put into the bond of `roundId`.
    function contributionOf(bytes32 roundId, address funder) external view returns (Contribution memory);
    /// @notice Only caller of {open} and {award}.
    function ASSAY() external view returns (address);
}
