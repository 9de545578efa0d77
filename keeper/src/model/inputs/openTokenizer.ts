import { RefusedModel } from "../errors.ts";
import { readTokenizer, type Tokenizer } from "./tokenizer.ts";

/** @throws RefusedModel if it is no tokenizer.json */
export function openTokenizer(bytes: Uint8Array): Tokenizer {
  try {
    return readTokenizer(bytes);
  } catch (error) {
    throw new RefusedModel({
      code: "TOKENIZER_INVALID",
      given: `a tokenizer.json that cannot be read (${String(error).slice(0, 200)})`,
      allowed: "a tokenizer.json of the Hugging Face tokenizers library",
      advice: "Save it with tokenizer.save('tokenizer.json') and name its hash in the manifest.",
    });
  }
}
