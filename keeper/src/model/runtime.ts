import { InferenceSession, Tensor } from "onnxruntime-node";

import { calibrate } from "./calibrate.ts";
import { RefusedModel } from "./errors.ts";
import { checkGraph } from "./graphProto.ts";
import {
  createFeeds,
  prepareClaim,
  tensorsOf,
  typeOf,
  type Feed,
  type GivenClaim,
  type PreparedClaim,
} from "./inputs/feeds.ts";
import { encodePng } from "./inputs/pngEncode.ts";
import { countOf, type InputTensor } from "./inputs/tensors.ts";
import { openTokenizer } from "./inputs/openTokenizer.ts";
import { isWithinLimits } from "./limits.ts";
import type { Manifest } from "./manifest.ts";
import { OutputShapeError, readOutput } from "./outputs.ts";
import { refusalOf } from "./refusals.ts";

/** What a model is made of; plain data, so that it crosses from process to process. */
export interface ModelParts {
  readonly manifest: Manifest;
  readonly bytes: Uint8Array;
  readonly tokenizer?: Uint8Array;
}

/** Why a claim got no probability: not for this model, refused by the graph, or answered with no number. */
export type RefusedClaims = { readonly unfit: number; readonly failed: number; readonly noNumber: number };

export interface Judged {
  /** One probability in [0, 1] or NaN a claim, in order; of the first claims only, if time was up. */
  readonly probabilities: Float64Array;
  /** How many of them are NaN, by reason. */
  readonly refused: RefusedClaims;
  /** What the graph said about the first claim it could not take. */
  readonly failure?: string;
}

/** A graph in this process, ready to judge. */
export interface Runtime {
  /**
   * One call after the other: what claims become is written where those of the call before were.
   *
   * @param batch most claims the graph sees at once; all of them if left out
   * @param mostMs no batch begins later than this after the first: the answer has fewer probabilities then
   */
  judge(claims: readonly GivenClaim[], batch?: number, mostMs?: number): Promise<Judged>;
  close(): Promise<void>;
}

/**
 * Opens a model for reproducible runs, one thread, so that sums are always taken in the same order, and tries it on a
 * made-up claim: what could never judge is told now, not at the first request.
 *
 * @param isThrifty whether memory is worth more than time
 * @throws RefusedModel with the reason and the cure
 */
export async function openRuntime(
  { manifest, bytes, tokenizer }: ModelParts,
  { isThrifty = false }: { readonly isThrifty?: boolean } = {},
): Promise<Runtime> {
  const session = await openSession(bytes, isThrifty);
  try {
    const feeds = createFeeds(manifest.inputs, tokenizer && openTokenizer(tokenizer));
    checkPorts(session, manifest);
    return await createRuntime(session, manifest, feeds);
  } catch (error) {
    await session.release();
    throw error instanceof RefusedModel ? error : new RefusedModel(refusalOf(error));
  }
}

/**
 * Opens a graph, and runs nothing of it but what the optimiser computes in advance.
 *
 * @throws RefusedModel
 */
export async function openSession(bytes: Uint8Array, isThrifty = false): Promise<InferenceSession> {
  checkGraph(bytes);
  try {
    return await InferenceSession.create(bytes, {
      intraOpNumThreads: 1,
      interOpNumThreads: 1,
      executionMode: "sequential",
      graphOptimizationLevel: "all",
      // Plans of one run's memory, kept for the next, save a small graph a tenth of its time and double what a large one holds.
      enableMemPattern: !isThrifty,
      // 4 = fatal: what is wrong comes back as an error, not on standard error.
      logSeverityLevel: 4,
    });
  } catch (error) {
    throw new RefusedModel(refusalOf(error));
  }
}

interface JudgedRows {
  readonly results: number[];
  /** Rows the graph refused, and its words about the first. */
  readonly failed: number;
  readonly failure?: string;
}

