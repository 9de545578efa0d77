import type { GraphBuilder, Value } from "./builder.ts";

/** Words of a batch of strings, padded to the longest one. L = number of words of the longest string, at most the limit. */
export interface Words {
  /** string [N, L]; padding is END. */
  readonly tokens: Value;
  /** int32 [N, L]: MurmurHash3 of the word; equal words have equal ids. */
  readonly ids: Value;
  /** float [N, L]: 1 where a word stands, 0 on padding. */
  readonly mask: Value;
}

/** Stands behind every string, so that no row is empty, and is the padding too. Never counted as a word. */
const END = "\u2403";

// Contracted negations stay one word; numbers keep their inner points and commas; a question mark is a word of its own.
const WORD = `[\\pL]+n['’]t|[\\pL][\\pL\\pN]*|\\pN+(?:[.,]\\pN+)*|[?]|${END}`;

/** A word that turns a sentence round. */
export const NEGATION = ".*n['’]t|cannot|not|no|never|nor|none|neither|nobody|nothing|without|nowhere";
/** A number in digits, or one of the small number words. */
export const NUMBER =
  "\\pN.*|two|three|four|five|six|seven|eight|nine|ten|eleven|twelve|hundred|thousand|million|billion";
/** A word that speaks of the speaker or to the listener: chat, rarely found in a source. */
export const PERSONAL =
  "i|me|my|mine|myself|you|your|yours|we|us|our|im|lol|haha|wow|hi|hello|thanks|yeah|yep|sure|hope|guess|think|love|like|[?]";
/** A word that carries grammar rather than content. */
export const FUNCTION_WORD =
  "a|an|the|of|in|on|at|to|for|from|by|with|as|and|or|but|if|than|that|this|these|those|it|its|is|are|was|were|be|been|" +
  "being|has|have|had|do|does|did|will|would|can|could|may|might|should|he|she|his|her|him|they|their|them|there|which|who|" +
  "whom|whose|what|when|where|how|also|so|s|yes|well|about|into|over|after|before|up|out|very|just|then";

/** Lower-cased (ASCII) words of `source`, string [N]; words behind the first `limit` are not read. */
export function words(graph: GraphBuilder, source: Value, limit: number): Words {
  return tokenise(graph, lowerCase(graph, source), WORD, limit);
}

function tokenise(graph: GraphBuilder, source: Value, tokenexp: string, limit: number): Words {
  const ended = graph.op("StringConcat", [source, graph.strings([` ${END}`])]);
  const all = graph.op("com.microsoft:Tokenizer", [ended], {
    mark: 0n,
    mincharnum: 1n,
    pad_value: END,
    tokenexp,
  });
  const tokens = graph.slice(all, 1, 0, limit);
  const ids = hash(graph, tokens);
  return { tokens, ids, mask: notEqual(graph, ids, hash(graph, graph.strings([END]))) };
}

/** The same words as `words` gives, place by place, with their capitals. */
export function casedWords(graph: GraphBuilder, source: Value, limit: number): Words {
  return tokenise(graph, source, WORD, limit);
}

// Where no spaces are written every character is a word; elsewhere letters with their marks.
const PLAIN_WORD = `[\\p{Han}\\p{Hiragana}\\p{Katakana}]|[\\pL\\pM]+|${END}`;

/** Lower-cased (ASCII) words of any script: no numbers, no punctuation. */
export function plainWords(graph: GraphBuilder, source: Value, limit: number): Words {
  return tokenise(graph, lowerCase(graph, source), PLAIN_WORD, limit);
}

/** The same words in pieces of up to three letters, counted from the word's beginning. */
export function wordPieces(graph: GraphBuilder, source: Value, limit: number): Words {
  return tokenise(graph, lowerCase(graph, source), PLAIN_WORD.replace("+", "{1,3}"), limit);
}

/** Characters of a batch of strings: ids int32 [N, L] and mask float [N, L] as for words, spaces included. */
export function characters(
  graph: GraphBuilder,
  source: Value,
  limit: number,
): Omit<Words, "tokens"> & { tokens: Value } {
  const framed = graph.op("StringConcat", [
    graph.op("StringConcat", [graph.strings([" "]), lowerCase(graph, source)]),
    graph.strings([` ${END}`]),
  ]);
  const all = graph.op("com.microsoft:Tokenizer", [framed], {
    mark: 0n,
    mincharnum: 1n,
    pad_value: END,
    separators: [""],
  });
  const tokens = graph.slice(all, 1, 0, limit);
  const ids = hash(graph, tokens);
  return { tokens, ids, mask: notEqual(graph, ids, hash(graph, graph.strings([END]))) };
}

/** float [N, L]: 1 where the whole word matches the RE2 `pattern`. */
export function matching(graph: GraphBuilder, source: Words, pattern: string): Value {
  return graph.cast(graph.op("RegexFullMatch", [source.tokens], { pattern }), "float");
}

function lowerCase(graph: GraphBuilder, source: Value): Value {
  // Locale "C": the default, en_US.UTF-8, does not exist on a bare Debian.
  return graph.op("StringNormalizer", [source], {
    case_change_action: "LOWER",
    is_case_sensitive: 1n,
    locale: "C",
  });
}

/** int32: MurmurHash3 of each string. */
export function hash(graph: GraphBuilder, tokens: Value): Value {
  return graph.op("com.microsoft:MurmurHash3", [tokens], { positive: 0n, seed: 0n });
}

function notEqual(graph: GraphBuilder, left: Value, right: Value): Value {
  return graph.cast(graph.op("Not", [graph.op("Equal", [left, right])]), "float");
}
