/**
 * `npm run drill`: shows that every gate goes red. Each fault is planted alone in a throw-away copy, the gate must fail
 * and must say why; a gate that stays green, or fails for another reason, fails the drill.
 */
import { globSync, mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";

import { copyWorkspace } from "./lib/copy.ts";
import { ROOT, run, tail } from "./lib/run.ts";

interface Fault {
  readonly gate: string;
  /** Whole new files, or edits `[from, to]` of one that exists. */
  readonly plant: Readonly<Record<string, string | readonly [from: string, to: string]>>;
  readonly command: readonly [string, ...string[]];
  /** What the gate must say, all of it. */
  readonly expect: readonly RegExp[];
}

const SPDX = "// SPDX-License-Identifier: MIT\npragma solidity 0.8.37;\n\n";
const NPM_TEST = ["node", "scripts/test.ts"] as const;
const SOLHINT = [
  "solhint",
  "--disc",
  "--noPoster",
  "-c",
  "solhint.config.cjs",
  "--max-warnings",
  "0",
] as const;

/** A file that climbs over a wall, what it imports and what the lint must say about it. */
const CLIMBERS: readonly (readonly [file: string, imported: string, expect: RegExp])[] = [
  ["keeper/src/drill.ts", "hardhat", /keeper\/package.json does not declare hardhat/],
  ["keeper/src/model/drill.ts", "../../../test/fixtures/world.ts", /keeper\/ must not import test\/fixtures/],
  ["keeper/src/lib/drill.ts", "../services/voter.ts", /must not import keeper\/src\/services/],
  ["cli/src/drill.ts", "../../keeper/src/app.ts", /cli\/ must not import keeper\/src/],
  ["models/src/drill.ts", "@assay/cli", /models\/ must not import @assay\/cli/],
  ["deploy/drill.ts", "@assay/keeper", /deploy\/ must not import @assay\/keeper/],
  ["test/drill.ts", "../keeper/src/app.ts", /test\/ must not import keeper\/src/],
];

const FAULTS: readonly Fault[] = [
  {
    gate: "a failing mocha test",
    plant: {
      "test/drill.test.ts": `import { expect } from "chai";\n\nit("is red", () => expect(1).to.equal(2));\n`,
    },
    command: [...NPM_TEST, "contracts", "--files=test/drill.test.ts"],
    expect: [/is red[^]*\n0 passed, 1 failed\n$/],
  },
  {
    gate: "a mocha file that crashes",
    plant: { "test/drill.test.ts": `throw new Error("crash");\n` },
    command: [...NPM_TEST, "contracts", "--files=test/drill.test.ts"],
    expect: [/without a failing test[^]*\n0 passed, 1 failed\n$/],
  },
  {
    gate: "a test that hides the others",
    plant: { "test/drill.test.ts": `it.only("alone", () => {});\n` },
    command: [...NPM_TEST, "contracts", "--files=test/drill.test.ts"],
    expect: [/only[^]*\n0 passed, 1 failed\n$/],
  },
  {
    gate: "a failing Solidity test",
    plant: {
      "test/Drill.t.sol": `${SPDX}contract DrillTest {\n    function test_red() external pure {\n        require(false);\n    }\n}\n`,
    },
    command: [...NPM_TEST, "solidity", "--files=test/Drill.t.sol"],
    expect: [/test_red[^]*\n0 passed, 1 failed\n$/],
  },
  {
    gate: "a contract that does not compile",
    plant: { "contracts/Drill.sol": `${SPDX}contract Drill {\n` },
    command: ["npm", "run", "build"],
    expect: [/ParserError[^]*Drill\.sol/],
  },
  {
    gate: "tests that went missing",
    plant: Object.fromEntries(
      globSync("models/src/**/*.test.ts", { cwd: ROOT }).map((file) => [file, "export {};\n"]),
    ),
    command: [...NPM_TEST, "models"],
    expect: [/ran 0 tests, at least \d+ expected[^]*\n0 passed, 1 failed\n$/],
  },
  {
    gate: "TypeScript lint",
    plant: { "scripts/drillFault.ts": "export const x: any = 1;\n" },
    command: ["eslint", "scripts/drillFault.ts"],
    expect: [/no-explicit-any/],
  },
  {
    gate: "walls between rooms",
    plant: Object.fromEntries(CLIMBERS.map(([file, imported]) => [file, `import "${imported}";\n`])),
    command: ["eslint", ...CLIMBERS.map(([file]) => file)],
    expect: CLIMBERS.map(([, , expect]) => expect),
  },
  {
    gate: "walls between contracts",
    plant: { "contracts/libraries/Drill.sol": `${SPDX}import {Assay} from "../Assay.sol";\n` },
    command: ["node", "scripts/lint/rooms.ts"],
    expect: [/libraries\/Drill\.sol must not import Assay\.sol/],
  },
  {
    gate: "a rule that does not exist",
    plant: { "test/EpochClock.test.ts": ["EPO-1]", "EPO-99]"] },
    command: ["node", "scripts/lint/rules.ts"],
    expect: [/EpochClock\.test\.ts cites EPO-99, which SPEC\.md does not have/],
  },
  {
    gate: "a rule without a test",
    plant: { "SPEC.md": ["- **TOK-1** ", "- **TOK-99** Nobody tests this.\n- **TOK-1** "] },
    command: ["node", "scripts/lint/rules.ts"],
    expect: [/no test cites TOK-99/],
  },
  {
    gate: "Solidity lint",
    plant: {
      "contracts/Drill.sol": `${SPDX}contract Drill {\n    function origin() external view returns (address) {\n        return tx.origin;\n    }\n}\n`,
    },
    command: [...SOLHINT, "contracts/Drill.sol"],
    expect: [/avoid-tx-origin/],
  },
  {
    gate: "formatting",
    plant: { "scripts/drillFault.ts": "export const x   = 1\n" },
    command: ["prettier", "--check", "scripts/drillFault.ts"],
    expect: [/Code style issues/],
  },
  {
    gate: "types",
    plant: { "scripts/drillFault.ts": `export const x: number = "one";\n` },
    command: ["tsc", "-p", "."],
    expect: [/drillFault\.ts.*TS2322/],
  },
  {
    gate: "ABIs that are not the contracts'",
    plant: { "deploy/published/src/abis.ts": [`name: "finalize"`, `name: "finalise"`] },
    command: ["node", "scripts/publish.ts", "--check"],
    expect: [/abis\.ts is stale/],
  },
  {
    gate: "configuration that the documents do not tell",
    plant: { "docs/operators.md": ["| `pollMs` ", "| `pollS`  "] },
    command: ["node", "scripts/config-docs.ts", "--check"],
    expect: [/operators\.md/],
  },
  {
    gate: "a manifest's schema that is not the published one",
    plant: { "models/manifest.schema.json": [`"Assay model manifest"`, `"Some manifest"`] },
    command: ["node", "scripts/manifest-schema.ts", "--check"],
    expect: [/manifest\.schema\.json does not tell/],
  },
  {
    gate: "lines no test runs",
    plant: { "coverage/lcov.info": "SF:contracts/Assay.sol\nDA:1,1\nDA:2,0\nend_of_record\n" },
    command: ["node", "scripts/coverage.ts", "--read"],
    expect: [/coverage: 50\.00 % of 2 lines/],
  },
  {
    gate: "arithmetic of keeper and contract apart",
    plant: { "keeper/src/mirror/reputationMath.ts": ["MIN = WAD / 10n", "MIN = WAD / 11n"] },
    command: [...NPM_TEST, "contracts", "--files=test/differential/reputationMath.test.ts"],
    expect: [/mirror of ReputationMath/, /\n\d+ passed, [1-9]\d* failed\n$/],
  },
  {
    gate: "gas",
    plant: { "bench/gas.json": [`"seal": `, `"seal": 1`] },
    command: ["npm", "run", "gas:check"],
    expect: [/gas changed: seal/],
  },
  {
    gate: "gas over budget",
    plant: { "bench/budgets.json": [`"stakeFirst": `, `"stakeFirst": 0.`] },
    command: ["node", "bench/budgets.ts"],
    expect: [/over budget: stakeFirst \d+ > 0\.\d+/],
  },
  {
    gate: "a batch too large for a block",
    plant: { "bench/gas.json": [`"max.settle": `, `"max.settle": 1`] },
    command: ["node", "bench/budgets.ts"],
    expect: [/over budget: max\.settle 1\d+ > 16000000/],
  },
  {
    gate: "a commit dearer among many",
    plant: { "bench/gas.json": [`"commit.of10000": `, `"commit.of10000": 1`] },
    command: ["node", "bench/budgets.ts"],
    expect: [/a commit costs \d+ gas among ten operators, 1\d+ among ten thousand/],
  },
  {
    gate: "gas of another day in the documents",
    plant: { "bench/gas.json": [`"withdraw": `, `"withdraw": 1`] },
    command: ["node", "scripts/gas-docs.ts", "--check"],
    expect: [/docs\/gas\.md does not tell today's gas/],
  },
  {
    gate: "contract size",
    plant: { "bench/sizes.json": [`"Assay": `, `"Assay": 1`] },
    command: ["node", "bench/sizes.ts", "--check"],
    expect: [/size changed: Assay/],
  },
  {
    gate: "a contract too large for a chain",
    plant: {
      "artifacts/contracts/Assay.sol/Assay.json": [
        `"deployedBytecode": "0x`,
        `"deployedBytecode": "0x${"00".repeat(2_000)}`,
      ],
    },
    command: ["node", "bench/sizes.ts", "--check"],
    expect: [/Assay has \d+ bytes, more than the 24576/],
  },
];

/** Plants a fault and returns what takes it away again. */
function plant(root: string, fault: Fault): () => void {
  const undo: (() => void)[] = [];
  for (const [name, change] of Object.entries(fault.plant)) {
    const path = join(root, name);
    if (typeof change === "string") {
      const before = tryRead(path);
      mkdirSync(dirname(path), { recursive: true });
      writeFileSync(path, change);
      undo.push(() => (before === undefined ? rmSync(path) : writeFileSync(path, before)));
    } else {
      const before = readFileSync(path, "utf8");
      if (!before.includes(change[0])) throw new Error(`${name} has no "${change[0]}" to break`);
      writeFileSync(path, before.replace(change[0], change[1]));
      undo.push(() => writeFileSync(path, before));
    }
  }
  return () => undo.forEach((step) => step());
}

function tryRead(path: string): string | undefined {
  try {
    return readFileSync(path, "utf8");
  } catch {
    return undefined;
  }
}

async function main(): Promise<number> {
  const copy = copyWorkspace();
  let silent = 0;
  try {
    for (const fault of FAULTS) {
      const undo = plant(copy.root, fault);
      const [command, ...args] = fault.command;
      const { code, output, seconds } = await run(command, args, { cwd: copy.root, env: copy.env });
      undo();
      const red = code !== 0 && fault.expect.every((words) => words.test(output));
      if (!red) silent += 1;
      console.log(`${red ? "red  " : "GREEN"} ${fault.gate} (${seconds.toFixed(0)} s)`);
      if (!red)
        console.log(`${tail(output, 20)}\n  ended with ${code}, expected ${fault.expect.join(" and ")}`);
    }
  } finally {
    copy.remove();
  }
  console.log(`drill: ${FAULTS.length - silent} of ${FAULTS.length} gates went red`);
  return silent === 0 ? 0 : 1;
}

process.exitCode = await main();
