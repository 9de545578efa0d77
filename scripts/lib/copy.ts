/** A throw-away copy of the workspace, uncommitted files included, for faults that must not touch the original. */
import { execFileSync } from "node:child_process";
import { cpSync, existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";

import { ROOT } from "./run.ts";

/** Not in git, but needed to build and test at once. */
const LINKED = ["node_modules", "keeper/node_modules", "cli/node_modules", "models/node_modules"];
const COPIED = ["artifacts", "cache"];

export interface Copy {
  readonly root: string;
  /** For every command that runs in the copy. */
  readonly env: Readonly<Record<string, string>>;
  readonly remove: () => void;
}

/** Hard links where the file system allows it: node_modules is large and nobody writes into it. */
function link(from: string, to: string): void {
  mkdirSync(dirname(to), { recursive: true });
  try {
    execFileSync("cp", ["-al", from, to], { stdio: "ignore" });
  } catch {
    rmSync(to, { recursive: true, force: true });
    execFileSync("cp", ["-a", from, to]);
  }
}

/** Hardhat's cache names files by their absolute path; without this and `ASSAY_SOLC` the copy would compile everything again. */
function moveCompileCache(root: string): void {
  const cache = join(root, "cache", "compile-cache.json");
  if (existsSync(cache)) writeFileSync(cache, readFileSync(cache, "utf8").replaceAll(`"${ROOT}`, `"${root}`));
}

export function copyWorkspace(): Copy {
  const root = mkdtempSync(join(tmpdir(), "assay-copy-"));
  const listed = execFileSync("git", ["ls-files", "-z", "--cached", "--others", "--exclude-standard"], {
    cwd: ROOT,
    encoding: "utf8",
  });
  for (const file of listed.split("\0")) {
    if (file !== "" && existsSync(join(ROOT, file))) cpSync(join(ROOT, file), join(root, file));
  }
  for (const folder of LINKED)
    if (existsSync(join(ROOT, folder))) link(join(ROOT, folder), join(root, folder));
  for (const folder of COPIED) cpSync(join(ROOT, folder), join(root, folder), { recursive: true });
  moveCompileCache(root);
  const env = { ASSAY_SOLC: process.env.ASSAY_SOLC ?? join(ROOT, "node_modules", "solc", "soljson.js") };
  return { root, env, remove: () => rmSync(root, { recursive: true, force: true }) };
}
