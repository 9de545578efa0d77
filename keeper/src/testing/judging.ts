import { expect } from "chai";

import { RefusedModel, type Refusal } from "../model/errors.ts";
import type { ModelFile } from "../model/manifest.ts";
import { openRuntime } from "../model/runtime.ts";
import type { Claim } from "../payload/schema.ts";

/** A claim of numbers. */
export const values = (...numbers: number[]): Claim => ({ values: numbers, answer: "a" });
/** The text of a claim, named t. */
export const TEXT = { kind: "string", name: "t", field: "text" } as const;

/** What a model answers, in this very process. */
export async function judge(file: ModelFile, claims: readonly Claim[]): Promise<number[]> {
  const runtime = await openRuntime(file);
  const { probabilities } = await runtime.judge(claims);
  await runtime.close();
  return Array.from(probabilities);
}

/** Why a model is refused. */
export async function refusal(file: ModelFile): Promise<Refusal> {
  try {
    await (await openRuntime(file)).close();
  } catch (error) {
    expect(error).to.be.instanceOf(RefusedModel);
    return (error as RefusedModel).refusal;
  }
  throw new Error("the model was not refused");
}

export const near = (given: readonly number[], wanted: readonly number[], within = 1e-6): void => {
  expect(given).to.have.length(wanted.length);
  wanted.forEach((p, i) =>
    Number.isNaN(p) ? expect(given[i]).to.be.NaN : expect(given[i]).to.be.closeTo(p, within),
  );
};
