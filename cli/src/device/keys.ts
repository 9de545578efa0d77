import { createPrivateKey, createPublicKey, sign, type KeyObject } from "node:crypto";
import { readFileSync } from "node:fs";

import { bytesToBigInt, bytesToHex, concat, hexToBytes, keccak256, numberToHex, type Hex } from "viem";

import { CliError } from "../lib/errors.ts";

/** Order of P-256. */
const ORDER = 0xffffffff00000000ffffffffffffffffbce6faada7179e84f3b9cac2fc632551n;

/** A public key of P-256. */
export interface Key {
  readonly x: Hex;
  readonly y: Hex;
}

export interface Signature {
  readonly r: Hex;
  readonly s: Hex;
}

/** Id of a key. Mirrors `P256Attestation.idOf`. */
export const idOf = ({ x, y }: Key): Hex => keccak256(concat([x, y]));

/** @throws CliError unless the file holds a private key of P-256 */
export function readPrivateKey(file: string): KeyObject {
  return readKey(file, createPrivateKey);
}

/** The public key of a file with a public key, a certificate or a private key. */
export function readPublicKey(file: string): Key {
  return publicKeyOf(readKey(file, createPublicKey));
}

export function publicKeyOf(key: KeyObject): Key {
  const { x, y } = (key.type === "private" ? createPublicKey(key) : key).export({ format: "jwk" });
  const coordinate = (part: string | undefined): Hex => bytesToHex(Buffer.from(part ?? "", "base64url"));
  return { x: coordinate(x), y: coordinate(y) };
}

/** ECDSA with SHA-256, as devices do it. */
export function signMessage(key: KeyObject, message: Hex): Signature {
  const raw = sign("sha256", hexToBytes(message), { key, dsaEncoding: "ieee-p1363" });
  return low(raw.subarray(0, 32), raw.subarray(32));
}

/** @throws CliError unless the file is a signature in DER, as OpenSSL, PKCS #11 tools and TPM tools write them */
export function readSignature(file: string): Signature {
  const der = readBytes(file);
  const rAt = 4;
  const sAt = rAt + (der[3] ?? 0) + 2;
  const end = sAt + (der[sAt - 1] ?? 0);
  const isDer = der[0] === 0x30 && der[1] === der.length - 2 && der[2] === 2 && der[sAt - 2] === 2;
  if (!isDer || end !== der.length) {
    throw new CliError(
      "SIGNATURE_UNREADABLE",
      "The file is no ECDSA signature in DER",
      { file, bytes: der.length },
      "Sign with SHA-256 and ECDSA and leave the signature as the tool writes it: 70 to 72 bytes that begin with 0x30.",
    );
  }
  return low(der.subarray(rAt, sAt - 2), der.subarray(sAt));
}

/** The contract takes the lower of the two values of s. */
function low(r: Uint8Array, s: Uint8Array): Signature {
  const high = bytesToBigInt(s);
  const word = (value: bigint): Hex => numberToHex(value, { size: 32 });
  return { r: word(bytesToBigInt(r)), s: word(high > ORDER / 2n ? ORDER - high : high) };
}

function readKey(file: string, parse: (pem: Buffer) => KeyObject): KeyObject {
  const pem = readBytes(file);
  try {
    const key = parse(pem);
    if (key.asymmetricKeyDetails?.namedCurve === "prime256v1") return key;
    throw new Error(`it is a key of ${key.asymmetricKeyDetails?.namedCurve ?? key.asymmetricKeyType}`);
  } catch (error) {
    throw new CliError(
      "KEY_UNREADABLE",
      "The file holds no key of P-256",
      { file, reason: (error as Error).message },
      "Name a PEM file, for example of: openssl genpkey -algorithm EC -pkeyopt ec_paramgen_curve:P-256.",
    );
  }
}

function readBytes(file: string): Buffer {
  try {
    return readFileSync(file);
  } catch (error) {
    throw new CliError(
      "FILE_UNREADABLE",
      "A file cannot be read",
      { file, reason: (error as Error).message },
      "Name a file that exists and that you may read.",
    );
  }
}
