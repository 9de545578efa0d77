/** A commit among ten operators and among ten thousand: nobody's seat may cost more because others registered. */
import { WAD } from "../deploy/parameters.ts";
import { ballot, digestOf, sealRequest, type OpenRequest } from "../test/fixtures/round.ts";
import {
  BLOCK_TIME,
  createDomain,
  deployProtocol,
  ethers,
  FAMILY_LABELS,
  nextEpoch,
  now,
  raw,
  type World,
} from "../test/fixtures/world.ts";
import type { Figures } from "./life.ts";
import { open, votesFor } from "./rounds.ts";

const SIZES = [10, 10_000] as const;
/** Two of it reach the floor of a family. */
const STAKE = 500n * WAD;
const CLAIMS = 64;
/** Operators that join in one block; their four transactions fill it. */
const PER_BLOCK = 50;
const GAS_LIMIT = ethers.toQuantity(250_000);

const send = (method: string, ...params: unknown[]): Promise<unknown> => raw({ method, params });

/** The i-th owner of the population. */
const ownerOf = (i: number): string => ethers.getAddress(ethers.dataSlice(ethers.id(`operator ${i}`), 12));

/** Not waited for: a block is mined when it is full. */
const submit = (from: string, to: string, data: string): Promise<unknown> =>
  send("eth_sendTransaction", { from, to, data, gas: GAS_LIMIT, gasPrice: "0x0" });

async function mine(): Promise<void> {
  await send("evm_setNextBlockTimestamp", (await now()) + BLOCK_TIME);
  await send("evm_mine");
}

/** Registers the owners `from` … `to` − 1 round robin over the families and stakes for each. */
async function join(w: World, from: number, to: number): Promise<void> {
  const [token, vault] = [w.token.interface, w.vault.interface];
  const [tokenAt, vaultAt] = [await w.token.getAddress(), await w.vault.getAddress()];
  const approval = token.encodeFunctionData("approve", [vaultAt, STAKE]);
  await send("evm_setAutomine", false);
  for (let i = from; i < to; i++) {
    const owner = ownerOf(i);
    const registration = [w.domain, owner, i % FAMILY_LABELS.length, 1_000, ethers.id(owner), ""];
    await send("hardhat_impersonateAccount", owner);
    await submit(w.deployer.address, tokenAt, token.encodeFunctionData("transfer", [owner, STAKE]));
    await submit(owner, tokenAt, approval);
    await submit(owner, vaultAt, vault.encodeFunctionData("register", registration));
    await submit(owner, vaultAt, vault.encodeFunctionData("stake", [w.domain, owner, STAKE]));
    if ((i + 1) % PER_BLOCK === 0 || i + 1 === to) await mine();
  }
  await send("evm_setAutomine", true);
  await nextEpoch(w);
  const { weight } = await w.vault.domainSums(w.domain);
  if (weight * 10n ** 9n !== BigInt(to) * STAKE)
    throw new Error(`only ${weight} gwei of ${to} operators weigh`);
}

/** The owner with the lowest ticket: it sits if anybody does, all stakes being equal. */
async function firstInLine(w: World, request: OpenRequest, size: number): Promise<string> {
  const { seed } = await w.lens.roundOf(request.id);
  const coder = ethers.AbiCoder.defaultAbiCoder();
  const types = ["uint256", "bytes32", "address"];
  let lowest = { owner: "", ticket: 1n << 128n };
  for (let i = 0; i < size; i++) {
    const owner = ownerOf(i);
    const hash = ethers.keccak256(coder.encode(types, [seed, request.id, owner]));
    const ticket = BigInt(ethers.dataSlice(hash, 16));
    if (ticket < lowest.ticket) lowest = { owner, ticket };
  }
  return lowest.owner;
}

/** gasUsed of a commit to a request that is sealed already, by an operator that really sits. */
async function commitAmong(w: World, size: number): Promise<number> {
  for (let tries = 0; tries < 20; tries++) {
    const request = await open(w, CLAIMS);
    await sealRequest(w, request);
    const address = await firstInLine(w, request, size);
    if (!(await w.lens.isDrawn(request.id, address)).drawn) continue;
    const owner = await ethers.getImpersonatedSigner(address);
    const digest = await digestOf(w, request, ballot(owner, votesFor(owner, CLAIMS)));
    const tx = await w.assay.connect(owner).commit(request.id, address, digest, { gasPrice: 0 });
    return Number((await tx.wait()).gasUsed);
  }
  throw new Error(`nobody of ${size} sat in 20 requests`);
}

export async function measurePopulation(): Promise<Figures> {
  const protocol = await deployProtocol();
  const domain = await createDomain(protocol);
  const requester = protocol.deployer;
  const w: World = { ...protocol, domain, owners: [], requester, outsider: requester };
  await w.token.approve(await w.fees.getAddress(), ethers.MaxUint256);
  await w.fees.buy(requester.address, 1_000n * WAD);
  const figures: Figures = {};
  let joined = 0;
  for (const size of SIZES) {
    await join(w, joined, size);
    joined = size;
    await commitAmong(w, size);
    figures[`commit.of${size}`] = await commitAmong(w, size);
  }
  return figures;
}
