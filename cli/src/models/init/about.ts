import type { Manifest } from "@assay/keeper";

import type { Interview } from "./interview.ts";
import { range, share, slug, text } from "./parse.ts";

/** Shortest text or answer that is judged unless the operator says otherwise: shorter ones give confident nonsense. */
const MIN_CHARACTERS = 3;
/** Longest text and answer of a payload, characters at most. */
const MAX_TEXT = 32_768;
const MAX_ANSWER = 8_192;

/** What every manifest says, whatever judges. Undefined is what nobody answered. */
export async function aboutOf({ ask, given }: Interview) {
  const name = await ask({ flag: "name", text: "name of the model, for people", parse: text });
  const domain = await ask({ flag: "domain", text: "domain it judges, such as grounded", parse: slug });
  const family = await ask({
    flag: "family",
    text: "family it belongs to: architecture, training data, base weights",
    parse: slug,
  });
  const baseRate = await ask({
    flag: "base-rate",
    text: "share of true claims in its training data",
    proposal: "0.5",
    parse: share,
  });
  const source = await ask({
    flag: "source",
    text: "training data and where the weights come from",
    parse: text,
  });
  const licence = await ask({ flag: "licence", text: "licence of the weights", parse: text });
  const summary = given({ flag: "summary", parse: text });
  const attribution = given({ flag: "attribution", parse: text });
  return {
    head: { schemaVersion: 2, name, domain, family, ...(summary !== undefined && { summary }) },
    baseRate,
    provenance: { source, licence, ...(attribution !== undefined && { attribution }) },
  };
}

/**
 * Limits of the texts the model sees: those of options, else something sensible to begin with.
 *
 * @param shortest least characters of an answer that is proposed
 */
export function textLimits(
  fields: readonly ("text" | "answer")[],
  { given }: Interview,
  shortest = MIN_CHARACTERS,
): Pick<Manifest["limits"], "text" | "answer"> {
  const text =
    given({ flag: "text-limits", parse: range }) ??
    (fields.includes("text") ? { min: MIN_CHARACTERS, max: MAX_TEXT } : undefined);
  const answer =
    given({ flag: "answer-limits", parse: range }) ??
    (fields.includes("answer") ? { min: shortest, max: MAX_ANSWER } : undefined);
  return { ...(text && { text }), ...(answer && { answer }) };
}
