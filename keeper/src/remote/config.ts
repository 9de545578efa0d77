import { z } from "zod";

import { CONSTRAINTS } from "./chatAnswer.ts";

const KIND = "Protocol: Open Inference Protocol v2, or OpenAI-compatible chat completions";

const shared = {
  url: z
    .url({ protocol: /^https?$/ })
    .refine((url) => !/^\w+:\/\/[^/]*@/.test(url) && !/[?#]/.test(url), {
      error: "holds a password, a query or a fragment; the token comes from the environment",
    })
    .describe("Base address of the server, http(s)://; for openai-chat it ends with /v1"),
  model: z
    .string()
    .regex(/^[\x21-\x7e]{1,256}$/)
    .describe("Name of the model at the server"),
  timeoutMs: z
    .int()
    .min(100)
    .max(600_000)
    .default(12_000)
    .describe(
      "Milliseconds for all claims of a request; what is not answered by then is voted at the base rate",
    ),
  attemptMs: z.int().min(50).max(600_000).default(5_000).describe("Milliseconds for one attempt"),
  retries: z.int().min(0).max(10).default(3).describe("Most repetitions of a question, within timeoutMs"),
  maxConcurrent: z.int().min(1).max(256).default(8).describe("Most questions at once"),
};

const openInference = z.strictObject({
  kind: z.literal("open-inference").describe(KIND),
  ...shared,
  version: z
    .string()
    .regex(/^[\w.-]{1,64}$/)
    .exactOptional()
    .describe("Version of the model; the server chooses where it is not given"),
  batch: z.int().min(1).max(256).default(16).describe("Most claims in one question"),
});

const openaiChat = z.strictObject({
  kind: z.literal("openai-chat").describe(KIND),
  ...shared,
  constraint: z
    .enum(CONSTRAINTS)
    .default("json-schema")
    .describe("How the server is kept to the two answers"),
  logprobs: z.boolean().default(true).describe("Whether log-probabilities are asked for"),
  extra: z
    .record(z.string(), z.json())
    .default({})
    .describe("Further fields of the request, for switches of the server's own"),
});

/** Where a model runs that is not run by the keeper. */
export const remoteSchema = z
  .discriminatedUnion("kind", [openInference, openaiChat])
  .describe("A server that runs the model; without it the keeper runs the file itself");
export type RemoteConfig = z.infer<typeof remoteSchema>;
export type OpenInferenceConfig = z.infer<typeof openInference>;
export type OpenaiChatConfig = z.infer<typeof openaiChat>;

/** Environment variable with the token of the inference server, if it wants one. Never in the file. */
export const REMOTE_TOKEN_VARIABLE = "ASSAY_INFERENCE_TOKEN";
