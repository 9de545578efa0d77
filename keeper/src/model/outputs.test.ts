import { expect } from "chai";
import fc from "fast-check";

import type { ManifestOutput } from "./manifest.ts";
import { logit, sigmoid, softmax } from "./numbers.ts";
import { OutputShapeError, readOutput } from "./outputs.ts";

const close = (given: readonly number[], wanted: readonly number[]): void => {
  expect(given).to.have.length(wanted.length);
  wanted.forEach((x, i) => expect(given[i]).to.be.closeTo(x, 1e-9));
};

const sharesOf = (logits: readonly number[]): number[] => logits.map((_, at) => softmax(logits, at));

describe("softmax", () => {
  it("gives the shares of a worked example", () => {
    close(sharesOf([Math.log(1), Math.log(2), Math.log(5)]), [1 / 8, 2 / 8, 5 / 8]);
  });

  it("does not overflow, sums to 1 and keeps the order", () => {
    close(sharesOf([1_000, 0]), [1, 0]);
    const logits = fc.array(fc.double({ min: -1e4, max: 1e4, noNaN: true }), { minLength: 1, maxLength: 9 });
    fc.assert(
      fc.property(logits, (numbers) => {
        const shares = sharesOf(numbers);
        expect(shares.reduce((a, b) => a + b)).to.be.closeTo(1, 1e-9);
        const greatest = numbers.indexOf(Math.max(...numbers));
        expect(shares[greatest]).to.equal(Math.max(...shares));
      }),
    );
  });

  it("of a part looks at nothing else", () => {
    close([softmax([9, Math.log(1), Math.log(3), 9], 1, 1, 2)], [3 / 4]);
    expect(softmax([0, Number.NaN], 0)).to.be.NaN;
  });

  it("of two is the sigmoid of their difference", () => {
    close(sharesOf([0.3, 1.7]), [sigmoid(-1.4), sigmoid(1.4)]);
    expect(sigmoid(logit(0.2))).to.be.closeTo(0.2, 1e-12);
  });
});

describe("readOutput", () => {
  const floats = (data: number[], dims: number[]) => ({ type: "float32", dims, data });
  const output = (values: ManifestOutput["values"], select: ManifestOutput["select"]): ManifestOutput => ({
    name: "p",
    values,
    select,
  });
  const ANSWERS = ["a", "b"];

  it("takes the only number, of [N] and of [N, 1]", () => {
    for (const dims of [[2], [2, 1]])
      close(
        readOutput(floats([0.2, 0.7], dims), output("probabilities", { by: "only" }), ANSWERS),
        [0.2, 0.7],
      );
  });

  it("takes one of several", () => {
    const select = { by: "index", index: 1, classes: 3 } as const;
    const tensor = floats([0.1, 0.2, 0.7, 0.5, 0.4, 0.1], [2, 3]);
    close(readOutput(tensor, output("probabilities", select), ANSWERS), [0.2, 0.4]);
  });

  it("turns logits into probabilities, by sigmoid or softmax", () => {
    close(readOutput(floats([0, logit(0.9)], [2]), output("logits", { by: "only" }), ANSWERS), [0.5, 0.9]);
    const select = { by: "index", index: 1, classes: 2 } as const;
    close(readOutput(floats([0, 0, 0, Math.log(3)], [2, 2]), output("logits", select), ANSWERS), [0.5, 0.75]);
  });

  it("takes the number of the label the answer names, and nothing for other answers", () => {
    const select = { by: "answer", labels: ["a", "b"] } as const;
    const given = readOutput(
      floats([0.9, 0.1, 0.8, 0.2, 0.5, 0.5], [3, 2]),
      output("probabilities", { by: "answer", labels: [...select.labels] }),
      ["a", "b", "B"],
    );
    expect(given).to.deep.equal([0.9, 0.2, NaN]);
  });

  it("compares labels, numbers and strings alike", () => {
    const isOne = output("labels", { by: "label", label: "1" });
    expect(readOutput({ type: "int64", dims: [2], data: [1n, 0n] }, isOne, ANSWERS)).to.deep.equal([1, 0]);
    expect(readOutput({ type: "string", dims: [2], data: ["0", "1"] }, isOne, ANSWERS)).to.deep.equal([0, 1]);
  });

  it("forgives a rounding and nothing more", () => {
    const given = readOutput(
      floats([1.000_01, -0.000_01, 1.1, -0.1, NaN, Infinity], [6]),
      output("probabilities", { by: "only" }),
      [..."abcdef"],
    );
    expect(given).to.deep.equal([1, 0, NaN, NaN, NaN, NaN]);
  });

  it("refuses what the manifest does not promise", () => {
    const only = output("probabilities", { by: "only" });
    for (const [tensor, promised] of [
      [floats([0.1, 0.2, 0.3], [3]), only],
      [floats([0.1, 0.2, 0.3, 0.4], [2, 2]), only],
      [floats([0.1, 0.2], [2]), output("probabilities", { by: "index", index: 0, classes: 2 })],
      [{ type: "string", dims: [2], data: ["0.1", "0.2"] }, only],
      [floats([0, 1], [2]), output("labels", { by: "label", label: "1" })],
    ] as const)
      expect(() => readOutput(tensor, promised, ANSWERS)).to.throw(OutputShapeError);
  });
});
