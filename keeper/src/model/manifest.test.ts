import { globSync, readFileSync } from "node:fs";
import { join, resolve } from "node:path";

import { expect } from "chai";
import { z } from "zod";

import { CHAT_MANIFEST_SCHEMA_ID } from "../remote/chatManifest.ts";
import { MANIFEST_SCHEMA_ID } from "./manifest.ts";

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
