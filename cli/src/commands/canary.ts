import { setTimeout as sleep } from "node:timers/promises";

import type { Command } from "commander";
import type { Address, Hex } from "viem";

import { readBatch, renderBatch } from "../canary/batch.ts";
import { readCanaries, writeCanaries, type Canary } from "../canary/file.ts";
import {
  askCanary,
  closeBatch,
  openCanaries,
  prepareCanaries,
  registerBatch,
  requireActor,
  setInspector,
  toAsk,
  waiting,
} from "../canary/inspect.ts";
import { concludeCanary, denounceCanary } from "../canary/outsider.ts";
import { connect } from "../chain/connection.ts";
import { findDomain } from "../chain/domains.ts";
import { readClaims, type ClaimLine } from "../claims.ts";
import { CliError } from "../lib/errors.ts";
import {
  addressArgument,
  chainOptions,
  integer,
  requestIdArgument,
  type ChainOptions,
} from "../lib/options.ts";
import { createOutput, work } from "../lib/output.ts";
import { ensureCredits, estimateFees, readMarket, readPrice } from "../request/credits.ts";
import { inBatches, type OpenedRequest } from "../request/open.ts";
import { actorFromEnvironment } from "../request/signer.ts";

const LOOK_MS = 500;

interface KeyOptions extends ChainOptions {
  readonly keyEnv: string;
}

/** `assay canary`: requests whose answers an inspector knows, from a file of claims to the bond that comes back. */
export function canaryCommand(program: Command): void {
  const canary = program
    .command("canary")
    .description("requests whose answers an inspector knows, asked like any other and opened afterwards");
  prepare(canary);
  register(canary);
  ask(canary);
  open(canary);
  close(canary);
  conclude(canary);
  denounce(canary);
  status(canary);
  inspector(canary);
}

function prepare(canary: Command): void {
  interface Options extends ChainOptions {
    readonly domain: string;
    readonly file: string;
    readonly batch: number;
    readonly inspector: Address;
    readonly requester: Address;
    readonly out: string;
  }
  const command = canary
    .command("prepare")
    .description("give claims with known truths salts and notes; writes a new file that nobody else may read")
    .requiredOption("--domain <name or number>", "domain that judges the claims")
    .requiredOption("--file <claims.jsonl>", "claims, one object a line, each with its truth")
    .requiredOption(
      "--batch <number>",
      "claims per canary; as many as your other requests have",
      integer(1, 256),
    )
    .requiredOption("--inspector <address>", "who registers the batch", addressArgument)
    .requiredOption("--requester <address>", "who will ask; better not the inspector", addressArgument)
    .requiredOption("--out <file>", "where the canaries and their salts go");
  chainOptions(command).action(async (options: Options) => {
    const out = createOutput(options);
    const claims = readClaims(options.file).map(withTruth);
    const connection = await connect(options);
    const domain = await findDomain(connection, options.domain);
    const lists = inBatches(claims, options.batch) as Canary["claims"][];
    const file = prepareCanaries(connection, domain, lists, options.inspector, options.requester);
    writeCanaries(options.out, file);
    const text = `${file.canaries.length} canaries in ${options.out}: keep it secret and keep a copy, whoever loses it loses the bond`;
    out.result({ file: options.out, canaries: file.canaries.length }, text);
  });
}

function withTruth(claim: ClaimLine, index: number): Canary["claims"][number] {
  const { truth } = claim;
  if (truth !== undefined) return { ...claim, truth };
  throw new CliError(
    "TRUTH_MISSING",
    "A claim of a canary has no known truth",
    { claim: index + 1 },
    'Add "truth": true or false to every line.',
  );
}

