import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

import { expect } from "chai";

import {
  ConfigError,
  HOT_KEY_VARIABLE,
  readConfig,
  readRunConfig,
  secretsOf,
  type Config,
} from "./config.ts";
import { exitCodeOf, renderError } from "./lib/errors.ts";
import { createLogger } from "./lib/logger.ts";
import { INFERENCE_DEFAULTS } from "./model/session.ts";
import { REMOTE_TOKEN_VARIABLE } from "./remote/config.ts";

const KEY = `0x${"4c".repeat(32)}`;
const OWNER = "0x70997970C51812dc3A010C7d01b50e0d17dc79C8";
const NAMES = [
  "Appeals",
  "Assay",
  "AssayLens",
  "BlockhashRandomness",
  "DomainRegistry",
  "FeeMarket",
  "ReputationLedger",
  "RewardMinter",
  "StakeVault",
  "WorkToken",
];
const SERVER = { kind: "open-inference", url: "http://models.example", model: "m" };
const MINIMAL = {
  rpcUrl: "https://node.example",
  chainId: 31_337,
  contracts: Object.fromEntries(
    NAMES.map((name, i) => [name, `0x${(i + 1).toString(16).padStart(40, "0")}`]),
  ),
  owner: OWNER,
  domain: { id: 1, name: "grounded" },
  model: "model/manifest.json",
  database: "/var/lib/keeper.sqlite",
};

describe("readRunConfig", () => {
  const folder = mkdtempSync(join(tmpdir(), "assay-run-config-"));
  const path = join(folder, "keeper.json");
  after(() => rmSync(folder, { recursive: true, force: true }));
  const read = (content: object, environment: NodeJS.ProcessEnv = {}) => {
    writeFileSync(path, JSON.stringify(content));
    return readRunConfig(path, environment);
  };
  const remote = SERVER;

  it("is what keepers do by default where no file says otherwise", () => {
    expect(readRunConfig()).to.deep.equal({ inference: INFERENCE_DEFAULTS });
    expect(read({})).to.deep.equal({ inference: INFERENCE_DEFAULTS });
  });

  it("reads a whole configuration like the keeper, and needs no key for it", () => {
    const run = read(
      { ...MINIMAL, remote, inference: { loadMs: 5_000 } },
      { ASSAY_INFERENCE_TOKEN: "secret" },
    );
    const whole = readConfig(path, { [HOT_KEY_VARIABLE]: KEY });
    expect(run.inference).to.deep.equal(whole.inference);
    expect(run.inference.loadMs).to.equal(5_000);
    expect(run.remote).to.deep.equal(whole.remote);
    expect(run.remoteToken?.reveal()).to.equal("secret");
  });

  it("reads a file with nothing but the server, and refuses what no configuration has", () => {
    expect(read({ remote }).remote).to.include(remote);
    expect(() => read({ remotes: remote })).to.throw(ConfigError, "remotes");
    expect(() => read({ inference: { memoryMb: 1 } })).to.throw(ConfigError, "memoryMb");
    expect(() => read({ remote }, { ASSAY_INFERENCE_TOKEN: "a b" })).to.throw(
      ConfigError,
      "ASSAY_INFERENCE_TOKEN",
    );
  });
});

