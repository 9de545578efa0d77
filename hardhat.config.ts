import { createRequire } from "node:module";

import hardhatEthers from "@nomicfoundation/hardhat-ethers";
import hardhatEthersChaiMatchers from "@nomicfoundation/hardhat-ethers-chai-matchers";
import hardhatIgnitionEthers from "@nomicfoundation/hardhat-ignition-ethers";
import hardhatMocha from "@nomicfoundation/hardhat-mocha";
import hardhatNetworkHelpers from "@nomicfoundation/hardhat-network-helpers";
import { configVariable, defineConfig } from "hardhat/config";

const require = createRequire(import.meta.url);

/**
 * The compiler comes from npm, so a build needs no download; see ARCHITECTURE.md. Its path is part of what Hardhat's
 * cache is asked by, so a copy of the workspace names the original's to be built already.
 */
const compiler = {
  version: "0.8.37",
  path: process.env.ASSAY_SOLC ?? require.resolve("solc/soljson.js"),
  settings: {
    viaIR: true,
    evmVersion: "prague",
    optimizer: { enabled: true, runs: 200 },
    metadata: { bytecodeHash: "none" as const },
  },
};

/** scripts/test.ts reads real counts from here; a committed `.only` must not hide the other tests. */
const jsonReport =
  process.env.ASSAY_MOCHA_REPORT === undefined
    ? {}
    : {
        reporter: require.resolve("./scripts/lib/mochaReport.ts"),
        reporterOptions: { output: process.env.ASSAY_MOCHA_REPORT },
        forbidOnly: true,
      };

/** Fixed, so that a run says the same twice; another one searches elsewhere. */
const fuzzSeed = process.env.ASSAY_FUZZ_SEED ?? "0x7a5541";

/** Instrumented code is larger and costs more than what a chain takes; everything else must fit. */
const ROOM_FOR_PROBES = {
  allowUnlimitedContractSize: true,
  blockGasLimit: 1_000_000_000,
  initialBaseFeePerGas: 0,
};
const isInstrumented = process.argv.includes("--coverage");

export default defineConfig({
  plugins: [
    hardhatEthers,
    hardhatEthersChaiMatchers,
    hardhatMocha,
    hardhatNetworkHelpers,
    hardhatIgnitionEthers,
  ],
  solidity: {
    profiles: { default: compiler, production: compiler },
    npmFilesToBuild: ["@openzeppelin/contracts/access/manager/AccessManager.sol"],
  },
  networks: {
    default: {
      type: "edr-simulated",
      chainType: "l1",
      hardfork: "prague",
      // A fixed start makes block hashes, and so committees, those of every run; another one searches elsewhere.
      initialDate: process.env.ASSAY_CHAIN_DATE ?? "2026-01-01T00:00:00Z",
      ...(isInstrumented ? ROOM_FOR_PROBES : {}),
    },
    // The local chain of `assay start`: blocks flow once a second and as soon as there is a transaction, in real time.
    node: {
      type: "edr-simulated",
      chainType: "l1",
      hardfork: "prague",
      mining: { auto: true, interval: 1_000 },
      allowBlocksWithSameTimestamp: true,
    },
    /** A chain with unlocked accounts: `hardhat node` or anvil. */
    localhost: {
      type: "http",
      chainType: "l1",
      url: process.env.ASSAY_RPC ?? "http://127.0.0.1:8545",
    },
    testnet: {
      type: "http",
      chainType: "l1",
      url: configVariable("ASSAY_RPC"),
      accounts: [configVariable("ASSAY_DEPLOYER_KEY")],
    },
    /** bench/: the same chain with a fixed start, no gas price and many accounts, so that figures never move. */
    bench: {
      type: "edr-simulated",
      chainType: "l1",
      hardfork: "prague",
      allowUnlimitedContractSize: false,
      initialDate: "2026-01-01T00:00:00Z",
      initialBaseFeePerGas: 0,
      accounts: { count: 100 },
    },
  },
  paths: {
    sources: "./contracts",
    tests: { mocha: "./test", solidity: "./test" },
    ignition: "./deploy",
  },
  test: {
    mocha: { timeout: 300_000, ...jsonReport },
    solidity: {
      profiles: {
        default: {
          fuzz: { runs: 1_000, seed: fuzzSeed },
          // Shrinking replays a failed run again and again, at the price of a run each.
          invariant: { runs: 2, depth: 100, failOnRevert: true, shrinkRunLimit: 100 },
        },
        /** Hours; see test/invariants/README.md. */
        deep: {
          fuzz: { runs: 10_000, seed: fuzzSeed },
          invariant: { runs: 200, depth: 300, failOnRevert: true },
        },
      },
    },
  },
});
