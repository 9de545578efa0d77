// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {FixedPointMathLib} from "solady/src/utils/FixedPointMathLib.sol";

import {EpochClock} from "./EpochClock.sol";
import {IDomainRegistry} from "./interfaces/IDomainRegistry.sol";
import {IFeeMarket} from "./interfaces/IFeeMarket.sol";
import {IWorkToken} from "./interfaces/IWorkToken.sol";
import {FeeCurve} from "./libraries/FeeCurve.sol";

/// @title FeeMarket
contract FeeMarket is EpochClock, IFeeMarket {
    struct Demand {
        uint128 excess; // milli claim-seats at `updatedAt`
        uint48 updatedAt; // Unix seconds
    }

    IWorkToken public immutable TOKEN;
    IDomainRegistry public immutable REGISTRY;
    address public immutable ASSAY;
    address public immutable MINTER;

    /// @inheritdoc IFeeMarket
    mapping(address requester => uint256 wei_) public credits;
    /// @inheritdoc IFeeMarket
    mapping(uint16 domain => mapping(uint256 epoch => uint256 wei_)) public earned;
    mapping(uint16 domain => Demand) private _demand;

    constructor(
        IWorkToken token,
        IDomainRegistry registry,
        address assay,
        address minter,
        uint256 genesis,
        uint256 epochLength
    ) EpochClock(genesis, epochLength) {
        TOKEN = token;
        REGISTRY = registry;
        ASSAY = assay;
        MINTER = minter;
    }

    modifier onlyAssay() {
        require(msg.sender == ASSAY, NotAssay(msg.sender, ASSAY));
        _;
    }

    // ---------------------------------------------------------------- credits

    /// @inheritdoc IFeeMarket
    function buy(address beneficiary, uint256 amount) public {
        require(amount != 0, ZeroAmount());
        credits[beneficiary] += amount;
        emit CreditsBought(msg.sender, beneficiary, amount);

        TOKEN.burnFrom(msg.sender, amount);
    }

    /// @inheritdoc IFeeMarket
    function buyWithPermit(
        address beneficiary,
        uint256 amount,
        uint256 deadline,
        uint8 v,
        bytes32 r,
        bytes32 s
    ) external {
        // A front-run permit leaves the allowance it grants, so its failure is decided by burnFrom.
        // solhint-disable-next-line no-empty-blocks
        try TOKEN.permit(msg.sender, address(this), amount, deadline, v, r, s) {} catch {}
        buy(beneficiary, amount);
    }

    /// @inheritdoc IFeeMarket
    function sponsor(uint16 domain, uint256 amount) external {
        require(amount != 0, ZeroAmount());
        // Reverts for an unknown domain.
        REGISTRY.currentVersion(domain);
        uint256 epoch = currentEpoch();
        earned[domain][epoch] += amount;
        emit Sponsored(msg.sender, domain, epoch, amount);

        TOKEN.burnFrom(msg.sender, amount);
    }

    // --------------------------------------------------- the life of a request

    /// @inheritdoc IFeeMarket
    function reserve(
        address requester,
        uint16 domain,
        IDomainRegistry.Pricing calldata pricing,
        uint256 units,
        uint256 maxFee
    ) external onlyAssay returns (uint256 price_) {
        uint256 excess = _excess(domain, pricing.feeTarget);
        price_ = FeeCurve.price(pricing.minFee, excess, pricing.feeRate);
        uint256 fee = price_ * units;
        require(fee <= maxFee, FeeAboveMax(fee, maxFee));
        uint256 held = credits[requester];
        require(fee <= held, InsufficientCredits(requester, held, fee));

        credits[requester] = held - fee;
        // Fits: growth saturates at 20 · feeRate < 2^45.
        _demand[domain] = Demand(uint128(FeeCurve.grow(excess, units, pricing.feeRate)), uint48(block.timestamp));
        emit CreditsReserved(requester, domain, units, price_, fee);
    }

    /// @inheritdoc IFeeMarket
    function release(address requester, uint256 amount) external onlyAssay {
        credits[requester] += amount;
        emit CreditsReleased(requester, amount);
    }

    /// @inheritdoc IFeeMarket
    function earn(uint16 domain, uint256 amount) external onlyAssay {
        uint256 epoch = currentEpoch();
        earned[domain][epoch] += amount;
        emit BurnEarned(domain, epoch, amount);
    }

    /// @inheritdoc IFeeMarket
    function spend(uint16 domain, uint256 amount) external returns (uint256 taken) {
        require(msg.sender == MINTER, NotMinter(msg.sender, MINTER));
        uint256 epoch = currentEpoch();
        uint256 available = earned[domain][epoch];
        taken = FixedPointMathLib.min(amount, available);
        earned[domain][epoch] = available - taken;
        emit BountySpent(domain, epoch, taken);
    }

    // ------------------------------------------------------------------ views

    /// @inheritdoc IFeeMarket
    function price(uint16 domain) external view returns (uint256) {
        IDomainRegistry.Fees memory fees = REGISTRY.feesOf(domain, REGISTRY.currentVersion(domain));
        return FeeCurve.price(fees.minFee, _excess(domain, fees.feeTarget), fees.feeRate);
    }

    function _excess(uint16 domain, uint256 feeTarget) private view returns (uint256) {
        Demand memory demand = _demand[domain];
        return FeeCurve.decay(demand.excess, feeTarget, block.timestamp - demand.updatedAt);
    }
}
