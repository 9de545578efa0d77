/** What other workspaces may use of the keeper. */
export * as canaryNotes from "./mirror/canaryNotes.ts";
export * as captureMath from "./mirror/captureMath.ts";
export * as cloneMath from "./mirror/cloneMath.ts";
export * as commitment from "./mirror/commitment.ts";
export * as feeCurve from "./mirror/feeCurve.ts";
export * as fixedPoint from "./mirror/fixedPoint.ts";
export * as laneTally from "./mirror/laneTally.ts";
export * as performanceMath from "./mirror/performanceMath.ts";
export * as reputationMath from "./mirror/reputationMath.ts";
export * as rewards from "./mirror/rewards.ts";
export * as rulings from "./mirror/rulings.ts";
export * as skillScore from "./mirror/skillScore.ts";
export * as sortition from "./mirror/sortition.ts";
export * as verdictMath from "./mirror/verdictMath.ts";
export * as words from "./mirror/words.ts";

export { buildApp, type App, type AppOptions } from "./app.ts";
export {
  AskError,
  askOperator,
  type Answered,
  type AskedOperator,
  type AskErrorCode,
  type AskOptions,
} from "./ask/client.ts";
export {
  ANSWER_TYPES,
  questionAbout,
  questionOf,
  termsSchema,
  typedAnswer,
  type Answer,
  type PreparedQuestion,
} from "./ask/question.ts";
export { addressSchema, contractsSchema, type Contracts } from "./chain/addresses.ts";
export {
  connectReader,
  connectSigner,
  disconnect,
  disconnectAll,
  type ChainOptions,
  type Reader,
  type Signer,
} from "./chain/client.ts";
export {
  CASE_NONE,
  CASE_OPEN,
  CASE_RECLASSIFIED,
  createCloneReads,
  type CloneReads,
  type Pair,
} from "./chain/cloneReads.ts";
export {
  createReads,
  type ChainReads,
  type Duty,
  type RequestedEvent,
  type RoundState,
} from "./chain/reads.ts";
export {
  createSender,
  NotMinedError,
  PRIORITY,
  refusal,
  RefusedError,
  type ContractCall,
  type Sender,
  type SenderOptions,
} from "./chain/sender.ts";
export * from "./chain/types.ts";
export { createWrites, type ChainWrites } from "./chain/writes.ts";
export {
  ConfigError,
  configSchema,
  describeConfig,
  HOT_KEY_VARIABLE,
  readConfig,
  readRunConfig,
  readWatchConfig,
  secretsOf,
  WATCH_KEY_VARIABLE,
  type Config,
  type RunConfig,
  type WatchConfig,
} from "./config.ts";
export {
  AssayError,
  EXIT_FIX_ME,
  EXIT_START_AGAIN,
  exitCodeOf,
  isRetryable,
  renderError,
} from "./lib/errors.ts";
export { createLogger, silentLogger, type Logger } from "./lib/logger.ts";
export { printable } from "./lib/printable.ts";
export { Secret } from "./lib/secret.ts";
export { sha256 } from "./lib/sha256.ts";
export { runKeeper } from "./main.ts";
export { calibrate } from "./model/calibrate.ts";
export { ModelFileError, type ModelFileErrorCode, type Refusal } from "./model/errors.ts";
export { ESTIMATE_BATCH, type DeclaredPort, type GraphFacts } from "./model/graphFacts.ts";
export { saysAtLeast } from "./model/limits.ts";
export { encodePng } from "./model/inputs/pngEncode.ts";
export { decodePng, type Pixels } from "./model/inputs/png.ts";
export { countOf } from "./model/inputs/tensors.ts";
export { judgeClaims } from "./model/judge.ts";
export { lookAtModel } from "./model/look.ts";
export {
  MANIFEST_SCHEMA_ID,
  manifestJsonSchema,
  manifestSchema,
  MAX_MODEL_BYTES,
  MODEL_FILE,
  readModel,
  textFieldsOf,
  TOKENIZER_FILE,
  TOO_LARGE_ADVICE,
  type Calibration,
  type Manifest,
  type ManifestInput,
  type ManifestOutput,
  type ModelFile,
} from "./model/manifest.ts";
export type { Measuring, ModelIdentity, ModelSource } from "./model/source.ts";
export {
  INFERENCE_DEFAULTS,
  loadModel,
  type EmbeddedModel,
  type InferenceOptions,
  type Model,
} from "./model/session.ts";
export type { InferenceStats } from "./model/worker/supervisor.ts";
export { moveToBaseRate, voteByte } from "./model/vote.ts";
export {
  CHAT_MANIFEST_SCHEMA_ID,
  chatManifestJsonSchema,
  chatManifestSchema,
  chatModelHash,
  type ChatManifest,
} from "./remote/chatManifest.ts";
export { placeholdersOf, renderPrompt, type Message } from "./remote/chatPrompt.ts";
export { REMOTE_TOKEN_VARIABLE } from "./remote/config.ts";
export {
  isChatManifest,
  readAnyManifest,
  readIdentity,
  readModelSource,
  type AnyManifest,
} from "./modelSource.ts";
export { decodeDataUri } from "./payload/dataUri.ts";
export { fetchPayload } from "./payload/fetch.ts";
export {
  CLAIM_SUBJECTS,
  claimSchema,
  encodePayload,
  hashPayload,
  parsePayload,
  PAYLOAD_LIMITS,
  PayloadError,
  type Claim,
  type Payload,
} from "./payload/schema.ts";
export { putPayload, PayloadStoreError } from "./payloadStore/client.ts";
export { startPayloadStore, type PayloadStore } from "./payloadStore/server.ts";
export { CandidateError, rank, type Candidate } from "./routing/rank.ts";
export { askInTiers, type TierAnswers, type TierOptions } from "./routing/tiers.ts";
export { buildWatches, WatchOffError, type WatchApp } from "./watchApp.ts";
export {
  exactSums,
  exhibitOf,
  judgedOf,
  MAX_CLAIMS,
  MAX_EXHIBITS,
  satApart,
  sumsOf,
  type Exhibit,
  type Judged,
} from "./watches/evidence.ts";
export type { Outcome, WatchStats } from "./watches/runner.ts";
export { WATCHES, type WatchName } from "./watches/watch.ts";
