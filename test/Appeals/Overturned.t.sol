// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {IAssay} from "../../contracts/interfaces/IAssay.sol";
import {IDomainRegistry} from "../../contracts/interfaces/IDomainRegistry.sol";
import {IStakeVault} from "../../contracts/interfaces/IStakeVault.sol";
import {Rulings} from "../../contracts/libraries/Rulings.sol";
import {VerdictMath} from "../../contracts/libraries/VerdictMath.sol";
import {Protocol} from "../invariants/Protocol.sol";
import {Assert} from "../utils/Assert.sol";
import {Defaults} from "../utils/Defaults.sol";
import {VM} from "../utils/Vm.sol";

/// @notice SPEC APP-7 on the whole protocol: 1,000 seeded wrong verdicts, each overturned by an appeal. Requests have 1 to
///         16 claims of which any number is overturned, in both directions, by votes from the first beyond θ to the surest.
///         Every voter that was on the losing side loses its error squared, to the gwei; nobody else loses anything.
contract OverturnedTest is Protocol {
    uint256 private constant CASES = 1_000;
    uint256 private constant OPERATORS = 8;
    uint256 private constant MAX_CLAIMS = 16;
    address private constant REQUESTER = address(0xe000);
    address private constant APPELLANT = address(0xe001);
    uint16 private domain;
    uint256 private charged;
    uint256 private losing;
    /// @dev overturned claims, by what they were overturned to
    mapping(bool isTrue => uint256) private corrected;
    /// @dev requests of so many claims, and those of which all or one was overturned
    mapping(uint256 claims => uint256) private ofSize;
    uint256 private whole;
    uint256 private single;

    /// @dev Masks of claims.
    struct Shape {
        uint256 n;
        uint256 claims;
        uint256 truth;
        uint256 overturned;
    }

    function setUp() external {
        _deployProtocol();
        token.approve(address(registry), type(uint256).max);
        IDomainRegistry.Parameters memory p = Defaults.parameters();
        // Everybody sits: eight operators with nearly equal stakes, two of each family.
        p.committee.seats = 9;
        // R stays 1: over all cases everybody keeps its chance and its vote weight.
        p.reputation.success = 1e18;
        p.reputation.wrong = 1e18;
        // The price stays at its floor.
        p.fees.feeTarget = type(uint32).max;
        domain = registry.createDomain("overturned", Defaults.MIN_SELF_BOND, Defaults.MIN_FAMILY_WEIGHT, p);
        for (uint256 f; f < 4; ++f) {
            string memory label = string.concat("family ", string(abi.encodePacked(uint8(65 + f))));
            registry.listFamily(domain, registry.proposeFamily(domain, label));
        }
        for (uint256 i; i < OPERATORS; ++i) {
            address owner = _owner(i);
            token.transfer(owner, 2_000e18);
            VM.startPrank(owner);
            token.approve(address(vault), type(uint256).max);
            vault.register(domain, owner, uint8(i % 4), 1_000, keccak256(abi.encode(i)), "");
            vault.stake(domain, owner, 2_000e18);
            VM.stopPrank();
        }
        token.transfer(REQUESTER, 10_000e18);
        VM.startPrank(REQUESTER);
        token.approve(address(fees), type(uint256).max);
        fees.buy(REQUESTER, 10_000e18);
        VM.stopPrank();
        token.transfer(APPELLANT, 10_000e18);
        VM.prank(APPELLANT);
        token.approve(address(appeals), type(uint256).max);
        VM.warp(block.timestamp + EPOCH);
    }

    function testEveryLosingVoterOfAThousandWrongVerdictsIsCharged() external {
        // A call each: a thousand cases in one memory would be too much.
        for (uint256 n; n < CASES; ++n) this.overturn(n);
        Assert.eq(charged, losing, "charged of the losing voters");
        // Six to eight of eight voters are wrong on each overturned claim.
        Assert.le(6 * CASES, losing, "losing voters at least");
        Assert.le(CASES, corrected[true], "overturned to TRUE");
        Assert.le(CASES, corrected[false], "overturned to FALSE");
        for (uint256 k = 1; k <= MAX_CLAIMS; ++k) Assert.le(10, ofSize[k], "requests of each size");
        Assert.le(100, whole, "overturned in all of several claims");
        Assert.le(100, single, "overturned in one of several claims");
    }

    function overturn(uint256 n) external {
        Shape memory shape = _shape(n);
        IAssay.Terms memory terms = _request(n, shape.claims);
        bytes32 first = assay.idOf(terms);
        VerdictMath.Bounds memory limits = VerdictMath.bounds(_threshold(first), 1_000, OPERATORS);
        bytes[] memory votes = _votes(shape, first, shape.overturned, limits);
        _play(terms, first, votes);
        _checkVerdicts(terms, shape, shape.truth ^ shape.overturned);
        VM.prank(APPELLANT);
        bytes32 second = assay.appeal(terms);
        bytes[] memory truth = _votes(shape, second, 0, Rulings.appealBounds(limits, OPERATORS));
        _play(terms, second, truth);
        _checkVerdicts(terms, shape, shape.truth);
        VM.warp(VM.getBlockTimestamp() + 600);
        _settle(terms, shape, 0, votes);
        _settle(terms, shape, 1, truth);
        appeals.resolve(terms, 1);
        appeals.claim(second, APPELLANT);
    }

    function _shape(uint256 n) private returns (Shape memory shape) {
        uint256 claims = Assert.bound(Assert.draw(n, 0), 1, MAX_CLAIMS);
        uint256 count = Assert.bound(Assert.draw(n, 1), 1, claims);
        uint256 from = Assert.draw(n, 2);
        shape = Shape({n: n, claims: claims, truth: Assert.draw(n, 3), overturned: 0});
        for (uint256 i; i < count; ++i) {
            uint256 claim = ((from % claims) + i) % claims;
            shape.overturned |= 1 << claim;
            ++corrected[_has(shape.truth, claim)];
        }
        ++ofSize[claims];
        if (claims != 1 && count == claims) ++whole;
        if (claims != 1 && count == 1) ++single;
    }

    function _request(uint256 n, uint256 claims) private returns (IAssay.Terms memory terms) {
        IAssay.Ask memory ask = IAssay.Ask({
            domain: domain,
            claims: uint16(claims),
            nonce: n,
            payloadHash: keccak256(abi.encode(n)),
            sealedNote: 0,
            maxFee: type(uint256).max,
            uri: "https://store.example/payload",
            payload: ""
        });
        (uint256 baseRate, ) = assay.meansOf(domain);
        terms = IAssay.Terms({
            requester: REQUESTER,
            nonce: n,
            domain: domain,
            version: 1,
            epoch: uint24(assay.currentEpoch()),
            claims: uint16(claims),
            baseRate: uint8((baseRate * 255 + 0.5e18) / 1e18),
            price: uint88(fees.price(domain)),
            payloadHash: ask.payloadHash,
            sealedNote: 0
        });
        VM.prank(REQUESTER);
        Assert.isTrue(assay.request(ask) == assay.idOf(terms), "terms of the request");
    }

    /// @dev On each claim of `lies` all but two at most are on the wrong side, elsewhere nobody is. Where a verdict is to be
    ///      overturned, and where it is, the surer ones of them are as sure as it takes to decide it.
    function _votes(
        Shape memory shape,
        bytes32 id,
        uint256 lies,
        VerdictMath.Bounds memory limits
    ) private view returns (bytes[] memory votes) {
        votes = new bytes[](OPERATORS);
        for (uint256 i; i < OPERATORS; ++i) votes[i] = new bytes(shape.claims);
        uint256 pivot = _threshold(id) * 255;
        for (uint256 c; c < shape.claims; ++c) {
            uint256 luck = Assert.draw(uint256(id), c);
            bool says = _has(shape.truth, c) != _has(lies, c);
            uint256 others = _has(lies, c) ? (1 << (luck & 15)) | (1 << ((luck >> 4) & 15)) : 0;
            uint256 sum;
            for (uint256 i; i < OPERATORS; ++i) {
                uint256 vote = _vote(says != _has(others, i), pivot, Assert.draw(luck, i));
                votes[i][c] = bytes1(uint8(vote));
                sum += vote;
            }
            if (!_has(shape.overturned, c)) continue;
            for (uint256 j; j < OPERATORS && (says ? sum < limits.high : sum > limits.low); ++j) {
                uint256 i = ((luck >> 8) + j) % OPERATORS;
                if (_has(others, i)) continue;
                sum = sum + (says ? 255 : 0) - uint8(votes[i][c]);
                votes[i][c] = bytes1(says ? 255 : 0);
            }
        }
    }

    /// @dev From the first byte beyond θ to the last; each of them one time in eight.
    function _vote(bool isTrue, uint256 pivot, uint256 luck) private pure returns (uint256) {
        return
            isTrue
                ? Assert.bound(luck, pivot / VerdictMath.ONE + 1, 255)
                : Assert.bound(luck, 0, (pivot - 1) / VerdictMath.ONE);
    }

    /// @dev Claims that are to be overturned, or were, are decided; of the others none is wrong.
    function _checkVerdicts(IAssay.Terms memory terms, Shape memory shape, uint256 expected) private view {
        uint256 words = appeals.verdictsOf(terms)[0];
        for (uint256 c; c < shape.claims; ++c) {
            uint256 verdict = (words >> (2 * c)) & 3;
            uint256 due = _has(expected, c) ? VerdictMath.TRUE : VerdictMath.FALSE;
            if (verdict != VerdictMath.UNDECIDED || _has(shape.overturned, c)) Assert.eq(verdict, due, "verdict");
        }
    }

    function _play(IAssay.Terms memory terms, bytes32 id, bytes[] memory votes) private {
        uint256 ticket = lens.roundOf(id).seed;
        VM.roll(ticket + 1);
        VM.setBlockhash(ticket, keccak256(abi.encode(id)));
        assay.seal(id, "");
        IAssay.Opening[] memory openings = new IAssay.Opening[](OPERATORS);
        for (uint256 i; i < OPERATORS; ++i) {
            address owner = _owner(i);
            bytes32 hash = lens.commitmentOf(id, owner, keccak256(votes[i]), bytes32(i));
            VM.prank(owner);
            assay.commit(id, owner, uint240(uint256(hash) >> 16));
            openings[i] = IAssay.Opening(owner, votes[i], bytes32(i));
        }
        IAssay.Draw memory draw = lens.drawOf(id);
        VM.warp(VM.getBlockTimestamp() + draw.commitWindow);
        assay.reveal(id, openings);
        VM.warp(VM.getBlockTimestamp() + draw.revealWindow);
        assay.finalize(terms);
    }

    function _settle(IAssay.Terms memory terms, Shape memory shape, uint256 round, bytes[] memory votes) private {
        IAssay.Vote[] memory given = new IAssay.Vote[](OPERATORS);
        uint256[] memory before = new uint256[](OPERATORS);
        for (uint256 i; i < OPERATORS; ++i) {
            given[i] = IAssay.Vote(_owner(i), votes[i]);
            before[i] = _stake(_owner(i));
        }
        assay.settle(terms, round, given);
        uint256 bond = lens.drawOf(assay.idOf(terms)).bond;
        uint256 pivot = _threshold(assay.idOf(terms)) * 255;
        for (uint256 i; i < OPERATORS; ++i) {
            uint256 lost = before[i] - _stake(_owner(i));
            uint256 squares = _squares(shape, votes[i], pivot);
            // Of a bond of whole gwei, rounded up.
            uint256 parts = 255 * 255 * shape.claims;
            Assert.eq(lost, ((bond * squares + parts - 1) / parts) * 1e9, "error squared, on the losing side");
            Assert.le(lost, bond * 1e9, "never more than the bond");
            if (lost != 0) ++charged;
            if (squares != 0) ++losing;
        }
    }

    /// @dev Σ (p − y)² · 255² over overturned claims on which a voter was on the losing side.
    function _squares(Shape memory shape, bytes memory votes, uint256 pivot) private pure returns (uint256 squares) {
        for (uint256 c; c < shape.claims; ++c) {
            uint256 vote = uint8(votes[c]);
            if (!_has(shape.overturned, c) || (vote * VerdictMath.ONE > pivot) == _has(shape.truth, c)) continue;
            uint256 error = _has(shape.truth, c) ? 255 - vote : vote;
            squares += error * error;
        }
    }

    function _has(uint256 mask, uint256 i) private pure returns (bool) {
        return (mask >> i) & 1 == 1;
    }

    /// @return θ of a round, 16-bit fraction
    function _threshold(bytes32 id) private view returns (uint256) {
        return lens.drawOf(id).threshold;
    }

    function _stake(address owner) private view returns (uint256) {
        IStakeVault.Pool memory pool = vault.poolOf(domain, owner);
        return uint256(pool.active) + pool.unbonding;
    }

    function _owner(uint256 i) private pure returns (address) {
        return address(uint160(0xa000 + i));
    }
}
