// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {IDomainRegistry} from "../../contracts/interfaces/IDomainRegistry.sol";
import {IStakeVault} from "../../contracts/interfaces/IStakeVault.sol";
import {Assert} from "../utils/Assert.sol";
import {Defaults} from "../utils/Defaults.sol";
import {VM} from "../utils/Vm.sol";
import {Protocol} from "./Protocol.sol";

/// @title World
/// @notice Who there is: two domains, four families, nine operators with a pool in each domain, delegators, requesters.
/// @dev Domain 1 has the square-root rule and quality outcomes in short windows; domain 2 the proportional rule, the
///      published preset and the hardest multipliers the bounds allow, so that R reaches both ends.
abstract contract World is Protocol {
    uint16 public constant DOMAINS = 2;
    uint256 public constant OPERATORS = 9;
    /// @dev Operators first, then delegators: everybody may stake with everybody.
    uint256 public constant HOLDERS = 11;
    uint256 public constant REQUESTERS = 2;
    uint8 public constant FAMILIES = 4;
    /// @dev Settles, reports, posts and collects for everybody.
    address public constant COLLECTOR = address(0xf000);
    /// @dev Of both domains.
    address public constant INSPECTOR = address(0xc000);
    /// @dev Posts metrics, and challenges them.
    address public constant POSTER = address(0xd000);
    address public constant WATCHER = address(0xd001);

    constructor() {
        _deployProtocol();
        VM.recordLogs();
        token.approve(address(registry), type(uint256).max);
        for (uint16 d = 1; d <= DOMAINS; ++d) _createDomain(d);
        for (uint256 i; i < HOLDERS; ++i) _fund(holder(i), address(vault));
        for (uint256 i; i < REQUESTERS; ++i) {
            _fund(requester(i), address(fees));
            _fund(requester(i), address(appeals));
        }
        _fund(INSPECTOR, address(canaries));
        for (uint16 d = 1; d <= DOMAINS; ++d) canaries.appoint(d, INSPECTOR);
        _fund(POSTER, address(performance));
        _fund(WATCHER, address(performance));
        for (uint256 i; i < OPERATORS; ++i) {
            for (uint16 d = 1; d <= DOMAINS; ++d) {
                VM.startPrank(holder(i));
                vault.register(d, hotKey(i), uint8(i % FAMILIES), 1_000, model(i), "");
                vault.stake(d, holder(i), (600 + 150 * i) * 1e18);
                VM.stopPrank();
            }
        }
    }

    function holder(uint256 i) public pure returns (address) {
        return address(uint160(0xa000 + i));
    }

    function hotKey(uint256 i) public pure returns (address) {
        return address(uint160(0xb000 + i));
    }

    /// @notice The accounts of the private keys 1 and 2, because requesters sign receipts.
    function requester(uint256 i) public pure returns (address) {
        return i == 0 ? 0x7E5F4552091A69125d5DfCb7b8C2659029395Bdf : 0x2B5AD5c4795c026514f8317c7a215E218DcCD6cF;
    }

    /// @notice The model an operator runs: that of everybody of its first family.
    function model(uint256 i) public pure returns (bytes32) {
        return keccak256(abi.encode(i % FAMILIES));
    }

    function _createDomain(uint16 d) private {
        IDomainRegistry.Parameters memory p = _parameters(d);
        registry.createDomain("campaign", Defaults.MIN_SELF_BOND, Defaults.MIN_FAMILY_WEIGHT, p);
        for (uint256 f; f < FAMILIES; ++f) {
            registry.listFamily(
                d,
                registry.proposeFamily(d, string.concat("family ", string(abi.encodePacked(uint8(65 + f)))))
            );
        }
    }

    function _parameters(uint16 d) internal pure returns (IDomainRegistry.Parameters memory p) {
        p = Defaults.parameters();
        p.committee.qualityWindow = 8;
        p.committee.maturity = 16;
        p.committee.minSeats = 3;
        p.fees.feeTarget = 1_000;
        p.fees.feeRate = 1_000_000;
        if (d == 1) return p;
        p.committee.seats = 5;
        p.committee.maturity = 1;
        p.committee.preset = IDomainRegistry.Preset.PUBLISHED;
        p.committee.rule = IDomainRegistry.DiversityRule.PROPORTIONAL;
        p.fees.penaltyRatio = 40_000;
        p.rewards.mintRatio = 10_000;
        p.rewards.mintCap = 40_000;
        p.rewards.gamma = 1.25e18;
        p.rewards.delta = 1.25e18;
        p.reputation.pull = 0;
        p.reputation.success = 2e18;
        p.reputation.wrong = 1e18;
        p.reputation.late = 0.5e18;
        p.reputation.absent = 0.1e18;
        p.reputation.catchUp = 0.02e18;
    }

    function _fund(address who, address spender) private {
        token.transfer(who, 200_000e18);
        VM.prank(who);
        token.approve(spender, type(uint256).max);
    }

    /// @dev A call from `from` that must succeed.
    function _do(address from, address to, bytes memory data) internal returns (bytes memory) {
        (bool success, bytes memory answer) = _try(from, to, data);
        if (success) return answer;
        // The error of the protocol says more than one of ours.
        assembly ("memory-safe") {
            revert(add(answer, 32), mload(answer))
        }
    }

    /// @dev A call from `from` that may fail.
    function _try(address from, address to, bytes memory data) internal returns (bool, bytes memory) {
        VM.prank(from);
        // solhint-disable-next-line avoid-low-level-calls
        return to.call(data);
    }

    function _now() internal view returns (uint256) {
        return VM.getBlockTimestamp();
    }

    function _epoch() internal view returns (uint256) {
        return (_now() - vault.GENESIS()) / EPOCH;
    }

    function _domain(uint256 seed) internal pure returns (uint16) {
        return uint16(1 + (seed % DOMAINS));
    }

    function _pool(uint16 d, uint256 i) internal view returns (IStakeVault.Pool memory) {
        return vault.poolOf(d, holder(i));
    }

    /// @dev The k-th independent number of an action's seed.
    function _draw(uint256 seed, uint256 k) internal pure returns (uint256) {
        return Assert.draw(seed, k);
    }
}
