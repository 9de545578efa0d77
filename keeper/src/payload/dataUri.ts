import { AssayError } from "../lib/errors.ts";

/** A `data:` URI that cannot be decoded, or holds too much. */
export class DataUriError extends AssayError<
  "DATA_URI_NOT_VALID" | "DATA_URI_TOO_BIG",
  { given: string | number; allowed: string | number }
> {
  constructor(
    code: "DATA_URI_NOT_VALID" | "DATA_URI_TOO_BIG",
    message: string,
    data: { given: string | number; allowed: string | number },
  ) {
    super({
      code,
      message,
      data,
      advice: "Write data:application/json;base64,… or percent-encode what follows the comma.",
      retryable: false,
    });
  }
}

/**
 * The bytes of a `data:` URI, base64 or percent-encoded. The media type is not looked at. Everything after the comma
 * counts, `#` too: the hash of the payload decides, not the reading of a fragment.
 *
 * @param maxBytes most bytes that come out, checked before anything is decoded
 * @throws DataUriError
 */
export function decodeDataUri(uri: string, maxBytes: number): Uint8Array {
  const comma = uri.indexOf(",");
  if (!/^data:/i.test(uri) || comma === -1) {
    throw new DataUriError("DATA_URI_NOT_VALID", "The data URI has no comma before its content", {
      given: uri.slice(0, 80),
      allowed: "data:[type][;base64],content",
    });
  }
  const content = uri.slice(comma + 1);
  const isBase64 = /;\s*base64\s*$/i.test(uri.slice(5, comma));
  // No byte takes more than three characters (%41), and in base64 four characters (even as %41) hold three bytes.
  if (content.length > 3 * maxBytes + (isBase64 ? maxBytes + 12 : 0)) throw tooBig(content.length, maxBytes);
  const decoded = percentDecode(content);
  const bytes = isBase64 ? base64Decode(decoded) : decoded;
  if (bytes.length > maxBytes) throw tooBig(bytes.length, maxBytes);
  return bytes;
}

function tooBig(given: number, allowed: number): DataUriError {
  return new DataUriError("DATA_URI_TOO_BIG", "The data URI holds more than allowed", { given, allowed });
}

/** Unlike decodeURIComponent it gives bytes, so that what is not UTF-8 stays what it is. */
function percentDecode(content: string): Uint8Array {
  const source = Buffer.from(content, "utf8");
  const bytes = new Uint8Array(source.length);
  let length = 0;
  for (let i = 0; i < source.length; i++) {
    let byte = source[i] as number;
    if (byte === 0x25) {
      const digits = source.toString("latin1", i + 1, i + 3);
      if (!/^[0-9a-f]{2}$/i.test(digits)) {
        throw new DataUriError("DATA_URI_NOT_VALID", "The data URI has a percent sign without two digits", {
          given: `%${digits}`,
          allowed: "%00 … %ff",
        });
      }
      byte = Number.parseInt(digits, 16);
      i += 2;
    }
    bytes[length++] = byte;
  }
  return bytes.subarray(0, length);
}

function base64Decode(encoded: Uint8Array): Uint8Array {
  const text = Buffer.from(encoded).toString("latin1");
  const unpadded = text.replace(/={1,2}$/, "");
  const isPaddedRight = text.length === unpadded.length || text.length % 4 === 0;
  if (!/^[A-Za-z0-9+/]*$/.test(unpadded) || unpadded.length % 4 === 1 || !isPaddedRight) {
    throw new DataUriError("DATA_URI_NOT_VALID", "The data URI is not base64", {
      given: text.slice(0, 40),
      allowed: "A-Z a-z 0-9 + / and = at the end",
    });
  }
  return new Uint8Array(Buffer.from(unpadded, "base64"));
}
