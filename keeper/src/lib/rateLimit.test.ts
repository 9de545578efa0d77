import { expect } from "chai";
import fc from "fast-check";
import { createRateLimit } from "./rateLimit.ts";

describe("createRateLimit", () => {
  it("serves a burst, then as much as comes back", () => {
    let now = 0;
    const limit = createRateLimit({ burst: 3, perSecond: 0.5, now: () => now });
    expect([1, 2, 3, 4].map(() => limit.take("192.0.2.1"))).to.deep.equal([0, 0, 0, 2]);
    expect(limit.take("192.0.2.2"), "another client has its own").to.equal(0);
    now += 1_999;
    expect(limit.take("192.0.2.1")).to.equal(1);
    now += 1;
    expect(limit.take("192.0.2.1")).to.equal(0);
    now += 1_000_000;
    expect(
      [1, 2, 3, 4].map(() => limit.take("192.0.2.1")),
      "never more than a burst",
    ).to.deep.equal([0, 0, 0, 2]);
  });

  it("counts a /64 of IPv6 as one client, and IPv4 in IPv6 as IPv4", () => {
    const same = (a: string, b: string) => {
      const limit = createRateLimit({ burst: 1, perSecond: 1, now: () => 0 });
      limit.take(a);
      return limit.take(b) > 0;
    };
    expect(same("2001:db8:1:2::1", "2001:db8:1:2:ffff::9")).to.equal(true);
    expect(same("2001:db8:1:2:3:4:5:6", "2001:db8:1:2::")).to.equal(true);
    expect(same("2001:db8:1:2::1", "2001:db8:1:3::1")).to.equal(false);
    expect(same("::1", "::2")).to.equal(true);
    expect(same("fe80::1%eth0", "fe80::2%eth0")).to.equal(true);
    expect(same("::ffff:192.0.2.1", "192.0.2.1")).to.equal(true);
    expect(same("::ffff:192.0.2.1", "::ffff:192.0.2.2")).to.equal(false);
  });

  it("never serves more than burst + time · rate", () => {
    fc.assert(
      fc.property(fc.array(fc.integer({ min: 0, max: 900 }), { maxLength: 200 }), (waits) => {
        let now = 0;
        let served = 0;
        const limit = createRateLimit({ burst: 5, perSecond: 2, now: () => now });
        for (const wait of waits) {
          now += wait;
          if (limit.take("192.0.2.1") === 0) served++;
        }
        expect(served).to.be.at.most(5 + (now / 1_000) * 2 + 1e-9);
      }),
    );
  });

  it("forgets the clients that came first when there are too many", () => {
    const limit = createRateLimit({ burst: 1, perSecond: 1, now: () => 0 });
    limit.take("first");
    for (let i = 0; i < 10_000; i++) limit.take(`10.0.${i >> 8}.${i & 255}`);
    expect(limit.take("first")).to.equal(0);
    expect(limit.take("10.0.39.15"), "the last one is remembered").to.equal(1);
  });
});
