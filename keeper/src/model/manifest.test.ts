import { globSync, readFileSync } from "node:fs";
import { join, resolve } from "node:path";

import { expect } from "chai";
import { z } from "zod";

const MODELS = resolve(import.meta.dirname, "../../../models");
const read = (path: string): Record<string, unknown> =>
  JSON.parse(readFileSync(join(MODELS, path), "utf8")) as Record<string, unknown>;

describe("the published schema of manifests", () => {
  const schema = z.fromJSONSchema(read("manifest.schema.json") as never);
  const manifests = globSync("{grounded,relevance,language,digits}/*/manifest.json", { cwd: MODELS });

  it("takes every manifest of the repository", () => {
    expect(manifests.length).to.be.greaterThan(20);
    for (const path of manifests) {
      const { error } = schema.safeParse(read(path));
      expect(error && z.prettifyError(error), path).to.equal(undefined);
    }
  });

  it("refuses other fields, other kinds and other numbers", () => {
    const good = read(manifests[0]!);
    for (const change of [{ more: 1 }, { schemaVersion: 1 }, { baseRate: 1 }, { inputs: [{ kind: "tea" }] }])
      expect(schema.safeParse({ ...good, ...change }).success, JSON.stringify(change)).to.equal(false);
  });
});
