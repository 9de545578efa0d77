import type { Member, Trained } from "../domains/domain.ts";
import type { RowTensors } from "../onnx/front.ts";
import { type ClassMember, type ClassTask, frontRows, trainClasses } from "./pipeline.ts";

/** A family of classes as a member of a domain. Rows are prepared once, however often it is trained. */
export function classMember(member: ClassMember, task: ClassTask): Member {
  const { family } = member;
  let rows: Promise<RowTensors[]> | undefined;
  return {
    family: family.family,
    name: family.name,
    summary: family.summary,
    async train(seed, resample): Promise<Trained> {
      rows ??= frontRows(family, task);
      const trained = trainClasses(member, task, await rows, seed, resample);
      const { slope, offset } = trained.calibration;
      return {
        bytes: trained.bytes,
        output: { name: "logits", values: "logits", select: { by: "answer", labels: [...task.labels] } },
        calibration: { method: "platt", slope, offset },
        baseRate: 0.5,
        rows: trained.rows,
        outOfFold: {
          probabilities: trained.outOfFold,
          truths: task.claims.map(({ truth }) => truth),
        },
      };
    },
  };
}
