import { expect } from "chai";
import { AssayError, exitCodeOf, EXIT_FIX_ME, EXIT_START_AGAIN, isRetryable, renderError } from "./errors.ts";

const sample = (retryable: boolean, data: Record<string, unknown> = { given: 70_000n, allowed: 65_536 }) =>
  new AssayError({ code: "TOO_BIG", message: "It is too big", data, advice: "Split it", retryable });

describe("errors", () => {
  it("keeps code, data, advice, family and cause", () => {
    const cause = new Error("inner");
    const error = new AssayError({
      code: "X",
      message: "m",
      data: { a: 1 },
      advice: "b",
      retryable: true,
      cause,
    });
    expect(error).to.be.instanceOf(Error);
    expect({ ...error, cause: error.cause }).to.deep.include({
      code: "X",
      advice: "b",
      retryable: true,
      cause,
    });
    expect(error.data.a, "data is typed").to.equal(1);
  });

  it("gives each family its exit code, and unforeseen errors the one for people [KEEP-13]", () => {
    expect(exitCodeOf(sample(true)))
      .to.equal(EXIT_START_AGAIN)
      .and.to.equal(75);
    expect(exitCodeOf(sample(false)))
      .to.equal(EXIT_FIX_ME)
      .and.to.equal(1);
    expect(exitCodeOf(new TypeError("bug"))).to.equal(EXIT_FIX_ME);
    expect(exitCodeOf("text")).to.equal(EXIT_FIX_ME);
    expect(isRetryable(Object.assign(new Error("x"), { code: "ECONNRESET" }))).to.equal(true);
    expect(isRetryable(Object.assign(new Error("x"), { code: "ENOSPC" }))).to.equal(false);
  });

  it("renders values, code, advice and causes in one line", () => {
    const error = new AssayError({
      code: "OUTER",
      message: "It failed",
      data: { path: "a\nb", list: [1n] },
      advice: "Look there",
      retryable: false,
      cause: sample(false),
    });
    expect(renderError(error)).to.equal(
      'It failed (path: a\\u000ab, list: ["1"]) [OUTER]. Look there. ' +
        "Caused by: It is too big (given: 70000, allowed: 65536) [TOO_BIG]. Split it.",
    );
    expect(renderError(new TypeError("no\r\nway"))).to.equal("TypeError: no\\u000d\\u000away.");
  });

  it("ends on a cause that is its own cause", () => {
    const error = sample(false);
    error.cause = error;
    expect(renderError(error).length).to.be.lessThan(1_000);
  });
});
