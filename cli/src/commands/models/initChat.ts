import type { Command } from "commander";

import { jsonOption } from "../../lib/options.ts";
import { createOutput } from "../../lib/output.ts";
import { initChat, type InitialisedChat } from "../../models/init/chat.ts";
import type { Flags } from "../../models/init/interview.ts";
import { aboutOptions, terminalOf } from "./init.ts";

/** `assay models init-chat` */
export function initChatCommand(models: Command): void {
  const command = models
    .command("init-chat")
    .description("asks how a language model at a server is made a judge, and writes its manifest.json")
    .argument("<manifest>", "manifest.json to write, in a folder of its own")
    .option("--system <text>", "system message; \\n ends a line")
    .option("--template <text>", "user message with {{answer}}, and {{text}} or {{values}}; \\n ends a line")
    .option("--answers <true,false>", "what the model says of a true claim, and of a false one")
    .option("--answer-shares <a,b>", "share of true claims among those so answered; calibrate measures it")
    .option("--weights <name>", "model and revision the server should run")
    .option("--weights-sha256 <hash>", "SHA-256 of the file of weights");
  jsonOption(aboutOptions(command)).action(async (path: string, options: Flags) => {
    const made = await initChat(path, options, terminalOf());
    createOutput({ json: options["json"] === true }).result(made, render(made));
  });
}

function render({ path, manifest, hash }: InitialisedChat): string {
  return [
    `written: ${path} (${manifest.name}, domain ${manifest.domain}, family ${manifest.family})`,
    `modelHash: ${hash}; it changes with the prompt, answers, calibration and limits`,
    `next: assay models inspect ${path} --config keeper.json, then assay models calibrate ${path} --config keeper.json --data claims.jsonl`,
  ].join("\n");
}
