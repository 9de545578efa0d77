import { expect } from "chai";

import { assay } from "../testing/assay.ts";

describe("assay watch", function () {
  this.timeout(20_000);

  it("leaves with 1 and tells every problem of a configuration", async () => {
    const { code, stderr } = await assay(["watch", "--config", "no-such-watch.json"], {
      ASSAY_WATCH_KEY: "",
    });
    expect(code).to.equal(1);
    expect(stderr).to.include("CONFIG_INVALID").and.to.include("no-such-watch.json");
  });

  it("knows the names of its watches", async () => {
    const { code, stderr } = await assay(["watch", "--config", "x.json", "--only", "absences,all"]);
    expect(code).to.equal(1);
    expect(stderr).to.include("Watches are absences, debts, tapes, metrics, posts, clones, appeals");
  });
});
