// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {P256} from "@openzeppelin/contracts/utils/cryptography/P256.sol";

import {IAttestation} from "../interfaces/IAttestation.sol";
import {IDomainRegistry} from "../interfaces/IDomainRegistry.sol";
import {IP256Attestation} from "../interfaces/IP256Attestation.sol";
import {IStakeVault} from "../interfaces/IStakeVault.sol";

/// @title P256Attestation
contract P256Attestation is IP256Attestation {
    bytes32 private constant CERTIFICATE = keccak256("Assay device certificate v1");
    bytes32 private constant BINDING = keccak256("Assay device binding v1");
    /// @dev Flag of IStakeVault.Operator.
    uint256 private constant REGISTERED = 1;

    IStakeVault public immutable VAULT;
    IDomainRegistry public immutable REGISTRY;

    mapping(bytes32 device => Binding) private _bindings;
    /// @inheritdoc IP256Attestation
    mapping(uint16 domain => mapping(address owner => bytes32 device)) public deviceOf;
    /// @inheritdoc IP256Attestation
    mapping(uint16 domain => mapping(bytes32 vendor => bool)) public isVendor;
    /// @inheritdoc IP256Attestation
    mapping(uint16 domain => mapping(bytes32 certificate => bool)) public isRevoked;

    constructor(IStakeVault vault, IDomainRegistry registry) {
        require(registry.VAULT() == address(vault), InvalidPeer(address(vault)));
        VAULT = vault;
        REGISTRY = registry;
    }

    modifier onlyDomainOwner(uint16 domain) {
        address owner = REGISTRY.ownerOf(domain);
        require(msg.sender == owner, NotDomainOwner(msg.sender, owner));
        _;
    }

    // ---------------------------------------------------------- domain owners

    /// @inheritdoc IP256Attestation
    function setVendor(uint16 domain, Key calldata key, bool listed) external onlyDomainOwner(domain) {
        require(P256.isValidPublicKey(key.x, key.y), InvalidKey(key));
        bytes32 vendor = idOf(key);
        isVendor[domain][vendor] = listed;
        emit VendorSet(domain, vendor, key, listed);
    }

    /// @inheritdoc IP256Attestation
    function revoke(uint16 domain, bytes32 certificate) external onlyDomainOwner(domain) {
        isRevoked[domain][certificate] = true;
        emit Revoked(domain, certificate);
    }

    // -------------------------------------------------------------- operators

    /// @inheritdoc IP256Attestation
    function attest(uint16 domain, Certificate calldata given, Signature calldata signature) external {
        bytes32 vendor = idOf(given.vendor);
        bytes32 device = idOf(given.device);
        bytes32 certificate = certificateHash(given);
        _requireGood(domain, vendor, certificate, given.notAfter);
        require(!_wasChargedOut(domain, msg.sender), WasChargedOut(domain, msg.sender));
        _requireFree(domain, device);
        require(_verify(certificate, given.signature, given.vendor), InvalidCertificate(certificate));
        bytes32 hash = bindingHash(device, domain, msg.sender);
        require(_verify(hash, signature, given.device), InvalidBinding(device, hash));

        // Checked: a device is bound fewer than 2^32 times.
        uint32 count = _bindings[device].count + 1;
        _bindings[device] = Binding(msg.sender, domain, given.notAfter, count, vendor, certificate);
        deviceOf[domain][msg.sender] = device;
        emit DeviceBound(domain, msg.sender, device, vendor, certificate, given.notAfter);
    }

    /// @inheritdoc IAttestation
    function requireAdmitted(uint16 domain, address owner) external view {
        Binding memory binding = _bindings[deviceOf[domain][owner]];
        require(binding.owner == owner && binding.domain == domain, NotAttested(domain, owner));
        require(!_wasChargedOut(domain, owner), WasChargedOut(domain, owner));
        _requireGood(domain, binding.vendor, binding.certificate, binding.notAfter);
    }

    // ------------------------------------------------------------------ views

    /// @inheritdoc IP256Attestation
    function idOf(Key calldata key) public pure returns (bytes32) {
        return keccak256(abi.encode(key));
    }

    /// @inheritdoc IP256Attestation
    function certificateHash(Certificate calldata c) public view returns (bytes32) {
        return sha256(abi.encode(CERTIFICATE, block.chainid, address(this), c.vendor, c.device, c.serial, c.notAfter));
    }

    /// @inheritdoc IP256Attestation
    function bindingHash(bytes32 device, uint16 domain, address owner) public view returns (bytes32) {
        return sha256(abi.encode(BINDING, block.chainid, address(this), domain, owner, _bindings[device].count));
    }

    /// @inheritdoc IP256Attestation
    function bindingOf(bytes32 device) external view returns (Binding memory) {
        return _bindings[device];
    }

    // -------------------------------------------------------------- internals

    function _requireGood(uint16 domain, bytes32 vendor, bytes32 certificate, uint256 notAfter) private view {
        require(isVendor[domain][vendor], UnknownVendor(domain, vendor));
        require(!isRevoked[domain][certificate], CertificateRevoked(certificate));
        require(block.timestamp <= notAfter, CertificateExpired(block.timestamp, notAfter));
    }

    /// @dev Whom the device backs, it backs until they leave; who was charged out has spent it.
    function _requireFree(uint16 domain, bytes32 device) private view {
        Binding memory bound = _bindings[device];
        if (bound.owner == address(0) || (bound.owner == msg.sender && bound.domain == domain)) return;
        require(!_wasChargedOut(bound.domain, bound.owner), DeviceSpent(device, bound.domain, bound.owner));
        bool inUse = VAULT.operatorOf(bound.domain, bound.owner).flags & REGISTERED != 0;
        require(!inUse, DeviceInUse(device, bound.domain, bound.owner));
    }

    function _wasChargedOut(uint16 domain, address owner) private view returns (bool) {
        return VAULT.originOf(domain, owner).chargedOut;
    }

    /// @dev By the precompile of RIP-7212 where the chain has it, else in Solidity.
    function _verify(bytes32 hash, Signature calldata by, Key calldata key) private view returns (bool) {
        return P256.verify(hash, by.r, by.s, key.x, key.y);
    }
}
