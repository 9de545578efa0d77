import { pairMember } from "../../pairs/member.ts";
import type { Domain } from "../domain.ts";
import { DATA_FILES, readGroundedData } from "./data.ts";
import { trainingCopies } from "./edits.ts";
import { GROUNDED_FAMILIES } from "./families.ts";

/** Is this answer fully attributable to this text? */
export const grounded: Domain = {
  name: "grounded",
  question: "the answer is fully attributable to the text",
  files: DATA_FILES,
  split:
    'the publisher\'s two files: its larger "test" part trains, its "dev" part measures, without rows that occur in both',
  fittedOn: "out-of-fold log-odds of the training file, five folds by text",
  provenance: {
    source:
      "BEGIN (google/BEGIN-dataset @ 6e65f0d5), wow/begin_test_wow.tsv; held-out: wow/begin_dev_wow.tsv",
    licence: "CC BY 4.0",
    attribution:
      "BEGIN dataset, Google LLC, CC BY 4.0. Contains conversation histories and knowledge snippets of Wizard of Wikipedia, developed at " +
      "Facebook, Inc. by Emily Dinan, Stephen Roller, Kurt Shuster, Angela Fan, Michael Auli and Jason Weston, Copyright (c) 2021 " +
      "Facebook, Inc and its affiliates, CC BY 4.0. Changed: spacing of punctuation, edited copies of answers; the weights are derived.",
  },
  inputs: [
    { kind: "string", name: "text", field: "text" },
    { kind: "string", name: "answer", field: "answer" },
  ],
  // What is longer does not fit a payload, what is shorter gives confident nonsense; characters.
  limits: { text: { min: 3, max: 32_768 }, answer: { min: 3, max: 8_192 } },
  open(directory) {
    const { training, heldOut } = readGroundedData(directory);
    const copies = trainingCopies(training);
    return Promise.resolve({
      members: GROUNDED_FAMILIES.map((family) => pairMember(family, training, { copies })),
      training: training.map((example, index) => ({
        ...example,
        group: example.text.toLowerCase(),
        copies: copies[index] ?? [],
      })),
      heldOut,
    });
  },
};
