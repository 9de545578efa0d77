import { countOf, type DeclaredPort, type ManifestInput } from "@assay/keeper";

import { CliError } from "../../lib/errors.ts";
import type { Interview } from "./interview.ts";
import { list, number, oneOf, oneOrEach, positive, whole } from "./parse.ts";

type Kind = ManifestInput["kind"];
type Of<K extends Kind> = Extract<ManifestInput, { kind: K }>;

const CHANNELS = { gray: 1, rgb: 3, bgr: 3 } as const;

/**
 * What fills an input of the graph: read off its type, shape and name as far as they say, asked for the rest.
 * Undefined if an answer is missing.
 *
 * @param hasTokenizer whether tokenizer.json lies beside the model
 * @throws CliError if no kind of input fits
 */
export function describeInput(
  port: DeclaredPort,
  interview: Interview,
  hasTokenizer: boolean,
): Promise<ManifestInput | undefined> {
  const { name, type, shape = [] } = port;
  if (type === "string")
    return shape.length === 2 ? stringsInput(port, interview) : stringInput(port, interview);
  if (type === "int64" || type === "int32") return wholeInput({ ...port, type }, interview, hasTokenizer);
  if (type === "float32" || type === "float16" || type === "uint8")
    return numericInput({ ...port, type }, interview);
  if (type === "float64" || type === "bool") return valuesInput({ ...port, type }, interview);
  throw new CliError(
    "INPUT_UNKNOWN",
    "An input of the graph cannot be filled",
    { input: name, type, shape: `[${shape.join(", ")}]` },
    "Export the model with inputs of type string, int64, int32, uint8, bool, float16, float32 or float64.",
  );
}

async function stringInput({ name }: DeclaredPort, { ask }: Interview): Promise<Of<"string"> | undefined> {
  const field = isField(name)
    ? name
    : await ask({
        flag: "field",
        about: name,
        text: "field of the claim it takes, text or answer",
        proposal: /answer|claim|hypothesis|response/i.test(name) ? "answer" : "text",
        parse: oneOf("text", "answer"),
      });
  return field && { kind: "string", name, field };
}

/** One or more columns of text, as scikit-learn exports declare them: [N, 1]. */
async function stringsInput(
  { name, shape = [] }: DeclaredPort,
  { ask }: Interview,
): Promise<Of<"strings"> | undefined> {
  const columns = typeof shape[1] === "number" ? shape[1] : undefined;
  if (columns === 1 && isField(name)) return { kind: "strings", name, fields: [name] };
  const fields = await ask({
    flag: "fields",
    about: name,
    text:
      columns === 1
        ? "field of the claim it takes, text or answer"
        : "fields of the claim its columns take, text or answer, one each",
    proposal: columns === 1 ? "text" : "text,answer",
    parse(answer) {
      const given = list(oneOf("text", "answer"), 2)(answer);
      if (columns === undefined || given.length === columns) return given;
      throw new Error(`It must be as many as the input has columns, ${columns}`);
    },
  });
  return fields && { kind: "strings", name, fields };
}

const isField = (name: string): name is "text" | "answer" => name === "text" || name === "answer";

/** Whole numbers that are tokens of a text, or just numbers. */
async function wholeInput(
  port: DeclaredPort & { type: "int64" | "int32" },
  interview: Interview,
  hasTokenizer: boolean,
): Promise<ManifestInput | undefined> {
  const { name, shape = [] } = port;
  if (shape.length !== 2) return valuesInput(port, interview);
  // A name says enough, unless it is contradicted: a word about all inputs may be meant for another one.
  const said = interview.given({ flag: "kind", about: name, parse: oneOf("tokens", "image", "values") });
  if (partOf(name) !== undefined)
    return said === "values" ? valuesInput(port, interview) : tokensInput(port, interview);
  const kind = await interview.ask({
    flag: "kind",
    about: name,
    text: `what its whole numbers [${shape.join(", ")}] are, tokens of a text or plain values`,
    proposal: hasTokenizer || typeof shape[1] !== "number" ? "tokens" : "values",
    parse: oneOf("tokens", "values"),
  });
  if (kind === undefined) return undefined;
  return kind === "tokens" ? tokensInput(port, interview) : valuesInput(port, interview);
}

/** Names that Hugging Face exports give the parts of an encoding. */
function partOf(name: string): Of<"tokens">["part"] | undefined {
  if (/mask/i.test(name)) return "attentionMask";
  if (/type|segment/i.test(name)) return "typeIds";
  return /ids?$|tokens?$/i.test(name) ? "ids" : undefined;
}

async function tokensInput(
  { name, type, shape = [] }: DeclaredPort & { type: "int64" | "int32" },
  { ask }: Interview,
): Promise<Of<"tokens"> | undefined> {
  const fixed = typeof shape[1] === "number" ? shape[1] : undefined;
  const part =
    partOf(name) ??
    (await ask({
      flag: "part",
      about: name,
      text: "part of the encoding it takes, ids, attentionMask or typeIds",
      proposal: "ids",
      parse: oneOf("ids", "attentionMask", "typeIds"),
    }));
  const fields = await ask({
    flag: "fields",
    about: name,
    text: "what is given to the tokenizer, one field or a pair",
    proposal: "text,answer",
    parse: list(oneOf("text", "answer"), 2),
  });
  const maxTokens =
    fixed ??
    (await ask({
      flag: "max-tokens",
      about: name,
      text: "longest encoding, tokens",
      proposal: "512",
      parse: whole(1, 8_192),
    }));
  if (part === undefined || fields === undefined || maxTokens === undefined) return undefined;
  return { kind: "tokens", name, part, fields, maxTokens, pad: fixed ? "maximum" : "longest", type };
}

