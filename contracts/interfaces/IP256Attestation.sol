// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {IAttestation} from "./IAttestation.sol";

/// @title IP256Attestation
/// @notice Bonded hardware: who registers names a device with a P-256 key that a vendor certified. One device backs one
///         operator at a time, in whatever domain; where its operator was charged out it backs nobody any more.
/// @dev One contract serves all domains that choose it; each domain's owner lists vendors and revokes certificates.
///      Signatures are ECDSA over P-256 with SHA-256 and a low s, as secure elements, TPMs and OpenSSL make them.
///      What a certificate means is the vendor's word: that the key was made in a device and cannot leave it.
interface IP256Attestation is IAttestation {
    struct Key {
        bytes32 x;
        bytes32 y;
    }

    struct Signature {
        bytes32 r;
        /// @dev at most half of the order of the curve
        bytes32 s;
    }

    /// @notice A vendor's word for a device.
    struct Certificate {
        Key vendor;
        Key device;
        /// @dev of the vendor's choice; a device can be certified again under another one
        uint64 serial;
        /// @dev Unix seconds, the last moment it is good for
        uint48 notAfter;
        /// @dev of the vendor, over {certificateHash}
        Signature signature;
    }

    /// @notice Whom a device backs.
    struct Binding {
        // slot 0
        address owner;
        uint16 domain;
        uint48 notAfter;
        /// @dev bindings of the device so far
        uint32 count;
        // slot 1
        bytes32 vendor;
        // slot 2
        bytes32 certificate;
    }

    event VendorSet(uint16 indexed domain, bytes32 indexed vendor, Key key, bool listed);
    event Revoked(uint16 indexed domain, bytes32 indexed certificate);
    event DeviceBound(
        uint16 indexed domain,
        address indexed owner,
        bytes32 indexed device,
        bytes32 vendor,
        bytes32 certificate,
        uint48 notAfter
    );

    error InvalidPeer(address peer);
    error NotDomainOwner(address caller, address owner);
    /// @notice Not a point of the curve.
    error InvalidKey(Key given);
    error UnknownVendor(uint256 domain, bytes32 vendor);
    error CertificateRevoked(bytes32 certificate);
    error CertificateExpired(uint256 now_, uint256 notAfter);
    /// @notice The vendor did not sign this certificate.
    error InvalidCertificate(bytes32 certificate);
    /// @notice The device did not sign `hash`, see {bindingHash}.
    error InvalidBinding(bytes32 device, bytes32 hash);
    /// @notice The device backs `owner`, who is registered in `domain`.
    error DeviceInUse(bytes32 device, uint256 domain, address owner);
    /// @notice The device backed `owner`, who was charged out in `domain`.
    error DeviceSpent(bytes32 device, uint256 domain, address owner);
    /// @notice Who was charged out in a domain does not return to it under the same address.
    error WasChargedOut(uint256 domain, address owner);
    /// @notice No device backs the owner in this domain.
    error NotAttested(uint256 domain, address owner);

    /// @notice Binds a device to the caller, who may then register in `domain`. The device must be free: never bound, or
    ///         bound to somebody who is not registered and was not charged out.
    /// @param signature of the device, over {bindingHash}
    function attest(uint16 domain, Certificate calldata certificate, Signature calldata signature) external;

    /// @notice Lists a vendor, or takes it off the list: then its devices admit nobody any more. Only the domain's owner.
    function setVendor(uint16 domain, Key calldata key, bool listed) external;

    /// @notice Revokes a certificate for good. Only the domain's owner.
    /// @param certificate see {certificateHash}
    function revoke(uint16 domain, bytes32 certificate) external;

    /// @notice Id of a key: keccak256(x ‖ y).
    function idOf(Key calldata key) external pure returns (bytes32);
    /// @notice SHA-256 of abi.encode(keccak256("Assay device certificate v1"), chain id, this contract, vendor, device,
    ///         serial, notAfter): what the vendor signs, and the certificate's id.
    function certificateHash(Certificate calldata certificate) external view returns (bytes32);
    /// @notice SHA-256 of abi.encode(keccak256("Assay device binding v1"), chain id, this contract, domain, owner, number of
    ///         bindings so far): what the device signs, once for each binding.
    function bindingHash(bytes32 device, uint16 domain, address owner) external view returns (bytes32);
    function bindingOf(bytes32 device) external view returns (Binding memory);
    /// @notice The device the owner attested last in a domain; it may back somebody else by now.
    function deviceOf(uint16 domain, address owner) external view returns (bytes32);
    function isVendor(uint16 domain, bytes32 vendor) external view returns (bool);
    function isRevoked(uint16 domain, bytes32 certificate) external view returns (bool);
}
