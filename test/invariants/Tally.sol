// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {Assert} from "../utils/Assert.sol";
import {Observer} from "./Observer.sol";

/// @title Tally
/// @notice How often each action of the handler really happened, and how often something succeeded that never may.
abstract contract Tally is Observer {
    enum Action {
        STAKE,
        UNSTAKE,
        CANCEL,
        WITHDRAW,
        REST,
        COMMISSION,
        BUY,
        REQUEST,
        SEAL,
        COMMIT,
        REPLACE,
        EXTEND,
        REVEAL,
        FINALIZE,
        VOID,
        SETTLE,
        REPORT,
        FUND_APPEAL,
        APPEAL,
        OVERTURN,
        CONFIRM,
        LAPSE,
        SEIZE,
        CLAIM_BOND,
        OPEN_CANARY,
        OVERTURN_CANARY,
        RETURN_BATCH,
        FORFEIT_BATCH,
        POST,
        DISTRIBUTE,
        UNLOCK,
        PAUSE,
        SHARE,
        ANNOUNCE,
        FAMILY,
        RECLASSIFY,
        RECORD,
        POST_METRICS,
        PROVE,
        REFUTE,
        WITHDRAW_BOND,
        DONATE,
        WAIT
    }

    mapping(Action action => uint256 times) public timesOf;
    /// @dev Calls that moved something although they repeated one that was done (SPEC INV-14).
    uint256 public repeated;
    /// @dev Openings, posts and rights that were accepted although forged (SPEC INV-13, REP-11, ACC-8).
    uint256 public forged;

    function _count(Action action) internal {
        ++timesOf[action];
    }

    /// @dev Sends what was done once more. It may be refused or pass over, but must move nothing.
    function _again(address from, address to, bytes memory data) internal {
        bytes32 before = _fingerprint(from);
        (bool success, ) = _try(from, to, data);
        if (success && _fingerprint(from) != before) ++repeated;
    }

    /// @dev A call that must be refused.
    function _forge(address from, address to, bytes memory data) internal {
        (bool success, ) = _try(from, to, data);
        if (success) ++forged;
    }

    /// @dev Everything of value a call could move: balances, supply, credits, earned burn, free stake.
    function _fingerprint(address who) private view returns (bytes32 print) {
        print = keccak256(abi.encode(token.totalSupply(), token.balanceOf(who), token.balanceOf(address(vault))));
        print = keccak256(abi.encode(print, token.balanceOf(address(appeals)), token.balanceOf(address(canaries))));
        for (uint256 i; i < REQUESTERS; ++i) print = keccak256(abi.encode(print, fees.credits(requester(i))));
        for (uint16 d = 1; d <= DOMAINS; ++d) {
            print = keccak256(abi.encode(print, fees.earned(d, _epoch())));
            for (uint256 i; i < OPERATORS; ++i)
                print = keccak256(abi.encode(print, _pool(d, i), vault.freeStake(d, holder(i))));
        }
    }

    /// @dev Folds a seed into a range whose ends come up often.
    function _between(uint256 seed, uint256 min, uint256 max) internal pure returns (uint256) {
        return Assert.bound(seed, min, max);
    }
}
