import { readFileSync } from "node:fs";

import {
  encodeAbiParameters,
  getAddress,
  isAddress,
  isHex,
  keccak256,
  parseAbiParameters,
  stringToHex,
  type Address,
  type Hex,
} from "viem";
import { z } from "zod";

import { CliError } from "../lib/errors.ts";
import type { Key } from "./keys.ts";

const CERTIFICATE = keccak256(stringToHex("Assay device certificate v1"));
const BINDING = keccak256(stringToHex("Assay device binding v1"));

const word = z.custom<Hex>((value) => isHex(value) && value.length === 66, {
  error: "32 bytes in hexadecimal",
});
const key = z.strictObject({ x: word, y: word });
const schema = z.strictObject({
  chainId: z.int().positive(),
  /** The P256Attestation the certificate is for. */
  attestation: z
    .custom<Address>((value) => typeof value === "string" && isAddress(value), { error: "an address" })
    .overwrite((value) => getAddress(value)),
  vendor: key,
  device: key,
  serial: z.int().nonnegative(),
  /** Unix seconds */
  notAfter: z.int().positive(),
  signature: z.strictObject({ r: word, s: word }),
});

/** A vendor's word for a device, as vendors hand it out. */
export type Certificate = z.infer<typeof schema>;

/** What a vendor signs. Mirrors `P256Attestation.certificateHash`, before SHA-256. */
export function certificateMessage(c: Omit<Certificate, "signature">): Hex {
  return encodeAbiParameters(
    parseAbiParameters("bytes32, uint256, address, bytes32, bytes32, bytes32, bytes32, uint64, uint48"),
    [
      CERTIFICATE,
      BigInt(c.chainId),
      c.attestation,
      c.vendor.x,
      c.vendor.y,
      c.device.x,
      c.device.y,
      BigInt(c.serial),
      c.notAfter,
    ],
  );
}

/**
 * What a device signs to back an operator. Mirrors `P256Attestation.bindingHash`, before SHA-256.
 * @param count bindings of the device so far
 */
export function bindingMessage(
  { chainId, attestation }: Pick<Certificate, "chainId" | "attestation">,
  domain: number,
  owner: Address,
  count: number,
): Hex {
  return encodeAbiParameters(parseAbiParameters("bytes32, uint256, address, uint16, address, uint32"), [
    BINDING,
    BigInt(chainId),
    attestation,
    domain,
    owner,
    count,
  ]);
}

/** @throws CliError unless the file is a certificate */
export function readCertificate(file: string): Certificate {
  try {
    return schema.parse(JSON.parse(readFileSync(file, "utf8")));
  } catch (error) {
    throw new CliError(
      "CERTIFICATE_UNREADABLE",
      "The certificate cannot be used",
      { file, reason: error instanceof z.ZodError ? z.prettifyError(error) : (error as Error).message },
      "Name the JSON file your vendor gave you.",
    );
  }
}

export const sameKey = (a: Key, b: Key): boolean =>
  a.x.toLowerCase() === b.x.toLowerCase() && a.y.toLowerCase() === b.y.toLowerCase();
