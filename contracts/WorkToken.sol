// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {ERC20} from "@openzeppelin/contracts/token/ERC20/ERC20.sol";
import {ERC20Burnable} from "@openzeppelin/contracts/token/ERC20/extensions/ERC20Burnable.sol";
import {ERC20Permit} from "@openzeppelin/contracts/token/ERC20/extensions/ERC20Permit.sol";
import {IERC20Permit} from "@openzeppelin/contracts/token/ERC20/extensions/IERC20Permit.sol";

import {IWorkToken} from "./interfaces/IWorkToken.sol";
import {Units} from "./libraries/Units.sol";

/// @title WorkToken
contract WorkToken is ERC20, ERC20Burnable, ERC20Permit, IWorkToken {
    string private constant NAME = "Assay Work";

    /// @inheritdoc IWorkToken
    address public immutable MINTER;

    constructor(address treasury, uint256 genesisSupply, address minter) ERC20(NAME, "WORK") ERC20Permit(NAME) {
        require(genesisSupply <= Units.MAX_SUPPLY, SupplyTooLarge(genesisSupply, Units.MAX_SUPPLY));
        MINTER = minter;
        _mint(treasury, genesisSupply);
    }

    /// @inheritdoc IWorkToken
    function mint(address to, uint256 amount) external {
        require(msg.sender == MINTER, NotMinter(msg.sender, MINTER));
        _mint(to, amount);
    }

    /// @inheritdoc IWorkToken
    function burn(uint256 amount) public override(ERC20Burnable, IWorkToken) {
        super.burn(amount);
    }

    /// @inheritdoc IWorkToken
    function burnFrom(address from, uint256 amount) public override(ERC20Burnable, IWorkToken) {
        super.burnFrom(from, amount);
    }

    /// @inheritdoc IERC20Permit
    function nonces(address owner) public view override(ERC20Permit, IERC20Permit) returns (uint256) {
        return super.nonces(owner);
    }
}
