// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

// Flags of IAssay.Round.
uint256 constant SEALED = 1;
uint256 constant EXTENDED = 2;
uint256 constant FINALIZED = 4;
uint256 constant VOIDED = 8;
uint256 constant APPEALED = 16;
uint256 constant CANARY = 32;

// Flags of IAssay.Seat; the low bits are its vote weight.
uint256 constant WEIGHT = 7;
uint256 constant LATE = 8;
uint256 constant REVEALED = 16;
uint256 constant SETTLED = 32;
uint256 constant ABSENT = 64;
