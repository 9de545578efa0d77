import { spawn } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

import { ROOT } from "@assay/cli/local-network";
import { expect } from "chai";

/** The part of `assay start --json` that is looked at; amounts are wei of WORK as text. */
interface Report {
  readonly claims: readonly { readonly verdict: string; readonly truth: boolean }[];
  readonly operators: readonly {
    readonly behaviour: string;
    readonly family: string;
    readonly seats: number;
    readonly score: string;
    readonly minted: string;
    readonly penalty: string;
    readonly before: string;
    readonly after: string;
  }[];
  readonly burned: string;
  readonly minted: string;
  readonly effectiveFamilies: number;
}

describe("the whole network on one machine, in real time (assay start)", function () {
  this.timeout(300_000);

  it("judges the samples, pays the honest, charges the liar and leaves nothing behind", async () => {
    const folder = mkdtempSync(join(tmpdir(), "assay-start-"));
    try {
      const { code, output, group } = await start(folder);
      expect(code, output).to.equal(0);
      expect(() => process.kill(-group, 0), "processes left").to.throw("ESRCH");

      const { claims, operators, burned, minted, effectiveFamilies } = JSON.parse(output) as Report;
      expect(claims.length).to.be.at.least(40);
      const decided = claims.filter(({ verdict }) => verdict === "true" || verdict === "false");
      const right = decided.filter(({ verdict, truth }) => verdict === String(truth));
      expect(decided.length / claims.length, "decided").to.be.greaterThan(0.8);
      expect(right.length / decided.length, "right").to.be.greaterThan(0.8);

      expect(operators).to.have.lengthOf(9);
      expect(new Set(operators.map(({ family }) => family)).size).to.be.at.least(4);
      const by = (behaviour: string) => operators.filter((operator) => operator.behaviour === behaviour);
      const [idle] = by("votes the base rate");
      const [liar] = by("confident liar");
      expect([idle!.score, idle!.minted, idle!.penalty]).to.deep.equal(["0", "0", "0"]);
      expect(BigInt(liar!.score) < 0n && BigInt(liar!.penalty) > 0n, "the liar is charged").to.equal(true);
      expect(liar!.minted).to.equal("0");
      const paid = by("honest").filter(({ minted }) => BigInt(minted) > 0n);
      expect(paid.length, "honest operators paid").to.be.at.least(4);
      for (const { before } of operators) expect(before).to.equal(String(10n ** 18n));
      const raised = by("honest").filter(({ after }) => BigInt(after) > 10n ** 18n);
      expect(raised.length, "honest operators with R above 1").to.be.at.least(1);
      expect(BigInt(minted) <= BigInt(burned), "minted at most what was burned").to.equal(true);
      expect(effectiveFamilies).to.be.greaterThan(4);
    } finally {
      rmSync(folder, { recursive: true, force: true });
    }
  });
});

/** Runs the command in a process group of its own, so that whatever it leaves behind can be found. */
async function start(folder: string): Promise<{ code: number | null; output: string; group: number }> {
  const args = [join(ROOT, "cli/src/main.ts"), "start", "--json", "--folder", folder];
  const child = spawn(process.execPath, args, { cwd: ROOT, detached: true });
  const chunks: Buffer[] = [];
  for (const stream of [child.stdout, child.stderr]) stream.on("data", (chunk: Buffer) => chunks.push(chunk));
  const code = await new Promise<number | null>((resolve) => child.once("close", resolve));
  return { code, output: Buffer.concat(chunks).toString("utf8"), group: child.pid! };
}
