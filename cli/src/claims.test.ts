import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

import { expect } from "chai";

import { readClaims } from "./claims.ts";
import { CliError } from "./lib/errors.ts";

describe("readClaims", () => {
  let folder: string;
  let file: string;

  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), "assay-claims-"));
    file = join(folder, "claims.jsonl");
  });

  afterEach(() => rmSync(folder, { recursive: true, force: true }));

  const problemsOf = (content: string): string => {
    writeFileSync(file, content);
    try {
      readClaims(file);
    } catch (error) {
      if (error instanceof CliError && error.code === "CLAIMS_NOT_VALID") {
        return String(error.data["problems"] ?? error.message);
      }
      throw error;
    }
    return "none";
  };

  it("reads claims, passing over empty lines", () => {
    writeFileSync(file, '{"text":"t","answer":"a"}\r\n\n{"text":"t","answer":"a","id":"1","truth":false}\n');
    expect(readClaims(file)).to.deep.equal([
      { text: "t", answer: "a" },
      { text: "t", answer: "a", id: "1", truth: false },
    ]);
  });

  it("reads claims about images and values", () => {
    const image = "iVBORw0KGgoA";
    writeFileSync(file, `{"image":"${image}","answer":"7"}\n{"values":[1,-0.5],"answer":"x","truth":true}\n`);
    expect(readClaims(file)).to.deep.equal([
      { image, answer: "7" },
      { values: [1, -0.5], answer: "x", truth: true },
    ]);
    expect(problemsOf('{"answer":"a"}')).to.equal("line 1: line: needs exactly one of text, image, values");
    expect(problemsOf('{"text":"t","values":[1],"answer":"a"}')).to.match(/exactly one of/);
    expect(problemsOf('{"image":"/9j/4AAQ","answer":"a"}')).to.match(/^line 1: image: .*PNG/);
  });

  it("names every bad line by its number", () => {
    expect(problemsOf('{"text":"t","answer":"a"}\n\n{"text":"t"\n{"text":"t","answer":7}\n')).to.match(
      /^line 3: not JSON, .*; line 4: answer: /,
    );
    expect(problemsOf('{"text":"","answer":"a"}')).to.match(/^line 1: text: /);
    expect(problemsOf('{"text":"t","answer":"a","truth":"yes"}')).to.match(/^line 1: truth: /);
    expect(problemsOf('{"text":"t","answer":"a","Truth":true}')).to.match(/^line 1: line: .*Truth/);
    expect(problemsOf(`{"text":"${"é".repeat(16_385)}","answer":"a"}`)).to.equal(
      "line 1: text: longer than 32768 UTF-8 bytes",
    );
    expect(problemsOf('{"text":"\\ud800","answer":"a"}')).to.include("surrogate");
    expect(problemsOf("7\n".repeat(7))).to.match(/; and 2 more lines$/);
    expect(problemsOf("\n\n")).to.equal("The file holds no claims");
  });

  it("says what to do when the file is missing", () => {
    expect(() => readClaims(join(folder, "none.jsonl")))
      .to.throw(CliError)
      .with.property("code", "CLAIMS_UNREADABLE");
  });
});
