import { readIdentity } from "@assay/keeper";
import type { Command } from "commander";

import { jsonOption } from "../../lib/options.ts";
import { createOutput } from "../../lib/output.ts";

/** `assay models hash` */
export function hashCommand(models: Command): void {
  jsonOption(
    models
      .command("hash")
      .description("the modelHash to register: of a model file, or of a chat model's prompt")
      .argument("<manifest>", "manifest.json"),
  ).action((file: string, options: { json?: boolean }) => {
    const identity = readIdentity(file);
    createOutput(options).result(identity, identity.hash);
  });
}
