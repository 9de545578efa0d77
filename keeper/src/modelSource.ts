import { z } from "zod";

import type { Config } from "./config.ts";
import { ModelFileError } from "./model/errors.ts";
import { manifestSchema, parseManifest, type Manifest } from "./model/manifest.ts";
import { embeddedSource, type Measuring, type ModelIdentity, type ModelSource } from "./model/source.ts";
import { chatIdentity, readChatManifest, type ChatManifest } from "./remote/chatManifest.ts";
import { chatSource } from "./remote/chatSource.ts";
import type { RemoteConfig } from "./remote/config.ts";
import { openInferenceSource } from "./remote/openInferenceSource.ts";

/**
 * The configured model: run by the keeper, or by a server.
 *
 * @throws ModelFileError if the manifest, or a file it describes, cannot be used, or is for another kind of runtime
 */
export function readModelSource(
  config: Pick<Config, "model" | "inference" | "remote" | "remoteToken">,
  measuring: Measuring = {},
): ModelSource {
  const { model, inference, remote, remoteToken } = config;
  checkKind(model, remote?.kind);
  switch (remote?.kind) {
    case undefined:
      return embeddedSource(model, inference, measuring);
    case "open-inference":
      return openInferenceSource(model, remote, remoteToken, measuring);
    case "openai-chat":
      return chatSource(model, remote, remoteToken, measuring);
  }
}

/** A graph's manifest, or a chat model's. */
export type AnyManifest = Manifest | ChatManifest;

/** Whether a manifest is a chat model's. */
export function isChatManifest(manifest: AnyManifest): manifest is ChatManifest {
  return "prompt" in manifest;
}

/**
 * A manifest of either kind, without the files it describes.
 *
 * @throws ModelFileError
 */
export function readAnyManifest(path: string): AnyManifest {
  return hasPrompt(path) ? readChatManifest(path) : parseManifest(path, manifestSchema);
}

/**
 * What is registered of a model, wherever it runs.
 *
 * @param path the manifest.json, of a model file or of a chat model
 * @throws ModelFileError
 */
export function readIdentity(path: string): ModelIdentity {
  return hasPrompt(path) ? chatIdentity(readChatManifest(path)) : embeddedSource(path).identity;
}

function hasPrompt(path: string): boolean {
  return parseManifest(path, z.looseObject({ prompt: z.unknown().optional() })).prompt !== undefined;
}

/** A prompt needs a chat server, and a graph anything but one. */
function checkKind(path: string, remote: RemoteConfig["kind"] | undefined): void {
  const isChat = hasPrompt(path);
  if (isChat === (remote === "openai-chat")) return;
  throw new ModelFileError(path, {
    code: "MANIFEST_INVALID",
    given: isChat ? "the manifest of a chat model" : "the manifest of a graph",
    allowed: isChat ? "a manifest of a graph" : "the manifest of a chat model, with a prompt",
    advice: isChat
      ? 'A chat model is asked at a server: name one as `remote` in keeper.json, of kind "openai-chat".'
      : 'remote.kind "openai-chat" asks prompts: take "open-inference", or leave `remote` out.',
  });
}
