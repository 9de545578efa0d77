import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";

import { addresses } from "@assay/published";
import { expect } from "chai";

import { CliError } from "../lib/errors.ts";
import { findDeployment, LOCAL_DEPLOYMENT } from "./deployment.ts";

const LOCAL = 31_337;

describe("findDeployment", () => {
  const home = process.cwd();
  let folder: string;

  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), "assay-deployment-"));
    process.chdir(folder);
  });

  afterEach(() => {
    process.chdir(home);
    rmSync(folder, { recursive: true, force: true });
  });

  const write = (file: string, chainId: number, block: number): void => {
    mkdirSync(dirname(join(folder, file)), { recursive: true });
    writeFileSync(join(folder, file), JSON.stringify({ chainId, addresses: addresses[LOCAL], block }));
  };
  const codeOf = (chainId: number, file?: string): string => {
    try {
      findDeployment(chainId, file);
    } catch (error) {
      if (error instanceof CliError) return error.code;
      throw error;
    }
    return "none";
  };

  it("takes the named file, the local network's, the published one, in this order", () => {
    expect(findDeployment(LOCAL)).to.include({ block: 0n, source: "the published addresses" });
    write(LOCAL_DEPLOYMENT, LOCAL, 7);
    expect(findDeployment(LOCAL)).to.include({ block: 7n, source: LOCAL_DEPLOYMENT });
    write("other.json", LOCAL, 9);
    expect(findDeployment(LOCAL, "other.json")).to.include({ block: 9n, source: "other.json" });
    expect(findDeployment(LOCAL).at.Assay).to.equal(addresses[LOCAL].Assay);
  });

  it("knows the first block of a published deployment", () => {
    const published = { addresses: { 5: addresses[LOCAL] }, blocks: { 5: 9_000_000 } };
    const { block, at } = findDeployment(5, undefined, published);
    expect([block, at.Assay]).to.deep.equal([9_000_000n, addresses[LOCAL].Assay]);
  });

  it("passes over a local network of another chain, but not over a named file", () => {
    write(LOCAL_DEPLOYMENT, 5, 7);
    expect(findDeployment(LOCAL).source).to.equal("the published addresses");
    expect(codeOf(LOCAL, LOCAL_DEPLOYMENT)).to.equal("WRONG_CHAIN");
  });

  it("says so when there is none or it cannot be read", () => {
    expect(codeOf(424_242)).to.equal("NO_DEPLOYMENT");
    expect(codeOf(LOCAL, "missing.json")).to.equal("DEPLOYMENT_UNREADABLE");
    writeFileSync(join(folder, "bad.json"), '{"chainId": 31337, "addresses": {}, "block": 0}');
    expect(codeOf(LOCAL, "bad.json")).to.equal("DEPLOYMENT_UNREADABLE");
  });
});
