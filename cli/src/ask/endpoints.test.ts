import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

import { expect } from "chai";

import { CliError } from "../lib/errors.ts";
import { readEndpoints } from "./endpoints.ts";

const ADA = "0x70997970C51812dc3A010C7d01b50e0d17dc79C8";

describe("readEndpoints", () => {
  let folder: string;
  beforeEach(() => (folder = mkdtempSync(join(tmpdir(), "assay-endpoints-"))));
  afterEach(() => rmSync(folder, { recursive: true, force: true }));

  const read = (content: unknown) => {
    const file = join(folder, "endpoints.json");
    writeFileSync(file, typeof content === "string" ? content : JSON.stringify(content));
    return readEndpoints(file);
  };

  it("reads owner addresses in any spelling", () => {
    expect([...read({ [ADA.toLowerCase()]: "https://ada.example" })]).to.deep.equal([
      [ADA, "https://ada.example"],
    ]);
  });

  it("refuses what names no operator, or no address on the web", () => {
    const wrong: [unknown, RegExp][] = [
      ["{", /JSON/],
      [[], /expected record/],
      [{}, /names no operator/],
      [{ ada: "https://ada.example" }, /ada is no address/],
      [{ [ADA.replace("C", "c")]: "https://ada.example" }, /is no address/],
      [{ [ADA]: "ftp://ada.example" }, /URL/],
      [{ [ADA]: "ada.example" }, /URL/],
      [{ [ADA]: "https://a.example", [ADA.toLowerCase()]: "https://b.example" }, /there twice/],
    ];
    for (const [content, problem] of wrong) {
      const refused = expect(() => read(content), JSON.stringify(content)).to.throw(CliError);
      refused.with.nested.property("data.problems").that.matches(problem);
    }
    expect(() => readEndpoints(join(folder, "none.json"))).to.throw(CliError);
  });
});
