import { readFile } from "node:fs/promises";
import { join } from "node:path";

import { expect } from "chai";

import { ParameterFileError, parseParameters } from "../../deploy/parameterFile.ts";
import { DEFAULT_DOMAIN, DEFAULT_MIN_FAMILY_WEIGHT, DEFAULT_MIN_SELF_BOND } from "../../deploy/parameters.ts";

const PARAMS = join(import.meta.dirname, "..", "..", "deploy", "params");

const read = async (name: string) => JSON.parse(await readFile(join(PARAMS, name), "utf8"));

function problemsOf(json: unknown): readonly string[] {
  try {
    parseParameters(json);
  } catch (error) {
    if (error instanceof ParameterFileError) return error.problems;
    throw error;
  }
  return [];
}

describe("parameter files", () => {
  it("turn human units into those of the contracts: the testnet example is the default preset", async () => {
    const json = await read("testnet.example.json");
    Object.assign(json.protocol, { governor: null, treasury: null });
    const [domain] = parseParameters(json).domains;
    expect(domain!.parameters).to.deep.equal(DEFAULT_DOMAIN);
    expect(domain!.minSelfBond).to.equal(DEFAULT_MIN_SELF_BOND);
    expect(domain!.minFamilyWeight).to.equal(DEFAULT_MIN_FAMILY_WEIGHT);
  });

  it("refuse the example until somebody has chosen governor and treasury", async () => {
    expect(problemsOf(await read("testnet.example.json"))).to.deep.equal([
      "protocol.governor must be an address or null",
      "protocol.treasury must be an address or null",
    ]);
  });

  it("report every problem at once, with its path", async () => {
    const json = await read("local.json");
    const [domain] = json.domains;
    json.protocol.epochLength = "40";
    json.protocol.domainFee = 1_000;
    json.protocol.genesisSupply = "-1";
    delete domain.name;
    domain.families[2] = "";
    domain.committee.rule = "cubeRoot";
    domain.committee.boostCap = 2.01;
    domain.committee.seats = 7.5;
    domain.fees.penaltyRatio = 2.00001;
    domain.fees.minfee = "1";
    domain.rewards = [];
    domain.reputation.pull = 1e-9;
    const problems = problemsOf(json);
    expect(problems.filter((problem) => !problem.startsWith("domains[0].rewards."))).to.deep.equal([
      "protocol.epochLength must be a number",
      "protocol.genesisSupply must be 0 or more with at most 18 decimals, not -1",
      "protocol.domainFee must be a decimal text of WORK",
      "domains[0].name must be a text",
      "domains[0].families[2] must be a text",
      "domains[0].committee.seats must be 0 or more with at most 0 decimals, not 7.5",
      "domains[0].committee.rule must be one of proportional, squareRoot",
      "domains[0].committee.boostCap must be a multiple of 1/16",
      "domains[0].fees.penaltyRatio must be 0 or more with at most 4 decimals, not 2.00001",
      "domains[0].fees.minfee is not a parameter",
      "domains[0].rewards must be an object",
      "domains[0].reputation.pull must be 0 or more with at most 18 decimals, not 1e-9",
    ]);
    expect(problems).to.include("domains[0].rewards.gamma must be a number");
  });

  it("refuse what is no object and what is no list", () => {
    expect(problemsOf([])).to.include("the file must be an object");
    expect(problemsOf({ protocol: {}, domains: {} })).to.include("domains must be a list");
  });
});
