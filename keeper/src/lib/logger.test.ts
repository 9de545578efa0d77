import { inspect } from "node:util";
import { expect } from "chai";
import fc from "fast-check";
import { AssayError } from "./errors.ts";
import { createLogger, type LoggerOptions } from "./logger.ts";
import { Secret } from "./secret.ts";

function record(options: LoggerOptions = {}) {
  const lines: string[] = [];
  const log = createLogger({ level: "debug", ...options, write: (line) => lines.push(line) });
  return { log, lines, text: () => lines.join("") };
}

describe("Secret", () => {
  it("gives its value to reveal() only", () => {
    const secret = new Secret("hunter2-hunter2");
    const seen = [
      String(secret),
      `${secret}`,
      secret + "",
      JSON.stringify({ secret }),
      inspect({ secret }),
      inspect(secret),
    ];
    for (const text of seen) {
      expect(text).to.include("<secret>");
      expect(text).to.not.include("hunter2");
    }
    expect(Object.keys(secret), "nothing to enumerate").to.deep.equal([]);
    expect(inspect(secret, { showHidden: true, depth: 9 })).to.not.include("hunter2");
    expect(secret.reveal()).to.equal("hunter2-hunter2");
  });
});

describe("createLogger", () => {
  it("writes one JSON object a line: time, level, the object, the sentence", () => {
    const { log, lines } = record();
    log
      .child({ domain: "grounded" })
      .info("vote committed", { round: 1, amount: 10n ** 30n, bytes: new Uint8Array(3) });
    expect(lines).to.have.length(1);
    const line = JSON.parse(lines[0] as string) as Record<string, unknown>;
    expect(line["time"]).to.match(/^\d{4}-\d\d-\d\dT/);
    expect(line).to.include({
      level: "info",
      domain: "grounded",
      round: 1,
      amount: (10n ** 30n).toString(),
      bytes: "<3 bytes>",
      msg: "vote committed",
    });
  });

  it("leaves out what is below its level", () => {
    const { log, lines } = record({ level: "warn" });
    log.info("not this");
    log.debug("nor this");
    log.warn("this");
    log.error("and this");
    expect(lines).to.have.length(2);
  });

  it("shows errors with code, data and cause", () => {
    const { log, lines } = record();
    const cause = Object.assign(new Error("socket gone"), { code: "ECONNRESET" });
    const options = { code: "C", message: "m", data: { given: 1n }, advice: "a", retryable: true, cause };
    log.error("it failed", { error: new AssayError(options) });
    const { error } = JSON.parse(lines[0] as string) as { error: Record<string, unknown> };
    expect(error).to.deep.include({ code: "C", data: { given: "1" }, advice: "a" });
    expect(error["cause"]).to.include({ message: "socket gone", code: "ECONNRESET" });
  });

  for (const format of ["json", "pretty"] as const) {
    it(`keeps hostile texts on one line (${format})`, () => {
      const { log, text } = record({ format });
      const forged = 'x"}\n{"level":"error","msg":"forged"}\r\u2028\u001b[2J\u202e\u0085';
      log.warn("claim refused", {
        text: forged,
        [forged]: 1,
        error: new Error(forged),
        ["__proto__"]: forged,
      });
      expect(text().trimEnd()).to.not.match(/[\u0000-\u001f\u007f-\u009f\u2028\u202e]/);
    });

    it(`never writes a protected value, however it got in (${format}) [KEEP-12]`, () => {
      fc.assert(
        fc.property(fc.string({ minLength: 8, maxLength: 40, unit: "grapheme" }), (value) => {
          fc.pre(value.trim().length >= 8 && !"<secret>\\u000a".includes(value));
          const secret = new Secret(value);
          const { log, text } = record({ format, secrets: [secret] });
          log.error("it failed", {
            secret,
            plain: value,
            inside: `https://node.example/${value}/v1`,
            encoded: `?key=${encodeURIComponent(value.toWellFormed())}`,
            basic: Buffer.from(value).toString("base64"),
            // Longer than what is kept of a text, with the value across the cut.
            long: "-".repeat(1_000 - 4) + value,
            error: new Error(`refused ${value}`, { cause: { [value]: [value] } }),
          });
          const output = text();
          for (const form of [
            value,
            JSON.stringify(value).slice(1, -1),
            Buffer.from(value).toString("base64"),
          ]) {
            expect(output.includes(form), form).to.equal(false);
          }
          expect(output.includes("-" + value.slice(0, 4)), "not half of it either").to.equal(false);
        }),
        { numRuns: 150 },
      );
    });
  }

  it("hides a key in every spelling, also one that is protected later and in children made before", () => {
    const key = `0x${"a1b2c3d4".repeat(8)}` as const;
    const { log, text } = record();
    const child = log.child({ part: "signer" });
    log.protect(new Secret(key));
    const bytes = Buffer.from(key.slice(2), "hex");
    child.info("seen", {
      key,
      upper: key.toUpperCase(),
      bare: key.slice(2),
      base64: bytes.toString("base64"),
    });
    child.info("seen", { list: [...bytes] });
    expect(text().toLowerCase()).to.not.include("a1b2c3d4a1b2");
    expect(text()).to.not.include(bytes.toString("base64").slice(0, 20));
    expect(text()).to.not.include([...bytes].slice(0, 8).join(","));
    expect(log.scrub(`key ${key}!`)).to.equal("key <secret>!");
  });
});
