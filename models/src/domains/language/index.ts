import { centroids, claimsAbout, type ClassClaim } from "../../classes/claims.ts";
import type { ClassFamily } from "../../classes/family.ts";
import { classMember } from "../../classes/member.ts";
import type { ClassTask } from "../../classes/pipeline.ts";
import { stringTensor } from "../../onnx/session.ts";
import type { Example } from "../../pairs/family.ts";
import { seededRandom } from "../../rng.ts";
import type { Domain } from "../domain.ts";
import { charConv } from "./char-conv.ts";
import { LANGUAGE_FILE, LANGUAGES, type LanguageRow, readLanguageData, SHORTEST } from "./data.ts";
import { letterForest } from "./letter-forest.ts";
import { ngramBayes } from "./ngram-bayes.ts";
import { subwordEmbedding } from "./subword-embedding.ts";
import { wordPieceFamily } from "./word-pieces.ts";

const LANGUAGE_FAMILIES: readonly ClassFamily[] = [
  ngramBayes,
  wordPieceFamily,
  letterForest,
  subwordEmbedding,
  charConv,
];

const CLAIM_SEED = 32;
/** Code points are counted modulo this when the likely wrong language is looked for. */
const PROFILE = 512;

/** Is this text in this language? */
export const language: Domain = {
  name: "language",
  question: "the text is in the language whose ISO 639-1 code is the answer",
  files: [LANGUAGE_FILE],
  split:
    "by row: of each language 75 of 250 sentences, drawn with a fixed seed, only measure; all are cut to pieces of 16 characters and more",
  fittedOn: "out-of-fold log-odds of two claims a training row, three folds by row",
  provenance: {
    source:
      "lingua-py (pemistahl/lingua-py @ 754ce211), language-testdata/sentences: 20 languages, 250 sentences each",
    licence: "Apache-2.0",
    attribution:
      "Sentences of lingua-py, Apache-2.0, drawn from the Leipzig Wortschatz corpora. Changed: cut to pieces; the weights are derived.",
  },
  inputs: [{ kind: "string", name: "text", field: "text" }],
  limits: { text: { min: SHORTEST, max: 32_768 }, answer: { min: 2, max: 2 } },
  open(directory) {
    const { training, heldOut } = readLanguageData(directory);
    const random = seededRandom(CLAIM_SEED);
    const labels = training.map(labelOf);
    const vectors = training.map(({ text }) => profile(text));
    const centres = centroids(vectors, labels, LANGUAGES.length);
    const task: ClassTask = {
      labels: LANGUAGES,
      input: (graph) => graph.input("text", "string", ["N"]),
      items: training.map((row) => ({ feeds: { text: stringTensor([row.text]) }, label: labelOf(row) })),
      claims: claimsAbout(vectors, labels, centres, random),
    };
    const asked = claimsAbout(
      heldOut.map(({ text }) => profile(text)),
      heldOut.map(labelOf),
      centres,
      random,
    );
    return Promise.resolve({
      members: LANGUAGE_FAMILIES.map((family) => classMember({ family, sees: () => true }, task)),
      training: asTexts(task.claims, training).map((claim) => ({ ...claim, group: claim.text, copies: [] })),
      heldOut: asTexts(asked, heldOut),
    });
  },
};

/** Claims about rows as claims say it: the text, and the code of the language as answer. */
function asTexts(claims: readonly ClassClaim[], rows: readonly LanguageRow[]): Example[] {
  return claims.map(({ item, label, truth }) => ({
    text: rows[item]?.text ?? "",
    answer: LANGUAGES[label] ?? "",
    truth,
  }));
}

function labelOf({ language }: LanguageRow): number {
  return LANGUAGES.findIndex((code) => code === language);
}

/** Shares of code points. */
function profile(text: string): Float64Array {
  const shares = new Float64Array(PROFILE);
  const characters = [...text.toLowerCase()];
  for (const character of characters) {
    const place = (character.codePointAt(0) ?? 0) % PROFILE;
    shares[place] = (shares[place] ?? 0) + 1 / characters.length;
  }
  return shares;
}
