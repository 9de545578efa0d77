import { expect } from "chai";
import fc from "fast-check";
import { DataUriError, decodeDataUri } from "./dataUri.ts";

const text = (uri: string, maxBytes = 1_000) => Buffer.from(decodeDataUri(uri, maxBytes)).toString("utf8");

describe("decodeDataUri", () => {
  it("reads base64 and percent-encoding", () => {
    expect(text("data:application/json;base64,eyJhIjoxfQ==")).to.equal('{"a":1}');
    expect(text("data:;base64,eyJhIjoxfQ%3D%3D")).to.equal('{"a":1}');
    expect(text("data:,%7B%22a%22%3A1%7D")).to.equal('{"a":1}');
    expect(text('DATA:text/plain;charset=utf-8,{"a":"é#+ "}')).to.equal('{"a":"é#+ "}');
    expect(text("data:,")).to.equal("");
  });

  it("gives back any bytes", () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 100 }), (bytes) => {
        const base64 = Buffer.from(bytes).toString("base64");
        const percent = [...bytes].map((byte) => `%${byte.toString(16).padStart(2, "0")}`).join("");
        expect(decodeDataUri(`data:;base64,${base64}`, bytes.length)).to.deep.equal(bytes);
        expect(decodeDataUri(`data:,${percent}`, bytes.length)).to.deep.equal(bytes);
      }),
    );
  });

  it("refuses what cannot be decoded", () => {
    const refused = [
      "data:",
      "data",
      "data:;base64",
      "data:,%",
      "data:,%4",
      "data:,%zz",
      "data:;base64,a",
      "data:;base64,a=b=",
    ];
    for (const uri of [...refused, "data:;base64,ab*=", "data:;base64,YQ=", "data:;base64,é"]) {
      expect(() => decodeDataUri(uri, 100), uri)
        .to.throw(DataUriError)
        .with.property("code", "DATA_URI_NOT_VALID");
    }
  });

  it("refuses one byte too many", () => {
    for (const uri of [
      "data:,abcde",
      `data:;base64,${btoa("abcde")}`,
      `data:,${"%41".repeat(5)}`,
      `data:,${"a".repeat(99)}`,
    ]) {
      expect(() => decodeDataUri(uri, 4), uri)
        .to.throw(DataUriError)
        .with.property("code", "DATA_URI_TOO_BIG");
    }
    expect(text(`data:;base64,${btoa("abcd")}`, 4)).to.equal("abcd");
  });
});
