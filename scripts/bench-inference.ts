/**
 * `npm run bench:inference [MODEL…]`: claims a second through the keeper (its process, its queue, limits, calibration)
 * beside a bare onnxruntime loop from the same claims to the same tensors, on the same model, one thread, the same batch.
 * Both take turns, so that both meet the same machine. Beside the time on the clock stands the time on a processor, of the
 * process that runs the model and of the loop, where the work of others on the machine counts less. Writes
 * bench/inference.json; a ratio below the target is told, not failed.
 */
import { existsSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";

import {
  decodePng,
  loadModel,
  readModel,
  type Claim,
  type ManifestInput,
  type ModelFile,
} from "@assay/keeper";
import { InferenceSession, Tensor } from "onnxruntime-node";

import { ROOT } from "./lib/run.ts";
import { wideClaims, wideModel } from "./lib/wideModel.ts";

const TARGET = 0.9;
const BATCHES = [16, 64];
/** Claims of one request, the most there may be; this many requests wait together. */
const CLAIMS = 256;
const REQUESTS = { min: 2, max: 32 };
/** Length of a turn of the bare loop, ms, as far as the number of requests allows it. */
const TURN_MS = 100;
/** Turns that count, after some that warm up. */
const TURNS = 15;
const WARM_UP = 3;
const WIDE = "generated/wide";
const MODELS = [
  "grounded/overlap-logistic",
  "grounded/hashed-mlp",
  "grounded/char-trees",
  "grounded/align-conv",
  "relevance/topic-logistic",
  "relevance/hashed-mlp",
  "relevance/char-trees",
  "language/char-conv",
  "language/letter-forest",
  "language/word-pieces",
  "digits/stroke-conv",
  "digits/pixel-forest",
  "digits/neighbours",
  WIDE,
];

/** What one turn took, microseconds a claim. */
interface Turn {
  readonly clock: number;
  readonly processor: number;
}

interface Row {
  readonly model: string;
  readonly batch: number;
  /** Medians. */
  readonly keeper: Turn;
  readonly bare: Turn;
  /** Speed of the keeper over that of the bare loop. */
  readonly ratio: Turn;
}

function open(name: string): { readonly file: ModelFile; readonly claims: readonly Claim[] } {
  if (name === WIDE) return { file: wideModel(), claims: wideClaims(CLAIMS) };
  const [domain = ""] = name.split("/");
  const lines = readFileSync(join(ROOT, `samples/${domain}-claims.jsonl`), "utf8")
    .trim()
    .split("\n");
  const samples = lines.map((line) => {
    const { truth: _truth, ...claim } = JSON.parse(line) as Claim & { truth: boolean };
    return claim;
  });
  const claims = Array.from({ length: CLAIMS }, (_, i) => samples[i % samples.length]!);
  return { file: readModel(join(ROOT, "models", name, "manifest.json")), claims };
}

/** As somebody writes it who knows this one model. */
function tensorOf(input: ManifestInput, claims: readonly Claim[]): Tensor {
  const rows = claims.length;
  if (input.kind === "string") {
    const strings = claims.map((claim) => claim[input.field]!);
    return new Tensor("string", strings, [rows]);
  }
  if (input.kind === "values") {
    const data = new Float32Array(rows * input.shape[0]!);
    for (const [i, { values }] of claims.entries()) data.set(values!, i * input.shape[0]!);
    return new Tensor("float32", data, [rows, ...input.shape]);
  }
  if (input.kind !== "image" || input.channels !== "gray") throw new Error(`no bare loop for ${input.kind}`);
  const size = input.width * input.height;
  const data = new Float32Array(rows * size);
  for (const [i, { image }] of claims.entries()) {
    const pixels = decodePng(Buffer.from(image!, "base64")).data;
    for (let at = 0; at < size; at++) data[i * size + at] = pixels[at]! * input.scale;
  }
  return new Tensor("float32", data, [rows, 1, input.height, input.width]);
}

async function measure(name: string, batch: number): Promise<Row> {
  const { file, claims } = open(name);
  const { inputs, output } = file.manifest;
  const model = await loadModel(file, { batch });
  const session = await InferenceSession.create(file.bytes, {
    intraOpNumThreads: 1,
    interOpNumThreads: 1,
    executionMode: "sequential",
    graphOptimizationLevel: "all",
    logSeverityLevel: 4,
  });
  let requests = REQUESTS.min;
  let numbers = 0;
  const bareLoop = async (): Promise<void> => {
    numbers = 0;
    for (let request = 0; request < requests; request++) {
      for (let i = 0; i < CLAIMS; i += batch) {
        const own = claims.slice(i, i + batch);
        const feeds: Record<string, Tensor> = {};
        for (const input of inputs) feeds[input.name] = tensorOf(input, own);
        const { [output.name]: result } = await session.run(feeds, [output.name]);
        numbers += result!.size;
      }
    }
  };
  const keeper = async (): Promise<void> => {
    const asked = Array.from({ length: requests }, () => model.judge(claims));
    for (const probabilities of await Promise.all(asked))
      if (probabilities.some(Number.isNaN)) throw new Error(`${name} does not judge all claims`);
  };
  const turns: { keeper: Turn[]; bare: Turn[] } = { keeper: [], bare: [] };
  for (let turn = -WARM_UP; turn < TURNS; turn++) {
    const claimsAsked = requests * CLAIMS;
    const bare = await timed(bareLoop, processorOfUs, claimsAsked);
    const own = await timed(keeper, () => processorOf(model.pid()!), claimsAsked);
    if (numbers % claimsAsked !== 0) throw new Error(`${name} gives ${numbers} numbers`);
    if (turn >= 0) {
      turns.keeper.push(own);
      turns.bare.push(bare);
    } else if (turn === -1) {
      const wanted = Math.round((TURN_MS * 1_000) / bare.clock / CLAIMS);
      requests = Math.min(REQUESTS.max, Math.max(REQUESTS.min, wanted));
    }
  }
  await model.close();
  await session.release();
  const [slow, fast] = [medians(turns.keeper), medians(turns.bare)];
  const ratio = { clock: fast.clock / slow.clock, processor: fast.processor / slow.processor };
  return { model: name, batch, keeper: rounded(slow, 1), bare: rounded(fast, 1), ratio: rounded(ratio, 2) };
}

async function timed(run: () => Promise<unknown>, processor: () => number, claims: number): Promise<Turn> {
  const [start, busy] = [performance.now(), processor()];
  await run();
  return {
    clock: ((performance.now() - start) * 1_000) / claims,
    processor: (processor() - busy) / claims,
  };
}

/** Microseconds this process has spent on a processor. */
function processorOfUs(): number {
  const { user, system } = process.cpuUsage();
  return user + system;
}

/** The same of another one; NaN where the system does not say, as everywhere but on Linux. */
function processorOf(pid: number): number {
  try {
    const nanoseconds = readdirSync(`/proc/${pid}/task`).map((task) =>
      Number(readFileSync(`/proc/${pid}/task/${task}/schedstat`, "utf8").split(" ")[0]),
    );
    return nanoseconds.reduce((a, b) => a + b, 0) / 1_000;
  } catch {
    return Number.NaN;
  }
}

function medians(turns: readonly Turn[]): Turn {
  return {
    clock: median(turns.map(({ clock }) => clock)),
    processor: median(turns.map(({ processor }) => processor)),
  };
}

function rounded({ clock, processor }: Turn, digits: number): Turn {
  return { clock: Number(clock.toFixed(digits)), processor: Number(processor.toFixed(digits)) };
}

function median(values: readonly number[]): number {
  return values.toSorted((a, b) => a - b)[values.length >> 1] ?? Number.NaN;
}

const FILE = join(ROOT, "bench/inference.json");
const chosen = process.argv.slice(2);
const unknown = chosen.filter((name) => !MODELS.includes(name));
if (unknown.length > 0) throw new Error(`no model ${unknown.join()}, there are ${MODELS.join()}`);

console.log("microseconds a claim              on the clock           on a processor");
console.log("model                      batch  keeper    bare  ratio   keeper    bare  ratio");
const rows: Row[] = [];
for (const name of chosen.length === 0 ? MODELS : chosen) {
  for (const batch of BATCHES) {
    const row = await measure(name, batch);
    rows.push(row);
    const { keeper, bare, ratio } = row;
    const columns = (["clock", "processor"] as const).map((kind) =>
      [keeper[kind].toFixed(1), bare[kind].toFixed(1), ratio[kind].toFixed(2)]
        .map((text, i) => text.padStart(i === 2 ? 6 : 7))
        .join(" "),
    );
    const remark = ratio.clock < TARGET ? "  below target" : "";
    console.log(`${name.padEnd(26)} ${`${batch}`.padStart(5)} ${columns.join("  ")}${remark}`);
  }
}
// What was not run today stays as it was measured before.
const before = existsSync(FILE) ? (JSON.parse(readFileSync(FILE, "utf8")) as { rows: Row[] }).rows : [];
const all = MODELS.flatMap((name) => {
  const own = rows.filter(({ model }) => model === name);
  return own.length > 0 ? own : before.filter(({ model }) => model === name);
});
const written = JSON.stringify({ target: TARGET, unit: "microseconds a claim", rows: all }, null, 2);
writeFileSync(FILE, `${written}\n`);
