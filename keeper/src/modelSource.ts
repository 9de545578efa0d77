import { z } from "zod";

import type { Config } from "./config.ts";
import { parseManifest } from "./model/manifest.ts";
import { embeddedSource, type ModelIdentity, type ModelSource } from "./model/source.ts";
import { chatIdentity, readChatManifest } from "./remote/chatManifest.ts";
import { chatSource } from "./remote/chatSource.ts";
import { openInferenceSource } from "./remote/openInferenceSource.ts";

/**
 * The configured model: run by the keeper, or by a server.
 *
 * @throws ModelFileError if the manifest, or a file it describes, cannot be used
 */
export function readModelSource(
  config: Pick<Config, "model" | "inference" | "remote" | "remoteToken">,
): ModelSource {
  const { model, inference, remote, remoteToken } = config;
  switch (remote?.kind) {
    case undefined:
      return embeddedSource(model, inference);
    case "open-inference":
      return openInferenceSource(model, remote, remoteToken);
    case "openai-chat":
      return chatSource(model, remote, remoteToken);
  }
}

/**
 * What is registered of a model, wherever it runs.
 *
 * @param path the manifest.json, of a model file or of a chat model
 * @throws ModelFileError
 */
export function readIdentity(path: string): ModelIdentity {
  const { prompt } = parseManifest(path, z.looseObject({ prompt: z.unknown().optional() }));
  return prompt === undefined ? embeddedSource(path).identity : chatIdentity(readChatManifest(path));
}