function register(canary: Command): void {
  const command = withKey(
    canary
      .command("register")
      .description("register the batch and put up its bond; its requests count from the next epoch on")
      .argument("<file>", "file of assay canary prepare"),
    "the inspector",
  );
  command.action(async (path: string, options: KeyOptions) => {
    const out = createOutput(options);
    const file = readCanaries(path);
    const connection = await connect(options);
    const actor = actorFromEnvironment(connection, options.keyEnv);
    const done = await registerBatch(connection, actor, file, await readBatch(connection, file));
    const text = `batch ${done.batch}, bond ${work(done.bond)}; open every canary until epoch ${done.lastEpoch}`;
    out.result({ batch: done.batch, bond: done.bond, lastEpoch: done.lastEpoch }, text);
  });
}

function ask(canary: Command): void {
  interface Options extends KeyOptions {
    readonly count: number;
    readonly store?: string;
    readonly buy?: boolean;
  }
  const command = withKey(
    canary
      .command("ask")
      .description("ask the next canaries that were not asked yet, each once")
      .argument("<file>", "file of assay canary prepare")
      .option("--count <number>", "how many; spread them over time", integer(1, 256), 1)
      .option("--store <url>", "payload store to put the claims into (default: inside the request)")
      .option("--buy", "burn WORK for credits if there are too few"),
    "the requester",
  );
  command.action(async (path: string, options: Options) => {
    const out = createOutput(options);
    const file = readCanaries(path);
    const connection = await connect(options);
    const actor = actorFromEnvironment(connection, options.keyEnv);
    requireActor(actor, file.requester, "requester");
    const next = toAsk(await readBatch(connection, file), options.count);
    const { seats, ...market } = await readMarket(connection, file.domain.id);
    const sizes = next.map((position) => file.canaries[position]?.claims.length ?? 0);
    const price = await readPrice(connection, file.domain.id);
    const needed = estimateFees(sizes, price, { seats, ...market });
    const bought = await ensureCredits(connection, actor, needed, options.buy === true);
    const asked: OpenedRequest[] = [];
    for (const position of next) {
      const request = await askCanary(connection, actor, file, position, { seats, store: options.store });
      asked.push(request);
      out.say(`canary ${position}: ${request.requestId}, ${work(request.fee)} reserved`);
    }
    if (next.length === 0) out.say("every canary was asked");
    if (options.json === true) out.result({ bought, requests: asked }, "");
  });
}

function open(canary: Command): void {
  interface Options extends KeyOptions {
    readonly wait?: boolean;
    readonly timeout: number;
  }
  const command = withKey(
    canary
      .command("open")
      .description(
        "open the canaries whose verdicts are published; later than appealWindow nobody can any more",
      )
      .argument("<file>", "file of assay canary prepare")
      .option("--wait", "go on until every canary that was asked is opened")
      .option("--timeout <seconds>", "how long --wait waits", integer(1, 1_000_000), 3_600),
    "anybody",
  );
  command.action(async (path: string, options: Options) => {
    const out = createOutput(options);
    const file = readCanaries(path);
    const connection = await connect(options);
    const actor = actorFromEnvironment(connection, options.keyEnv);
    const opened = [];
    for (const end = Date.now() + options.timeout * 1_000; ; await sleep(LOOK_MS)) {
      for (const id of await openCanaries(connection, actor, file, await readBatch(connection, file))) {
        opened.push(id);
        out.say(`opened ${id}`);
      }
      const left = waiting(await readBatch(connection, file));
      if (options.wait !== true || left === 0) break;
      if (Date.now() < end) continue;
      throw new CliError(
        "STILL_CLOSED",
        "Canaries have no verdicts yet",
        { left, waited: `${options.timeout} s` },
        "Go on with assay canary open --wait.",
        { retryable: true },
      );
    }
    const batch = await readBatch(connection, file);
    out.result({ opened, batch: plain(batch) }, renderBatch(batch));
  });
}

