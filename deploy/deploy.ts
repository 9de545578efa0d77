/**
 * `hardhat run deploy/deploy.ts --network <name>`: deploys the parameter file ASSAY_PARAMS (default: local.json) and
 * writes the deployment to ASSAY_OUT, or prints it.
 */
import { join } from "node:path";

import { network } from "hardhat";

import { deployNetwork } from "./network.ts";

const connection = await network.create();
const out = process.env.ASSAY_OUT;
const parameterFile = process.env.ASSAY_PARAMS ?? join(import.meta.dirname, "params", "local.json");
const deployment = await deployNetwork({ connection, parameterFile, out });
await connection.close();
console.log(out ?? JSON.stringify(deployment, null, 2));
