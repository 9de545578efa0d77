import type { Member } from "../domains/domain.ts";
import { errorsOf, mean, measure } from "../metrics.ts";
import { choices } from "../report/committee.ts";
import { fixed, table } from "../report/markdown.ts";
import type { Prediction } from "../report/predictions.ts";
import { FIRST_SEED, retrainedVotes } from "../retrained.ts";
import { cheapestGood, type MeasuredDomain } from "./specialists.ts";
import { correlationMatrix, effectiveNumber, meanOffDiagonal } from "./statistics.ts";
import { barPlot } from "./svg.ts";

const SEATS = 5;

/** Votes of several retrainings of one family. */
export interface Retrained {
  readonly family: string;
  /** Other seeds, the same rows. */
  readonly reseeded: readonly Uint8Array[];
  /** Other seeds, rows drawn anew with replacement. */
  readonly resampled: readonly Uint8Array[];
}

/**
 * Retrains the cheapest good specialist and, because many specialists are the same for every seed, the fastest to train of the
 * families that a seed changes.
 */
export async function retrain(measured: MeasuredDomain, members: readonly Member[]): Promise<Retrained[]> {
  const cheapest = cheapestGood(measured).family;
  const second = {
    grounded: "hashed-mlp",
    relevance: "hashed-mlp",
    language: "word-pieces",
    digits: "pixel-forest",
  };
  const names = new Set([cheapest, second[measured.domain.name as keyof typeof second]]);
  const all: Retrained[] = [];
  for (const member of members.filter(({ family }) => names.has(family))) {
    all.push({
      family: member.family,
      reseeded: await votesOf(measured, member, false),
      resampled: await votesOf(measured, member, true),
    });
  }
  return all;
}

async function votesOf(measured: MeasuredDomain, member: Member, resample: boolean): Promise<Uint8Array[]> {
  const votes: Uint8Array[] = [];
  for (let seat = 0; seat < SEATS; seat++) {
    votes.push(await retrainedVotes(measured, member, { seed: FIRST_SEED + 100 * seat, resample }));
  }
  return votes;
}

interface Committee {
  readonly kind: string;
  readonly correlation: number;
  readonly effective: number;
  readonly accuracy: number;
  readonly brier: number;
}

/** Section 2: committees of five that are less and less alike. */
export function monoculture(all: readonly { measured: MeasuredDomain; retrained: readonly Retrained[] }[]): {
  text: string;
  plots: Readonly<Record<string, string>>;
} {
  const sections = all.map(({ measured, retrained }) => ({
    measured,
    committees: committeesOf(measured, retrained),
  }));
  const text = sections
    .map(({ measured, committees }) => {
      const head = ["committee of five", "error correlation", "N_eff of errors", "accuracy", "Brier"];
      const rows = committees.map(({ kind, correlation, effective, accuracy, brier }) => [
        kind,
        fixed(correlation, 2),
        fixed(effective, 2),
        fixed(accuracy),
        fixed(brier, 4),
      ]);
      return `### ${measured.domain.name}\n\n${table([head, ...rows])}`;
    })
    .join("\n\n");
  const groups = sections.map(({ measured }) => measured.domain.name);
  const kinds = ["clones", "other seeds", "other rows", "different families"];
  const series = (read: (committee: Committee) => number) =>
    kinds.map((name) => ({
      name,
      values: sections.map(({ committees }) =>
        mean(committees.filter(({ kind }) => kind.startsWith(name)).map(read)),
      ),
    }));
  return {
    text,
    plots: {
      "monoculture-neff": barPlot(
        "Effective number of independent errors in a committee of five",
        "N_eff",
        [0, 5],
        groups,
        series(({ effective }) => effective),
      ),
      "monoculture-brier": barPlot(
        "Brier score of a committee of five (lower is better)",
        "Brier",
        [0, 0.15],
        groups,
        series(({ brier }) => brier),
      ),
    },
  };
}

function committeesOf(measured: MeasuredDomain, retrained: readonly Retrained[]): Committee[] {
  const { predictions, truths } = measured;
  const cheapest = cheapestGood(measured);
  const clones = Array.from({ length: SEATS }, () => cheapest.votes);
  const subsets = choices(predictions.length, SEATS).map((chosen) =>
    chosen.flatMap((index): Prediction[] => (predictions[index] === undefined ? [] : [predictions[index]])),
  );
  const mixed = subsets.map((chosen) =>
    committee(
      "",
      chosen.map(({ votes }) => votes),
      truths,
    ),
  );
  return [
    committee(`clones of \`${cheapest.family}\``, clones, truths),
    ...retrained.flatMap(({ family, reseeded, resampled }) => [
      committee(`other seeds of \`${family}\``, reseeded, truths),
      committee(`other rows and seeds of \`${family}\``, resampled, truths),
    ]),
    {
      kind: subsets.length === 1 ? "different families" : `different families, mean of ${subsets.length}`,
      correlation: mean(mixed.map(({ correlation }) => correlation)),
      effective: mean(mixed.map(({ effective }) => effective)),
      accuracy: mean(mixed.map(({ accuracy }) => accuracy)),
      brier: mean(mixed.map(({ brier }) => brier)),
    },
  ];
}

function committee(kind: string, votes: readonly Uint8Array[], truths: readonly boolean[]): Committee {
  const matrix = correlationMatrix(votes.map((vote) => errorsOf(vote, truths)));
  const means = truths.map((_, row) => mean(votes.map((vote) => (vote[row] ?? 0) / 255)));
  const { accuracy, brier } = measure(means, truths);
  return { kind, correlation: meanOffDiagonal(matrix), effective: effectiveNumber(matrix), accuracy, brier };
}
