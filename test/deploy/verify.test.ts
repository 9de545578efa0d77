import { expect } from "chai";

import { verifyDeployment } from "../../deploy/verify.ts";
import { deployProtocol, ethers, networkHelpers } from "../fixtures/world.ts";

async function protocol() {
  return deployProtocol();
}

async function refusal(work: Promise<void>): Promise<string> {
  return work.then(
    () => "accepted",
    (error: Error) => error.message,
  );
}

describe("verifyDeployment", () => {
  it("accepts what the plan deployed", async () => {
    const { addresses, parameters, deployer: signer } = await networkHelpers.loadFixture(protocol);
    expect(await refusal(verifyDeployment({ ethers, signer }, addresses, parameters))).to.equal("accepted");
  });

  it("names a missing contract, a wrong peer and a wrong constant", async () => {
    const { addresses, parameters, deployer: signer } = await networkHelpers.loadFixture(protocol);
    const strange = { ...addresses, AssayLens: ethers.ZeroAddress, AccessManager: addresses.WorkToken };
    const other = { ...parameters, unbonding: parameters.unbonding + 1n };
    expect(await refusal(verifyDeployment({ ethers, signer }, strange, other))).to.equal(
      "the deployment differs from its plan: " +
        `DomainRegistry.authority is ${addresses.AccessManager}, not ${addresses.WorkToken}; ` +
        `StakeVault.UNBONDING is ${parameters.unbonding}, not ${other.unbonding}; ` +
        `RewardMinter.authority is ${addresses.AccessManager}, not ${addresses.WorkToken}; ` +
        `AssayLens: no code at ${ethers.ZeroAddress}`,
    );
  });
});
