import type { Domain, KnownClaim } from "../domains/domain.ts";
import { mean } from "../metrics.ts";
import { predictAll } from "./predictions.ts";

/**
 * Share of true claims whose answer some members, asked about all answers, rate highest together: what a classifier's accuracy is.
 *
 * @param seated places in `families`
 */
export type ClassChoice = (seated: readonly number[]) => number;

/**
 * Asks members about every answer that the items of true claims could have.
 *
 * @returns undefined where answers are no classes the manifests name
 */
export async function askAllClasses(
  domain: Domain,
  families: readonly string[],
  claims: readonly KnownClaim[],
): Promise<ClassChoice | undefined> {
  const items = claims.filter(({ truth }) => truth);
  const [first] = await predictAll(domain, families.slice(0, 1), items.slice(0, 1));
  const select = first?.manifest.output.select;
  if (select?.by !== "answer") return undefined;
  const { labels } = select;
  const asked = items.flatMap((item) =>
    labels.map((answer) => ({ ...item, answer, truth: item.answer === answer })),
  );
  const predictions = await predictAll(domain, families, asked);
  const truths = items.map(({ answer }) => labels.indexOf(answer));
  return (seated) =>
    shareRight(
      seated.flatMap((index) => (predictions[index] === undefined ? [] : [predictions[index].probabilities])),
      truths,
      labels.length,
    );
}

/**
 * Share of items whose own class has the highest mean; of equal ones the first counts.
 *
 * @param rated for each member, class by class, item after item
 * @param truths the class of each item
 */
export function shareRight(
  rated: readonly (readonly number[])[],
  truths: readonly number[],
  classes: number,
): number {
  return mean(
    truths.map((truth, item) => {
      const means = Array.from({ length: classes }, (_, label) =>
        mean(rated.map((own) => own[item * classes + label] ?? Number.NaN)),
      );
      return Number(means.indexOf(Math.max(...means)) === truth);
    }),
  );
}
