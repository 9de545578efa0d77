// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {AccessManager} from "@openzeppelin/contracts/access/manager/AccessManager.sol";

import {Appeals} from "../../contracts/Appeals.sol";
import {Assay} from "../../contracts/Assay.sol";
import {BlockhashRandomness} from "../../contracts/BlockhashRandomness.sol";
import {Canaries} from "../../contracts/Canaries.sol";
import {CloneRegistry} from "../../contracts/CloneRegistry.sol";
import {DomainRegistry} from "../../contracts/DomainRegistry.sol";
import {FeeMarket} from "../../contracts/FeeMarket.sol";
import {PerformanceLedger} from "../../contracts/PerformanceLedger.sol";
import {ReputationLedger} from "../../contracts/ReputationLedger.sol";
import {RewardMinter} from "../../contracts/RewardMinter.sol";
import {SecurityQuote} from "../../contracts/SecurityQuote.sol";
import {StakeVault} from "../../contracts/StakeVault.sol";
import {WorkToken} from "../../contracts/WorkToken.sol";
import {AssayLens} from "../../contracts/periphery/AssayLens.sol";
import {VM} from "../utils/Vm.sol";

/// @title Protocol
/// @notice All contracts with each other, in the order and with the arguments of deploy/plan.ts: nothing stands in.
abstract contract Protocol {
    /// @dev Seconds. An hour, so that a campaign sees many epochs; a round of the test domains fits in (SPEC EPO-6).
    uint256 internal constant EPOCH = 1 hours;
    uint256 internal constant UNBONDING = 5 * EPOCH;
    uint256 internal constant PARAMETER_DELAY = EPOCH;
    /// @dev wei
    uint256 public constant SUPPLY = 2 ** 84 - 1;
    uint256 public constant DOMAIN_FEE = 1_000e18;
    uint256 public constant FAMILY_BOND = 500e18;
    uint256 internal constant INITIAL_EMISSION = 100e18;
    uint256 internal constant HALVING = 4;
    /// @dev wei under each canary
    uint256 public constant CANARY_BOND = 10e18;
    /// @dev epochs
    uint256 public constant CANARY_LIFETIME = 3;
    /// @dev wei under each post of metrics
    uint256 public constant POST_BOND = 10e18;
    /// @dev seconds
    uint256 internal constant CHALLENGE_WINDOW = 20 minutes;

    uint64 private constant PAUSER = 1;
    uint64 private constant EMISSION = 2;
    /// @dev May pause and set shares, nothing else.
    address internal constant GOVERNOR = address(0x6000);

    AccessManager public manager;
    BlockhashRandomness public randomness;
    WorkToken public token;
    DomainRegistry public registry;
    FeeMarket public fees;
    StakeVault public vault;
    ReputationLedger public ledger;
    RewardMinter public minter;
    Appeals public appeals;
    Canaries public canaries;
    SecurityQuote public security;
    Assay public assay;
    AssayLens public lens;
    PerformanceLedger public performance;
    CloneRegistry public clones;

    /// @dev This contract becomes treasury and admin, and gives the two rights of governance to GOVERNOR.
    function _deployProtocol() internal {
        uint256 genesis = block.timestamp;
        address[15] memory a;
        uint256 nonce = VM.getNonce(address(this));
        for (uint256 i; i < a.length; ++i) a[i] = VM.computeCreateAddress(address(this), nonce + i);

        manager = new AccessManager(address(this));
        randomness = new BlockhashRandomness();
        token = new WorkToken(address(this), SUPPLY, a[7]);
        registry = new DomainRegistry(
            address(manager),
            token,
            a[5],
            genesis,
            EPOCH,
            DOMAIN_FEE,
            FAMILY_BOND,
            PARAMETER_DELAY
        );
        fees = new FeeMarket(token, registry, a[11], a[7], genesis, EPOCH);
        vault = new StakeVault(token, registry, a[11], a[6], a[7], a[14], genesis, EPOCH, UNBONDING);
        ledger = new ReputationLedger(registry, vault, RewardMinter(a[7]), a[11], genesis, EPOCH);
        address[6] memory peers = [a[2], a[3], a[4], a[5], a[6], a[11]];
        minter = new RewardMinter(address(manager), peers, genesis, EPOCH, INITIAL_EMISSION, HALVING);
        appeals = new Appeals(token, registry, fees, vault, randomness, Canaries(a[9]), a[11]);
        canaries = new Canaries(token, registry, fees, vault, appeals, a[11], CANARY_BOND, CANARY_LIFETIME);
        security = new SecurityQuote(Assay(a[11]), registry, fees, vault);
        // Its constructor refuses peers that are not where they were predicted.
        assay = new Assay(
            registry,
            fees,
            vault,
            ledger,
            minter,
            randomness,
            appeals,
            canaries,
            security,
            genesis,
            EPOCH
        );
        lens = new AssayLens(assay, registry, vault, appeals);
        performance = new PerformanceLedger(token, assay, vault, registry, POST_BOND, CHALLENGE_WINDOW);
        clones = new CloneRegistry(token, assay, vault, registry);
        _giveRoles();
    }

    function _giveRoles() private {
        bytes4[] memory selectors = new bytes4[](1);
        selectors[0] = registry.pause.selector;
        manager.setTargetFunctionRole(address(registry), selectors, PAUSER);
        selectors[0] = minter.setShare.selector;
        manager.setTargetFunctionRole(address(minter), selectors, EMISSION);
        manager.grantRole(PAUSER, GOVERNOR, 0);
        manager.grantRole(EMISSION, GOVERNOR, 0);
    }
}
