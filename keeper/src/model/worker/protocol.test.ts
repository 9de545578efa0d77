import { expect } from "chai";
import fc from "fast-check";

import type { Claim } from "../../payload/schema.ts";
import { createAssembler, encodeFrame, packClaims, unpackClaims, type Reply } from "./protocol.ts";

/** As plain objects, lists of numbers as they come and images as base64. */
const plain = (claims: ReturnType<typeof unpackClaims>): unknown =>
  claims.map(({ image, values, ...rest }) => ({
    ...rest,
    ...(image !== undefined && { image: Buffer.from(image as Uint8Array).toString("base64") }),
    ...(values !== undefined && { values: Array.from(values) }),
  }));

describe("messages between the keeper and the process of a model", () => {
  it("give every claim back as it was, whatever the others have", function () {
    this.timeout(20_000);
    const field = <T>(value: fc.Arbitrary<T>) => fc.option(value, { nil: undefined });
    const claim = fc
      .record({
        answer: fc.string({ unit: "binary", maxLength: 20 }),
        text: field(fc.string({ unit: "binary", maxLength: 20 })),
        image: field(fc.uint8Array({ maxLength: 20 }).map((bytes) => Buffer.from(bytes).toString("base64"))),
        values: field(fc.array(fc.double(), { maxLength: 5 })),
      })
      .map(
        (record): Claim =>
          Object.fromEntries(Object.entries(record).filter(([, value]) => value !== undefined)) as Claim,
      );
    fc.assert(
      fc.property(fc.array(claim, { maxLength: 8 }), (claims) => {
        expect(plain(unpackClaims(packClaims(claims)))).to.deep.equal(claims);
      }),
    );
  });

  it("are whole again, however they were cut on the way", () => {
    const refused = { unfit: 0, failed: 0, noNumber: 1 };
    const replies: Reply[] = [
      { kind: "loaded", ms: 1, bareMb: 2 },
      { kind: "judged", ms: 3, probabilities: Float64Array.of(0.25, Number.NaN), refused },
      { kind: "judged", ms: 4, probabilities: new Float64Array(0), refused, failure: "no" },
    ];
    const bytes = Buffer.concat(replies.flatMap((reply) => encodeFrame(reply)));
    for (let size = 1; size <= bytes.length; size++) {
      const got: unknown[] = [];
      const assemble = createAssembler((message) => got.push(message));
      for (let at = 0; at < bytes.length; at += size) assemble(bytes.subarray(at, at + size));
      expect(got, `pieces of ${size} bytes`).to.deep.equal(replies);
    }
  });

  it("are refused before they are there if they are larger than answers are", () => {
    const head = Buffer.alloc(4);
    head.writeUInt32LE(16_777_217);
    expect(() => createAssembler(() => {})(head)).to.throw(
      RangeError,
      "16777217 bytes, allowed are 16777216",
    );
  });
});
