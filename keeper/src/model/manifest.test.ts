import { globSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";

import { expect } from "chai";
import { z } from "zod";

import { CHAT_MANIFEST_SCHEMA_ID } from "../remote/chatManifest.ts";
import { modelOf, SIGMOID, VALUES } from "../testing/models.ts";
import { onnxFile } from "../testing/onnx.ts";
import { ModelFileError } from "./errors.ts";
import { MANIFEST_SCHEMA_ID, readDescribed } from "./manifest.ts";

const MODELS = resolve(import.meta.dirname, "../../../models");
const read = (path: string): Record<string, unknown> =>
  JSON.parse(readFileSync(join(MODELS, path), "utf8")) as Record<string, unknown>;

describe("the published schema of manifests", () => {
  const schema = z.fromJSONSchema(read("manifest.schema.json") as never);
  const manifests = globSync("*/*/manifest.json", { cwd: MODELS, exclude: ["node_modules"] });

  it("takes every manifest of the repository", () => {
    expect(manifests.length).to.be.greaterThan(20);
    for (const path of manifests) {
      const { error } = schema.safeParse(read(path));
      expect(error && z.prettifyError(error), path).to.equal(undefined);
    }
  });

  it("has a name that manifests may say, of each kind", () => {
    const ids = ["manifest.schema.json", "chat-manifest.schema.json"].map((path) => read(path)["$id"]);
    expect(ids).to.deep.equal([MANIFEST_SCHEMA_ID, CHAT_MANIFEST_SCHEMA_ID]);
    const good = read(manifests[0]!);
    expect(schema.safeParse({ ...good, $schema: MANIFEST_SCHEMA_ID }).success, "its name").to.equal(true);
    expect(schema.safeParse({ ...good, $schema: 2 }).success, "a number").to.equal(false);
  });

  it("refuses other fields, other kinds and other numbers", () => {
    const good = read(manifests[0]!);
    for (const change of [{ more: 1 }, { schemaVersion: 1 }, { baseRate: 1 }, { inputs: [{ kind: "tea" }] }])
      expect(schema.safeParse({ ...good, ...change }).success, JSON.stringify(change)).to.equal(false);
  });
});

describe("a manifest of plain values", () => {
  let folder: string;
  let path: string;
  before(() => {
    folder = mkdtempSync(join(tmpdir(), "assay-manifest-"));
    path = join(folder, "manifest.json");
  });
  after(() => rmSync(folder, { recursive: true }));

  const { manifest } = modelOf(onnxFile(SIGMOID), { inputs: [VALUES] });
  const published = z.fromJSONSchema(read("manifest.schema.json") as never);
  /** What the manifest is refused for, or "read". */
  const refused = (own: object): string => {
    writeFileSync(path, JSON.stringify({ ...manifest, inputs: [{ ...VALUES, shape: [2, 3], ...own }] }));
    try {
      readDescribed(path);
      return "read";
    } catch (error) {
      expect(error).to.be.instanceOf(ModelFileError).with.property("code", "MANIFEST_INVALID");
      return (error as ModelFileError).data.given;
    }
  };
  const six = [1, 2, 3, 4, 5, 6];

  it("has one mean and std, or one for each of them", () => {
    for (const own of [{}, { mean: six }, { std: six }, { mean: [-1, 0, 0, 0, 0, 0], std: six }]) {
      expect(refused(own), JSON.stringify(own)).to.equal("read");
      const whole: unknown = JSON.parse(readFileSync(path, "utf8"));
      expect(published.safeParse(whole).success, `published, ${JSON.stringify(own)}`).to.equal(true);
    }
    expect(refused({ shape: [], mean: [1], std: [2] }), "a list of one").to.equal("read");
  });

  it("has no list of another length", () => {
    for (const field of ["mean", "std"])
      for (const list of [six.slice(1), [...six, 7], [1]]) {
        const given = refused({ [field]: list });
        expect(given).to.include(
          `${list.length} numbers are given, allowed are one number or a list of 6, as many as shape [2, 3] has`,
        );
        expect(given).to.include(`inputs[0].${field}`);
      }
    expect(refused({ mean: [] }), "an empty list").to.include("0 numbers are given");
  });

  it("divides by nothing but numbers above 0, anywhere", () => {
    for (const [std, given] of [
      [0, "0"],
      [-2, "-2"],
      [[1, 2, 0, 4, 5, 6], "0"],
      [[1, 2, 3, 4, 5, -0.5], "-0.5"],
    ] as const) {
      expect(refused({ std })).to.include(`${given} is given, allowed is a number above 0`);
      const whole: unknown = JSON.parse(readFileSync(path, "utf8"));
      expect(published.safeParse(whole).success, `published, ${JSON.stringify(std)}`).to.equal(false);
    }
    expect(refused({ std: ["1"] }), "a text").to.include("neither a number nor a list of numbers");
  });
});
