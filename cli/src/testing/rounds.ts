import {
  assayAbi,
  assayLensAbi,
  feeMarketAbi,
  reputationLedgerAbi,
  rewardMinterAbi,
  stakeVaultAbi,
  workTokenAbi,
} from "@assay/published";
import { commitment, PHASES, reputationMath } from "@assay/keeper";
import { bytesToHex, keccak256, maxUint256, parseEther, parseEventLogs, stringToHex, type Hex } from "viem";

import type { Player, TestChain } from "./chain.ts";

/** WORK every operator stakes. */
export const STAKE = parseEther("2000");
/** Accounts 1… are operators, round robin over five families; this one asks. */
export const REQUESTER = 19;
const FAMILIES = 5;

/** What an operator does with its seat. `votes` are bytes, one a claim. */
export interface Conduct {
  readonly player: Player;
  readonly votes: readonly number[];
  readonly does: "vote" | "vote late" | "commit only" | "stay silent";
}

export interface OpenRound {
  readonly requestId: Hex;
  readonly terms: commitment.Terms;
  readonly drawn: readonly Player[];
}

/** Registers and stakes operators and waits for the epoch in which they count. */
export async function joinOperators(chain: TestChain, count: number): Promise<Player[]> {
  const { at } = chain.connection;
  const treasury = chain.player(0);
  const players = Array.from({ length: count }, (_, i) => chain.player(1 + i));
  for (const [i, player] of players.entries()) {
    const hash = keccak256(stringToHex(`model ${i}`));
    const register = [chain.domain, player.address, i % FAMILIES, 1_000, hash, ""];
    await chain.send(treasury, at.WorkToken, workTokenAbi, "transfer", [player.address, STAKE]);
    await chain.send(player, at.WorkToken, workTokenAbi, "approve", [at.StakeVault, maxUint256]);
    await chain.send(player, at.StakeVault, stakeVaultAbi, "register", register);
    await chain.send(player, at.StakeVault, stakeVaultAbi, "stake", [chain.domain, player.address, STAKE]);
  }
  await nextEpoch(chain);
  return players;
}

/** Gives the requester WORK, and credits for some of it. */
export async function fundRequester(chain: TestChain, credits: bigint): Promise<Player> {
  const { at } = chain.connection;
  const requester = chain.player(REQUESTER);
  await chain.send(chain.player(0), at.WorkToken, workTokenAbi, "transfer", [
    requester.address,
    parseEther("1000"),
  ]);
  if (credits === 0n) return requester;
  await chain.send(requester, at.WorkToken, workTokenAbi, "approve", [at.FeeMarket, credits]);
  await chain.send(requester, at.FeeMarket, feeMarketAbi, "buy", [requester.address, credits]);
  return requester;
}

/** Opens and seals requests until a committee has at least `seats` of the players, `must` among them. */
export async function openRound(
  chain: TestChain,
  players: readonly Player[],
  claims: number,
  seats: number,
  must: readonly Player[] = [],
): Promise<OpenRound> {
  const { at } = chain.connection;
  const requester = chain.player(REQUESTER);
  for (let tries = 0; tries < 40; tries++) {
    const nonce = BigInt(bytesToHex(crypto.getRandomValues(new Uint8Array(16))));
    const ask = {
      domain: chain.domain,
      claims,
      nonce,
      payloadHash: keccak256(stringToHex(`payload ${nonce}`)),
      sealedNote: keccak256(stringToHex(`note ${nonce}`)),
      maxFee: maxUint256,
      uri: "https://store.example/payload",
      payload: "0x",
    };
    const receipt = await chain.send(requester, at.Assay, assayAbi, "request", [ask]);
    const [opened] = parseEventLogs({
      abi: assayAbi,
      eventName: "Requested",
      logs: receipt.logs,
      strict: true,
    });
    if (opened === undefined) throw new Error("no request was opened");
    const { requestId, terms } = opened.args;
    await sealRequest(chain, requestId);
    const drawn = await drawnOf(chain, requestId, players);
    if (drawn.length >= seats && must.every((player) => drawn.includes(player)))
      return { requestId, terms, drawn };
  }
  throw new Error(`no committee of ${seats} in 40 requests`);
}

/** Mines past the block the seed comes from, and seals. */
export async function sealRequest(chain: TestChain, requestId: Hex): Promise<void> {
  const { client, at } = chain.connection;
  for (let i = 0; i < 3; i++) await chain.travelTo(Number((await client.getBlock()).timestamp) + 1);
  await chain.send(chain.player(0), at.Assay, assayAbi, "seal", [requestId, "0x"]);
}

/** Lets the commit window pass without a vote and doubles the committee. */
export async function extendRound(chain: TestChain, requestId: Hex): Promise<void> {
  const { client, at } = chain.connection;
  const lens = { address: at.AssayLens, abi: assayLensAbi, args: [requestId] } as const;
  const { clock } = await client.readContract({ ...lens, functionName: "roundOf" });
  const { commitWindow } = await client.readContract({ ...lens, functionName: "drawOf" });
  await chain.travelTo(clock + commitWindow);
  await chain.send(chain.player(0), at.Assay, assayAbi, "extend", [requestId]);
}

