import { expect } from "chai";

import { SIGMOID, swellingModel } from "../testing/models.ts";
import { onnxFile } from "../testing/onnx.ts";
import { ModelFileError } from "./errors.ts";
import { lookAtModel } from "./look.ts";
import { memoryOf, startModelProcess } from "./worker/process.ts";

describe("lookAtModel", function () {
  this.timeout(60_000);

  it("tells what a file says and that it opens", async () => {
    const { facts, refused } = await lookAtModel(onnxFile(SIGMOID), "x");
    expect(facts.operators).to.deep.equal({ Sigmoid: 1 });
    expect(refused).to.equal(undefined);
  });

  it("tells what a file says that does not open, and why", async () => {
    const { facts, refused } = await lookAtModel(
      onnxFile({ ...SIGMOID, nodes: [["Frobnicate", ["x"], ["p"]]] }),
      "x",
    );
    expect(facts.operators).to.deep.equal({ Frobnicate: 1 });
    expect(refused?.code).to.equal("OPERATOR_MISSING");
  });

  it("leaves the memory and the time that reading takes to another process", async () => {
    const bytes = swellingModel();
    const before = memoryOf(process.pid);
    const error: unknown = await lookAtModel(bytes, "x", { memoryMb: 400 }).catch((e: unknown) => e);
    expect((error as ModelFileError).code).to.equal("MODEL_TOO_BIG");
    // The file itself crosses over once.
    expect(memoryOf(process.pid) - before, "MiB").to.be.below(200);
  });

  it("survives any flipped bit: a file is read or refused, opens or is refused", async () => {
    const limits = { memoryMb: 600, loadMs: 5_000, deadlineMs: 5_000 };
    const good = onnxFile(SIGMOID);
    let worker = startModelProcess(limits);
    const codes: Record<string, number> = {};
    for (let bit = 0; bit < good.length * 8; bit++) {
      const flipped = Uint8Array.from(good);
      flipped[bit >> 3]! ^= 1 << (bit & 7);
      for (const step of ["describe", "open"] as const) {
        let code = "fine";
        try {
          await worker[step](flipped, "flipped");
        } catch (error) {
          expect(error, `bit ${bit}`).to.be.instanceOf(ModelFileError);
          code = (error as ModelFileError).code;
        }
        if (["MODEL_CRASHED", "MODEL_TOO_SLOW", "MODEL_TOO_BIG"].includes(code)) {
          worker.stop();
          worker = startModelProcess(limits);
        }
        codes[`${step} ${code}`] = (codes[`${step} ${code}`] ?? 0) + 1;
      }
    }
    worker.stop();
    await worker.ended;
    expect(codes["describe MODEL_NOT_ONNX"], JSON.stringify(codes)).to.be.greaterThan(100);
    expect(codes["open MODEL_NOT_ONNX"], JSON.stringify(codes)).to.be.greaterThan(100);
    expect(codes["open fine"], JSON.stringify(codes)).to.be.greaterThan(100);
  });
});
