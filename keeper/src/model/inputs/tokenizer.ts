import { Tokenizer as Engine } from "@huggingface/tokenizers";

/** One or two texts as a model reads them. */
export interface Encoding {
  readonly ids: readonly number[];
  /** Which of the two texts, as the tokenizer numbers them. */
  readonly typeIds: readonly number[];
}

export interface Tokenizer {
  /**
   * @param texts one text, or a pair
   * @param most tokens, those the tokenizer adds counted in; the longer of two texts is cut first, at its end
   */
  encode(texts: readonly string[], most: number): Encoding;
  readonly padId: number;
  /** Whether padding goes before the tokens. */
  readonly padsLeft: boolean;
}

interface AddedToken {
  readonly id: number;
  readonly content: string;
  readonly special: boolean;
}

interface TokenizerFile {
  readonly added_tokens?: readonly AddedToken[];
  readonly padding?: { readonly pad_id?: number; readonly direction?: string } | null;
  readonly model?: { readonly unk_token?: string | null };
}

/** Names of the padding token, where the file does not say. */
const PAD_NAMES = ["[PAD]", "<pad>", "<|pad|>", "<|endoftext|>"];

/**
 * Reads a Hugging Face tokenizer.json. Special tokens are never read out of a text: whoever writes `[SEP]` into a claim
 * gets the word, not the token, or could end the text it stands in and begin another. Its own truncation settings are
 * ignored for those of the manifest.
 *
 * @throws Error if it is no tokenizer.json, or of a kind the library does not know
 */
export function readTokenizer(bytes: Uint8Array): Tokenizer {
  const file = JSON.parse(new TextDecoder("utf-8", { fatal: true }).decode(bytes)) as TokenizerFile;
  const added = file.added_tokens ?? [];
  const specials = new Map(added.filter(({ special }) => special).map(({ content, id }) => [content, id]));
  const engine = new Engine({ ...file, added_tokens: added.filter(({ special }) => !special) }, {});
  const unknown = file.model?.unk_token ?? undefined;
  const isOrdinary = (token: string): boolean => token === unknown || !specials.has(token);
  const unknownId =
    unknown === undefined ? undefined : (specials.get(unknown) ?? engine.token_to_id(unknown));
  const idOf = (token: string): number => {
    const id = specials.get(token) ?? engine.token_to_id(token) ?? unknownId;
    if (id === undefined) throw new Error(`tokenizer.json has no token ${token}`);
    return id;
  };
  const assemble = ([first = [], second]: readonly string[][]): Encoding => {
    const whole = engine.post_processor?.(first, second ?? null, true) ?? {
      tokens: [...first, ...(second ?? [])],
    };
    // Some post-processors hand the second text back apart.
    const tokens = [...whole.tokens, ...(whole.tokens_pair ?? [])];
    const typeIds = whole.token_type_ids ?? tokens.map(() => 0);
    return { ids: tokens.map(idOf), typeIds: tokens.map((_, i) => typeIds[i] ?? 0) };
  };
  return {
    padId: padIdOf(file, (name) => specials.get(name) ?? engine.token_to_id(name)),
    padsLeft: file.padding?.direction === "Left",
    encode(texts, most) {
      const tokens = texts.map((text) =>
        engine.tokenize(text, { add_special_tokens: false }).filter(isOrdinary),
      );
      const extra = assemble(texts.map(() => [])).ids.length;
      return assemble(cutLongest(tokens, Math.max(0, most - extra)));
    },
  };
}

/** Takes tokens off the end of whichever text is longer, until together there are no more than `most`. */
export function cutLongest<T>(texts: readonly T[][], most: number): T[][] {
  const [first = [], second] = texts;
  if (second === undefined) return [first.slice(0, most)];
  const half = Math.floor(most / 2);
  // Where both are longer than half, the first keeps the odd one.
  const a = Math.max(most - half, most - second.length);
  const kept = first.slice(0, Math.max(0, a));
  return [kept, second.slice(0, Math.max(0, most - kept.length))];
}

function padIdOf({ padding }: TokenizerFile, idOf: (name: string) => number | undefined): number {
  if (padding?.pad_id !== undefined) return padding.pad_id;
  for (const name of PAD_NAMES) {
    const id = idOf(name);
    if (id !== undefined) return id;
  }
  // Masked anyway.
  return 0;
}
