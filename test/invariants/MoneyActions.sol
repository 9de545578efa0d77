// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {IDomainRegistry} from "../../contracts/interfaces/IDomainRegistry.sol";
import {IReputationLedger} from "../../contracts/interfaces/IReputationLedger.sol";
import {IRewardMinter} from "../../contracts/interfaces/IRewardMinter.sol";
import {CanaryActions} from "./CanaryActions.sol";

/// @title MoneyActions
/// @notice Reputation, rewards, governance, families, and WORK sent by mistake: SPEC REP, REW, ACC-7, DOM.
abstract contract MoneyActions is CanaryActions {
    /// @dev wei sent to a room without calling it.
    mapping(address room => uint256 wei_) public donatedTo;
    /// @dev Proposals that are neither listed nor taken back.
    uint256 public openProposals;
    uint256 private _labels;

    // -------------------------------------------------------------- reputation

    /// @dev Posts the exact R of everybody with a tape; one that is off by one is refused.
    function _post(uint256 seed) internal {
        uint16 d = _domain(seed);
        IReputationLedger.Entry[] memory entries = new IReputationLedger.Entry[](OPERATORS);
        uint256 count;
        for (uint256 i; i < OPERATORS; ++i) {
            if (ledger.recordOf(d, holder(i)).length == 0 || _draw(seed, i) % 4 == 0) continue;
            entries[count++] = IReputationLedger.Entry(holder(i), ledger.pendingReputationOf(d, holder(i)));
        }
        if (count == 0) return;
        assembly ("memory-safe") {
            mstore(entries, count)
        }
        entries[0].reputation += 1;
        _forge(COLLECTOR, address(ledger), abi.encodeCall(ledger.post, (d, entries)));
        entries[0].reputation -= 1;
        bytes memory call = abi.encodeCall(ledger.post, (d, entries));
        _do(COLLECTOR, address(ledger), call);
        _count(Action.POST);
        _again(COLLECTOR, address(ledger), call);
    }

    // ----------------------------------------------------------------- rewards

    /// @dev Distributes an epoch that has an account to close; if there is none, settles a round and lets its epoch end.
    function _distribute(uint256 seed) internal {
        (uint16 d, uint256 epoch) = _findClosable(seed);
        if (d == 0) {
            bytes32 id = _toSettle(_draw(seed, 40));
            if (id != 0) _settle(id, _draw(seed, 41));
            _travel(EPOCH);
            (d, epoch) = _findClosable(seed);
        }
        if (d == 0) return;
        address[] memory owners = new address[](OPERATORS);
        for (uint256 i; i < OPERATORS; ++i) owners[i] = holder(((seed >> 8) + i) % OPERATORS);
        bytes memory call = abi.encodeCall(minter.distribute, (d, epoch, owners));
        _do(COLLECTOR, address(minter), call);
        _count(Action.DISTRIBUTE);
        _again(COLLECTOR, address(minter), call);
    }

    /// @dev Frees what an account does not need, exactly once; settles a round first if no account has anything.
    function _unlock(uint256 seed) internal {
        if (_unlockAny(seed)) return;
        bytes32 id = _toSettle(_draw(seed, 43));
        if (id == 0) return;
        _settle(id, _draw(seed, 44));
        _unlockAny(seed);
    }

    function _unlockAny(uint256 seed) private returns (bool) {
        for (uint256 k; k < DOMAINS * OPERATORS; ++k) {
            uint16 d = _domain((seed % OPERATORS) + k);
            address owner = holder(((seed >> 8) + k / DOMAINS) % OPERATORS);
            bytes memory call = abi.encodeCall(minter.unlock, (d, owner));
            (bool success, bytes memory answer) = _try(COLLECTOR, address(minter), call);
            if (success) {
                _count(Action.UNLOCK);
                _forge(COLLECTOR, address(minter), call);
                return true;
            }
            require(bytes4(answer) == IRewardMinter.NothingToUnlock.selector, "unlocking failed");
        }
        return false;
    }

    // -------------------------------------------------------------- governance

    /// @dev While paused nothing is requested; nobody else pauses.
    function _pause(uint256 seed) internal {
        bytes memory call = abi.encodeCall(registry.pause, (_now() + _between(seed, 1, 900)));
        _forge(COLLECTOR, address(registry), call);
        _do(GOVERNOR, address(registry), call);
        _count(Action.PAUSE);
        if (_ids.length == 0) return;
        bytes memory ask = abi.encodeCall(assay.request, (_ask(_terms[_ids[0]], type(uint256).max)));
        _forge(requester(0), address(assay), ask);
    }

    function _share(uint256 seed) internal {
        bytes memory call = abi.encodeCall(minter.setShare, (_domain(seed), _between(_draw(seed, 1), 0, 10_000)));
        _forge(COLLECTOR, address(minter), call);
        _do(GOVERNOR, address(minter), call);
        _count(Action.SHARE);
    }

    /// @dev New parameters, each within its bounds. ρ stays, because INV-20 speaks of epochs in which it does not rise.
    function _announce(uint256 seed) internal {
        uint16 d = _domain(seed);
        IDomainRegistry.Parameters memory p = _parameters(d);
        p.committee.seats = uint8(_between(_draw(seed, 1), 3, 12));
        p.committee.minSeats = uint8(_between(_draw(seed, 2), 2, 3));
        p.committee.maturity = uint16(_between(_draw(seed, 3), 1, 20));
        p.committee.qualityWindow = uint16(_between(_draw(seed, 4), 8, 24));
        p.committee.decisiveMargin = uint16(_between(_draw(seed, 5), 0, 4_500));
        p.rewards.mintRatio = uint16(_between(_draw(seed, 6), 0, 10_000));
        p.rewards.mintCap = uint16(_between(_draw(seed, 7), 10_000, 40_000));
        p.rewards.postBounty = uint32(_between(_draw(seed, 8), 0, 1_000_000));
        bytes memory call = abi.encodeCall(registry.announce, (d, p));
        _forge(COLLECTOR, address(registry), call);
        _do(address(this), address(registry), call);
        _count(Action.ANNOUNCE);
    }

    // ---------------------------------------------------------------- families

    /// @dev A proposal that is taken back, left open, or listed and vacated.
    function _family(uint256 seed) internal {
        uint16 d = _domain(seed);
        string memory label = string(
            abi.encodePacked("lineage ", uint8(65 + (_labels % 26)), uint8(65 + ((_labels / 26) % 26)))
        );
        ++_labels;
        uint256 what = _draw(seed, 1) % 4;
        token.transfer(COLLECTOR, FAMILY_BOND);
        _do(COLLECTOR, address(token), abi.encodeCall(token.approve, (address(registry), FAMILY_BOND)));
        bytes memory answer = _do(COLLECTOR, address(registry), abi.encodeCall(registry.proposeFamily, (d, label)));
        bytes32 lineage = abi.decode(answer, (bytes32));
        _count(Action.FAMILY);
        if (what == 0) {
            ++openProposals;
        } else if (what == 1) {
            bytes memory back = abi.encodeCall(registry.withdrawFamily, (d, lineage));
            _do(COLLECTOR, address(registry), back);
            _again(COLLECTOR, address(registry), back);
        } else {
            answer = _do(address(this), address(registry), abi.encodeCall(registry.listFamily, (d, lineage)));
            bytes memory vacate = abi.encodeCall(vault.vacateFamily, (d, abi.decode(answer, (uint8))));
            // Some slots stay taken; there are sixteen.
            if (what == 2 && _labels <= 12) return;
            _forge(holder(0), address(vault), vacate);
            _do(COLLECTOR, address(vault), vacate);
            _again(COLLECTOR, address(vault), vacate);
        }
    }

    function _donate(uint256 seed) internal {
        address room = [address(vault), address(registry), address(appeals), address(canaries), address(performance)][
            seed % 5
        ];
        uint256 amount = _between(_draw(seed, 1), 1, 10e18);
        token.transfer(room, amount);
        donatedTo[room] += amount;
        _count(Action.DONATE);
    }

    // ----------------------------------------------------------------- helpers

    /// @dev A past epoch with a mature account; zero if there is none.
    function _findClosable(uint256 seed) private view returns (uint16, uint256) {
        for (uint256 k; k < DOMAINS * OPERATORS; ++k) {
            uint16 d = _domain((seed % DOMAINS) + k);
            address owner = holder(((seed >> 8) + k / DOMAINS) % OPERATORS);
            uint256[] memory epochs = accountEpochsOf(d, owner);
            for (uint256 n; n < epochs.length; ++n) {
                IRewardMinter.Account memory account = minter.accountOf(d, epochs[n], owner);
                if (account.factor == 0 || account.scored < minter.termsOf(d, epochs[n]).maturity) continue;
                if (epochs[n] < _epoch()) return (d, epochs[n]);
            }
        }
        return (0, 0);
    }
}
