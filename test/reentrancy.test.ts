/**
 * Why no room has a reentrancy guard (ARCHITECTURE.md): WORK calls nobody, and no contract of the protocol calls a
 * requester, funder or operator. PerformanceLedger's question for a signature is in PerformanceLedger/reentrancy.test.ts.
 */
import { expect } from "chai";

import { WAD } from "../deploy/parameters.ts";
import { appealWorld, publish } from "./fixtures/appeals.ts";
import { ask, playRound, sealRequest, termsOf } from "./fixtures/round.ts";
import { ballotsOf, eventsIn, unanimous } from "./fixtures/seated.ts";
import { deployProtocol, ethers, networkHelpers, type World } from "./fixtures/world.ts";

const PUSH1 = 0x60;
const PUSH32 = 0x7f;
/** Every instruction that runs or makes other code. */
const CALLS: Readonly<Record<number, string>> = {
  0xf0: "CREATE",
  0xf1: "CALL",
  0xf2: "CALLCODE",
  0xf4: "DELEGATECALL",
  0xf5: "CREATE2",
  0xfa: "STATICCALL",
  0xff: "SELFDESTRUCT",
};
interface Instruction {
  readonly opcode: number;
  readonly pushed: string;
}

/** The instructions of deployed code, without the compiler's note at its end. */
function instructionsOf(code: string): Instruction[] {
  const bytes = ethers.getBytes(code);
  const end = bytes.length - 2 - ((bytes.at(-2)! << 8) | bytes.at(-1)!);
  const found: Instruction[] = [];
  for (let at = 0; at < end; at++) {
    const opcode = bytes[at]!;
    const width = opcode >= PUSH1 && opcode <= PUSH32 ? opcode - PUSH1 + 1 : 0;
    found.push({ opcode, pushed: ethers.hexlify(bytes.slice(at + 1, at + 1 + width)) });
    at += width;
  }
  return found;
}

/** Names of the calls in some code, in order. */
const callsOf = (code: string): string[] => instructionsOf(code).flatMap(({ opcode }) => CALLS[opcode] ?? []);

async function protocol() {
  return deployProtocol();
}

/** A requester that answers every call by calling back, with credits and WORK. */
async function reenteringWorld() {
  const w = await appealWorld();
  const wallet = await ethers.deployContract("ReenteringRequester");
  const at = await wallet.getAddress();
  await w.fees.connect(w.requester).buy(at, 1_000n * WAD);
  await w.token.transfer(at, 1_000n * WAD);
  const execute = async (
    contract: { interface: World["assay"]["interface"] },
    to: string,
    call: string,
    args: unknown[],
  ) => {
    const data = contract.interface.encodeFunctionData(call, args);
    return (await wallet.getFunction("execute")(to, data)).wait();
  };
  const plan = async (
    contract: { interface: World["assay"]["interface"] },
    to: string,
    call: string,
    args: unknown[],
  ) => wallet.getFunction("plan")(to, contract.interface.encodeFunctionData(call, args));
  await execute(w.token, w.addresses.WorkToken, "approve", [w.addresses.Appeals, ethers.MaxUint256]);
  const visits = (): Promise<bigint> => wallet.getFunction("visits")();
  return { ...w, wallet, at, execute, plan, visits };
}

describe("reentrancy", () => {
  it("sees every call there is in code, and none in what is pushed", () => {
    // A note of no bytes.
    const code = (body: string) => `0x${body}0000`;
    expect(callsOf(code("60f15af1"))).to.deep.equal(["CALL"]);
    expect(callsOf(code("61f1f4f4fa"))).to.deep.equal(["DELEGATECALL", "STATICCALL"]);
    expect(callsOf(code(`7f${"fa".repeat(32)}00`))).to.deep.equal([]);
  });

  it("cannot begin in WORK: its code calls nobody but the precompile that recovers signers [TOK-1]", async function () {
    // Instrumented code calls its probes.
    if (process.argv.includes("--coverage")) this.skip();
    const { token } = await networkHelpers.loadFixture(protocol);
    const instructions = instructionsOf(await ethers.provider.getCode(await token.getAddress()));
    expect(instructions.length, "instructions").to.be.greaterThan(1_000);
    const calls = instructions.flatMap(({ opcode }, i) => (opcode in CALLS ? [i] : []));
    expect(calls.map((i) => CALLS[instructions[i]!.opcode])).to.deep.equal(["STATICCALL"]);
    // The address of `ecrecover` and all the gas stand right before it.
    const [at] = calls;
    expect(instructions[at! - 2], "whom it asks").to.deep.equal({ opcode: PUSH1, pushed: "0x01" });
    expect(instructions[at! - 1]!.opcode, "GAS").to.equal(0x5a);
  });

  it("cannot begin at a requester: nothing calls it while it asks, appeals, funds and is paid", async () => {
    const w = await networkHelpers.loadFixture(reenteringWorld);
    const { assay, appeals, addresses } = w;
    // It would ask twice for the price of one look at its credits.
    await w.plan(assay, addresses.Assay, "request", [ask(w.domain, 1, { nonce: 77n })]);
    const credits: bigint = await w.fees.credits(w.at);
    const asked = await w.execute(assay, addresses.Assay, "request", [ask(w.domain, 1)]);
    expect(eventsIn(assay, asked, "Requested")).to.have.length(1);
    const request = termsOf(w, asked);
    const { seats } = await w.lens.drawOf(request.id);
    expect(credits - (await w.fees.credits(w.at)), "paid once").to.equal(request.terms.price * BigInt(seats));

    await sealRequest(w, request);
    await publish(w, request, ballotsOf(w, [[255], [255], [255], [255], [255], [255], [0], [0]]));
    const roundId: string = await assay.roundIdOf(request.id, 1);
    const bond: bigint = await appeals.bondOf(request.terms, 1);
    const held: bigint = await w.token.balanceOf(w.at);
    // It would take its contribution out twice.
    await w.plan(appeals, addresses.Appeals, "withdraw", [roundId]);
    await w.execute(appeals, addresses.Appeals, "fund", [request.terms, 1, bond / 2n]);
    await w.execute(appeals, addresses.Appeals, "withdraw", [roundId]);
    expect(await w.token.balanceOf(w.at), "taken back once").to.equal(held);

    await w.execute(assay, addresses.Assay, "appeal", [request.terms]);
    const round = { id: roundId, terms: request.terms };
    await sealRequest(w, round);
    await playRound(w, round, unanimous(w, 8, [0]));
    await appeals.resolve(request.terms, 1);
    // It would be paid twice.
    await w.plan(appeals, addresses.Appeals, "claim", [roundId, w.at]);
    await w.execute(appeals, addresses.Appeals, "claim", [roundId, w.at]);
    expect(await w.token.balanceOf(w.at), "paid once").to.equal(held);
    expect(await w.visits(), "visits").to.equal(0n);

    // The plan is good: whoever calls it is called back.
    await w.deployer.sendTransaction({ to: w.at, data: "0x12345678" });
    expect(await w.visits(), "a visit").to.equal(1n);
  });
});
