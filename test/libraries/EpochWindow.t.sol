// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {EpochWindow} from "../../contracts/libraries/EpochWindow.sol";
import {Assert} from "../utils/Assert.sol";
import {VM} from "../utils/Vm.sol";

/// @notice SPEC EPO-3, INV-16: a window is exact for the previous, current and next epoch whatever happens.
contract EpochWindowTest {
    using EpochWindow for uint256;

    uint256 private constant MASK = (1 << 56) - 1;
    uint256 private constant STEPS = 25_000;

    /// @dev What each epoch was told to hold, with no limit on how far back.
    mapping(uint256 epoch => uint256 value) private _history;

    /// @notice 25,000 random steps (write, jump of 0–4 epochs, new tail); every readable epoch compared at each.
    function testWindowEqualsItsWholeHistory() external {
        uint256 seed = 0x7a5541;
        uint256 window;
        uint256 tail;
        uint256 epoch = 1;
        uint256 compared;
        for (uint256 step; step < STEPS; ++step) {
            seed = uint256(keccak256(abi.encode(seed)));
            uint256 jump = (seed & 7) > 4 ? 0 : seed & 7;
            for (uint256 i; i < jump; ++i) {
                ++epoch;
                _history[epoch + 1] = _history[epoch];
            }
            if (seed & 0x30 != 0) {
                uint256 value = (seed >> 8) & MASK;
                window = window.setNext(epoch, value);
                _history[epoch + 1] = value;
                Assert.eq(window.next(), value, "next value as written");
            }
            if (seed & 0xc0 == 0) {
                tail = (seed >> 64) & type(uint64).max;
                window = window.setTail(tail);
            }
            for (uint256 asked = epoch - 1; asked <= epoch + 1; ++asked) {
                Assert.eq(window.at(asked, epoch), _history[asked], "value of a readable epoch");
                ++compared;
            }
            Assert.eq(window.tail(), tail, "tail of the user");
        }
        Assert.eq(compared, 3 * STEPS, "epochs compared");
    }

    function testRollKeepsEveryReadableValue(uint256 window, uint256 gap) external pure {
        uint256 written = (window >> 168) & type(uint24).max;
        uint256 epoch = written + Assert.bound(gap, 0, type(uint24).max - written);
        uint256 rolled = window.roll(epoch);
        Assert.eq((rolled >> 168) & type(uint24).max, epoch, "epoch of a rolled window");
        Assert.eq(rolled.roll(epoch), rolled, "rolling twice is rolling once");
        Assert.eq(rolled.tail(), window.tail(), "tail survives a roll");
        Assert.eq(rolled.at(epoch + 1, epoch), window.next(), "next value survives a roll");
        if (epoch == written) Assert.eq(rolled, window, "nothing to roll");
        if (epoch > written) Assert.eq(rolled.at(epoch, epoch), window.next(), "current is what was next");
        if (epoch == written + 1) {
            Assert.eq(rolled.at(written, epoch), window.at(written, written), "previous is what was current");
        }
    }

    function testSetNextChangesNothingElse(uint256 window, uint256 value, uint256 gap) external pure {
        uint256 written = (window >> 168) & type(uint24).max;
        uint256 epoch = written + Assert.bound(gap, 0, type(uint24).max - written);
        uint256 changed = window.setNext(epoch, value & MASK);
        Assert.eq(changed.next(), value & MASK, "next");
        Assert.eq(changed.at(epoch, epoch), window.at(epoch, epoch), "current");
        if (epoch > 0) Assert.eq(changed.at(epoch - 1, epoch), window.at(epoch - 1, epoch), "previous");
        Assert.eq(changed.tail(), window.tail(), "tail");
    }

    function testIsZeroMeansAllThree(uint256 window, uint256 epoch) external pure {
        epoch = Assert.bound(epoch, 1, type(uint24).max - 1);
        window = window.roll(0).setTail(window).roll(epoch);
        bool empty = window.at(epoch - 1, epoch) == 0 && window.at(epoch, epoch) == 0 && window.next() == 0;
        Assert.isTrue(window.isZero() == empty, "isZero is about values only");
        Assert.isTrue(uint256(0).setTail(window).isZero(), "tail and epoch do not count");
    }

    function testRefusesOtherEpochs(uint256 window, uint256 asked, uint256 current) external {
        current = Assert.bound(current, (window >> 168) & type(uint24).max, type(uint24).max);
        asked = Assert.bound(asked, 0, type(uint24).max);
        if (asked + 1 >= current && asked <= current + 1) asked = current + 2;
        VM.expectRevert(abi.encodeWithSelector(EpochWindow.EpochOutsideWindow.selector, asked, current));
        this.read(window, asked, current);
    }

    /// @dev Cheatcodes watch external calls only.
    function read(uint256 window, uint256 asked, uint256 current) external pure returns (uint256) {
        return window.at(asked, current);
    }
}
