/**
 * The walls of contracts/: production code never imports doubles, and libraries and interfaces import nothing but each
 * other, so what is pure stays pure. The walls between TypeScript rooms are in walls.js.
 */
import { readdirSync, readFileSync } from "node:fs";
import { dirname, join, relative, resolve } from "node:path";

const ROOT = resolve(import.meta.dirname, "../..");
const CONTRACTS = join(ROOT, "contracts");
const PURE = /^(libraries|interfaces)\//;
const IMPORT = /^import\s[^"]*"([^"]+)"/gm;

/** Imports of `text`, found in contracts/`file`, that break a wall. */
export function brokenWalls(file: string, text: string): string[] {
  const broken: string[] = [];
  for (const [, name = ""] of text.matchAll(IMPORT)) {
    if (!name.startsWith(".")) continue;
    const target = relative(CONTRACTS, resolve(CONTRACTS, dirname(file), name));
    const fromDouble = file.startsWith("mocks/");
    if (target.startsWith("..")) broken.push(`contracts/${file} must not import ${name}`);
    else if (target.startsWith("mocks/") && !fromDouble)
      broken.push(`contracts/${file} must not import a double`);
    else if (PURE.test(file) && !PURE.test(target))
      broken.push(`contracts/${file} must not import ${target}`);
  }
  return broken;
}

const files = readdirSync(CONTRACTS, { recursive: true, encoding: "utf8" }).filter((name) =>
  name.endsWith(".sol"),
);
const broken = files.flatMap((file) => brokenWalls(file, readFileSync(join(CONTRACTS, file), "utf8")));
for (const line of broken) console.error(line);
process.exitCode = broken.length === 0 ? 0 : 1;
