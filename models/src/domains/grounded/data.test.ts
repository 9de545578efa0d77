import { expect } from "chai";
import { parseBegin, undoTokenising } from "./data.ts";

describe("parseBegin", () => {
  const header = "model_name\tdata_source\tknowledge\tmessage\tresponse\tbegin_label";

  it("reads true and false rows and leaves out rows without a label", () => {
    const rows = [
      "t5\twow\tA b.\tHi\ta b\tFully attributable ",
      "t5\twow\tA b.\tHi\tc\tGeneric",
      "t5\twow\tA b.\tHi\tc",
    ];
    expect(parseBegin([header, ...rows, ""].join("\r\n"))).to.deep.equal([
      { text: "A b.", answer: "a b", truth: true },
      { text: "A b.", answer: "c", truth: false },
    ]);
  });
});

describe("undoTokenising", () => {
  it("joins contractions and punctuation", () => {
    expect(undoTokenising("I do n't know , it 's all- star .")).to.equal("I don't know, it's all-star.");
  });

  it("leaves ordinary prose alone", () => {
    const prose = "It isn't far (about 3 km), is it?";
    expect(undoTokenising(prose)).to.equal(prose);
  });
});
