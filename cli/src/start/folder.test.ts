import { existsSync, mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

import { expect } from "chai";

import { CliError } from "../lib/errors.ts";
import { assay } from "../testing/assay.ts";
import { emptyFolder, MARK } from "./folder.ts";

describe("the folder of a local network", () => {
  let home: string;
  let folder: string;

  beforeEach(() => {
    home = mkdtempSync(join(tmpdir(), "assay-folder-"));
    folder = join(home, "a", "network");
  });
  afterEach(() => rmSync(home, { recursive: true, force: true }));

  const put = (...names: string[]): void => {
    mkdirSync(folder, { recursive: true });
    for (const name of names) writeFileSync(join(folder, name), "{}");
  };
  const refusal = (): unknown => {
    try {
      emptyFolder(folder);
    } catch (error) {
      return error instanceof CliError ? error.code : error;
    }
    return "none";
  };

  it("is made where there is none, and emptied where an earlier network lies", () => {
    emptyFolder(folder);
    expect(readdirSync(folder)).to.deep.equal([MARK]);
    put("chain.log");
    mkdirSync(join(folder, "store"));
    emptyFolder(folder);
    expect(readdirSync(folder)).to.deep.equal([MARK]);
  });

  it("may be empty, or of a network from before there were marks", () => {
    put();
    emptyFolder(folder);
    rmSync(join(folder, MARK));
    put("chain.log", "deploy.log", "deployment.json", "requests.json");
    emptyFolder(folder);
    expect(readdirSync(folder)).to.deep.equal([MARK]);
  });

  it("is never somebody's own", () => {
    put("thesis.tex", "deployment.json");
    expect(refusal()).to.equal("FOLDER_NOT_OURS");
    expect(readdirSync(folder).sort()).to.deep.equal(["deployment.json", "thesis.tex"]);
    rmSync(folder, { recursive: true });
    writeFileSync(folder, "a file");
    expect(refusal()).to.equal("FOLDER_NOT_OURS");
    expect(existsSync(folder)).to.equal(true);
  });

  it("is asked for by assay start before anything runs", async () => {
    put("thesis.tex");
    const { code, stderr } = await assay(["start", "--folder", folder]);
    expect(code).to.equal(1);
    expect(stderr).to.include("FOLDER_NOT_OURS").and.to.include("--folder");
    expect(readdirSync(folder)).to.deep.equal(["thesis.tex"]);
  }).timeout(20_000);
});
