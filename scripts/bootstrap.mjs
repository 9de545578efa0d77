// Makes a fresh clone runnable: installs the locked dependencies and compiles the contracts, each only when something
// changed; with `--install` the dependencies alone. Runs under the system's Node, before node_modules exists, hence plain JS without imports from npm.
import { spawnSync } from "node:child_process";
import { createHash } from "node:crypto";
import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { dirname, join, resolve } from "node:path";
import { fileURLToPath } from "node:url";

const ROOT = resolve(dirname(fileURLToPath(import.meta.url)), "..");
const BIN = join(ROOT, "node_modules", ".bin");
const NODE = join(BIN, process.platform === "win32" ? "node.cmd" : "node");
const NODE_PACKAGE = "node@24.21.0";
const INSTALL_STAMP = join(ROOT, "node_modules", ".assay-stamp");
const BUILD_STAMP = join(ROOT, "cache", "assay-build-stamp");
/** What an install depends on; scripts and descriptions may change without one. */
const INSTALL_FIELDS = [
  "name",
  "version",
  "workspaces",
  "bin",
  "dependencies",
  "devDependencies",
  "optionalDependencies",
];

const text = (path) => readFileSync(join(ROOT, path), "utf8");
const isFile = (path) => existsSync(join(ROOT, path));

function hashOf(parts) {
  const hash = createHash("sha256");
  for (const part of parts) hash.update(`${part.length}:`).update(part);
  return hash.digest("hex");
}

function matches(stamp, value) {
  return existsSync(stamp) && readFileSync(stamp, "utf8") === value;
}

/** Replaces the file instead of writing into it: copies of a workspace may share it by hard links. */
function stamp(path, value) {
  mkdirSync(dirname(path), { recursive: true });
  rmSync(path, { force: true });
  writeFileSync(path, value);
}

function installHash() {
  const root = JSON.parse(text("package.json"));
  const manifests = [".", ...root.workspaces].map((room) => JSON.parse(text(join(room, "package.json"))));
  const relevant = manifests.map((manifest) => INSTALL_FIELDS.map((field) => manifest[field] ?? null));
  const lock = isFile("package-lock.json") ? text("package-lock.json") : "";
  return hashOf([process.platform, process.arch, JSON.stringify(relevant), lock]);
}

function solidityFiles(folder) {
  if (!isFile(folder)) return [];
  return readdirSync(join(ROOT, folder), { recursive: true })
    .map((name) => join(folder, name))
    .filter((name) => name.endsWith(".sol"))
    .sort();
}

function buildHash() {
  const files = [...solidityFiles("contracts"), ...solidityFiles("test"), "hardhat.config.ts"];
  return hashOf(files.flatMap((file) => [file, text(file)]));
}

/** Quiet unless it fails: a build prints a hundred remarks of the compiler on other people's code. */
function run(command, args, env = process.env) {
  const options = { cwd: ROOT, env, encoding: "utf8", maxBuffer: 2 ** 28 };
  const { status, stdout, stderr, error } = spawnSync(command, args, options);
  if (error) throw error;
  if (status !== 0) {
    console.error(`${stdout}${stderr}\nbootstrap: ${command} ${args.join(" ")} failed with ${status}`);
    process.exit(status ?? 1);
  }
}

function install() {
  const wanted = installHash();
  if (existsSync(NODE) && matches(INSTALL_STAMP, wanted)) return "dependencies up to date";
  // npm under an older Node leaves out native packages that ask for a newer one, without a word.
  run(
    "npx",
    ["-y", "-p", NODE_PACKAGE, "--", "npm", "install", "--no-audit", "--no-fund", "--loglevel=error"],
    {
      ...process.env,
      // npm hands its own settings down to the scripts it runs; the install must not see a caller's.
      npm_config_ignore_scripts: "false",
    },
  );
  stamp(INSTALL_STAMP, installHash());
  return "dependencies installed";
}

function build() {
  const wanted = buildHash();
  if (isFile("artifacts/contracts") && matches(BUILD_STAMP, wanted)) return "contracts up to date";
  run(join(BIN, "hardhat"), ["build", "--quiet"], { ...process.env, PATH: `${BIN}:${process.env.PATH}` });
  stamp(BUILD_STAMP, wanted);
  return "contracts built";
}

const done = [install()];
if (!process.argv.includes("--install")) done.push(build());
console.log(`bootstrap: ${done.join(", ")}`);
