import { randomUUID } from "node:crypto";

import { z } from "zod";

import { RemoteError } from "./errors.ts";
import type { Http, Limits } from "./http.ts";
import { datatypeOf, fromWire, toWire, type FlatTensor } from "./wireTensor.ts";

export interface OpenInferenceServer {
  readonly http: Http;
  /** Name of the model at the server. */
  readonly model: string;
  readonly version?: string | undefined;
}

/** `/v2/models/<model>[/versions/<version>]` of the Open Inference Protocol. */
export function modelPath({ model, version }: Omit<OpenInferenceServer, "http">): string {
  const base = `/v2/models/${encodeURIComponent(model)}`;
  return version === undefined ? base : `${base}/versions/${encodeURIComponent(version)}`;
}

/**
 * Runs one batch at the server.
 *
 * @param feeds input tensors by name, each with one row a claim
 * @returns the output named, with one row a claim
 * @throws RemoteError, or the reason of the signal
 */
export async function infer(
  server: OpenInferenceServer,
  feeds: Readonly<Record<string, FlatTensor>>,
  { output, rows }: { output: string; rows: number },
  limits: Limits,
): Promise<FlatTensor> {
  const path = `${modelPath(server)}/infer`;
  const id = randomUUID();
  const body = {
    id,
    inputs: Object.entries(feeds).map(([name, tensor]) => toWire(name, tensor)),
    outputs: [{ name: output }],
  };
  const answer = await server.http.ask({ method: "POST", path, body }, limits);
  return fromWire(answer, { name: output, rows, id, path });
}

const tensorSchema = z.object({ name: z.string(), datatype: z.string() });
const metadataSchema = z.object({ inputs: z.array(tensorSchema), outputs: z.array(tensorSchema) });

/**
 * Asks before the first request whether the server is ready and serves a model with these inputs and this output:
 * later, a mistake would only ever vote the base rate.
 *
 * @param inputs type of each input as onnxruntime calls it
 * @throws RemoteError
 */
export async function checkServer(
  server: OpenInferenceServer,
  { inputs, output }: { inputs: Readonly<Record<string, string>>; output: string },
  limits: Limits,
): Promise<void> {
  const { http } = server;
  const path = modelPath(server);
  await http.ask({ method: "GET", path: "/v2/health/ready" }, limits);
  const answer = metadataSchema.safeParse(await http.ask({ method: "GET", path }, limits));
  if (!answer.success) {
    const given = z.prettifyError(answer.error).replaceAll("\n", " ");
    throw new RemoteError("REMOTE_ANSWER_WRONG", { path, given, allowed: "metadata of a model" });
  }
  const asked = Object.entries(inputs).map(([name, type]) => {
    const datatype = datatypeOf(type);
    if (datatype === undefined)
      throw new RemoteError("REMOTE_MODEL_WRONG", { path, given: type, allowed: "a type JSON has" });
    return { name, datatype };
  });
  const show = (tensors: readonly z.infer<typeof tensorSchema>[]): string =>
    tensors
      .map(({ name, datatype }) => `${name} ${datatype}`)
      .sort()
      .join(", ");
  const { inputs: served, outputs } = answer.data;
  // Some servers know their models by name only and list nothing.
  if (served.length > 0 && show(served) !== show(asked)) {
    throw new RemoteError("REMOTE_MODEL_WRONG", { path, given: show(served), allowed: show(asked) });
  }
  if (outputs.length > 0 && outputs.every(({ name }) => name !== output)) {
    throw new RemoteError("REMOTE_MODEL_WRONG", { path, given: show(outputs), allowed: output });
  }
}
