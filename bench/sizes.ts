/**
 * Pins the runtime size of every deployed contract in bench/sizes.json; with `--check` it compares instead. Whatever
 * happens, no contract may exceed the limit of EIP-170.
 */
import { readFileSync, writeFileSync } from "node:fs";
import { join, resolve } from "node:path";

import { ORDER } from "../deploy/plan.ts";

const ROOT = resolve(import.meta.dirname, "..");
const FILE = join(ROOT, "bench", "sizes.json");
const LIMIT = 24_576;
const FOLDERS: Partial<Record<string, string>> = {
  AccessManager: "artifacts/@openzeppelin/contracts/access/manager/AccessManager.sol",
  AssayLens: "artifacts/contracts/periphery/AssayLens.sol",
};

/** Bytes of the code a deployed contract has. */
function sizeOf(name: string): number {
  const folder = FOLDERS[name] ?? `artifacts/contracts/${name}.sol`;
  const text = readFileSync(join(ROOT, folder, `${name}.json`), "utf8");
  const { deployedBytecode } = JSON.parse(text) as { deployedBytecode: string };
  return (deployedBytecode.length - 2) / 2;
}

const sizes = Object.fromEntries([...ORDER].sort().map((name) => [name, sizeOf(name)]));
const problems = Object.entries(sizes).flatMap(([name, size]) =>
  size > LIMIT ? [`${name} has ${size} bytes, more than the ${LIMIT} a chain accepts`] : [],
);
if (process.argv.includes("--check")) {
  const pinned = JSON.parse(readFileSync(FILE, "utf8")) as Record<string, number>;
  for (const name of new Set([...Object.keys(pinned), ...Object.keys(sizes)])) {
    if (pinned[name] === sizes[name]) continue;
    problems.push(`size changed: ${name} ${pinned[name] ?? "missing"} -> ${sizes[name] ?? "gone"}`);
  }
} else {
  writeFileSync(FILE, `${JSON.stringify(sizes, null, 2)}\n`);
  for (const [name, size] of Object.entries(sizes))
    console.log(`${name.padEnd(28)} ${String(size).padStart(6)}`);
}
for (const problem of problems) console.error(problem);
process.exitCode = problems.length === 0 ? 0 : 1;
