import { alignConv } from "../../pairs/align-conv.ts";
import { charTrees } from "../../pairs/char-trees.ts";
import type { Family } from "../../pairs/family.ts";
import { hashedMlp } from "../../pairs/hashed-mlp.ts";
import { pairMember } from "../../pairs/member.ts";
import type { Domain } from "../domain.ts";
import { corpusOf } from "./corpus.ts";
import { readRelevanceData, RELEVANCE_FILE, type RelevanceRow } from "./data.ts";
import { rarityLogistic } from "./rarity-logistic.ts";
import { topicLogistic } from "./topic-logistic.ts";

/** Does this passage concern this claim? Whether the claim is true is not asked. */
export const relevance: Domain = {
  name: "relevance",
  question: "the text is evidence for or against the answer (whether the answer is true is not asked)",
  files: [RELEVANCE_FILE],
  split:
    "by group: claims that share an evidence sentence, or a name that occurs in at most 20 claims, stay together; false rows pair a " +
    "claim with evidence of another claim of the same category and part that shares no name with it",
  fittedOn: "out-of-fold log-odds of the training part, five folds by group",
  provenance: {
    source:
      "fool-me-twice (google-research/fool-me-twice @ d9db753e), dataset/dev.jsonl and dataset/test.jsonl",
    licence: "Apache-2.0",
    attribution:
      "Fool Me Twice, Google LLC, Apache-2.0; its evidence sentences are Wikipedia text. Changed: claims paired with evidence of others; " +
      "the weights are derived.",
  },
  inputs: [
    { kind: "string", name: "text", field: "text" },
    { kind: "string", name: "answer", field: "answer" },
  ],
  limits: { text: { min: 8, max: 32_768 }, answer: { min: 8, max: 8_192 } },
  async open(directory) {
    const { training, heldOut } = readRelevanceData(directory);
    const families = await relevanceFamilies(training);
    return {
      members: families.map((family) => pairMember(family, training, { groupOf: ({ group }) => group })),
      training: training.map((row) => ({ ...row, copies: [] })),
      heldOut,
    };
  },
};

/** All families of the domain; two of them count words of the training part first. */
async function relevanceFamilies(training: readonly RelevanceRow[]): Promise<Family[]> {
  const corpus = await corpusOf(training);
  return [rarityLogistic(corpus), topicLogistic(corpus), charTrees, hashedMlp, alignConv];
}
