import { InvalidArgumentError, Option, type Command } from "commander";
import type { Address } from "viem";

import { connect } from "../chain/connection.ts";
import { findDomain } from "../chain/domains.ts";
import { attest, readBinding } from "../device/attest.ts";
import { certificateMessage, readCertificate, sameKey } from "../device/certificate.ts";
import {
  publicKeyOf,
  readPrivateKey,
  readPublicKey,
  readSignature,
  signMessage,
  type Key,
} from "../device/keys.ts";
import { CliError } from "../lib/errors.ts";
import { addressArgument, chainOptions, integer, type ChainOptions } from "../lib/options.ts";
import { createOutput, toJson } from "../lib/output.ts";
import { actorFromEnvironment } from "../request/signer.ts";

interface AttestOptions extends ChainOptions {
  readonly domain: string;
  readonly deviceKey?: string;
  readonly signature?: string;
  readonly keyEnv: string;
}

interface CertifyOptions {
  readonly vendorKey: string;
  readonly chain: number;
  readonly attestation: Address;
  readonly serial: number;
  readonly until: number;
}

/** `assay device`: devices that back operators, in domains that ask for them. */
export function deviceCommand(program: Command): void {
  const device = program
    .command("device")
    .description("devices that back operators, where a domain asks for them");

  const attestation = device
    .command("attest")
    .description(
      "bind a certified device to the owner, before it registers; without a signature, say what to sign",
    )
    .argument("<certificate.json>", "certificate of the device, from its vendor")
    .requiredOption("--domain <domain>", "name or number of the domain")
    .addOption(
      new Option("--device-key <file>", "PEM file with the device's private key").conflicts("signature"),
    )
    .option("--signature <file>", "signature the device made, DER, where its key cannot leave it")
    .option("--key-env <name>", "environment variable with the owner's private key", "ASSAY_KEY");
  chainOptions(attestation).action(async (file: string, options: AttestOptions) => {
    const out = createOutput(options);
    const certificate = readCertificate(file);
    const connection = await connect(options);
    const domain = await findDomain(connection, options.domain);
    const actor = actorFromEnvironment(connection, options.keyEnv);
    const binding = await readBinding(connection, domain, actor.address, certificate);
    if (options.deviceKey === undefined && options.signature === undefined) {
      return out.result(
        binding,
        `the device has to sign these bytes (ECDSA, SHA-256); hand in the signature with --signature:\n${binding.message}`,
      );
    }
    const signature =
      options.deviceKey === undefined
        ? readSignature(options.signature ?? "")
        : signByFile(options.deviceKey, certificate.device, binding.message);
    const transaction = await attest(actor, binding, certificate, signature);
    out.result(
      { ...binding, transaction },
      `device ${binding.device} backs ${binding.owner} in ${domain.name}: register until ${new Date(certificate.notAfter * 1_000).toISOString()}`,
    );
  });

  device
    .command("certify")
    .description("for vendors: certify a device's key; prints the certificate")
    .argument("<device key>", "PEM file with the device's public key")
    .requiredOption("--vendor-key <file>", "PEM file with the vendor's private key")
    .requiredOption("--attestation <address>", "the P256Attestation it is for", addressArgument)
    .requiredOption("--chain <id>", "chain id", integer(1, 2 ** 48))
    .requiredOption("--serial <number>", "number of the certificate", integer(0, Number.MAX_SAFE_INTEGER))
    .requiredOption("--until <date>", "last moment it is good for, such as 2027-12-31", moment)
    .action((file: string, { vendorKey, chain, attestation: at, serial, until }: CertifyOptions) => {
      const vendor = readPrivateKey(vendorKey);
      const terms = {
        chainId: chain,
        attestation: at,
        vendor: publicKeyOf(vendor),
        device: readPublicKey(file),
        serial,
        notAfter: until,
      };
      console.log(toJson({ ...terms, signature: signMessage(vendor, certificateMessage(terms)) }));
    });
}

function signByFile(file: string, device: Key, message: `0x${string}`) {
  const key = readPrivateKey(file);
  if (sameKey(publicKeyOf(key), device)) return signMessage(key, message);
  throw new CliError(
    "WRONG_DEVICE",
    "The certificate is of another device",
    { given: publicKeyOf(key).x, allowed: device.x },
    "Name the key the certificate was made for.",
  );
}

/** A date as Unix seconds, for commander. */
function moment(text: string): number {
  const seconds = Math.floor(Date.parse(text) / 1_000);
  if (Number.isSafeInteger(seconds) && seconds > 0) return seconds;
  throw new InvalidArgumentError("It must be a date such as 2027-12-31 or 2027-12-31T12:00:00Z.");
}
