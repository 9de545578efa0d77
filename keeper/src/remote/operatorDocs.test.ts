import { readFileSync } from "node:fs";
import { resolve } from "node:path";

import { expect } from "chai";

import { chatManifestSchema } from "./chatManifest.ts";
import { remoteSchema } from "./config.ts";

const DOCS = resolve(import.meta.dirname, "../../../docs/operators.md");

describe("docs/operators.md", () => {
  it("shows servers and a chat model as they can be written", () => {
    const text = readFileSync(DOCS, "utf8");
    const section = text.slice(text.indexOf("## Models on a server"), text.indexOf("## Configuration"));
    const examples = [...section.matchAll(/```json\n(.*?)```/gs)].map(
      ([, json = ""]) => JSON.parse(json) as { kind?: string },
    );
    const kinds = examples.map((example) => {
      if (example.kind === undefined) return chatManifestSchema.parse(example).prompt.answers.true.word;
      return remoteSchema.parse(example).kind;
    });
    expect(kinds).to.deep.equal([
      ...Array<string>(3).fill("open-inference"),
      "true",
      ...Array<string>(3).fill("openai-chat"),
    ]);
  });
});
