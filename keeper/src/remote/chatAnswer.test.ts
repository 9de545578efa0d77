import { expect } from "chai";
import fc from "fast-check";

import { CONSTRAINTS, readChatAnswer, type AnswerRules } from "./chatAnswer.ts";
import { RemoteError } from "./errors.ts";

const RULES: AnswerRules = {
  answers: { true: { word: "true", probability: 0.8 }, false: { word: "false", probability: 0.1 } },
  constraint: "none",
  calibrate: (p) => p,
  path: "/chat/completions",
};

type Tokens = Readonly<Record<string, number>>;
const entry = (token: string, p: number): object => ({ token, logprob: Math.log(p) });
const position = (token: string, top: Tokens): object => ({
  ...entry(token, top[token] ?? 0.5),
  top_logprobs: Object.entries(top).map(([text, p]) => entry(text, p)),
});
const completion = (content: unknown, positions?: readonly object[] | null): object => ({
  id: "1",
  choices: [
    { index: 0, message: { role: "assistant", content }, logprobs: positions && { content: positions } },
  ],
});

describe("readChatAnswer", () => {
  const read = (answer: unknown, rules: Partial<AnswerRules> = {}): number =>
    readChatAnswer(answer, { ...RULES, ...rules });

  it("sums the spellings of both answers", () => {
    const top = { true: 0.3, " True": 0.2, TRUE: 0.05, false: 0.2, "\nFalse": 0.1, The: 0.1 };
    expect(read(completion("true", [position("true", top)]))).to.be.closeTo(0.55 / 0.85, 1e-12);
  });

  it("calibrates what log-probabilities say, and takes a bare answer for what its author measured", () => {
    const calibrate = (p: number): number => p / 2;
    const top = { true: 0.6, false: 0.4 };
    expect(read(completion("true", [position("true", top)]), { calibrate })).to.be.closeTo(0.3, 1e-12);
    for (const given of [undefined, null, []] as const) {
      expect(read(completion(" True\n", given), { calibrate })).to.equal(0.8);
      expect(read(completion("FALSE", given), { calibrate })).to.equal(0.1);
    }
  });

  it("gives an answer that is not listed no more than the others leave over, and than the least of them", () => {
    expect(read(completion("true", [entry("true", 0.7)]))).to.be.closeTo(0.7, 1e-12);
    const top = { true: 0.9, The: 0.05, A: 0.01 };
    expect(read(completion("true", [position("true", top)]))).to.be.closeTo(0.9 / 0.91, 1e-12);
    expect(read(completion("false", [position("false", { false: 1 })]))).to.equal(0);
  });

  it("abstains where the model would rather say something else", () => {
    const top = { true: 0.2, false: 0.2, The: 0.5 };
    expect(read(completion("true", [position("true", top)]))).to.be.NaN;
  });

  for (const [what, content] of [
    ["a sentence", "true, because the text says so"],
    ["both answers", "true false"],
    ["a number", "1"],
    ["a probability", "0.99"],
    ["a look-alike", "tr\u{1d7b8}e"],
    ["a full-width word", "ｔｒｕｅ"],
    ["an invisible mark", "true\u200b"],
    ["JSON where a word is due", '{"answer":"true"}'],
    ["nothing", ""],
    ["no content", null],
  ] as const) {
    it(`abstains on ${what}`, () => {
      expect(read(completion(content))).to.be.NaN;
      const top = { true: 0.9, false: 0.1 };
      expect(read(completion(content, [position("true", top)])), "with log-probabilities").to.be.NaN;
    });
  }

  describe("behind a JSON schema", () => {
    const rules = { constraint: "json-schema" } as const;
    const top = { true: 0.3, false: 0.6 };
    const certain = (token: string): object => position(token, { [token]: 1 });

    for (const [what, tokens] of [
      ["in a token of its own", ['{"', "answer", '":"', "*", '"}']],
      ["behind its quote", ['{"answer":', ' "*', '"}']],
      ["after spaces", ["{\n ", '"answer"', " : ", '"', "*", '"', "\n}"]],
    ] as const) {
      it(`finds the answer ${what}`, () => {
        const spelled = (text: string, word: string): string => text.replace("*", word);
        const positions = tokens.map((token) =>
          token.includes("*")
            ? position(spelled(token, "false"), {
                [spelled(token, "true")]: top.true,
                [spelled(token, "false")]: top.false,
              })
            : certain(token),
        );
        const content = tokens.map((token) => spelled(token, "false")).join("");
        expect(read(completion(content, positions), rules)).to.be.closeTo(1 / 3, 1e-12);
      });
    }

    it("takes the bare answer where the tokens do not show the place", () => {
      expect(read(completion('{"answer":"true"}', [certain("x")]), rules)).to.equal(0.8);
    });

    for (const content of [
      "true",
      '"true"',
      '{"answer":true}',
      '{"answer":"true","p":1}',
      '{"answer":"true"} ',
      '{"answer":"maybe"}',
      '[{"answer":"true"}]',
      '{"answer":"true"',
      '{"answer":"false","answer":"true"}x',
    ]) {
      const isWhole = content === '{"answer":"true"} ';
      it(`${isWhole ? "reads" : "abstains on"} ${JSON.stringify(content)}`, () => {
        if (isWhole) expect(read(completion(content), rules)).to.equal(0.8);
        else expect(read(completion(content), rules)).to.be.NaN;
      });
    }
  });

  for (const [what, answer] of [
    ["null", null],
    ["no choice", { choices: [] }],
    ["two choices", { choices: [{ message: { content: "true" } }, { message: { content: "false" } }] }],
    ["content that is no text", completion(["true"])],
    ["a log-probability above 0", completion("true", [{ token: "true", logprob: 3 }])],
    ["a log-probability that is none", completion("true", [{ token: "true", logprob: null }])],
    ["tokens that are none", completion("true", [{ token: 1, logprob: -1 }])],
  ] as const) {
    it(`refuses ${what}`, () => {
      expect(() => read(answer))
        .to.throw(RemoteError)
        .with.property("code", "REMOTE_ANSWER_WRONG");
    });
  }

  it("abstains on probabilities that are more than all", () => {
    expect(read(completion("true", [position("true", { true: 0.9, false: 0.9 })]))).to.be.NaN;
  });

  it("gives a probability or an abstention for whatever a server may say, and fails in one way only", () => {
    const text = fc.oneof(
      fc.constantFrom("true", "false", " True", '{"answer":"true"}', '{"answer":', '"', "The", "1e9", "NaN"),
      fc.string(),
    );
    const token = fc.record({
      token: text,
      logprob: fc.oneof(fc.double({ max: 0, noNaN: true }), fc.constantFrom(0, -9_999, -Infinity, NaN, 1)),
    });
    const positions = fc.array(
      fc
        .tuple(token, fc.option(fc.array(token, { maxLength: 5 })))
        .map(([one, top]) => ({ ...one, top_logprobs: top })),
      { maxLength: 6 },
    );
    const answer = fc.oneof(
      fc.anything(),
      fc.tuple(text, fc.option(positions)).map(([content, given]) => completion(content, given)),
    );
    fc.assert(
      fc.property(answer, fc.constantFrom(...CONSTRAINTS), (given, constraint) => {
        let p: number;
        try {
          p = read(given, { constraint });
        } catch (error) {
          expect(error).to.be.instanceOf(RemoteError);
          return;
        }
        if (!Number.isNaN(p)) expect(p).to.be.within(0, 1);
      }),
      { numRuns: 2_000 },
    );
  });
});
