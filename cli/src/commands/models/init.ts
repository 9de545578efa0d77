import { printable, readRunConfig } from "@assay/keeper";
import type { Command } from "commander";

import { jsonOption, runOption } from "../../lib/options.ts";
import { createOutput } from "../../lib/output.ts";
import { initModel, type Initialised } from "../../models/init/index.ts";
import type { Flags, Terminal } from "../../models/init/interview.ts";

/** Given as VALUE for every input, or as INPUT=VALUE for one. */
function collect(value: string, before: readonly string[] = []): string[] {
  return [...before, value];
}

/** Options of every manifest, whatever judges. */
export function aboutOptions(command: Command): Command {
  return command
    .option("--name <text>", "name, for people")
    .option("--domain <name>", "domain it judges, such as grounded")
    .option("--family <name>", "lineage: architecture, training data, base weights")
    .option("--source <text>", "training data and where the weights come from")
    .option("--licence <text>", "licence of the weights")
    .option("--attribution <text>", "whom the licence wants named")
    .option("--summary <text>", "one sentence about it")
    .option("--base-rate <share>", "share of true claims in its training data")
    .option("--text-limits <min-max>", "characters of a text that is judged")
    .option("--answer-limits <min-max>", "characters of an answer that is judged")
    .option("--yes", "takes what is proposed where no option answers")
    .option("--force", "writes over a manifest that exists");
}

/** Who answers what the options leave open, if somebody is there. */
export function terminalOf(): Terminal | undefined {
  return process.stdin.isTTY ? { input: process.stdin, output: process.stderr } : undefined;
}

/** `assay models init` */
export function initCommand(models: Command): void {
  const command = models
    .command("init")
    .description("reads a model's graph, asks what it does not say, and writes manifest.json beside it")
    .argument("<file>", "model.onnx, in a folder of its own")
    .option("--output <name>", "output that answers")
    .option("--values <kind>", "what its numbers are: probabilities or logits")
    .option("--true <which>", "index or label that means true, or answer: the claim's answer names the class")
    .option("--classes <n>", "numbers a claim, where the graph leaves them open")
    .option("--labels <a,b,…>", "names of the classes in their order")
    .option("--image-limits <min-max>", "pixels of the longer side of an image that is judged");
  const ofInputs = [
    ["--kind <kind>", "what the input is: tokens, image or values"],
    ["--field <field>", "what a string input takes: text or answer"],
    [
      "--fields <field,…>",
      "what the tokenizer, or an input of several columns, is given: text, answer, or both",
    ],
    ["--part <part>", "what of an encoding it takes: ids, attentionMask or typeIds"],
    ["--max-tokens <n>", "longest encoding"],
    ["--width <n>", "width of its images"],
    ["--height <n>", "height of its images"],
    ["--resize <how>", "images of another size: bilinear, nearest or none"],
    ["--channels <order>", "gray, rgb or bgr"],
    ["--layout <order>", "nchw, nhwc or nhw"],
    ["--shape <n,…>", "dimensions of plain values, without the batch"],
    ["--scale <number>", "what a pixel or number is multiplied with, such as 1/255"],
    ["--mean <number,…>", "what is then taken away, one number or one a channel or value"],
    ["--std <number,…>", "what it is then divided by, one number or one a channel or value"],
  ] as const;
  for (const [flags, description] of ofInputs) command.option(flags, `${description} (or INPUT=…)`, collect);
  runOption(jsonOption(aboutOptions(command))).action(async (file: string, options: Flags) => {
    const { config } = options;
    const made = await initModel(
      file,
      options,
      terminalOf(),
      readRunConfig(typeof config === "string" ? config : undefined),
    );
    createOutput({ json: options["json"] === true }).result(made, render(file, made));
  });
}

function render(file: string, { path, manifest, trial, notes }: Initialised): string {
  const answered = Number.isFinite(trial)
    ? `a made-up claim gets ${trial.toFixed(4)}`
    : "WARNING: it gave no probability for a made-up claim; assay models verify says more";
  return [
    `written: ${path} (${manifest.name}, domain ${manifest.domain}, family ${manifest.family})`,
    answered,
    ...notes.map((note) => printable(`NOTE: ${note}`)),
    `next: assay models verify ${file}, then assay models eval ${file} --data claims.jsonl`,
  ].join("\n");
}
