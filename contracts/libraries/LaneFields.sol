// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

/// @title LaneFields
/// @notice Eight claims at a time: a word of sixteen lanes is read as two halves of eight 32-bit fields, which leave room
///         to compare, count and add without a field ever running into the next.
/// @dev The even half holds claims 0, 2, 4 … 14, the odd half 1, 3, 5 … 15; claim 0 and 1 are the highest fields.
library LaneFields {
    /// @dev 1 in every field.
    uint256 internal constant UNITS = 0x0000000100000001000000010000000100000001000000010000000100000001;

    /// @dev The low 16 bits of every field.
    uint256 internal constant LOW16 = 0x0000ffff0000ffff0000ffff0000ffff0000ffff0000ffff0000ffff0000ffff;

    /// @dev Times this, the low four bits of field j come to bits 252 − 4j: the top 32 bits hold them in reverse order, so
    ///      claims 0 and 1 come lowest. The other partial products fall below or out of the word.
    uint256 private constant GATHER = 0x1000000001000000001000000001000000001000000001000000001000000001;

    uint256 private constant PAIRS = 0x00000000ffffffff00000000ffffffff00000000ffffffff00000000ffffffff;
    uint256 private constant QUADS = 0x0000000000000000ffffffffffffffff0000000000000000ffffffffffffffff;

    /// @dev {reached} tells by this bit.
    uint256 private constant CARRY = 20;

    /// @notice Claims 0, 2, 4 … of a word of lanes.
    function even(uint256 lanes) internal pure returns (uint256) {
        return (lanes >> 16) & LOW16;
    }

    /// @notice Claims 1, 3, 5 … of a word of lanes.
    function odd(uint256 lanes) internal pure returns (uint256) {
        return lanes & LOW16;
    }

    /// @notice 1 in the fields of an even half that hold one of the first `claims` claims of the word (at most 16 count).
    function evenUpTo(uint256 claims) internal pure returns (uint256) {
        unchecked {
            return claims > 14 ? UNITS : UNITS & ~(type(uint256).max >> (((claims + 1) >> 1) << 5));
        }
    }

    /// @notice 1 in the fields of an odd half that hold one of the first `claims` claims of the word (at most 16 count).
    function oddUpTo(uint256 claims) internal pure returns (uint256) {
        unchecked {
            return claims > 15 ? UNITS : UNITS & ~(type(uint256).max >> ((claims >> 1) << 5));
        }
    }

    /// @notice What to add to fields so that {reached} compares them with `bound`.
    /// @param bound at most 2^20
    function reach(uint256 bound) internal pure returns (uint256) {
        unchecked {
            return UNITS * ((1 << CARRY) - bound);
        }
    }

    /// @notice 1 in every field that is at least the bound its {reach} was made for.
    /// @param sum fields below 2^20 plus a reach
    function reached(uint256 sum) internal pure returns (uint256) {
        return (sum >> CARRY) & UNITS;
    }

    /// @notice Sum of all fields; must be below 2^32. The product collects it in the highest field.
    function total(uint256 fields) internal pure returns (uint256) {
        unchecked {
            return (fields * UNITS) >> 224;
        }
    }

    /// @notice Sum of the squares of all fields, which must be below 2^14: the field of x · reverse(x) in which each
    ///         field meets itself.
    function squares(uint256 x) internal pure returns (uint256) {
        unchecked {
            uint256 y = (x >> 128) | (x << 128);
            y = ((y >> 64) & QUADS) | ((y & QUADS) << 64);
            y = ((y >> 32) & PAIRS) | ((y & PAIRS) << 32);
            return (x * y) >> 224;
        }
    }

    /// @notice 32 bits, two for each of the sixteen claims of a word, claim 0 lowest.
    /// @param evens what the claims of the even half get, two bits a field
    /// @param odds what the claims of the odd half get
    function gather(uint256 evens, uint256 odds) internal pure returns (uint256) {
        unchecked {
            return ((evens | (odds << 2)) * GATHER) >> 224;
        }
    }
}
