import { expect } from "chai";
import fc from "fast-check";
import { keccak256, toBytes } from "viem";
import {
  encodePayload,
  hashPayload,
  parsePayload,
  PAYLOAD_LIMITS,
  PayloadError,
  type Claim,
  type Payload,
} from "./schema.ts";

/** A white pixel. */
const PNG = "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAAAAAA6fptVAAAACklEQVR4nGP4DwABAQEAsnr9swAAAABJRU5ErkJggg==";
const CANONICAL =
  '{"claims":[{"answer":"Oslo is the capital.","id":"c1","text":"Oslo is Norway\'s capital."}],"domain":"grounded","version":1}';

function codeOf(run: () => unknown): string {
  try {
    run();
  } catch (error) {
    expect(error).to.be.instanceOf(PayloadError);
    return (error as PayloadError).code;
  }
  return "accepted";
}

const parse = (text: string) => parsePayload(toBytes(text));
const payload = (claims: unknown, rest: object = {}) =>
  ({ version: 1, domain: "grounded", claims, ...rest }) as unknown as Payload;

const anyText = (maxLength: number) => fc.string({ minLength: 1, maxLength, unit: "binary" });
// A payload cannot tell −0 from 0.
const anyNumber = fc.double({ noNaN: true, noDefaultInfinity: true }).map((x) => (x === 0 ? 0 : x));
const pngOf = (rest: Uint8Array): string =>
  Buffer.concat([Buffer.from("89504e470d0a1a0a00", "hex"), rest]).toString("base64");
const anyRest = { answer: anyText(40), id: anyText(10) };
const anyClaim: fc.Arbitrary<Claim> = fc.oneof(
  fc.record({ ...anyRest, text: anyText(80) }, { requiredKeys: ["answer", "text"] }),
  fc.record(
    { ...anyRest, image: fc.uint8Array({ maxLength: 40 }).map(pngOf) },
    { requiredKeys: ["answer", "image"] },
  ),
  fc.record(
    { ...anyRest, values: fc.array(anyNumber, { minLength: 1, maxLength: 9 }) },
    { requiredKeys: ["answer", "values"] },
  ),
);
const anyPayload: fc.Arbitrary<Payload> = fc.record({
  version: fc.constant(1 as const),
  domain: fc.stringMatching(/^[a-z0-9]{1,20}(-[a-z0-9]{1,20})?$/),
  claims: fc.array(anyClaim, { minLength: 1, maxLength: 8 }),
});

