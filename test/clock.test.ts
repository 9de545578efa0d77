import { setTimeout as sleep } from "node:timers/promises";

import { expect } from "chai";

import { BLOCK_TIME, networkHelpers, now } from "./fixtures/world.ts";

describe("the tests' chain", () => {
  it("keeps time by its blocks, however long the machine takes", async () => {
    await networkHelpers.mine();
    const start = await now();
    await sleep(2_500);
    await networkHelpers.mine();
    expect((await now()) - start).to.equal(BLOCK_TIME);
  });

  it("takes the time a test sets, once", async () => {
    const moment = (await now()) + 1_000;
    await networkHelpers.time.setNextBlockTimestamp(moment);
    await networkHelpers.mine();
    expect(await now()).to.equal(moment);
    await networkHelpers.mine();
    expect(await now()).to.equal(moment + BLOCK_TIME);
  });

  it("forgets a time that was set and never came, with the snapshot before it", async () => {
    const before = await networkHelpers.takeSnapshot();
    const start = await now();
    await networkHelpers.time.setNextBlockTimestamp(start + 1_000);
    await before.restore();
    await sleep(2_500);
    await networkHelpers.mine();
    expect(await now()).to.equal(start + BLOCK_TIME);
  });
});
