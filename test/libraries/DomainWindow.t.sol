// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {DomainWindow} from "../../contracts/libraries/DomainWindow.sol";
import {Assert} from "../utils/Assert.sol";

/// @notice SPEC EPO-4, INV-16: the sums of a domain are exact for the current and the next epoch whatever happens.
contract DomainWindowTest {
    uint256 private constant STEPS = 20_000;

    mapping(uint256 epoch => DomainWindow.Sums sums) private _history;
    uint256 private _window;
    uint256 private _epoch = 1;

    /// @notice 20,000 random steps (write, jump of 0–4 epochs); both readable epochs compared at each.
    function testWindowEqualsItsWholeHistory() external {
        uint256 seed = 0x7a5541;
        for (uint256 i; i < STEPS; ++i) {
            seed = uint256(keccak256(abi.encode(seed)));
            // A call of its own frees the memory of the structs.
            this.step(seed);
        }
        Assert.le(STEPS / 4, _epoch, "epochs passed");
    }

    function step(uint256 seed) external {
        uint256 jump = (seed & 7) > 4 ? 0 : seed & 7;
        for (uint256 i; i < jump; ++i) {
            ++_epoch;
            _history[_epoch + 1] = _history[_epoch];
        }
        if (seed & 0x30 != 0) {
            DomainWindow.Sums memory sums = _sums(seed >> 8);
            _window = DomainWindow.setNext(_window, _epoch, sums);
            _history[_epoch + 1] = sums;
        }
        _same(DomainWindow.current(_window, _epoch), _history[_epoch], "current");
        _same(DomainWindow.next(_window), _history[_epoch + 1], "next");
    }

    function testSetNextKeepsTheCurrentSums(uint256 window, uint256 seed, uint256 gap) external pure {
        uint256 written = (window >> 224) & type(uint24).max;
        uint256 epoch = written + Assert.bound(gap, 0, type(uint24).max - written);
        window = (window & ((1 << 224) - 1)) | (written << 224);
        DomainWindow.Sums memory sums = _sums(seed);
        uint256 changed = DomainWindow.setNext(window, epoch, sums);
        _same(DomainWindow.next(changed), sums, "next");
        _same(DomainWindow.current(changed, epoch), DomainWindow.current(window, epoch), "current");
        _same(DomainWindow.current(changed, epoch + 1), sums, "next becomes current");
    }

    /// @dev The largest values that fit: 56 bits of weight, 48 of roots, 8 of families.
    function _sums(uint256 seed) private pure returns (DomainWindow.Sums memory) {
        return DomainWindow.Sums(seed & ((1 << 56) - 1), (seed >> 56) & ((1 << 48) - 1), (seed >> 104) & 0xff);
    }

    function _same(DomainWindow.Sums memory a, DomainWindow.Sums memory b, string memory which) private pure {
        Assert.eq(a.weight, b.weight, string.concat("weight, ", which));
        Assert.eq(a.roots, b.roots, string.concat("roots, ", which));
        Assert.eq(a.families, b.families, string.concat("families, ", which));
    }
}