describe("payload", () => {
  describe("encodePayload", () => {
    it("sorts keys and leaves no white space, as in docs/payload.md", () => {
      const claims = [{ text: "Oslo is Norway's capital.", id: "c1", answer: "Oslo is the capital." }];
      const bytes = encodePayload(payload(claims));
      expect(new TextDecoder().decode(bytes)).to.equal(CANONICAL);
      expect(hashPayload(bytes)).to.equal(keccak256(toBytes(CANONICAL)));
    });

    it("keeps strings as they are: not normalised, escapes as in RFC 8785", () => {
      const text = 'e\u0301 \u00e9 / " \\ \b\t\n\f\r \u0001 \u007f \u2028 😀';
      const bytes = encodePayload(payload([{ text, answer: "a" }]));
      expect(new TextDecoder().decode(bytes)).to.include(
        '"e\u0301 \u00e9 / \\" \\\\ \\b\\t\\n\\f\\r \\u0001 \u007f \u2028 😀"',
      );
      expect(parsePayload(bytes).claims[0]?.text).to.equal(text);
    });

    it("is undone by parsePayload, whatever the order of the keys", () => {
      fc.assert(
        fc.property(anyPayload, (given) => {
          const bytes = encodePayload(given);
          const turned = payload(
            given.claims.map((claim) => Object.fromEntries(Object.entries(claim).reverse())),
            {
              domain: given.domain,
            },
          );
          expect(parsePayload(bytes)).to.deep.equal({
            ...given,
            claims: given.claims.map((claim) => ({ ...claim })),
          });
          expect(encodePayload(turned)).to.deep.equal(bytes);
        }),
        { numRuns: 300 },
      );
    });
  });

  describe("parsePayload", () => {
    it("refuses what is not canonical [PAY-5]", () => {
      const refused = [
        CANONICAL.replace('"claims":', '"claims": '),
        CANONICAL + "\n",
        " " + CANONICAL,
        CANONICAL.replace('"version":1', '"version":1.0'),
        CANONICAL.replace('"version":1', '"version":1e0'),
        CANONICAL.replace("capital.", "c\\u0061pital."),
        CANONICAL.replace("capital.", "capital\\/"),
        CANONICAL.replace('"domain":"grounded"', '"domain":"other","domain":"grounded"'),
        CANONICAL.replace('"answer":', '"answer":"hidden","answer":'),
        '{"domain":"grounded",' + CANONICAL.slice(1).replace(',"domain":"grounded"', ""),
      ];
      for (const text of refused)
        expect(
          codeOf(() => parse(text)),
          text,
        ).to.equal("PAYLOAD_NOT_CANONICAL");
    });

    it("never accepts two byte forms of one payload [PAY-5]", () => {
      fc.assert(
        fc.property(
          anyPayload,
          fc.nat(),
          fc.constantFrom(0x20, 0x0a, 0x09, 0x5c, 0x30),
          (given, at, byte) => {
            const bytes = [...encodePayload(given)];
            bytes.splice(at % (bytes.length + 1), 0, byte);
            const changed = new Uint8Array(bytes);
            // Inside a string a new byte is a new payload; it must then be the one canonical form of that.
            if (codeOf(() => parsePayload(changed)) !== "accepted") return;
            const read = parsePayload(changed);
            expect(encodePayload(read)).to.deep.equal(changed);
            expect(read).to.not.deep.equal(given);
          },
        ),
        { numRuns: 300 },
      );
    });

    it("refuses bytes that are not UTF-8, and a byte order mark", () => {
      for (const bad of [[0xff], [0xc0, 0x80], [0xed, 0xa0, 0x80], [0xf4, 0x90, 0x80, 0x80], [0xe2, 0x82]]) {
        const [head, tail] = CANONICAL.split("Oslo", 2) as [string, string];
        const bytes = new Uint8Array([...toBytes(head), ...bad, ...toBytes(tail)]);
        expect(
          codeOf(() => parsePayload(bytes)),
          String(bad),
        ).to.equal("PAYLOAD_NOT_UTF8");
      }
      expect(codeOf(() => parse("\ufeff" + CANONICAL))).to.equal("PAYLOAD_NOT_JSON");
    });

    it("refuses deep nesting before it builds anything [PAY-4]", () => {
      for (const text of ["[".repeat(1_000_000), '{"a":'.repeat(200_000), '{"claims":[{"values":[[]]}]}']) {
        expect(codeOf(() => parse(text))).to.equal("PAYLOAD_TOO_DEEP");
      }
      const brackets = encodePayload(payload([{ text: '[[[["{{{{\\', answer: '"[' }]));
      expect(parsePayload(brackets).claims, "brackets in strings do not count").to.have.length(1);
    });

    it("refuses one byte too many [PAY-4]", () => {
      const most = PAYLOAD_LIMITS.bytes;
      expect(codeOf(() => parsePayload(new Uint8Array(most + 1)))).to.equal("PAYLOAD_TOO_BIG");
      const claims = Array.from({ length: 40 }, () => ({
        text: "x".repeat(PAYLOAD_LIMITS.textBytes),
        answer: "a",
      }));
      expect(codeOf(() => encodePayload(payload(claims)))).to.equal("PAYLOAD_TOO_BIG");
    });

    it("holds each bound at its edge [PAY-1, PAY-2, PAY-3]", () => {
      const claim = { text: "t", answer: "a" };
      const { claims, textBytes, answerBytes, idBytes, domainLength } = PAYLOAD_LIMITS;
      const edges: [name: string, at: (size: number) => Payload, most: number][] = [
        ["claims", (n) => payload(Array.from({ length: n }, () => claim)), claims],
        ["text", (n) => payload([{ ...claim, text: "x".repeat(n) }]), textBytes],
        [
          "answer in UTF-8",
          (n) => payload([{ ...claim, answer: "é".repeat(n / 2) + "x".repeat(n % 2) }]),
          answerBytes,
        ],
        ["id", (n) => payload([{ ...claim, id: "x".repeat(n) }]), idBytes],
        [
          "values",
          (n) => payload([{ answer: "a", values: Array.from({ length: n }, () => 0.5) }]),
          PAYLOAD_LIMITS.values,
        ],
        ["domain", (n) => payload([claim], { domain: "x".repeat(n) }), domainLength],
      ];
      for (const [name, at, most] of edges) {
        for (const size of [1, most])
          expect(
            codeOf(() => encodePayload(at(size))),
            name,
          ).to.equal("accepted");
        for (const size of [0, most + 1]) {
          expect(
            codeOf(() => encodePayload(at(size))),
            `${name} ${size}`,
          ).to.equal("PAYLOAD_NOT_VALID");
        }
      }
    });

    it("takes an image of 262,144 characters and no more", () => {
      const image = pngOf(new Uint8Array(196_608 - 9));
      expect(image).to.have.length(PAYLOAD_LIMITS.imageCharacters);
      expect(codeOf(() => encodePayload(payload([{ image, answer: "a" }])))).to.equal("accepted");
      const bigger = pngOf(new Uint8Array(196_608 - 8));
      expect(codeOf(() => encodePayload(payload([{ image: bigger, answer: "a" }])))).to.equal(
        "PAYLOAD_NOT_VALID",
      );
    });

    it("has one form for every number, and none for what is not finite", () => {
      const withValues = (values: string): string =>
        `{"claims":[{"answer":"a","values":[${values}]}],"domain":"grounded","version":1}`;
      expect(codeOf(() => parse(withValues("0,0.1,-1.5,100,1e-7,1e+21,123456789012")))).to.equal("accepted");
      for (const other of ["1.0", "1E5", "100000e0", "-0", "0.10", "1e21", "0.0000001"])
        expect(
          codeOf(() => parse(withValues(other))),
          other,
        ).to.equal("PAYLOAD_NOT_CANONICAL");
      expect(codeOf(() => parse(withValues("1e999")))).to.equal("PAYLOAD_NOT_VALID");
      for (const number of [Infinity, -Infinity, NaN])
        expect(codeOf(() => encodePayload(payload([{ values: [number], answer: "a" }])))).to.equal(
          "PAYLOAD_NOT_VALID",
        );
    });

    it("refuses other shapes [PAY-1, PAY-2, PAY-3]", () => {
      const refused: unknown[] = [
        null,
        1,
        "x",
        [],
        {},
        payload([{ text: "t", answer: "a", more: 1 }]),
        payload([{ text: "t", answer: "a" }], { more: 1 }),
        payload([{ text: "t", answer: "a" }], { version: 2 }),
        payload([{ text: "t", answer: "a" }], { version: "1" }),
        payload([{ text: "t" }]),
        payload([{ text: "t", answer: null }]),
        payload([{ text: "t", answer: "a", id: null }]),
        payload([{ text: "\ud800", answer: "a" }]),
        payload([{ answer: "a" }]),
        payload([{ text: "t", image: PNG, answer: "a" }]),
        payload([{ text: "t", values: [1], answer: "a" }]),
        payload([{ image: PNG, values: [1], answer: "a" }]),
        payload([{ image: PNG }]),
        payload([{ image: "/9j/4AAQSkZJRgABAQ==", answer: "a" }]),
        ...[`${PNG}=`, `${PNG} `, PNG.slice(1), `${PNG.slice(0, -1)}-`, PNG + "A"].map((image) =>
          payload([{ image, answer: "a" }]),
        ),
        payload([{ values: ["1"], answer: "a" }]),
        payload([{ values: [null], answer: "a" }]),
        ...["", "Grounded", "a b", "../x", "-a", "a-", "a--b"].map((domain) =>
          payload([{ text: "t", answer: "a" }], { domain }),
        ),
      ];
      for (const value of refused) {
        expect(
          codeOf(() => parse(JSON.stringify(value))),
          JSON.stringify(value),
        ).to.equal("PAYLOAD_NOT_VALID");
        expect(
          codeOf(() => encodePayload(value as Payload)),
          JSON.stringify(value),
        ).to.equal("PAYLOAD_NOT_VALID");
      }
      const polluted = CANONICAL.replace('{"claims"', '{"__proto__":{"x":1},"claims"');
      expect(codeOf(() => parse(polluted))).to.be.oneOf(["PAYLOAD_NOT_VALID", "PAYLOAD_NOT_CANONICAL"]);
    });

    it("answers any bytes with a payload or its typed error", () => {
      fc.assert(
        fc.property(fc.oneof(fc.uint8Array({ maxLength: 200 }), fc.json().map(toBytes)), (bytes) => {
          expect(codeOf(() => parsePayload(bytes))).to.match(/^PAYLOAD_|^accepted$/);
        }),
        { numRuns: 500 },
      );
    });
  });
});
