import { domainRegistryAbi, p256AttestationAbi } from "@assay/published";
import { zeroAddress, type Abi, type Address, type Hex } from "viem";

import type { Connection } from "../chain/connection.ts";
import type { Domain } from "../chain/domains.ts";
import { CliError } from "../lib/errors.ts";
import type { Actor } from "../request/signer.ts";
import { bindingMessage, type Certificate } from "./certificate.ts";
import { idOf, type Signature } from "./keys.ts";

/** What a device has to sign so that it backs an operator. */
export interface Binding {
  readonly domain: Domain;
  readonly owner: Address;
  readonly attestation: Address;
  readonly device: Hex;
  readonly message: Hex;
}

/** @throws CliError if the domain asks for no device, or the certificate is for another contract or chain */
export async function readBinding(
  { client, at, chainId }: Connection,
  domain: Domain,
  owner: Address,
  certificate: Certificate,
): Promise<Binding> {
  const attestation = await client.readContract({
    address: at.DomainRegistry,
    abi: domainRegistryAbi,
    functionName: "attestationOf",
    args: [domain.id],
  });
  if (attestation === zeroAddress) {
    throw new CliError(
      "NO_ATTESTATION",
      "The domain asks for no device",
      { domain: domain.name },
      "Register without: StakeVault.register.",
    );
  }
  if (certificate.attestation !== attestation || certificate.chainId !== chainId) {
    throw new CliError(
      "WRONG_CERTIFICATE",
      "The certificate is for another contract",
      {
        given: `${certificate.attestation} on chain ${certificate.chainId}`,
        allowed: `${attestation} on chain ${chainId}`,
      },
      "Ask your vendor for one that names the domain's contract.",
    );
  }
  const device = idOf(certificate.device);
  const { count } = await client.readContract({
    address: attestation,
    abi: p256AttestationAbi,
    functionName: "bindingOf",
    args: [device],
  });
  return {
    domain,
    owner,
    attestation,
    device,
    message: bindingMessage(certificate, domain.id, owner, count),
  };
}

/** Binds the device to the actor, who may register then. */
export async function attest(
  actor: Actor,
  { domain, attestation }: Binding,
  { vendor, device, serial, notAfter, signature: ofVendor }: Certificate,
  signature: Signature,
): Promise<Hex> {
  const certificate = { vendor, device, serial: BigInt(serial), notAfter, signature: ofVendor };
  const args = [domain.id, certificate, signature];
  const { transactionHash } = await actor.send(attestation, p256AttestationAbi as Abi, "attest", args);
  return transactionHash;
}
