import type { Logger } from "../lib/logger.ts";
import type { Secret } from "../lib/secret.ts";
import { calibrate } from "../model/calibrate.ts";
import type { Model } from "../model/session.ts";
import type { Measuring, ModelSource } from "../model/source.ts";
import type { Claim } from "../payload/schema.ts";
import { chatIdentity, chatModelHash, readChatManifest, type ChatManifest } from "./chatManifest.ts";
import type { OpenaiChatConfig } from "./config.ts";
import { createHttp, withinTime, type Http } from "./http.ts";
import { createRemoteModel } from "./model.ts";
import { askChat, type OpenaiChatOptions } from "./openaiChat.ts";

/**
 * A chat model: the prompt of a manifest, asked at a server.
 *
 * @param path the manifest.json
 * @throws ModelFileError
 */
export function chatSource(
  path: string,
  config: OpenaiChatConfig,
  token?: Secret,
  { calibration, onBareAnswer }: Measuring = {},
): ModelSource {
  const read = readChatManifest(path);
  const manifest = { ...read, ...(calibration && { calibration }) };
  return {
    identity: chatIdentity(read),
    async open(log) {
      const http = createHttp({ ...config, token });
      try {
        await tryOut(manifest, config, http, log);
      } catch (error) {
        await http.close();
        throw error;
      }
      return createChatModel(manifest, config, http, log, onBareAnswer);
    },
  };
}

/** The model itself; one question a claim, so that no claim can speak to another. */
export function createChatModel(
  manifest: ChatManifest,
  config: OpenaiChatConfig,
  http: Http,
  log: Logger,
  onBareAnswer?: Measuring["onBareAnswer"],
): Model {
  const options = { ...chatOptions(manifest, config), ...(onBareAnswer && { onBareAnswer }) };
  return createRemoteModel({
    manifest,
    hash: chatModelHash(manifest),
    http,
    size: 1,
    timeoutMs: config.timeoutMs,
    log,
    judge: (claims, limits) => Promise.all(claims.map((claim) => askChat(http, claim, options, limits))),
  });
}

function chatOptions({ prompt, calibration }: ChatManifest, config: OpenaiChatConfig): OpenaiChatOptions {
  return { ...config, prompt, calibrate: (p) => calibrate(p, calibration) };
}

/** A wrong address, name or token is told at the start; later it would only ever vote the base rate. */
async function tryOut(
  manifest: ChatManifest,
  config: OpenaiChatConfig,
  http: Http,
  log: Logger,
): Promise<void> {
  const answer = "The bridge was opened in 1932.";
  const claim: Claim = manifest.prompt.template.includes("{{values}}")
    ? { values: [0], answer }
    : { text: "The bridge was opened in 1932 and carries eight lanes.", answer };
  const options = chatOptions(manifest, config);
  const p = await withinTime(config.timeoutMs, (limits) => askChat(http, claim, options, limits));
  // Not refused: the model may be right not to answer this one.
  if (Number.isNaN(p))
    log.warn("the chat model gave none of its answers to a trial claim", { model: manifest.name });
}
