/**
 * `npm run bench:inference [MODEL…]`: claims a second through the keeper (its process, its queue, limits, calibration)
 * beside a bare onnxruntime loop from the same claims to the same tensors and probabilities, on the same model, one thread,
 * the same batch. They take turns, so that both meet the same machine. The ratio on the clock is what the target is about; the
 * keeper is two processes, and where there are two processors its own one works beside that of the model.
 *
 * The keeper judges claims of like length together. What that gains shows beside a second bare loop, which gets the claims in
 * that order too: the ratio to this one is what the way to the model's process costs.
 *
 * Beside the clock stands the time on a processor, of all processes of either side: it counts instead where others on the
 * machine took more than a twentieth of a processor meanwhile. Writes bench/inference.json; a ratio below the target is told,
 * not failed.
 */
import { existsSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";

import {
  decodePng,
  loadModel,
  readModel,
  type Claim,
  type ManifestInput,
  type ManifestOutput,
  type ModelFile,
} from "@assay/keeper";
import { InferenceSession, Tensor } from "onnxruntime-node";

import { differentClaims } from "./lib/benchClaims.ts";
import { ROOT } from "./lib/run.ts";
import { wideClaims, wideModel } from "./lib/wideModel.ts";

const TARGET = 0.9;
const BATCHES = [16, 64];
/** Claims of one request, the most there may be; this many requests wait together. */
const CLAIMS = 256;
const REQUESTS = { min: 2, max: 64 };
/** Length of a turn of the bare loop, ms, as far as the number of requests allows it. */
const TURN_MS = 250;
/** Where a process happens to lie in memory makes a tenth: both sides are loaded anew so often. */
const LIVES = 3;
/** Turns of a life that count. Before them both sides take turns for this long: compilers are done by then. */
const TURNS = 7;
const WARM_UP_MS = 2_000;
/** Most of a processor that others may take, if the clock is to count. */
const QUIET = 0.05;
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

/** What one turn took, microseconds a claim; or how much quicker one was than another. */
interface Turn {
  readonly clock: number;
  readonly processor: number;
}

const SIDES = ["bare", "keeper", "sorted"] as const;
type Side = (typeof SIDES)[number];

/** Requests that wait together. */
type Requests = readonly (readonly Claim[])[];

interface Row {
  readonly model: string;
  readonly batch: number;
  /** Medians; `sorted` is the bare loop over claims by length. */
  readonly keeper: Turn;
  readonly bare: Turn;
  readonly sorted: Turn;
  /** Speed of the keeper over that of either bare loop, the median of all turns. */
  readonly ratio: Turn;
  readonly ratioSorted: Turn;
  /** Processors that others on the machine took meanwhile, and the ratio that counts. */
  readonly others: number;
  readonly counts: keyof Turn;
}

function open(name: string): { readonly file: ModelFile; readonly claims: readonly Claim[] } {
  if (name === WIDE) return { file: wideModel(), claims: wideClaims(CLAIMS) };
  const file = readModel(join(ROOT, "models", name, "manifest.json"));
  return { file, claims: differentClaims(file.manifest, CLAIMS) };
}

function lengthOf({ text = "", answer, image = "" }: Claim): number {
  return text.length + answer.length + image.length;
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

/** The same at the other end: what a model says about each claim, as a probability. */
function readAs({ values, select }: ManifestOutput, data: Float32Array, claims: readonly Claim[]): number[] {
  const width = data.length / claims.length;
  return claims.map(({ answer }, row) => {
    const at =
      select.by === "answer" ? select.labels.indexOf(answer) : select.by === "index" ? select.index : 0;
    const number = data[row * width + at]!;
    if (values !== "logits") return number;
    if (width === 1) return 1 / (1 + Math.exp(-number));
    let sum = 0;
    for (let i = 0; i < width; i++) sum += Math.exp(data[row * width + i]! - number);
    return 1 / sum;
  });
}

async function measure(name: string, batch: number): Promise<Row> {
  const lives: Life[] = [];
  for (let i = 0; i < LIVES; i++) lives.push(await live(name, batch));
  const rounds = lives.flatMap(({ rounds }) => rounds);
  const others = median(lives.map(({ others }) => others));
  const of = (side: Side): Turn => rounded(medians(rounds.map((turns) => turns[side])), 1);
  // Of turns that follow each other: what slows the machine for longer slows all.
  const ratioTo = (side: "bare" | "sorted"): Turn =>
    rounded(medians(rounds.map((turns) => ratioOf(turns[side], turns.keeper))), 2);
  return {
    model: name,
    batch,
    keeper: of("keeper"),
    bare: of("bare"),
    sorted: of("sorted"),
    ratio: ratioTo("bare"),
    ratioSorted: ratioTo("sorted"),
    others: Number(others.toFixed(2)),
    counts: others <= QUIET ? "clock" : "processor",
  };
}

/** What all sides took, turn by turn, and what others on the machine did meanwhile. */
interface Life {
  readonly rounds: readonly Record<Side, Turn>[];
  readonly others: number;
}

/** Loads a model on both sides, lets them take turns, and closes it. */
async function live(name: string, batch: number): Promise<Life> {
  const { file, claims } = open(name);
  const { inputs, output } = file.manifest;
  const model = await loadModel(file, { batch, requestMs: 600_000 });
  const session = await InferenceSession.create(file.bytes, {
    intraOpNumThreads: 1,
    interOpNumThreads: 1,
    executionMode: "sequential",
    graphOptimizationLevel: "all",
    logSeverityLevel: 4,
  });
  let requests = REQUESTS.min;
  const [asGiven, byLength] = [claims, claims.toSorted((a, b) => lengthOf(a) - lengthOf(b))].map((all) =>
    JSON.stringify(all),
  ) as [string, string];
  /** Every request has claims of its own, in memory as they come from a requester. */
  const received = (payload: string): Requests =>
    Array.from({ length: requests }, () => JSON.parse(payload) as readonly Claim[]);
  let judged = 0;
  const bareLoop = async (asked: Requests): Promise<void> => {
    judged = 0;
    for (const claims of asked) {
      for (let i = 0; i < CLAIMS; i += batch) {
        const own = claims.slice(i, i + batch);
        const feeds: Record<string, Tensor> = {};
        for (const input of inputs) feeds[input.name] = tensorOf(input, own);
        const { [output.name]: result } = await session.run(feeds, [output.name]);
        const probabilities = readAs(output, result!.data as Float32Array, own);
        for (const p of probabilities) if (p >= 0 && p <= 1) judged += 1;
      }
    }
  };
  const keeper = async (asked: Requests): Promise<void> => {
    for (const probabilities of await Promise.all(asked.map((claims) => model.judge(claims))))
      if (probabilities.some(Number.isNaN)) throw new Error(`${name} does not judge all claims`);
  };
  const processor = (): number => processorOfUs() + processorOf(model.pid()!);
  const sides: Record<Side, () => Promise<Turn>> = {
    keeper: () => timed(keeper, received(asGiven), processor),
    bare: () => timed(bareLoop, received(asGiven), processorOfUs),
    sorted: () => timed(bareLoop, received(byLength), processorOfUs),
  };
  const round = async (first: number): Promise<Record<Side, Turn>> => {
    const turns: Partial<Record<Side, Turn>> = {};
    // Nobody is always the first.
    for (const i of SIDES.keys()) {
      const side = SIDES[(first + i) % SIDES.length]!;
      turns[side] = await sides[side]();
    }
    if (judged !== requests * CLAIMS)
      throw new Error(`the bare loop judges ${judged} of ${requests * CLAIMS} claims`);
    return turns as Record<Side, Turn>;
  };
  for (const start = performance.now(); performance.now() - start < WARM_UP_MS;) {
    const { bare } = await round(0);
    const wanted = Math.round((TURN_MS * 1_000) / bare.clock / CLAIMS);
    requests = Math.min(REQUESTS.max, Math.max(REQUESTS.min, wanted));
  }
  const busy = (): number => processorOfAll() - processor();
  const [start, before] = [performance.now(), busy()];
  const rounds: Record<Side, Turn>[] = [];
  for (let i = 0; i < TURNS; i++) rounds.push(await round(i));
  const others = Math.max(0, busy() - before) / ((performance.now() - start) * 1_000);
  await model.close();
  await session.release();
  return { rounds, others };
}

async function timed(
  run: (asked: Requests) => Promise<void>,
  asked: Requests,
  processor: () => number,
): Promise<Turn> {
  const claims = asked.length * CLAIMS;
  const [start, busy] = [performance.now(), processor()];
  await run(asked);
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

/** What all processors did for anybody, microseconds; NaN where the system does not say. */
function processorOfAll(): number {
  try {
    const [user, nice, system, , , irq, softirq] = readFileSync("/proc/stat", "utf8")
      .split(/\s+/)
      .slice(1)
      .map(Number);
    // The kernel counts in hundredths of a second.
    return (user! + nice! + system! + irq! + softirq!) * 10_000;
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

function ratioOf(bare: Turn, keeper: Turn): Turn {
  return { clock: bare.clock / keeper.clock, processor: bare.processor / keeper.processor };
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

console.log("microseconds a claim              on the clock                  on a processor");
console.log(
  "model                      batch  keeper    bare  ratio  sorted   keeper    bare  ratio  sorted  others",
);
const rows: Row[] = [];
for (const name of chosen.length === 0 ? MODELS : chosen) {
  for (const batch of BATCHES) {
    const row = await measure(name, batch);
    rows.push(row);
    const { keeper, bare, ratio, ratioSorted, others, counts } = row;
    const columns = (["clock", "processor"] as const).map((kind) => {
      const times = [keeper[kind], bare[kind]].map((time) => time.toFixed(1).padStart(7));
      const ratios = [ratio[kind], ratioSorted[kind]].map((share) => share.toFixed(2).padStart(6));
      return [...times, ...ratios].join(" ");
    });
    const remark = ratio[counts] < TARGET ? `  below target (${counts})` : `  (${counts})`;
    const shares = `  ${`${(100 * others).toFixed(0)} %`.padStart(6)}`;
    console.log(`${name.padEnd(26)} ${`${batch}`.padStart(5)} ${columns.join("  ")}${shares}${remark}`);
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
