import { spawnSync } from "node:child_process";
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { delimiter, join } from "node:path";
import { PassThrough } from "node:stream";

import { CHAT_MANIFEST_SCHEMA_ID } from "@assay/keeper";
import { expect } from "chai";
import { Command } from "commander";

import { initChatCommand } from "../../commands/models/initChat.ts";
import { CliError } from "../../lib/errors.ts";
import { assay } from "../../testing/assay.ts";
import { ROOT } from "../../testing/chain.ts";
import { startInferenceServer } from "../../testing/inferenceServer.ts";
import { chatInterview } from "./chat.ts";
import { createInterview, type Flags, type Terminal } from "./interview.ts";

const PAGE = readFileSync(join(ROOT, "docs/operators.md"), "utf8");
const ABOUT = {
  name: "M",
  domain: "test",
  family: "f",
  source: "s",
  licence: "MIT",
  weights: "w",
  template: "{{text}} {{answer}}",
  yes: true,
};

const manifestFor = (flags: Flags, terminal?: Terminal) => chatInterview(createInterview(flags, terminal));

async function refusal(flags: Flags): Promise<Pick<CliError, "code" | "advice">> {
  const error: unknown = await manifestFor({ ...ABOUT, ...flags }).catch((refused: unknown) => refused);
  expect(error).to.be.instanceOf(CliError);
  return error as CliError;
}

describe("a manifest of a chat model", () => {
  it("has what was said, what was proposed, and limits for the fields the template quotes", async () => {
    const { prompt, weights, limits, baseRate, $schema } = await manifestFor({
      ...ABOUT,
      template: "a\\n{{text}}\\n{{answer}}",
      answers: "yes, no",
      weightsSha256: "ab".repeat(32),
    });
    expect(prompt.template).to.equal("a\n{{text}}\n{{answer}}");
    expect(prompt.system).to.include("never instructions");
    expect(prompt.answers).to.deep.equal({
      true: { word: "yes", probability: 0.9 },
      false: { word: "no", probability: 0.1 },
    });
    expect(weights).to.deep.equal({ name: "w", sha256: "ab".repeat(32) });
    expect(limits).to.deep.equal({ text: { min: 3, max: 32_768 }, answer: { min: 3, max: 8_192 } });
    expect([baseRate, $schema]).to.deep.equal([0.5, CHAT_MANIFEST_SCHEMA_ID]);
    const numbers = await manifestFor({ ...ABOUT, template: "{{values}} {{answer}}", answerLimits: "1-9" });
    expect(numbers.limits).to.deep.equal({ answer: { min: 1, max: 9 } });
  });

  it("refuses what a chat model cannot be, by its option", async () => {
    const cases: readonly (readonly [Flags, string])[] = [
      [{ template: "{{text}}" }, "does not ask about {{answer}}"],
      [{ template: "{{claim}} {{answer}}" }, "placeholders are"],
      [{ template: "{{text}} {{values}} {{answer}}" }, "never both"],
      [{ system: "x".repeat(16_385) }, "16384"],
      [{ answers: "true" }, "two, with a comma"],
      [{ answers: "true,not true" }, "A-Za-z0-9"],
      [{ answerShares: "0.9,0" }, "between 0 and 1"],
      [{ weightsSha256: "ab" }, "64"],
    ];
    for (const [flags, reason] of cases) {
      const { code, advice } = await refusal(flags);
      expect(
        [code, advice.includes(reason)],
        `${JSON.stringify(flags).slice(0, 60)}: ${advice}`,
      ).to.deep.equal(["ANSWER_REFUSED", true]);
    }
    expect((await refusal({ answers: "true,truer" })).code, "together").to.equal("MANIFEST_IMPOSSIBLE");
    expect((await refusal({ answerShares: "0.1,0.9" })).code, "together").to.equal("MANIFEST_IMPOSSIBLE");
  });

  it("asks at a terminal what is open, and lists it where nobody is", async () => {
    const [input, output] = [new PassThrough(), new PassThrough()];
    input.end("\n{{text}}\n{{text}} {{answer}}\n\n\nQwen\nM\nd\nf\n\ns\nMIT\n");
    const { prompt, weights, domain } = await manifestFor({}, { input, output });
    expect([prompt.template, weights.name, domain]).to.deep.equal(["{{text}} {{answer}}", "Qwen", "d"]);
    expect(String(output.read()).match(/user message/g), "asked again").to.have.length(2);
    const { code, advice } = await refusal({ template: undefined, weights: undefined });
    expect(code).to.equal("ANSWERS_MISSING");
    expect(advice).to.include("--template").and.include("--weights").and.not.include("--system");
  });

  it("has an option for every question, and none that nothing asks for", async () => {
    const asked = new Set<string>();
    const { ask, given, check, close } = createInterview(ABOUT, undefined);
    await chatInterview({
      ask: (question) => (asked.add(question.flag), ask(question)),
      given: (question) => (asked.add(question.flag), given(question)),
      check,
      close,
    });
    const models = new Command();
    initChatCommand(models);
    const options = models.commands[0]!.options.map(({ long }) => long?.slice(2) ?? "");
    expect([...asked, "yes", "force", "json"].sort()).to.deep.equal(options.sort());
  });
});

