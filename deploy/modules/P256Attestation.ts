/** The hook for bonded hardware, beside a protocol that is there already. Parameters: the two contracts it asks. */
import { buildModule } from "@nomicfoundation/hardhat-ignition/modules";

export default buildModule("P256Attestation", (m) => ({
  attestation: m.contract("P256Attestation", [
    m.getParameter("StakeVault"),
    m.getParameter("DomainRegistry"),
  ]),
}));