/** Numbers that are an image, or just numbers. */
async function numericInput(
  port: DeclaredPort & { type: Of<"image">["type"] },
  interview: Interview,
): Promise<ManifestInput | undefined> {
  const shape = port.shape ?? [];
  if (shape.length !== 3 && shape.length !== 4) return valuesInput(port, interview);
  const kind = await interview.ask({
    flag: "kind",
    about: port.name,
    text: `what its shape [${shape.join(", ")}] is, an image or plain values`,
    proposal: "image",
    parse: oneOf("image", "values"),
  });
  if (kind === undefined) return undefined;
  return kind === "image" ? imageInput(port, interview) : valuesInput(port, interview);
}

type Layout = Of<"image">["layout"];

/** The layout, where exactly one dimension can be the channels. */
function layoutOf(shape: readonly (number | string)[]): Layout | undefined {
  if (shape.length === 3) return "nhw";
  const isChannels = (size: number | string | undefined): boolean => size === 1 || size === 3;
  if (isChannels(shape[1]) === isChannels(shape[3])) return undefined;
  return isChannels(shape[1]) ? "nchw" : "nhwc";
}

async function imageInput(
  { name, type, shape = [] }: DeclaredPort & { type: Of<"image">["type"] },
  { ask }: Interview,
): Promise<Of<"image"> | undefined> {
  const layout =
    layoutOf(shape) ??
    (await ask({
      flag: "layout",
      about: name,
      text: "order of its dimensions, nchw, nhwc or nhw",
      proposal: "nchw",
      parse: oneOf("nchw", "nhwc", "nhw"),
    }));
  const order = layout ?? "nchw";
  const sizeOf = (letter: string): number | undefined => {
    const size = shape[order.indexOf(letter)];
    return typeof size === "number" ? size : undefined;
  };
  const colours = order === "nhw" ? 1 : sizeOf("c");
  const channels =
    colours === 1
      ? "gray"
      : await ask({
          flag: "channels",
          about: name,
          text: "colours of a pixel in their order, gray, rgb or bgr",
          proposal: "rgb",
          parse: oneOf("gray", "rgb", "bgr"),
        });
  const side = (flag: "width" | "height") =>
    ask({ flag, about: name, text: `${flag} of its images, pixels`, parse: whole(1, 4_096) });
  const width = sizeOf("w") ?? (await side("width"));
  const height = sizeOf("h") ?? (await side("height"));
  const resize = await ask({
    flag: "resize",
    about: name,
    text: "what happens to images of another size, bilinear, nearest or none (they are not judged)",
    proposal: "bilinear",
    parse: oneOf("none", "nearest", "bilinear"),
  });
  const each = list(number, channels === undefined ? 3 : CHANNELS[channels]);
  const scale = await ask({
    flag: "scale",
    about: name,
    text: "what a pixel of 0–255 is multiplied with",
    proposal: type === "uint8" ? "1" : "1/255",
    parse: number,
  });
  const mean = await ask({
    flag: "mean",
    about: name,
    text: "what is then taken away, one number or one a channel",
    proposal: "0",
    parse: each,
  });
  const std = await ask({
    flag: "std",
    about: name,
    text: "what it is then divided by, one number or one a channel",
    proposal: "1",
    parse: each,
  });
  if (
    layout === undefined ||
    channels === undefined ||
    width === undefined ||
    height === undefined ||
    resize === undefined ||
    scale === undefined ||
    mean === undefined ||
    std === undefined
  )
    return undefined;
  return { kind: "image", name, width, height, resize, channels, layout, scale, mean, std, type };
}

async function valuesInput(
  { name, type, shape = [] }: DeclaredPort & { type: Of<"values">["type"] },
  { ask }: Interview,
): Promise<Of<"values"> | undefined> {
  const sizes = shape.slice(1);
  const known = sizes.every((size) => typeof size === "number") && shape.length > 0;
  const given = known
    ? sizes.map(Number)
    : await ask({
        flag: "shape",
        about: name,
        text: "its dimensions without the batch, with commas between",
        parse: list(whole(1, 4_096), 4),
      });
  const each = (one: typeof number) => oneOrEach(one, given && countOf(given));
  const scale = await ask({
    flag: "scale",
    about: name,
    text: "what a number of the claim is multiplied with",
    proposal: "1",
    parse: number,
  });
  const mean = await ask({
    flag: "mean",
    about: name,
    text: "what is then taken away, one number or one for each of the values",
    proposal: "0",
    parse: each(number),
  });
  const std = await ask({
    flag: "std",
    about: name,
    text: "what it is then divided by, one number or one for each of the values",
    proposal: "1",
    parse: each(positive),
  });
  if (given === undefined || scale === undefined || mean === undefined || std === undefined) return undefined;
  return { kind: "values", name, shape: given, scale, mean, std, type };
}