describe("assay models init-chat", function () {
  this.timeout(60_000);
  let folder: string;
  let file: string;

  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), "assay-init-chat-"));
    mkdirSync(join(folder, "mine"));
    file = join(folder, "mine/manifest.json");
  });
  afterEach(() => rmSync(folder, { recursive: true, force: true }));

  it("writes the manifest of the operators' page from the page's words, and a server is asked by it", async () => {
    const line = /^assay models init-chat (?:.*\\\n)*.*$/m.exec(PAGE)?.[0] ?? "";
    const shown = /```json\n(\{\n {2}"schemaVersion"[^`]*)```/.exec(PAGE)?.[1] ?? "";
    const PATH = [join(ROOT, "cli/bin"), join(process.execPath, ".."), process.env["PATH"]].join(delimiter);
    const ran = spawnSync("sh", ["-ec", line], {
      cwd: folder,
      encoding: "utf8",
      env: { ...process.env, PATH },
    });
    expect(ran.status, `${line}\n${ran.stdout}${ran.stderr}`).to.equal(0);
    const { $schema, ...written } = JSON.parse(readFileSync(file, "utf8")) as Record<string, unknown>;
    expect(written).to.deep.equal(JSON.parse(shown));
    expect($schema).to.equal(CHAT_MANIFEST_SCHEMA_ID);
    const { stdout: hash } = await assay(["models", "hash", file]);
    expect(ran.stdout).to.include(`modelHash: ${hash.trim()}`);

    const server = await startInferenceServer("openaiChatServer.ts", [
      join(ROOT, "models/grounded/overlap-logistic/model.onnx"),
    ]);
    try {
      const config = join(folder, "remote.json");
      const remote = { kind: "openai-chat", url: `${server.url}/v1`, model: "gullible" };
      writeFileSync(config, JSON.stringify({ remote }));
      const inspected = await assay(["models", "inspect", file, "--config", config, "--json"]);
      expect(inspected.code, inspected.stderr).to.equal(0);
      expect((JSON.parse(inspected.stdout) as { server: object }).server).to.deep.equal({ url: remote.url });
    } finally {
      server.close();
    }
  });

  it("keeps what is there, writes nothing without answers, and wants the file named as keepers look for it", async () => {
    const answers = Object.entries(ABOUT).flatMap(([flag, value]) =>
      value === true ? [`--${flag}`] : [`--${flag}`, String(value)],
    );
    const init = (path: string, ...args: string[]) => assay(["models", "init-chat", path, ...args]);
    const missing = await init(file, "--yes");
    expect([missing.code, existsSync(file)]).to.deep.equal([1, false]);
    expect(missing.stderr).to.include("[ANSWERS_MISSING]");
    expect((await init(file, ...answers)).code).to.equal(0);
    const before = readFileSync(file, "utf8");
    const again = await init(file, ...answers, "--name", "Other");
    expect([again.code, readFileSync(file, "utf8")]).to.deep.equal([1, before]);
    expect(again.stderr).to.include("[MANIFEST_EXISTS]");
    expect((await init(file, ...answers, "--name", "Other", "--force")).code).to.equal(0);
    expect(readFileSync(file, "utf8")).to.include('"name": "Other"');
    const misnamed = await init(join(folder, "mine/chat.json"), ...answers);
    expect([misnamed.code, misnamed.stderr.includes("[MANIFEST_MISNAMED]")]).to.deep.equal([1, true]);
  });
});
