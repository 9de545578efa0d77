import { z } from "zod";

import { canonicalJson } from "../lib/canonicalJson.ts";
import { sha256 } from "../lib/sha256.ts";
import { manifestSchema, parseManifest } from "../model/manifest.ts";
import type { Model } from "../model/session.ts";
import type { ModelIdentity } from "../model/source.ts";
import { promptSchema } from "./chatPrompt.ts";

const {
  $schema,
  schemaVersion,
  name,
  domain,
  family,
  summary,
  calibration,
  baseRate,
  limits,
  provenance,
  measured,
} = manifestSchema.shape;

/** The same as MANIFEST_SCHEMA_ID for chat models. */
export const CHAT_MANIFEST_SCHEMA_ID = "urn:assay:chat-manifest:2";

/** Manifest of a chat model: a prompt where another model has a graph with inputs and an output. */
export const chatManifestSchema = z.strictObject({
  $schema,
  schemaVersion,
  name,
  domain,
  family,
  summary,
  prompt: promptSchema,
  weights: z
    .strictObject({
      name: z.string().min(1).describe("Model and revision, e.g. as published"),
      sha256: z
        .string()
        .regex(/^[0-9a-f]{64}$/)
        .exactOptional()
        .describe("SHA-256 of the file of weights"),
    })
    .describe("What the server should run; a keeper cannot look inside it"),
  calibration: calibration.describe("Of probabilities from log-probabilities"),
  baseRate,
  limits,
  provenance,
  measured,
});
export type ChatManifest = z.infer<typeof chatManifestSchema>;

/** JSON Schema of a chat model's manifest, for editors and other languages. */
export function chatManifestJsonSchema(): object {
  return {
    $id: CHAT_MANIFEST_SCHEMA_ID,
    title: "Assay chat model manifest",
    ...z.toJSONSchema(chatManifestSchema),
  };
}

/**
 * The modelHash of a chat model: SHA-256 of its manifest in canonical JSON (RFC 8785), without the fields that are for
 * people only. Prompt, answers, calibration, limits and the name of the weights are what the model is.
 */
export function chatModelHash(manifest: ChatManifest): Model["hash"] {
  const { $schema: _schema, summary: _summary, measured: _measured, ...model } = manifest;
  return `0x${sha256(new TextEncoder().encode(canonicalJson(model)))}`;
}

export function chatIdentity(manifest: ChatManifest): ModelIdentity {
  const { name, family, domain } = manifest;
  return { name, family, domain, hash: chatModelHash(manifest) };
}

/** @throws ModelFileError if it cannot be read or has the wrong shape */
export function readChatManifest(path: string): ChatManifest {
  return parseManifest(path, chatManifestSchema);
}
