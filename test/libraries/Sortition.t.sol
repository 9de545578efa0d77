// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {Sortition} from "../../contracts/libraries/Sortition.sol";
import {Assert} from "../utils/Assert.sol";

/// @notice SPEC SORT: seats follow stake and scarcity, and no way of splitting a stake beats that.
contract SortitionTest {
    uint256 private constant ONE = 1 << 128;
    /// @dev Lightest family that counts, gwei: ten self-bonds of one WORK.
    uint256 private constant LIGHTEST = 10e9;
    /// @dev The largest supply, gwei.
    uint256 private constant SUPPLY = uint256(2 ** 84) / 1e9;
    /// @dev Sixteen families of it fit the supply.
    uint256 private constant HEAVIEST = SUPPLY / 16;

    /// @dev One operator in a domain of two or more families.
    struct Domain {
        uint256 seats;
        uint256 boostCap;
        uint256 own;
        uint256 familyWeight;
        uint256 weight;
        uint256 roots;
    }

    /// @notice SORT-2, SORT-3: the unchecked formula against the same one in checked arithmetic, to the ends of every field.
    function testChanceIsItsReference(uint256 seed, uint256 seats, uint256 boostCap) external pure {
        seats = Assert.bound(seats, 1, 31);
        boostCap = Assert.bound(boostCap, 0, 64);
        uint256 total = Assert.bound(Assert.draw(seed, 0), 1, type(uint56).max);
        uint256 family = Assert.bound(Assert.draw(seed, 1), 1, total);
        uint256 weight = Assert.bound(Assert.draw(seed, 2), 0, family);
        uint256 roots = Sortition.root(family) + Assert.bound(Assert.draw(seed, 3), 0, 2 ** 47);
        uint256 expected = (weight * seats * 2 ** 128) / total;
        if (boostCap != 0) {
            uint256 diverse = (weight * seats * 2 ** 160) / (Sortition.root(family) * roots);
            uint256 capped = (weight * seats * boostCap * 2 ** 124) / total;
            expected = diverse < capped ? diverse : capped;
        }
        Assert.eq(Sortition.chance(weight, family, total, roots, seats, boostCap), expected, "chance");
    }

    function testRootIsTheFloor(uint56 weight) external pure {
        uint256 root = Sortition.root(weight);
        uint256 square = uint256(weight) << 32;
        Assert.le(root * root, square, "root squared");
        Assert.isTrue((root + 1) * (root + 1) > square, "next root squared");
    }

    /// @notice Σroot of sixteen families that share the whole supply fits 48 bits.
    function testRootsOfTheWholeSupplyFit(uint256 seed) external pure {
        uint256 left = SUPPLY;
        uint256 roots;
        for (uint256 f; f < 16; ++f) {
            uint256 part = f == 15 ? left : Assert.bound(Assert.draw(seed, f), 0, (2 * left) / (16 - f));
            part = part > left ? left : part;
            roots += Sortition.root(part);
            left -= part;
        }
        Assert.le(roots, type(uint48).max, "sum of roots");
    }

    /// @notice SORT-3, one family: the parts never expect more seats than the uncapped whole, and lose at most a unit each.
    function testSplittingInsideAFamilyNeverGains(uint256 seed, uint256 parts) external pure {
        parts = Assert.bound(parts, 2, 64);
        Domain memory d = _domain(seed);
        uint256 whole = _chance(d, d.own);
        (uint256 uncapped, uint256 seated) = _split(d, seed, parts);
        Assert.le(uncapped, whole, "parts against the whole");
        Assert.le(whole, uncapped + parts, "a unit of rounding a part");
        Assert.le(seated, whole, "seats of the parts against the uncapped whole");
    }

    /// @notice SORT-4, saturation: an owner sits once; the surplus of its share is lost, not moved to anybody.
    function testASaturatedOperatorLosesItsSurplus(uint256 seed) external pure {
        Domain memory d = _domain(seed);
        d.own = d.familyWeight;
        uint256 whole = _chance(d, d.own);
        uint256 seated = whole < ONE ? whole : ONE;
        // The best it can do is to split into parts that do not saturate: up to its share, never beyond.
        (, uint256 best) = _split(d, seed, 64);
        Assert.le(best, whole, "what splitting can recover");
        Assert.le(seated + _others(d, d.own), d.seats * ONE + (d.seats * ONE) / 1e6, "expected committee");
    }

    /// @notice SORT-3, over families: a stake spread over any families expects at most λ times its proportional share.
    function testSplittingOverFamiliesStaysBelowTheBoost(uint256 seed, uint256 count) external pure {
        count = Assert.bound(count, 1, 16);
        (uint256[] memory mine, uint256[] memory all, Domain memory d) = _families(seed, count);
        uint256 expected;
        for (uint256 f; f < count; ++f) {
            uint256 chance = Sortition.chance(mine[f], all[f], d.weight, d.roots, d.seats, d.boostCap);
            expected += chance < ONE ? chance : ONE;
        }
        uint256 boosted = (d.own * d.seats * d.boostCap * 2 ** 124) / d.weight;
        Assert.le(expected, boosted, "seats of a stake over families");
    }

    /// @notice SORT-2: the proportional rule gives exactly the stake's share, however it is spread.
    function testProportionalSharesIgnoreFamilies(uint256 seed, uint256 count) external pure {
        count = Assert.bound(count, 1, 16);
        (uint256[] memory mine, uint256[] memory all, Domain memory d) = _families(seed, count);
        uint256 expected;
        for (uint256 f; f < count; ++f) {
            expected += Sortition.chance(mine[f], all[f], d.weight, d.roots, d.seats, 0);
        }
        uint256 share = (d.own * d.seats * 2 ** 128) / d.weight;
        Assert.le(expected, share, "proportional share");
        Assert.le(share, expected + count, "within a unit a family");
    }

    /// @notice All families together expect no more than `seats` seats (roots are rounded down, hence the millionth).
    function testTheCommitteeIsNotLargerThanAsked(uint256 seed, uint256 count) external pure {
        count = Assert.bound(count, 1, 16);
        (, uint256[] memory all, Domain memory d) = _families(seed, count);
        uint256 expected;
        for (uint256 f; f < count; ++f) {
            expected += Sortition.chance(all[f], all[f], d.weight, d.roots, d.seats, d.boostCap);
        }
        Assert.le(expected, d.seats * ONE + (d.seats * ONE) / 1e6, "expected committee");
    }

    /// @notice The same weight is worth no less in a lighter family.
    function testScarceFamiliesSitMore(uint256 seed, uint256 heavier) external pure {
        Domain memory d = _domain(seed);
        heavier = Assert.bound(heavier, d.familyWeight, HEAVIEST);
        uint256 scarce = Sortition.chance(d.own, d.familyWeight, d.weight, d.roots, d.seats, d.boostCap);
        uint256 common = Sortition.chance(d.own, heavier, d.weight, d.roots, d.seats, d.boostCap);
        Assert.le(common, scarce, "heavier family against lighter family");
    }

    /// @notice More weight, more seats, more boost: never a smaller chance.
    function testChanceIsMonotone(uint256 seed, uint256 more) external pure {
        Domain memory d = _domain(seed);
        more = Assert.bound(more, d.own, d.familyWeight);
        uint256 before = _chance(d, d.own);
        Assert.le(before, _chance(d, more), "more weight");
        ++d.boostCap;
        Assert.le(before, _chance(d, d.own), "higher cap");
        ++d.seats;
        Assert.le(before, _chance(d, d.own), "more seats");
    }

    /// @notice SORT-1: a ticket is below 2^128 and changes with every field it binds.
    function testTicketsBindEveryField(uint256 seed, bytes32 id, address owner) external pure {
        uint256 ticket = Sortition.ticket(seed, id, owner);
        Assert.isTrue(ticket < ONE, "ticket below one");
        unchecked {
            Assert.isTrue(ticket != Sortition.ticket(seed + 1, id, owner), "other seed");
            Assert.isTrue(ticket != Sortition.ticket(seed, bytes32(uint256(id) + 1), owner), "other round");
            Assert.isTrue(ticket != Sortition.ticket(seed, id, address(uint160(owner) + 1)), "other owner");
        }
    }

    /// @notice 4,000 tickets fall evenly into 16 bins: chi-square below 37.7 (15 degrees, p = 0.001).
    function testTicketsAreUniform() external pure {
        uint256[16] memory bins;
        for (uint256 i; i < 4_000; ++i) {
            ++bins[Sortition.ticket(i / 50, bytes32(i), address(uint160(i % 50))) >> 124];
        }
        uint256 squares;
        for (uint256 b; b < 16; ++b) {
            uint256 gap = bins[b] > 250 ? bins[b] - 250 : 250 - bins[b];
            squares += gap * gap;
        }
        Assert.le((squares * 10) / 250, 377, "tenths of chi-square");
    }

    function testTiers(uint256 reputation) external pure {
        reputation = Assert.bound(reputation, 0, 10e18);
        uint256 tier = Sortition.tier(reputation);
        uint256 expected =
            reputation < 0.5e18
                ? 1
                : reputation < 2e18
                    ? 2
                    : reputation < 5e18
                        ? 3
                        : 4;
        Assert.eq(tier, expected, "tier");
        Assert.le(tier, Sortition.tier(reputation + 1), "more reputation, no lower tier");
    }

    function testTierEdges() external pure {
        Assert.eq(Sortition.tier(0.1e18), 1, "lowest");
        Assert.eq(Sortition.tier(0.5e18 - 1), 1, "last of probation");
        Assert.eq(Sortition.tier(0.5e18), 2, "first of standard");
        Assert.eq(Sortition.tier(2e18 - 1), 2, "last of standard");
        Assert.eq(Sortition.tier(2e18), 3, "first of preferred");
        Assert.eq(Sortition.tier(5e18 - 1), 3, "last of preferred");
        Assert.eq(Sortition.tier(5e18), 4, "first of prime");
        Assert.eq(Sortition.tier(10e18), 4, "highest");
    }

    // ------------------------------------------------------------------ helpers

    function _chance(Domain memory d, uint256 weight) private pure returns (uint256) {
        return Sortition.chance(weight, d.familyWeight, d.weight, d.roots, d.seats, d.boostCap);
    }

    /// @dev The rest of the expected committee: the operator's family without it, and one other family.
    function _others(Domain memory d, uint256 own) private pure returns (uint256) {
        uint256 other = d.weight - d.familyWeight;
        uint256 elsewhere = Sortition.chance(other, other, d.weight, d.roots, d.seats, d.boostCap);
        return _chance(d, d.familyWeight - own) + elsewhere;
    }

    /// @dev Splits the operator into random parts: expected seats without and with the limit of one seat an owner.
    function _split(
        Domain memory d,
        uint256 seed,
        uint256 parts
    ) private pure returns (uint256 uncapped, uint256 seated) {
        uint256 left = d.own;
        for (uint256 i; i < parts; ++i) {
            uint256 part = i == parts - 1 ? left : Assert.bound(Assert.draw(seed, 50 + i), 0, (2 * left) / (parts - i));
            part = part > left ? left : part;
            left -= part;
            uint256 chance = _chance(d, part);
            uncapped += chance;
            seated += chance < ONE ? chance : ONE;
        }
    }

    function _domain(uint256 seed) private pure returns (Domain memory d) {
        d.seats = Assert.bound(Assert.draw(seed, 1), 3, 31);
        d.boostCap = Assert.bound(Assert.draw(seed, 2), 16, 64);
        d.familyWeight = Assert.bound(Assert.draw(seed, 3), LIGHTEST, HEAVIEST);
        d.own = Assert.bound(Assert.draw(seed, 4), 1, d.familyWeight);
        uint256 other = Assert.bound(Assert.draw(seed, 5), LIGHTEST, HEAVIEST);
        d.weight = d.familyWeight + other;
        d.roots = Sortition.root(d.familyWeight) + Sortition.root(other);
    }

    /// @dev A stake `own` spread over `count` families that hold other stake too; all sums as they are then.
    function _families(
        uint256 seed,
        uint256 count
    ) private pure returns (uint256[] memory mine, uint256[] memory all, Domain memory d) {
        mine = new uint256[](count);
        all = new uint256[](count);
        d.seats = Assert.bound(Assert.draw(seed, 1), 3, 31);
        d.boostCap = Assert.bound(Assert.draw(seed, 2), 16, 64);
        for (uint256 f; f < count; ++f) {
            mine[f] = Assert.bound(Assert.draw(seed, 10 + f), LIGHTEST, HEAVIEST / 16);
            all[f] = mine[f] + Assert.bound(Assert.draw(seed, 30 + f), 0, HEAVIEST / 16);
            d.own += mine[f];
            d.weight += all[f];
            d.roots += Sortition.root(all[f]);
        }
    }
}
