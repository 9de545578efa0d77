import { domainRegistryAbi } from "@assay/published";
import { expect } from "chai";
import { encodeAbiParameters, keccak256, numberToHex, parseEther, type Address, type Hex } from "viem";

import { explainSeat } from "../explain/explain.ts";
import { readEvents } from "../history/events.ts";
import { assay } from "../testing/assay.ts";
import { startLimitedEndpoint } from "../testing/limitedEndpoint.ts";
import { startTestChain, type Player, type TestChain } from "../testing/chain.ts";
import {
  fundRequester,
  joinOperators,
  nextEpoch,
  openRound,
  playRound,
  postReputations,
  settleRound,
  type Conduct,
  type OpenRound,
} from "../testing/rounds.ts";
import { replayTapes, verifyReputation } from "./verify.ts";

const DOMAIN = { id: 1, name: "grounded" };
const VOTES = Array.from({ length: 16 }, (_, i) => (i % 2 === 0 ? 240 : 12));

describe("assay reputation verify", function () {
  this.timeout(60_000);
  let chain: TestChain;
  let players: Player[];
  let second: OpenRound;

  before(async () => {
    chain = await startTestChain();
    players = await joinOperators(chain, 10);
    await fundRequester(chain, parseEther("100"));
    await playAndSettle();
    await postReputations(chain, players);
    await announceHarsherRule();
    for (let i = 0; i < 3; i++) await nextEpoch(chain);
    second = await playAndSettle();
    await postReputations(chain, players);
    // Outcomes that still wait on their tapes are part of the past too.
    await playAndSettle();
  });

  after(() => chain.stop());

  async function playAndSettle(): Promise<OpenRound> {
    const round = await openRound(chain, players, VOTES.length, 6);
    const does = (i: number) => (["vote late", "stay silent"] as const)[i] ?? "vote";
    const conducts = round.drawn.map((player, i): Conduct => ({ player, votes: VOTES, does: does(i) }));
    await playRound(chain, round, conducts);
    await settleRound(chain, round, conducts);
    return round;
  }

  /** Version 2 of the parameters: other multipliers and another exponent. */
  async function announceHarsherRule(): Promise<void> {
    const { client, at } = chain.connection;
    const registry = { address: at.DomainRegistry, abi: domainRegistryAbi } as const;
    const now = await client.readContract({
      ...registry,
      functionName: "parametersOf",
      args: [DOMAIN.id, 1],
    });
    const harsher = {
      ...now,
      rewards: { ...now.rewards, gamma: parseEther("0.9") },
      reputation: { ...now.reputation, success: parseEther("1.02"), absent: parseEther("0.8") },
    };
    await chain.send(chain.player(0), at.DomainRegistry, domainRegistryAbi, "announce", [DOMAIN.id, harsher]);
  }

  it("confirms every reputation, across a change of the rule", async () => {
    const { tapes, operators, mismatches } = await verifyReputation(chain.connection, DOMAIN);
    expect(mismatches).to.deep.equal([]);
    expect(tapes, "tapes posted in two rounds").to.be.greaterThan(8);
    expect(operators.length).to.equal(players.length);
    expect(operators.some(({ waiting }) => waiting > 0n)).to.equal(true);
    expect(
      new Set(operators.map(({ reputation }) => reputation)).size,
      "different reputations",
    ).to.be.greaterThan(2);
    const text = await assay(["reputation", "verify", "--domain", "grounded", ...chain.options]);
    expect(text.stdout).to.include("every reputation matches the chain");
    expect(text.code).to.equal(0);
  });

  it("confirms seats that were judged under the second version", async () => {
    expect(second.terms.version).to.equal(2);
    for (const { address } of players) {
      const { differences } = await explainSeat(chain.connection, second.requestId, address);
      expect(differences, address).to.deep.equal([]);
    }
  });

  for (const { range, refuses } of [
    { range: 10_000, refuses: true },
    { range: 7, refuses: false },
  ]) {
    it(`reads the same from an endpoint that gives 7 blocks at once, asked for ${range}`, async () => {
      const endpoint = await startLimitedEndpoint(chain.connection.rpcUrl, 7);
      const run = (command: readonly string[], ...more: readonly string[]) =>
        assay([...command, "--json", ...chain.options, ...more]);
      // The chain grows between two commands.
      const told = (stdout: string) => stdout.replace(/"lastBlock": "\d+"/, "");
      const limited = ["--rpc", endpoint.url, "--log-range", String(range)];
      try {
        for (const command of [
          ["reputation", "verify"],
          ["verdict", second.requestId],
          ["explain", second.requestId, players[0]!.address],
        ]) {
          const direct = await run(command);
          expect(direct.code, direct.stderr).to.equal(0);
          const { code, stdout, stderr } = await run(command, ...limited);
          expect(code, stderr).to.equal(0);
          expect(told(stdout)).to.equal(told(direct.stdout));
        }
        expect(endpoint.refused > 0).to.equal(refuses);
      } finally {
        endpoint.close();
      }
    });
  }

  it("ends over a WebSocket too", async () => {
    const ws = chain.connection.rpcUrl.replace("http", "ws");
    const { code, stderr } = await assay(["verdict", second.requestId, ...chain.options, "--rpc", ws]);
    expect(code, stderr).to.equal(0);
  });

  it("finds a replay under the wrong rule", async () => {
    const { client, at } = chain.connection;
    const { events } = await readEvents(chain.connection, DOMAIN.id);
    const rule = (version: number) =>
      client.readContract({
        address: at.DomainRegistry,
        abi: domainRegistryAbi,
        functionName: "reputationOf",
        args: [DOMAIN.id, version],
      });
    const rules = [await rule(1), await rule(2)];
    const right = replayTapes(events, (version) => rules[version - 1]!);
    expect(right.mismatches).to.deep.equal([]);
    const wrong = replayTapes(events, () => rules[0]!);
    expect(wrong.mismatches.length).to.be.greaterThan(0);
    expect(wrong.mismatches.map(({ what }) => what)).to.include("R after");
  });

  it("finds a reputation that no outcome explains, with exit code 1", async () => {
    const { client, at } = chain.connection;
    const owner = players[0]!.address;
    const slot = recordSlot(owner);
    const record = (await client.getStorageAt({ address: at.ReputationLedger, slot })) ?? "0x0";
    const before = await chain.connection.reads.reputationOf(DOMAIN.id, owner);
    // R is the lowest of the slot's fields; an R that was never posted is stored as zero.
    const stored = BigInt(record) & ((1n << 64n) - 1n);
    const tampered = BigInt(record) - stored + before + 1n;
    await setStorage(at.ReputationLedger, slot, tampered);
    const { code, stdout } = await assay(["reputation", "verify", "--json", ...chain.options]);
    await setStorage(at.ReputationLedger, slot, BigInt(record));
    expect(code).to.equal(1);
    const [found] = JSON.parse(stdout) as { mismatches: unknown[] }[];
    expect(found?.mismatches).to.deep.equal([
      { what: "R", computed: before.toString(), chain: (before + 1n).toString(), owner },
    ]);
  });

  it("refuses a domain that does not exist, naming those that do", async () => {
    const { code, stderr } = await assay(["reputation", "verify", "--domain", "poetry", ...chain.options]);
    expect(code).to.equal(1);
    expect(stderr).to.include("given: poetry, known: 1 grounded");
  });

  /** Slot of `_records[domain][owner]`, the ledger's only variable. */
  function recordSlot(owner: Address): Hex {
    const types = [{ type: "uint256" }, { type: "bytes32" }] as const;
    const outer = keccak256(encodeAbiParameters(types, [BigInt(DOMAIN.id), numberToHex(0, { size: 32 })]));
    return keccak256(encodeAbiParameters([{ type: "address" }, { type: "bytes32" }], [owner, outer]));
  }

  async function setStorage(address: Address, slot: Hex, value: bigint): Promise<void> {
    const { client } = chain.connection;
    const request = client.request as (call: { method: string; params: unknown[] }) => Promise<unknown>;
    const params = [address, slot, numberToHex(value, { size: 32 })];
    await request({ method: "hardhat_setStorageAt", params });
    await request({ method: "evm_mine", params: [] });
  }
});