describe("readConfig", () => {
  let folder: string;
  let path: string;
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), "assay-config-"));
    path = join(folder, "keeper.json");
  });
  afterEach(() => rmSync(folder, { recursive: true, force: true }));

  const read = (
    change: object = {},
    environment: NodeJS.ProcessEnv = { [HOT_KEY_VARIABLE]: KEY },
  ): Config => {
    writeFileSync(path, JSON.stringify({ ...MINIMAL, ...change }));
    return readConfig(path, environment);
  };
  const problemsOf = (work: () => unknown): string => {
    try {
      work();
    } catch (error) {
      expect(error).to.be.instanceOf(ConfigError);
      expect(exitCodeOf(error)).to.equal(1);
      expect(renderError(error)).to.include("docs/operators.md");
      return (error as ConfigError).data.problems;
    }
    throw new Error("the configuration was read");
  };

  it("fills in the defaults", () => {
    expect(read()).to.deep.include({
      startBlock: 0,
      confirmations: 1,
      pollMs: 2_000,
      spread: 30,
      minOutcomes: 1,
      payload: { allowPrivate: false, allowedHosts: [], ipfsGateways: [], mirrors: [], deadlineMs: 20_000 },
      log: { level: "info", format: "json" },
    });
    expect(read()).to.not.have.property("metrics");
    expect(read({ metrics: {} }).metrics).to.deep.equal({ host: "127.0.0.1", port: 9_464 });
  });

  it("switches on no watch that puts WORK at risk (KEEP-20)", () => {
    const { watches } = read();
    const { metrics, posts, clones, appeals } = watches;
    expect([metrics, posts, clones, appeals].some(({ on }) => on)).to.equal(false);
  });

  it("takes relative paths as relative to the file, and leaves absolute ones", () => {
    const { model, database } = read();
    expect({ model, database }).to.deep.equal({
      model: join(folder, "model/manifest.json"),
      database: "/var/lib/keeper.sqlite",
    });
  });

  it("gives addresses the spelling of the chain's answers, and refuses a wrong checksum", () => {
    expect(read({ owner: OWNER.toLowerCase() }).owner).to.equal(OWNER);
    const wrong = OWNER.replace("C8", "c8");
    expect(problemsOf(() => read({ owner: wrong }))).to.include("a 20-byte address");
  });

  it("reports all problems at once", () => {
    const change = { chainId: -1, pollMs: 1, domain: { id: 0, name: "" }, owner: "me", hotKye: 1 };
    const problems = problemsOf(() => read(change, {}));
    for (const name of ["chainId", "pollMs", "domain.id", "domain.name", "owner", "hotKye", HOT_KEY_VARIABLE])
      expect(problems).to.include(name);
  });

  for (const [what, change] of [
    ["an endpoint that is neither http nor ws", { rpcUrl: "ftp://node.example" }],
    ["a mirror that is no URL", { payload: { mirrors: ["store.example"] } }],
    ["more confirmations than the history a draw needs", { confirmations: 101 }],
    ["an unknown level", { log: { level: "loud" } }],
    ["a port there is not", { metrics: { port: 65_536 } }],
    ["a missing contract", { contracts: { Assay: OWNER } }],
    ["a server without a protocol", { remote: { url: "http://h", model: "m" } }],
    ["a field of another protocol", { remote: { ...SERVER, constraint: "none" } }],
    ["a password in the server's address", { remote: { ...SERVER, url: "http://me:secret@h" } }],
    ["a query in the server's address", { remote: { ...SERVER, url: "http://h/?key=secret" } }],
  ] as const) {
    it(`refuses ${what}`, () => {
      expect(problemsOf(() => read(change))).to.include(Object.keys(change)[0]);
    });
  }

  for (const [what, key] of [
    ["missing", undefined],
    ["short", "0x1234"],
    ["without 0x", KEY.slice(2)],
    ["zero", `0x${"00".repeat(32)}`],
    ["above the order of the curve", `0x${"ff".repeat(32)}`],
  ] as const) {
    it(`refuses a hot key that is ${what}, without printing it`, () => {
      const problems = problemsOf(() => read({}, key === undefined ? {} : { [HOT_KEY_VARIABLE]: key }));
      expect(problems).to.include(`${HOT_KEY_VARIABLE} must hold 32 bytes in hexadecimal`);
      if (key !== undefined) expect(problems).to.not.include(key.slice(2));
    });
  }

  it("prints nothing of a file that is not JSON: the text around the mistake may be a key", () => {
    writeFileSync(path, `{"hotKey": ${KEY}}`);
    const problems = problemsOf(() => readConfig(path, { [HOT_KEY_VARIABLE]: KEY }));
    expect(problems).to.equal("it is not JSON");
    expect(problemsOf(() => readConfig(join(folder, "none.json"), {}))).to.include("ENOENT");
  });

  it("takes the token of an inference server from the environment only", () => {
    const environment = { [HOT_KEY_VARIABLE]: KEY, [REMOTE_TOKEN_VARIABLE]: "token-of-the-server" };
    const config = read({ remote: SERVER }, environment);
    expect(config.remoteToken?.reveal()).to.equal("token-of-the-server");
    expect(JSON.stringify(config)).to.not.include("token-of-the-server");
    expect(secretsOf(config).map((secret) => secret.reveal())).to.include("token-of-the-server");
    expect(config.remote).to.deep.include({ retries: 3, maxConcurrent: 8, batch: 16 });
    const problems = problemsOf(() =>
      read({}, { ...environment, [REMOTE_TOKEN_VARIABLE]: "two\nlines-of-it" }),
    );
    expect(problems).to.include(REMOTE_TOKEN_VARIABLE).and.to.not.include("lines-of-it");
  });

  it("hides the key in every print of the configuration, and knows the access keys of an endpoint", () => {
    const config = read({ rpcUrl: "https://user:a-long-password-here@node.example/v3/0123456789abcdef?k=1" });
    expect(JSON.stringify(config)).to.include("<secret>").and.to.not.include("4c4c");
    expect(config.hotKey.reveal()).to.equal(KEY);
    expect(secretsOf(config).map((secret) => secret.reveal())).to.deep.equal([
      KEY,
      "user",
      "a-long-password-here",
      "user:a-long-password-here",
      "0123456789abcdef",
    ]);
  });

  it("keeps short passwords, and the keys of mirrors and gateways, out of the log", () => {
    const config = read({
      rpcUrl: "https://ops:p%40ss@node.example/rpc/mainnet",
      payload: {
        mirrors: ["https://store.example/k/0123456789abcdef0"],
        ipfsGateways: ["https://ipfs.example/?token=fedcba9876543210"],
      },
    });
    const { scrub } = createLogger({ secrets: secretsOf(config) });
    const { rpcUrl, payload } = config;
    const text = scrub([rpcUrl, "ops:p@ss", ...payload.mirrors, ...payload.ipfsGateways].join(" "));
    for (const secret of ["p%40ss", "p@ss", "0123456789abcdef0", "fedcba9876543210"])
      expect(text, text).to.not.include(secret);
    expect(text).to.include("node.example/rpc/mainnet").and.to.include("store.example/k/");
  });
});
