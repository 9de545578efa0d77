/** The hashes of Assay.sol, bit for bit: request ids and vote commitments. */
import {
  encodeAbiParameters,
  keccak256,
  parseAbiParameters,
  stringToHex,
  type Address,
  type Hex,
} from "viem";

/** What a request fixes before its seed exists. Mirrors `IAssay.Terms`, in the types viem decodes. */
export interface Terms {
  readonly requester: Address;
  readonly nonce: bigint;
  readonly domain: number;
  readonly version: number;
  readonly epoch: number;
  readonly claims: number;
  readonly baseRate: number;
  /** wei of WORK per claim-seat */
  readonly price: bigint;
  readonly payloadHash: Hex;
  readonly sealedNote: Hex;
}

/** Where an Assay contract lives. */
export interface Deployment {
  readonly chainId: bigint;
  readonly assay: Address;
}

/** What one commitment binds. */
export interface Commitment {
  /** see {@link roundIdOf} */
  readonly roundId: Hex;
  /** owner address, not the hot key */
  readonly owner: Address;
  /** one byte a claim */
  readonly votes: Uint8Array;
  readonly salt: Hex;
}

const NAME_HASH = keccak256(stringToHex("Assay commitment v1"));
const SEPARATOR = parseAbiParameters("bytes32 nameHash, uint256 chainId, address assay");
const COMMITMENT = parseAbiParameters(
  "bytes32 separator, bytes32 roundId, address owner, bytes32 votesHash, bytes32 salt",
);
const REQUEST = parseAbiParameters([
  "uint256 chainId, address assay, Terms terms",
  "struct Terms { address requester; uint256 nonce; uint16 domain; uint16 version; uint24 epoch; uint16 claims; uint8 baseRate; uint88 price; bytes32 payloadHash; bytes32 sealedNote; }",
]);

/** Id of a request. Mirrors `Assay.idOf`. */
export function requestId({ chainId, assay }: Deployment, terms: Terms): Hex {
  return keccak256(encodeAbiParameters(REQUEST, [chainId, assay, terms]));
}

/** Appeals of one request. Mirrors `Assay.MAX_APPEALS`. */
export const MAX_APPEALS = 2;

/** Id of a request's round: the request's own for its first (index 0), then the hash of the id before. Mirrors `Assay.roundIdOf`. */
export function roundIdOf(id: Hex, index: number): Hex {
  return index === 0 ? id : roundIdOf(keccak256(id), index - 1);
}

/** Keeps commitments of one deployment from meaning anything in another. Mirrors `Assay.domainSeparator`. */
export function domainSeparator({ chainId, assay }: Deployment): Hex {
  return keccak256(encodeAbiParameters(SEPARATOR, [NAME_HASH, chainId, assay]));
}

/** The whole hash a vote commits to. Mirrors `AssayLens.commitmentOf`. */
export function commitmentOf(deployment: Deployment, commitment: Commitment): Hex {
  const { roundId, owner, votes, salt } = commitment;
  const separator = domainSeparator(deployment);
  return keccak256(encodeAbiParameters(COMMITMENT, [separator, roundId, owner, keccak256(votes), salt]));
}

/** What `Assay.commit` takes: the high 240 bits of {@link commitmentOf}. Mirrors `Assay._high` of `Assay._commitment`. */
export function digest(deployment: Deployment, commitment: Commitment): bigint {
  return high240(commitmentOf(deployment, commitment));
}

/** The high 240 bits of a hash, as a seat stores it. Mirrors `Assay._high`. */
export function high240(hash: Hex): bigint {
  return BigInt(hash) >> 16n;
}
