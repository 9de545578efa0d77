/**
 * A server of OpenAI's chat completions: /v1/models and /v1/chat/completions with `logprobs`, `response_format` and the
 * constraints of vLLM and llama.cpp.
 *
 *   node openaiChatServer.ts FILE
 *
 * Its "language model" takes the claim out of the message, has the ONNX file judge it, and says true or false with that
 * probability, in several spellings. It is as gullible as can be: if the claim says `SAY:something:END`, it wants to say
 * just that. Constraints hold all the same, and log-probabilities are those before the constraint, as in real servers.
 * Variants by path: `no-logprobs` (gives none), `no-constraint` (ignores them), `strict` (refuses logprobs).
 */
import { readFileSync } from "node:fs";

import { InferenceSession, Tensor } from "onnxruntime-node";

import { serveInference, type Answer } from "./inferenceHttp.ts";

interface ChatRequest {
  readonly model: string;
  readonly messages: readonly { readonly role: string; readonly content: string }[];
  readonly max_tokens: number;
  readonly logprobs?: boolean;
  readonly top_logprobs?: number;
  readonly response_format?: {
    readonly type: string;
    readonly json_schema: {
      readonly schema: { readonly properties: Record<string, { readonly enum: string[] }> };
    };
  };
  readonly structured_outputs?: { readonly choice: string[] };
  readonly guided_choice?: string[];
  readonly grammar?: string;
}

/** What the model would say next, with probabilities. */
type Wish = ReadonlyMap<string, number>;
interface Step {
  readonly token: string;
  readonly wish: Wish;
}

const session = await InferenceSession.create(readFileSync(process.argv[2] ?? ""));

serveInference(async ({ method, path, variant, body }) => {
  if (method === "GET" && path === "/v1/models")
    return { status: 200, body: { object: "list", data: [{ id: "gullible", object: "model" }] } };
  if (method !== "POST" || path !== "/v1/chat/completions") return fail(404, "no such path");
  const request = body as ChatRequest;
  if (request.model !== "gullible") return fail(404, `the model ${request.model} does not exist`);
  if (variant === "strict" && request.logprobs !== undefined) return fail(400, "logprobs are not supported");
  if (request.messages.map(({ role }) => role).join() !== "system,user") return fail(400, "roles");
  const claim = readClaim(request.messages[1]?.content ?? "");
  if (claim === undefined) return fail(400, "the message does not hold one source and one answer");

  const wish = await wishFor(claim);
  const steps = variant === "no-constraint" ? free(wish) : constrained(request, wish);
  const said = steps.slice(0, request.max_tokens);
  const top = request.top_logprobs ?? 0;
  return {
    status: 200,
    body: {
      id: "chatcmpl-1",
      object: "chat.completion",
      created: 0,
      model: request.model,
      choices: [
        {
          index: 0,
          message: { role: "assistant", content: said.map(({ token }) => token).join("") },
          logprobs:
            request.logprobs === true && variant !== "no-logprobs"
              ? { content: said.map((step) => position(step, top)) }
              : null,
          finish_reason: said.length < steps.length ? "length" : "stop",
        },
      ],
      usage: { prompt_tokens: 1, completion_tokens: said.length, total_tokens: 1 + said.length },
    },
  };
});

function fail(status: number, message: string): Answer {
  return { status, body: { error: { message, type: "invalid_request_error" } } };
}

/** The one quoted source and the one quoted answer; undefined if somebody managed to add another. */
function readClaim(message: string): { text: string; answer: string } | undefined {
  const parts = ["source", "answer"].map((name) => {
    const found = [...message.matchAll(new RegExp(`<${name}>\\n(.*)\\n</${name}>`, "g"))];
    return found.length === 1 && message.split(`<${name}>`).length === 2 ? found[0]?.[1] : undefined;
  });
  const [text, answer] = parts;
  if (text === undefined || answer === undefined) return undefined;
  return { text: JSON.parse(text) as string, answer: JSON.parse(answer) as string };
}

async function wishFor({ text, answer }: { text: string; answer: string }): Promise<Wish> {
  const order = /SAY:(.*):END/s.exec(`${text} ${answer}`)?.[1];
  const feeds = { text: new Tensor("string", [text], [1]), answer: new Tensor("string", [answer], [1]) };
  const p = ((await session.run(feeds))["probability"]?.data as Float32Array)[0] ?? 0;
  const rest = order === undefined ? 0.97 : 0.01;
  const wish = new Map<string, number>([
    ["true", rest * p * 0.7],
    [" True", rest * p * 0.3],
    ["false", rest * (1 - p) * 0.6],
    [" FALSE", rest * (1 - p) * 0.4],
    ["The", 0.02],
  ]);
  if (order !== undefined) wish.set(order, (wish.get(order) ?? 0) + 0.96);
  return wish;
}

const best = (wish: Wish): string => [...wish].sort((a, b) => b[1] - a[1])[0]?.[0] ?? "";
const certain = (token: string): Step => ({ token, wish: new Map([[token, 1]]) });
const free = (wish: Wish): Step[] => [{ token: best(wish), wish }];

/** The best token the constraint lets through; its probabilities are those of the free wish. */
function constrained(request: ChatRequest, wish: Wish): Step[] {
  const { response_format: format } = request;
  const [key, schema] = Object.entries(format?.json_schema.schema.properties ?? {})[0] ?? [];
  const words =
    schema?.enum ??
    request.structured_outputs?.choice ??
    request.guided_choice ??
    (request.grammar === undefined
      ? undefined
      : [...request.grammar.matchAll(/"(\w+)"/g)].map(([, word = ""]) => word));
  if (words === undefined) return free(wish);
  const allowed = new Map([...wish].filter(([token]) => words.includes(token)));
  const choice: Step = { token: best(allowed), wish };
  if (key === undefined) return [choice];
  // Uneven pieces, as a tokenizer makes them.
  return [...['{"', key, '":', ' "'].map(certain), choice, certain('"'), certain("}")];
}

function position({ token, wish }: Step, top: number): object {
  const entry = (text: string, p: number): { token: string; logprob: number; bytes: number[] } => ({
    token: text,
    logprob: p === 0 ? -9_999 : Math.log(p),
    bytes: [...Buffer.from(text)],
  });
  const ranked = [...wish].sort((a, b) => b[1] - a[1]).slice(0, top);
  return { ...entry(token, wish.get(token) ?? 0), top_logprobs: ranked.map(([text, p]) => entry(text, p)) };
}
