/** `npm run build`: compiles and shows what the compiler says about our own files, not about other people's. */
import { run } from "./lib/run.ts";

const { code, output } = await run("hardhat", ["build", "--quiet"]);
const remarks = output.split(/\n(?=Warning: |Error|Info: )/);
const shown = code === 0 ? remarks.filter((text) => !/--> \.?\/?node_modules\//.test(text)) : remarks;
const text = shown.join("\n").trim();
if (text !== "") console.error(text);
process.exitCode = code;
