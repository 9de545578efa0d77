import { expect } from "chai";

import type { Config } from "../config.ts";
import { silentLogger } from "../lib/logger.ts";
import { closeMirrors, BYTES, good, HASH, mirror } from "../testing/mirrors.ts";
import { requestOf } from "../testing/deps.ts";
import { fetchOrRead } from "./fetchOrRead.ts";

const never = new AbortController().signal;

describe("fetchOrRead", () => {
  afterEach(closeMirrors);

  it("leaves a second mirror time where little is left and the first one hangs [KEEP-21]", async () => {
    const silent = await mirror(() => {});
    const store = await mirror(good);
    const payload = {
      allowPrivate: true,
      allowedHosts: [],
      ipfsGateways: [],
      mirrors: [store.url],
      deadlineMs: 20_000,
    } satisfies Config["payload"];
    const request = { ...requestOf({ payloadHash: HASH }), uri: silent.url };
    const started = performance.now();
    const { bytes } = await fetchOrRead({ payload }, request, never, silentLogger, 4_000);
    expect(bytes).to.deep.equal(BYTES);
    expect(performance.now() - started, "not half of what is configured").to.be.lessThan(9_000);
  });
});
