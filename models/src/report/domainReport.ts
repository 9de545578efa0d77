import type { Domain, OpenDomain } from "../domains/domain.ts";
import type { EditsRejected } from "../domains/grounded/editTest.ts";
import { correlation, majorityAccuracy, mean, measure } from "../metrics.ts";
import { readSamples } from "../samples.ts";
import {
  alwaysWrong,
  choices,
  judgeTogether,
  meanOutcome,
  type Outcome,
  type Voter,
  voterOf,
  WEIGHTINGS,
  type Weighting,
} from "./committee.ts";
import { fixed, kilobytes, table } from "./markdown.ts";
import { pinnedRate, predictAll, type Prediction } from "./predictions.ts";
import { skillShare } from "./record.ts";

const SIZES = [3, 5, 7];

/** The section of one domain. */
export async function domainReport(
  domain: Domain,
  { members, heldOut, groups = [] }: OpenDomain,
): Promise<string> {
  const families = members.map(({ family }) => family);
  const truths = heldOut.map(({ truth }) => truth);
  const pinned = pinnedRate(heldOut);
  const predictions = await predictAll(domain, families, heldOut);
  const samples = readSamples(domain.name);
  const onSamples = await predictAll(domain, families, samples);
  const voters = predictions.map(({ votes }) => voterOf(votes, truths, pinned));
  return [
    `## ${domain.name}`,
    `A claim says: ${domain.question}. ${heldOut.length} held-out claims, always the same answer gets ${fixed(majorityAccuracy(truths))}, ` +
      `b = ${pinned}/255. Split: ${domain.split}. Calibration: ${domain.fittedOn}.`,
    memberTable(predictions, voters, truths, pinned, (index) => {
      const probabilities = onSamples[index]?.probabilities ?? [];
      return measure(
        probabilities,
        samples.map(({ truth }) => truth),
      ).accuracy;
    }),
    editTable(predictions),
    `Correlation of errors (1 = wrong):`,
    correlationTable(predictions, truths),
    committeeText(predictions, voters, truths),
    groupTable(groups, predictions, voters, truths),
    committeeTable(voters, truths, pinned),
  ]
    .filter((part) => part !== "")
    .join("\n\n");
}

function memberTable(
  predictions: readonly Prediction[],
  voters: readonly Voter[],
  truths: readonly boolean[],
  pinned: number,
  onSamples: (index: number) => number,
): string {
  return table([
    ["member", "accuracy", "Brier", "ece", "skill", "R", "own samples", "size", "ms/claim (as measured)"],
    ...predictions.map(({ family, probabilities, votes, bytes, milliseconds }, index) => {
      const { accuracy, brier, ece } = measure(probabilities, truths);
      const [one, two] = voters[index]?.standings ?? [];
      return [
        `\`${family}\``,
        fixed(accuracy),
        fixed(brier, 4),
        fixed(ece),
        fixed(skillShare(votes, truths, pinned)),
        fixed(((one?.reputation ?? 0) + (two?.reputation ?? 0)) / 2, 1),
        fixed(onSamples(index), 2),
        kilobytes(bytes),
        fixed(milliseconds, 2),
      ];
    }),
  ]);
}

/** Only where the manifests carry measurements on edited answers. */
function editTable(predictions: readonly Prediction[]): string {
  const rows = predictions.flatMap(({ family, manifest }) => {
    const edits = manifest.measured?.editsRejected as EditsRejected | undefined;
    if (edits === undefined) return [];
    const cell = ({ rejected, rows }: EditsRejected["number"]): string => `${fixed(rejected, 2)} of ${rows}`;
    return [[`\`${family}\``, cell(edits.negation), cell(edits.number), cell(edits.wordSwap)]];
  });
  if (rows.length === 0) return "";
  const head = ["member", "negation", "number", "word swap"];
  return `Edited copies of true answers that the model accepts; the share of copies it then rejects:\n\n${table([head, ...rows])}`;
}

function correlationTable(predictions: readonly Prediction[], truths: readonly boolean[]): string {
  const errors = errorsOf(predictions, truths);
  return table([
    ["", ...predictions.map(({ family }) => `\`${family}\``)],
    ...predictions.map(({ family }, row) => [
      `\`${family}\``,
      ...errors.map((other) => fixed(correlation(errors[row] ?? [], other), 2)),
    ]),
  ]);
}