function close(canary: Command): void {
  const command = withKey(
    canary
      .command("close")
      .description("conclude the canaries that are final and, after the last epoch, take back the bond")
      .argument("<file>", "file of assay canary prepare"),
    "anybody",
  );
  command.action(async (path: string, options: KeyOptions) => {
    const out = createOutput(options);
    const file = readCanaries(path);
    const connection = await connect(options);
    const actor = actorFromEnvironment(connection, options.keyEnv);
    const before = await readBatch(connection, file);
    const done = await closeBatch(connection, actor, before);
    const end =
      done.state === undefined
        ? `the batch can be closed after epoch ${before.lastEpoch}, now ${before.epoch}`
        : `the bond is ${done.state}`;
    out.result(done, `${done.concluded} canaries concluded; ${end}`);
  });
}

function conclude(canary: Command): void {
  const command = withKey(
    canary
      .command("conclude")
      .description(
        "without the inspector's file: note what became of an opened canary, after an appeal above all",
      )
      .argument("<request id>", "request that was opened as a canary", requestIdArgument),
    "anybody",
  );
  command.action(async (requestId: Hex, options: KeyOptions) => {
    const out = createOutput(options);
    const connection = await connect(options);
    const actor = actorFromEnvironment(connection, options.keyEnv);
    const done = await concludeCanary(connection, actor, requestId);
    const text = done.overturned
      ? `an answer was overturned: ${work(done.burned)} of the inspector's bond burned, ${work(done.bounty)} for you`
      : "concluded; no answer was overturned";
    out.result(done, `batch ${done.batch}: ${text}`);
  });
}

function denounce(canary: Command): void {
  const command = withKey(
    canary
      .command("denounce")
      .description("prove that a canary was asked twice, which forfeits the bond of its batch")
      .argument("<request id>", "request that was opened as a canary", requestIdArgument)
      .argument("<other>", "request of the same requester with the same note", requestIdArgument),
    "anybody",
  );
  command.action(async (requestId: Hex, other: Hex, options: KeyOptions) => {
    const out = createOutput(options);
    const connection = await connect(options);
    const actor = actorFromEnvironment(connection, options.keyEnv);
    const done = await denounceCanary(connection, actor, requestId, other);
    out.result(
      done,
      `batch ${done.batch}: ${work(done.burned)} of its bond burned, ${work(done.bounty)} for you`,
    );
  });
}

function status(canary: Command): void {
  const command = canary
    .command("status")
    .description("what became of every canary of a batch")
    .argument("<file>", "file of assay canary prepare");
  chainOptions(command).action(async (path: string, options: ChainOptions) => {
    const out = createOutput(options);
    const batch = await readBatch(await connect(options), readCanaries(path));
    out.result(plain(batch), renderBatch(batch));
  });
}

function inspector(canary: Command): void {
  interface Options extends KeyOptions {
    readonly dismiss?: boolean;
  }
  const command = withKey(
    canary
      .command("inspector")
      .description("for domain owners: appoint an inspector")
      .argument("<domain>", "name or number")
      .argument("<address>", "who may register batches", addressArgument)
      .option("--dismiss", "end that instead"),
    "the domain's owner",
  );
  command.action(async (wanted: string, address: Address, options: Options) => {
    const out = createOutput(options);
    const connection = await connect(options);
    const actor = actorFromEnvironment(connection, options.keyEnv);
    const domain = await findDomain(connection, wanted);
    const isAppointed = options.dismiss !== true;
    const transaction = await setInspector(connection, actor, domain, address, isAppointed);
    const text = `${address} ${isAppointed ? "inspects" : "no longer inspects"} ${domain.name}`;
    out.result({ domain, inspector: address, isAppointed, transaction }, text);
  });
}

/** What a program needs of a batch: terms only make it long. */
function plain({ canaries, ...batch }: Awaited<ReturnType<typeof readBatch>>) {
  return { ...batch, canaries: canaries.map(({ terms: _terms, ...canary }) => canary) };
}

function withKey(command: Command, whose: string): Command {
  return chainOptions(
    command.option("--key-env <name>", `environment variable with the private key of ${whose}`, "ASSAY_KEY"),
  );
}
