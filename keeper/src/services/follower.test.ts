import { expect } from "chai";
import { keccak256, numberToHex, stringToHex, type Hex } from "viem";

import type { RequestedEvent } from "../chain/reads.ts";
import { requestOf, world, type World } from "../testing/deps.ts";
import { followRequests } from "./follower.ts";

/** A chain of which blocks can be replaced. */
function chain() {
  let length = 0n;
  let fork = "a";
  const forkAt = new Map<bigint, string>();
  const events: RequestedEvent[] = [];
  const ranges: [bigint, bigint][] = [];
  const hashOf = (number: bigint): Hex =>
    keccak256(stringToHex(`${forkAt.get(number) ?? "none"} ${numberToHex(number)}`));
  return {
    ranges,
    grow(to: bigint) {
      for (let n = length + 1n; n <= to; n++) forkAt.set(n, fork);
      length = to;
    },
    /** Replaces every block from `number` on by as many others. */
    reorganise(number: bigint, name: string) {
      fork = name;
      for (let n = number; n <= length; n++) forkAt.set(n, name);
      for (const event of events.filter(({ block }) => block >= number))
        events.splice(events.indexOf(event), 1);
    },
    add: (event: RequestedEvent) => void events.push(event),
    lag: (to: bigint) => (length = to),
    reads: {
      head: async () => ({ number: length, hash: hashOf(length), timestamp: 1_000n + length }),
      blockHash: async (number: bigint) => hashOf(number),
      requestsBetween: async (domain: number, from: bigint, to: bigint) => {
        ranges.push([from, to]);
        return events.filter(({ block, terms }) => terms.domain === domain && block >= from && block <= to);
      },
    },
  };
}

describe("follower", () => {
  let deps: World;
  let net: ReturnType<typeof chain>;
  const options = { confirmations: 0, startBlock: 0n };
  const blocks = (): bigint[] => deps.requests.open().map(({ block }) => block);

  beforeEach(() => {
    net = chain();
    deps = world(net.reads);
  });
  afterEach(() => deps.close());

  it("reads in pieces, the last blocks again with every look, and only requests of its domain", async () => {
    net.add(requestOf({ nonce: 1n }, 10n));
    net.add(requestOf({ nonce: 2n, domain: 2 }, 11n));
    net.add(requestOf({ nonce: 3n }, 4_500n));
    net.grow(5_000n);
    const head = await followRequests(deps, options);
    expect(head).to.deep.include({ number: 5_000n, timestamp: 6_000n });
    expect(blocks()).to.deep.equal([10n, 4_500n]);
    net.grow(5_003n);
    await followRequests(deps, options);
    await followRequests(deps, options);
    expect(net.ranges).to.deep.equal([
      [0n, 1_999n],
      [2_000n, 3_999n],
      [4_000n, 5_000n],
      [4_985n, 5_003n],
      [4_988n, 5_003n],
    ]);
    expect(deps.lines.filter((line) => line.includes("request seen"))).to.have.length(2);
  });

  it("finds an event that a lagging node did not have, and leaves finished requests closed", async () => {
    const done = requestOf({ nonce: 1n }, 55n);
    net.add(done);
    net.grow(60n);
    await followRequests(deps, options);
    deps.requests.close(done.requestId);
    net.add(requestOf({ nonce: 2n }, 58n));
    net.grow(61n);
    await followRequests(deps, options);
    expect(blocks()).to.deep.equal([58n]);
  });

  it("acts on a request only when it is deep enough", async () => {
    net.add(requestOf({}, 20n));
    net.grow(22n);
    await followRequests(deps, { ...options, confirmations: 3 });
    expect(blocks()).to.deep.equal([]);
    net.grow(23n);
    await followRequests(deps, { ...options, confirmations: 3 });
    expect(blocks()).to.deep.equal([20n]);
  });

  it("goes back when the block under the cursor was replaced, and believes the newer event [KEEP-16]", async () => {
    const request = requestOf({}, 50n);
    net.add(request);
    net.grow(60n);
    await followRequests(deps, options);
    net.reorganise(45n, "b");
    net.add({ ...request, block: 47n, uri: "https://elsewhere.example" });
    net.add(requestOf({ nonce: 2n }, 55n));
    net.grow(61n);
    await followRequests(deps, options);
    expect(deps.requests.open().map(({ block, uri }) => ({ block, uri }))).to.deep.equal([
      { block: 47n, uri: "https://elsewhere.example" },
      { block: 55n, uri: "https://store.example/x" },
    ]);
    expect(deps.lines.join("")).to.include("chain was reorganised");
  });

  it("opens a finished request again whose settlement may be gone", async () => {
    const request = requestOf({}, 50n);
    net.add(request);
    net.grow(60n);
    await followRequests(deps, options);
    deps.requests.close(request.requestId);
    net.reorganise(58n, "b");
    await followRequests(deps, options);
    expect(blocks()).to.deep.equal([50n]);
  });

  it("waits for a node that lags; a chain far shorter is another one", async () => {
    net.grow(5_000n);
    await followRequests(deps, options);
    net.lag(4_990n);
    await followRequests(deps, options);
    expect(deps.cursor.get()?.number).to.equal(5_000n);
    net.lag(40n);
    net.add(requestOf({}, 20n));
    await followRequests(deps, options);
    expect(blocks()).to.deep.equal([20n]);
    expect(deps.cursor.get()?.number).to.equal(40n);
    expect(deps.lines.join("")).to.include("chain was reorganised");
  });

  it("sees a block replaced between its hash and its events at the next look", async () => {
    net.grow(2_500n);
    let hasReplaced = false;
    const requestsBetween: typeof net.reads.requestsBetween = async (...range) => {
      if (!hasReplaced) {
        hasReplaced = true;
        net.reorganise(1_000n, "b");
        net.add(requestOf({}, 1_999n));
        return [];
      }
      return net.reads.requestsBetween(...range);
    };
    const racing = { ...deps, reads: { ...deps.reads, ...net.reads, requestsBetween } };
    await followRequests(racing, { ...options, confirmations: 1 });
    net.grow(2_501n);
    await followRequests(racing, { ...options, confirmations: 1 });
    await followRequests(racing, { ...options, confirmations: 1 });
    expect(deps.cursor.get()?.number).to.equal(2_500n);
  });
});
