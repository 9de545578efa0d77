// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {IAssay} from "../../contracts/interfaces/IAssay.sol";
import {IDomainRegistry} from "../../contracts/interfaces/IDomainRegistry.sol";
import {IStakeVault} from "../../contracts/interfaces/IStakeVault.sol";
import {Protocol} from "../invariants/Protocol.sol";
import {Assert} from "../utils/Assert.sol";
import {Defaults} from "../utils/Defaults.sol";
import {VM} from "../utils/Vm.sol";

/// @notice SPEC APP-7 on the whole protocol: 1,000 seeded wrong verdicts, each overturned by an appeal. Every voter that was
///         on the losing side loses stake, nobody else does.
contract OverturnedTest is Protocol {
    uint256 private constant CASES = 1_000;
    uint256 private constant OPERATORS = 8;
    uint256 private constant CLAIMS = 3;
    address private constant REQUESTER = address(0xe000);
    address private constant APPELLANT = address(0xe001);
    uint16 private domain;
    uint256 private charged;
    uint256 private losing;

    function setUp() external {
        _deployProtocol();
        token.approve(address(registry), type(uint256).max);
        IDomainRegistry.Parameters memory p = Defaults.parameters();
        // Everybody sits: eight operators with nearly equal stakes, two of each family.
        p.committee.seats = 9;
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
        for (uint256 n; n < CASES; ++n) _overturn(n);
        Assert.eq(charged, losing, "charged of the losing voters");
        // Six to eight of eight voters are wrong in each case.
        Assert.le(6 * CASES, losing, "losing voters at least");
    }

    function _overturn(uint256 n) private {
        IAssay.Terms memory terms = _request(n);
        bytes32 first = assay.idOf(terms);
        uint256 wrongs = 6 + (Assert.draw(n, 0) % 3);
        bytes[] memory votes = new bytes[](OPERATORS);
        bytes[] memory truth = new bytes[](OPERATORS);
        for (uint256 i; i < OPERATORS; ++i) {
            votes[i] = _votes(n, i, i < wrongs);
            truth[i] = _votes(n + CASES, i, false);
        }
        _play(terms, first, votes);
        VM.prank(APPELLANT);
        bytes32 second = assay.appeal(terms);
        _play(terms, second, truth);
        VM.warp(VM.getBlockTimestamp() + 600);
        _settle(terms, first, votes, wrongs);
        _settle(terms, second, truth, 0);
        appeals.resolve(terms, 1);
        appeals.claim(second, APPELLANT);
    }

    function _request(uint256 n) private returns (IAssay.Terms memory terms) {
        IAssay.Ask memory ask = IAssay.Ask({
            domain: domain,
            claims: uint16(CLAIMS),
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
            claims: uint16(CLAIMS),
            baseRate: uint8((baseRate * 255 + 0.5e18) / 1e18),
            price: uint88(fees.price(domain)),
            payloadHash: ask.payloadHash,
            sealedNote: 0
        });
        VM.prank(REQUESTER);
        Assert.isTrue(assay.request(ask) == assay.idOf(terms), "terms of the request");
    }

    /// @dev Claim 1 is true, claim 2 is false, claim 0 one or the other. The wrong are sure of the contrary of claim 0.
    function _votes(uint256 n, uint256 i, bool wrong) private pure returns (bytes memory votes) {
        votes = new bytes(CLAIMS);
        uint256 luck = Assert.draw(n, 10 + i);
        votes[0] = _vote((n & 1 == 0) != wrong, luck);
        votes[1] = _vote(true, luck >> 8);
        votes[2] = _vote(false, luck >> 16);
    }

    function _vote(bool isTrue, uint256 luck) private pure returns (bytes1) {
        return bytes1(uint8(isTrue ? 215 + (luck % 41) : luck % 41));
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

    function _settle(IAssay.Terms memory terms, bytes32 id, bytes[] memory votes, uint256 wrongs) private {
        IAssay.Vote[] memory given = new IAssay.Vote[](OPERATORS);
        uint256[] memory before = new uint256[](OPERATORS);
        for (uint256 i; i < OPERATORS; ++i) {
            given[i] = IAssay.Vote(_owner(i), votes[i]);
            before[i] = _stake(_owner(i));
        }
        assay.settle(terms, id == assay.idOf(terms) ? 0 : 1, given);
        uint256 bond = uint256(lens.drawOf(id).bond) * 1e9;
        for (uint256 i; i < OPERATORS; ++i) {
            uint256 lost = before[i] - _stake(_owner(i));
            Assert.le(lost, bond, "never more than the bond");
            if (i >= wrongs) Assert.eq(lost, 0, "who was right loses nothing");
            else if (lost != 0) ++charged;
        }
        losing += wrongs;
    }

    function _stake(address owner) private view returns (uint256) {
        IStakeVault.Pool memory pool = vault.poolOf(domain, owner);
        return uint256(pool.active) + pool.unbonding;
    }

    function _owner(uint256 i) private pure returns (address) {
        return address(uint160(0xa000 + i));
    }
}
