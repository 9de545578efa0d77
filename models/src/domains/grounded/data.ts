import { readFileSync } from "node:fs";
import { join } from "node:path";

import type { Example } from "../../pairs/family.ts";

/** Both files of BEGIN / Wizard of Wikipedia; `heldOut` is for measuring only. */
export interface GroundedData {
  readonly training: readonly Example[];
  readonly heldOut: readonly Example[];
}

/** Below the data directory: training, held-out. The names are the publisher's: its larger "test" part is our training part. */
export const DATA_FILES = ["begin-wow/begin_test_wow.tsv", "begin-wow/begin_dev_wow.tsv"] as const;
const TRUE_LABEL = "Fully attributable";

/**
 * Reads the data set from `directory`. Held-out rows whose text and answer also occur in training (letters and digits
 * compared, 14 of 430) are left out.
 */
export function readGroundedData(directory: string): GroundedData {
  const training = parseBegin(readFileSync(join(directory, DATA_FILES[0]), "utf8"));
  const seen = new Set(training.map(essence));
  const heldOut = parseBegin(readFileSync(join(directory, DATA_FILES[1]), "utf8"));
  return { training, heldOut: heldOut.filter((example) => !seen.has(essence(example))) };
}

/** Parses BEGIN's TSV: model_name, data_source, knowledge, message, response, begin_label. Rows without a label are left out. */
export function parseBegin(tsv: string): Example[] {
  const [header, ...lines] = tsv.split(/\r?\n/);
  const columns = (header ?? "").split("\t").map((name) => name.trim());
  const at = (cells: readonly string[], name: string): string => (cells[columns.indexOf(name)] ?? "").trim();
  return lines
    .map((line) => line.split("\t"))
    .filter((cells) => at(cells, "begin_label") !== "")
    .map((cells) => ({
      text: undoTokenising(at(cells, "knowledge")),
      answer: undoTokenising(at(cells, "response")),
      truth: at(cells, "begin_label") === TRUE_LABEL,
    }));
}

function essence({ text, answer }: Example): string {
  return [text, answer]
    .map((part) =>
      part
        .toLowerCase()
        .replace(/[^\p{L}\p{N}]+/gu, " ")
        .trim(),
    )
    .join("\n");
}

/**
 * Joins what some generators of the data set wrote apart ("do n't", "cats ."). The spacing tells the generator and, with it, the
 * label: a model could learn that instead of the task, and would then fail on ordinary prose.
 */
export function undoTokenising(text: string): string {
  return text
    .replace(/ (n't|'(?:s|m|re|ve|ll|d))\b/gi, "$1")
    .replace(/ ([.,;:!?%)\]])/g, "$1")
    .replace(/([([$#]) /g, "$1")
    .replace(/(\w)- (\w)/g, "$1-$2")
    .replace(/ +/g, " ")
    .trim();
}