function errorsOf(predictions: readonly Prediction[], truths: readonly boolean[]): number[][] {
  return predictions.map(({ votes }) =>
    truths.map((truth, row) => ((votes[row] ?? 0) > 127.5 === truth ? 0 : 1)),
  );
}

function committeeText(
  predictions: readonly Prediction[],
  voters: readonly Voter[],
  truths: readonly boolean[],
): string {
  const errors = errorsOf(predictions, truths);
  const agreed = truths.flatMap((_, row) => {
    const wrong = errors.reduce((sum, error) => sum + (error[row] ?? 0), 0);
    return wrong === 0 || wrong === errors.length ? [wrong === 0] : [];
  });
  const alone = voters.map((voter) => judgeTogether([voter], truths, "equal"));
  const best = Math.max(...alone.map(({ accuracy }) => accuracy));
  const lowest = Math.min(...alone.map(({ brier }) => brier));
  return (
    `All ${predictions.length} members are on the same side of ½ for ${percent(agreed.length / truths.length)} of the claims and right on ` +
    `${percent(agreed.filter(Boolean).length / agreed.length)} of those. Best single member: accuracy ${fixed(best)}, Brier ${fixed(lowest, 4)}.`
  );
}

/** What a committee of each group adds to its members. */
function groupTable(
  groups: NonNullable<OpenDomain["groups"]>,
  predictions: readonly Prediction[],
  voters: readonly Voter[],
  truths: readonly boolean[],
): string {
  if (groups.length === 0) return "";
  const rows = groups.map(({ name, families }) => {
    const own = voters.filter((_, index) => families.includes(predictions[index]?.family ?? ""));
    const alone = own.map((voter) => judgeTogether([voter], truths, "equal").accuracy);
    const together = judgeTogether(own, truths, "equal");
    return [
      name,
      String(own.length),
      fixed(mean(alone)),
      fixed(Math.max(...alone)),
      fixed(together.accuracy),
      fixed(together.brier, 4),
    ];
  });
  return table([
    ["members", "number", "accuracy alone, mean", "best", "committee of all, equal votes", "Brier"],
    ...rows,
  ]);
}

function percent(share: number): string {
  return `${(100 * share).toFixed(0)} %`;
}

function committeeTable(voters: readonly Voter[], truths: readonly boolean[], pinned: number): string {
  const wrong = alwaysWrong(truths, pinned);
  const ranked = [...voters.keys()].sort((a, b) => brierOf(voters[a]) - brierOf(voters[b]));
  const sizes = [...new Set([...SIZES.filter((size) => size <= voters.length), voters.length])];
  const rows = sizes.flatMap((size) =>
    [0, 1, 2]
      .filter((liars) => liars === 0 || size >= 2 * liars + 1)
      .flatMap((liars) =>
        WEIGHTINGS.map((by) => {
          const outcome = ofSize(size, liars, by);
          return [
            `${size === voters.length ? `all ${size}` : `${size}, mean of ${choices(voters.length, size).length}`}`,
            String(liars),
            by,
            fixed(outcome.accuracy),
            fixed(outcome.brier, 4),
            percent(outcome.decided),
            fixed(outcome.rightWhenDecided),
          ];
        }),
      ),
  );
  const head = ["committee", "always wrong", "votes", "accuracy", "Brier", "decided", "right when decided"];
  return table([head, ...rows]);

  function brierOf(voter: Voter | undefined): number {
    return voter === undefined ? 1 : judgeTogether([voter], truths, "equal").brier;
  }

  /** The best `liars` members of each committee are replaced by members that are always wrong. */
  function ofSize(size: number, liars: number, by: Weighting): Outcome {
    const outcomes = choices(voters.length, size).map((members) => {
      const turned = new Set(ranked.filter((member) => members.includes(member)).slice(0, liars));
      const seated = members.flatMap((member) => (turned.has(member) ? wrong : (voters[member] ?? [])));
      return judgeTogether(seated, truths, by);
    });
    return meanOutcome(outcomes);
  }
}
