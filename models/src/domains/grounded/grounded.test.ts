import { readdirSync } from "node:fs";
import { join } from "node:path";

import { expect } from "chai";

import { type Example } from "../../pairs/family.ts";
import { openSession, runBatch } from "../../onnx/session.ts";
import { modelPaths, MODELS_ROOM } from "../../paths.ts";
import { GROUNDED_FAMILIES } from "./families.ts";

const TEXT = "The bridge was opened in 1932 and carries eight lanes.";
const PLAIN: Example[] = [
  { text: TEXT, answer: "The bridge was opened in 1932.", truth: true },
  { text: TEXT, answer: "i love bridges! do you?", truth: false },
];

describe("grounded", () => {
  it("has a folder for every family and no other", () => {
    const folders = readdirSync(join(MODELS_ROOM, "grounded"), { withFileTypes: true });
    const names = folders.filter((entry) => entry.isDirectory()).map(({ name }) => name);
    expect(names.sort()).to.deep.equal(GROUNDED_FAMILIES.map(({ family }) => family).sort());
  });

  for (const { family } of GROUNDED_FAMILIES) {
    it(`tells a copied answer from chat: ${family}`, async () => {
      const session = await openSession(modelPaths("grounded", family).model);
      const [copied = 0, chat = 1] = await runBatch(session, PLAIN);
      await session.release();
      expect(copied).to.be.greaterThan(0.5);
      expect(chat).to.be.lessThan(0.5);
    });
  }
});
