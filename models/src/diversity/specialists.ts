import { voteByte } from "@assay/keeper";

import type { Domain, KnownClaim, TrainingPair } from "../domains/domain.ts";
import { openJudge } from "../judge.ts";
import { mean, measure } from "../metrics.ts";
import { fixed, table } from "../report/markdown.ts";
import type { Prediction } from "../report/predictions.ts";
import { skillShare } from "../report/record.ts";
import { type Generalist, TEXTS } from "./generalist.ts";
import { type Cell, heatMap } from "./svg.ts";

/** A domain with its held-out claims and what all its members say about them. */
export interface MeasuredDomain {
  readonly domain: Domain;
  readonly training: readonly TrainingPair[];
  readonly claims: readonly KnownClaim[];
  readonly truths: readonly boolean[];
  readonly pinned: number;
  readonly predictions: readonly Prediction[];
}

/** Accuracy below the best by no more than this is good enough. */
const GOOD = 0.01;

/** The smallest model whose accuracy is within a point of the domain's best: what every operator would choose. */
export function cheapestGood({ predictions, truths }: MeasuredDomain): Prediction {
  const accuracy = ({ probabilities }: Prediction): number => measure(probabilities, truths).accuracy;
  const best = Math.max(...predictions.map(accuracy));
  const good = predictions.filter((prediction) => accuracy(prediction) >= best - GOOD);
  return good.reduce((least, other) => (other.bytes < least.bytes ? other : least));
}

/** What votes are worth on the claims of a domain. */
export interface Judged {
  readonly accuracy: number;
  readonly skill: number;
}

/** What a model of one domain is worth on claims of another, and why its keeper votes the base rate if it cannot judge them. */
interface Answer extends Judged {
  readonly why?: string | undefined;
}

/** Section 1: every domain's specialists, and the generalists, on every domain's claims. */
export async function specialistMatrix(
  all: readonly MeasuredDomain[],
  generalists: readonly Generalist[],
): Promise<{ text: string; plot: string }> {
  const rows: { name: string; answers: Answer[] }[] = [];
  for (const home of all) {
    const chosen = cheapestGood(home);
    const one: Answer[] = [];
    const together: Answer[] = [];
    for (const guest of all) {
      const why = impossible(home.domain, guest.domain);
      one.push(why === undefined ? await judgeAbroad([chosen], guest) : silent(guest, why));
      together.push(why === undefined ? await judgeAbroad(home.predictions, guest) : silent(guest, why));
    }
    rows.push({ name: `${home.domain.name}: ${chosen.family}`, answers: one });
    rows.push({ name: `${home.domain.name}: all ${home.predictions.length}`, answers: together });
  }
  const both = { name: `texts: all ${generalists.length}`, chosen: generalists };
  for (const { name, chosen } of [
    ...generalists.map((one) => ({ name: `texts: ${one.family.family}`, chosen: [one] })),
    both,
  ]) {
    const answers: Answer[] = [];
    for (const guest of all) {
      const why = impossible(TEXTS, guest.domain);
      answers.push(why === undefined ? await judgeAbroad(chosen, guest) : silent(guest, why));
    }
    rows.push({ name, answers });
  }
  const names = all.map(({ domain }) => domain.name);
  const text = table([
    ["trained on", ...names],
    ...rows.map(({ name, answers }) => [
      name,
      ...answers.map((answer) => `${cellOf(answer)}${answer.why === undefined ? "" : `, ${answer.why}`}`),
    ]),
  ]);
  const cells = rows.map(({ answers }) =>
    answers.map(({ accuracy, skill, why }): Cell => ({
      text: `${fixed(accuracy, 2)} / ${why === undefined ? fixed(skill, 2) : "0"}`,
      shade: why === undefined ? skill : undefined,
    })),
  );
  const title =
    "Accuracy / skill of specialists and generalists (rows) on the claims of each domain (columns)";
  return {
    text,
    plot: heatMap(
      title,
      rows.map(({ name }) => name),
      names,
      cells,
    ),
  };
}

/** How a judgement is written in a table. */
export function cellOf({ accuracy, skill }: Judged): string {
  return `${fixed(accuracy)} / ${fixed(skill, 2)}`;
}

/** Why models of `home` cannot judge claims of `guest`; undefined if they can. */
export function impossible(home: Pick<Domain, "inputs">, guest: Domain): string | undefined {
  const takes = home.inputs[0]?.kind;
  const gives = guest.inputs[0]?.kind;
  if (takes !== gives) return takes === "image" ? "no image" : "no text";
  if (home.inputs.length < guest.inputs.length) return "answer is no label";
  return undefined;
}

/** Who cannot judge votes the base rate on every claim. */
export function silent({ truths, pinned }: Pick<MeasuredDomain, "truths" | "pinned">, why: string): Answer {
  const votes = truths.map(() => pinned);
  const right = truths.filter((truth) => pinned > 127.5 === truth);
  return { accuracy: right.length / truths.length, skill: skillShare(votes, truths, pinned), why };
}

/** Mean vote of `models` on the claims of another domain, moved to its base rate. */
export async function judgeAbroad(
  models: readonly Pick<Prediction, "manifest" | "model">[],
  guest: MeasuredDomain,
): Promise<Judged> {
  const votes: Uint8Array[] = [];
  for (const { manifest, model } of models) {
    const { judge, release } = await openJudge(manifest, model);
    const probabilities = await judge(guest.claims);
    await release();
    votes.push(Uint8Array.from(probabilities, (p) => voteByte(p, manifest.baseRate, guest.pinned)));
  }
  const means = guest.claims.map((_, row) => mean(votes.map((vote) => vote[row] ?? 0)));
  const right = guest.truths.filter((truth, row) => (means[row] ?? 0) > 127.5 === truth);
  return {
    accuracy: right.length / guest.truths.length,
    skill: skillShare(means, guest.truths, guest.pinned),
  };
}
