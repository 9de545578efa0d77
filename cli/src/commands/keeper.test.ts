import { expect } from "chai";

import { assay } from "../testing/assay.ts";

describe("assay keeper run", () => {
  it("leaves with 1 and tells every problem of a configuration", async () => {
    const { code, stdout } = await assay(["keeper", "run", "--config", "no-such-keeper.json"], {
      ASSAY_HOT_KEY: "",
    });
    expect(code).to.equal(1);
    expect(stdout).to.include("CONFIG_INVALID").and.to.include("no-such-keeper.json");
  }).timeout(20_000);
});