/** Commit, reveal and finalize, as each operator conducts itself; silent seats are reported if `report`. */
export async function playRound(
  chain: TestChain,
  { requestId, terms }: OpenRound,
  conducts: readonly Conduct[],
  { report = true }: { report?: boolean } = {},
): Promise<void> {
  const { client, at, chainId } = chain.connection;
  const deployment = { chainId: BigInt(chainId), assay: at.Assay };
  const lens = { address: at.AssayLens, abi: assayLensAbi, args: [requestId] } as const;
  const { clock } = await client.readContract({ ...lens, functionName: "roundOf" });
  const { commitWindow, revealWindow } = await client.readContract({ ...lens, functionName: "drawOf" });
  const commitEnd = clock + commitWindow;

  const commitAll = async (does: Conduct["does"]): Promise<void> => {
    for (const { player, votes } of conducts.filter((conduct) => conduct.does === does)) {
      const digest = commitment.digest(deployment, {
        roundId: requestId,
        owner: player.address,
        votes: Uint8Array.from(votes),
        salt: saltOf(player),
      });
      await chain.send(player, at.Assay, assayAbi, "commit", [requestId, player.address, digest]);
    }
  };
  await commitAll("vote");
  await commitAll("commit only");
  await chain.travelTo(clock + Math.floor((commitWindow * 4) / 5));
  await commitAll("vote late");

  await chain.travelTo(commitEnd);
  const openings = conducts
    .filter(({ does }) => does === "vote" || does === "vote late")
    .map(({ player, votes }) => ({
      owner: player.address,
      votes: bytesToHex(Uint8Array.from(votes)),
      salt: saltOf(player),
    }));
  const keeper = chain.player(0);
  if (openings.length > 0) await chain.send(keeper, at.Assay, assayAbi, "reveal", [requestId, openings]);
  await chain.travelTo(commitEnd + revealWindow);
  const silent = conducts.filter(({ does }) => does === "stay silent").map(({ player }) => player.address);
  if (report && silent.length > 0) {
    await chain.send(keeper, at.Assay, assayAbi, "reportAbsent", [terms, 0n, silent]);
  }
  await chain.send(keeper, at.Assay, assayAbi, "finalize", [terms]);
}

/** Appeals a request and seals the new round, which everybody drawn can be asked to play. */
export async function appealRound(
  chain: TestChain,
  appellant: Player,
  { terms }: OpenRound,
  players: readonly Player[],
): Promise<OpenRound> {
  const { at } = chain.connection;
  const receipt = await chain.send(appellant, at.Assay, assayAbi, "appeal", [terms]);
  const [appealed] = parseEventLogs({
    abi: assayAbi,
    eventName: "Appealed",
    logs: receipt.logs,
    strict: true,
  });
  if (appealed === undefined) throw new Error("no round was opened");
  const { roundId } = appealed.args;
  await sealRequest(chain, roundId);
  return { requestId: roundId, terms, drawn: await drawnOf(chain, roundId, players) };
}

/** Those of the players who sit in a round. */
async function drawnOf(
  { connection: { client, at } }: TestChain,
  roundId: Hex,
  players: readonly Player[],
): Promise<Player[]> {
  const lens = { address: at.AssayLens, abi: assayLensAbi } as const;
  const drawn: Player[] = [];
  for (const player of players) {
    const args = [roundId, player.address] as const;
    const [sits] = await client.readContract({ ...lens, functionName: "isDrawn", args });
    if (sits) drawn.push(player);
  }
  return drawn;
}

/** Waits until the verdicts are final and settles every seat that committed in round `index`. */
export async function settleRound(
  chain: TestChain,
  { requestId, terms }: OpenRound,
  conducts: readonly Conduct[],
  index = 0n,
): Promise<void> {
  const { client, at } = chain.connection;
  const lens = { address: at.AssayLens, abi: assayLensAbi, args: [requestId] } as const;
  const read = { address: at.Assay, abi: assayAbi, args: [requestId] } as const;
  const phase = PHASES[await client.readContract({ ...read, functionName: "phaseOf" })];
  if (phase === "FINALIZED") {
    await chain.travelTo((await client.readContract({ ...lens, functionName: "roundOf" })).clock);
  }
  const votes = conducts
    .filter(({ does }) => does !== "stay silent")
    .map(({ player, votes, does }) => ({
      owner: player.address,
      votes: does === "commit only" ? "0x" : bytesToHex(Uint8Array.from(votes)),
    }));
  await chain.send(chain.player(0), at.Assay, assayAbi, "settle", [terms, index, votes]);
}

/** Posts the reputation of everybody whose tape holds something. */
export async function postReputations(chain: TestChain, players: readonly Player[]): Promise<number> {
  const { reads, at } = chain.connection;
  const rule = await reads.reputationRule(chain.domain);
  const entries = [];
  for (const { address } of players) {
    const { tape, length } = await reads.recordOf(chain.domain, address);
    if (BigInt(length) === 0n) continue;
    const before = await reads.reputationOf(chain.domain, address);
    entries.push({ owner: address, reputation: reputationMath.replay(before, tape, BigInt(length), rule) });
  }
  await chain.send(chain.player(0), at.ReputationLedger, reputationLedgerAbi, "post", [
    chain.domain,
    entries,
  ]);
  return entries.length;
}

/** Travels into the next epoch and returns the one that ended. */
export async function nextEpoch(chain: TestChain): Promise<number> {
  const { reads } = chain.connection;
  const { genesis, epochLength } = await reads.clock();
  const epoch = await reads.currentEpoch();
  await chain.travelTo(genesis + (epoch + 1) * epochLength);
  return epoch;
}

export async function distribute(chain: TestChain, epoch: number, players: readonly Player[]): Promise<void> {
  const { at } = chain.connection;
  const owners = players.map(({ address }) => address);
  await chain.send(chain.player(0), at.RewardMinter, rewardMinterAbi, "distribute", [
    chain.domain,
    BigInt(epoch),
    owners,
  ]);
}

function saltOf({ address }: Player): Hex {
  return keccak256(stringToHex(`salt ${address}`));
}
