/**
 * SPEC.md numbers its rules, tests cite the numbers. A rule that no test cites must say why it cannot ("_not tested: …_" at
 * its end); a number that SPEC.md does not have is refused wherever it stands.
 */
import { globSync, readFileSync } from "node:fs";
import { join, resolve } from "node:path";

const ROOT = resolve(import.meta.dirname, "../..");
const RULE = /^- \*\*([A-Z]+-\d+)\*\* (.*)$/gm;
const UNTESTED = /_not tested: .+_$/;
const ROOMS = ["contracts", "test", "keeper/src", "cli/src", "models/src", "deploy", "bench", "docs"];
const TEST = /\.test\.ts$|\.t\.sol$|^test\/invariants\/.*\.sol$/;

const files = globSync(["*.md", ...ROOMS.map((room) => `${room}/**/*.{ts,js,sol,md}`)], { cwd: ROOT });
const read = (name: string): string => readFileSync(join(ROOT, name), "utf8");

const rules = new Map([...read("SPEC.md").matchAll(RULE)].map(([, id, text]) => [id!, text!]));
const groups = [...new Set([...rules.keys()].map((id) => id.split("-")[0]))].join("|");
const CITED = new RegExp(`\\b(?:${groups})-\\d+\\b`, "g");

const problems: string[] = [];
const tested = new Set<string>();
for (const file of files) {
  for (const [id] of read(file).matchAll(CITED)) {
    if (!rules.has(id)) problems.push(`${file} cites ${id}, which SPEC.md does not have`);
    else if (TEST.test(file)) tested.add(id);
  }
}
for (const [id, text] of rules) {
  const excused = UNTESTED.test(text);
  if (!tested.has(id) && !excused) problems.push(`no test cites ${id}`);
  if (tested.has(id) && excused) problems.push(`a test cites ${id}, which SPEC.md calls not tested`);
}
for (const line of [...new Set(problems)]) console.error(line);
process.exitCode = problems.length === 0 ? 0 : 1;