async function createRuntime(
  session: InferenceSession,
  manifest: Manifest,
  feeds: readonly Feed[],
): Promise<Runtime> {
  const { output, calibration, limits } = manifest;
  const fixed = fixedRows(session);
  const wanted = [output.name];
  let mayBatch = fixed === undefined;

  /** All rows at once, or in pieces of the size the graph insists on, the last one filled up. */
  const run = async (rows: readonly PreparedClaim[]): Promise<number[]> => {
    const size = fixed ?? rows.length;
    const results: number[] = [];
    for (let i = 0; i < rows.length; i += size) {
      const own = size === rows.length ? rows : rows.slice(i, i + size);
      const filled = own.length === size ? own : Array.from({ length: size }, (_, at) => own[at] ?? own[0]!);
      const tensors = Object.create(null) as Record<string, Tensor>;
      for (const [name, tensor] of Object.entries(tensorsOf(feeds, filled)))
        tensors[name] = toRuntime(tensor);
      const given = (await session.run(tensors, wanted))[output.name];
      if (given === undefined) throw new OutputShapeError("missing", output.name);
      const answers = filled.map(({ answer }) => answer);
      const probabilities = readOutput(given as unknown as Parameters<typeof readOutput>[0], output, answers);
      if (rows.length === size) return probabilities;
      results.push(...probabilities.slice(0, own.length));
    }
    return results;
  };

  const alone = async (rows: readonly PreparedClaim[]): Promise<JudgedRows> => {
    const results: number[] = [];
    let failed = 0;
    let failure: string | undefined;
    for (const row of rows) {
      try {
        results.push(...(await run([row])));
      } catch (error) {
        results.push(Number.NaN);
        failed += 1;
        failure ??= String(error).slice(0, 300);
      }
    }
    return failure === undefined ? { results, failed } : { results, failed, failure };
  };

  /** Of rows that fail together each is judged alone: one claim, sent on purpose perhaps, must not silence the others. */
  const judgeRows = async (rows: readonly PreparedClaim[]): Promise<JudgedRows> => {
    if (rows.length === 0) return { results: [], failed: 0 };
    if (mayBatch && rows.length > 1) {
      try {
        return { results: await run(rows), failed: 0 };
      } catch {
        const judged = await alone(rows);
        // Nobody was to blame: the graph takes one row whatever its shape says.
        if (judged.failure === undefined) mayBatch = false;
        return judged;
      }
    }
    return alone(rows);
  };

  await run([prepareClaim(feeds, probeOf(manifest))!]);
  return {
    async judge(claims, batch = claims.length, mostMs = Infinity) {
      const latest = performance.now() + mostMs;
      const probabilities = new Float64Array(claims.length).fill(Number.NaN);
      const refused = { unfit: 0, failed: 0, noNumber: 0 };
      let failure: string | undefined;
      let start = 0;
      for (; start < claims.length && (start === 0 || performance.now() < latest); start += batch) {
        const end = Math.min(claims.length, start + batch);
        for (const feed of feeds) feed.recycle?.();
        const rows: PreparedClaim[] = [];
        const places: number[] = [];
        for (let i = start; i < end; i++) {
          const claim = claims[i]!;
          const row = isWithinLimits(claim, limits) ? prepareClaim(feeds, claim) : undefined;
          if (row === undefined) continue;
          rows.push(row);
          places.push(i);
        }
        const judged = await judgeRows(rows);
        let numbers = 0;
        for (let at = 0; at < places.length; at++) {
          const p = calibrate(judged.results[at] ?? Number.NaN, calibration);
          probabilities[places[at]!] = p;
          if (!Number.isNaN(p)) numbers += 1;
        }
        refused.unfit += end - start - rows.length;
        refused.failed += judged.failed;
        refused.noNumber += rows.length - judged.failed - numbers;
        failure ??= judged.failure;
      }
      const judged = { probabilities: probabilities.subarray(0, start), refused };
      return failure === undefined ? judged : { ...judged, failure };
    },
    close: () => session.release(),
  };
}

/** As onnxruntime takes it. */
function toRuntime({ type, dims, data }: InputTensor): Tensor {
  if (type !== "float16") return new Tensor(type, data as never, dims);
  const halves = new Uint16Array(Float16Array.from(data as Float32Array).buffer);
  const tensor = new Tensor(type, halves, dims);
  // The class shows a Float16Array where there is one, and the native side sees nothing in it.
  return Object.defineProperty(tensor, "data", { value: halves });
}

function checkPorts(session: InferenceSession, { inputs, output }: Manifest): void {
  const given = new Map(
    session.inputMetadata.map((port) => [port.name, port.isTensor ? port.type : "no tensor"]),
  );
  const named = new Map(inputs.map((input) => [input.name, typeOf(input)]));
  const fits = [...named].every(([name, type]) => given.get(name) === type) && given.size === named.size;
  const out = session.outputMetadata.find(({ name }) => name === output.name);
  if (fits && out?.isTensor === true) return;
  const list = (ports: Iterable<readonly [string, string]>): string =>
    Array.from(ports, ([name, type]) => `${name}: ${type}`).join(", ");
  const outputs = session.outputMetadata.map(
    ({ name, isTensor }) => [name, isTensor ? "tensor" : "no tensor"] as const,
  );
  throw new RefusedModel({
    code: "PORTS_MISMATCH",
    given: `a graph that takes ${list(given)} and gives ${list(outputs)}`,
    allowed: `${list(named)} and the tensor ${output.name}, as the manifest says`,
    advice:
      out?.isTensor === false
        ? `Export again with a tensor in place of ${output.name} (scikit-learn: options={'zipmap': False}); what \`assay models init\` finds without is the label, whose votes are all or nothing.`
        : "Write the manifest again with `assay models init`, or correct inputs and output.name.",
  });
}

/** Rows the graph insists on, if it does: the first dimension of an input, where it is a number. */
function fixedRows(session: InferenceSession): number | undefined {
  for (const port of session.inputMetadata) {
    const [rows] = port.isTensor ? port.shape : [];
    if (typeof rows === "number" && rows > 0) return rows;
  }
  return undefined;
}

/** A claim that has everything the model takes, whatever its limits are. */
function probeOf({ inputs, output }: Manifest): GivenClaim {
  const image = inputs.find((input) => input.kind === "image");
  const values = inputs.find((input) => input.kind === "values");
  const [width, height] = [image?.width ?? 1, image?.height ?? 1];
  return {
    text: "A sentence to try the model.",
    answer: output.select.by === "answer" ? output.select.labels[0]! : "A sentence to try the model.",
    image: encodePng({ width, height, channels: 1, data: new Uint8Array(width * height) }).toString("base64"),
    values: Array.from({ length: countOf(values?.shape ?? []) }, () => 0),
  };
}
