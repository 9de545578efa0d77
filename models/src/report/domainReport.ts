import type { Domain, KnownClaim, OpenDomain } from "../domains/domain.ts";
import { editedCopies, type EditsRejected, editsRejected } from "../domains/grounded/editTest.ts";
import { correlation, errorsOf, majorityAccuracy, mean, measure } from "../metrics.ts";
import { readSamples } from "../samples.ts";
import { FIRST_SEED, retrainedVotes } from "../retrained.ts";
import { askAllClasses, type ClassChoice } from "./classChoice.ts";
import { choices, judgeTogether, type Outcome, type Voter, voterOf } from "./committee.ts";
import { alone, bestAlone, type Measured, measureCommittees, SIZES } from "./committees.ts";
import { fixed, kilobytes, table } from "./markdown.ts";
import { pinnedRate, predictAll, type Prediction } from "./predictions.ts";
import { skillShare } from "./record.ts";

/** What was measured in one domain. */
export interface DomainReport {
  readonly name: string;
  /** The section of the domain. */
  readonly text: string;
  readonly best: Outcome;
  readonly committees: readonly Measured[];
}

/** Measures one domain. Where its members do not fill the largest committee, every one is trained once more on other rows. */
export async function domainReport(
  domain: Domain,
  { members, heldOut, groups = [] }: OpenDomain,
): Promise<DomainReport> {
  const families = members.map(({ family }) => family);
  const truths = heldOut.map(({ truth }) => truth);
  const pinned = pinnedRate(heldOut);
  const predictions = await predictAll(domain, families, heldOut);
  const samples = readSamples(domain.name);
  const onSamples = await predictAll(domain, families, samples);
  const voters = predictions.map(({ votes }) => voterOf(votes, truths, pinned));
  const twins: Voter[] = [];
  for (const member of voters.length < Math.max(...SIZES) ? members : []) {
    const asked = { domain, claims: heldOut, pinned };
    const votes = await retrainedVotes(asked, member, { seed: FIRST_SEED, resample: true });
    twins.push(voterOf(votes, truths, pinned));
  }
  const committees = measureCommittees(voters, twins, truths, pinned);
  const choice = groups.length === 0 ? undefined : await askAllClasses(domain, families, heldOut);
  const text = [
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
    await editTable(domain, heldOut, predictions, voters),
    `Correlation of errors (1 = wrong):`,
    correlationTable(predictions, truths),
    committeeText(predictions, voters, truths),
    groupTable(groups, families, voters, truths, choice),
    twinTable(predictions, voters, twins, truths),
    committeeTable(committees, voters, truths),
  ]
    .filter((part) => part !== "")
    .join("\n\n");
  return { name: domain.name, text, best: bestAlone(voters, truths), committees };
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

/**
 * Members and committees on clean answers, and on edited copies of true ones. Only where the manifests carry measurements on edited
 * answers. Committees vote equally here: what they accept is on the side of the mean vote.
 */
async function editTable(
  domain: Domain,
  heldOut: readonly KnownClaim[],
  predictions: readonly Prediction[],
  voters: readonly Voter[],
): Promise<string> {
  if (predictions.every(({ manifest }) => manifest.measured?.editsRejected === undefined)) return "";
  const copies = editedCopies(heldOut.map(({ text = "", answer, truth }) => ({ text, answer, truth })));
  const families = predictions.map(({ family }) => family);
  const onCopies = await predictAll(domain, families, copies, pinnedRate(heldOut));
  const truths = heldOut.map(({ truth }) => truth);
  const together = (seated: readonly number[]) => {
    const means = (all: readonly Prediction[]): number[] =>
      (all[0]?.probabilities ?? []).map((_, row) => mean(seated.map((i) => (all[i]?.votes[row] ?? 0) / 255)));
    const { accuracy } = judgeTogether(
      seated.flatMap((i) => voters[i] ?? []),
      truths,
      "equal",
    );
    return { accuracy, edits: editsRejected(copies, means(predictions), means(onCopies)) };
  };
  const row = (name: string, committees: readonly (readonly number[])[]): string[] => {
    const measured = committees.map(together);
    const cell = (kind: keyof EditsRejected): string => {
      const rejected = mean(measured.map(({ edits }) => edits[kind].rejected));
      const rows = mean(measured.map(({ edits }) => edits[kind].rows));
      return `${fixed(rejected, 2)} of ${rows.toFixed(0)}`;
    };
    const clean = fixed(mean(measured.map(({ accuracy }) => accuracy)));
    return [name, clean, cell("negation"), cell("number"), cell("wordSwap")];
  };
  const count = predictions.length;
  const sizes = SIZES.filter((size) => size < count);
  return (
    `Edited copies of true answers that a member or a committee (equal votes) accepts; the share of copies it then rejects:\n\n` +
    table([
      ["", "accuracy on clean answers", "negation", "number", "word swap"],
      ...predictions.map(({ family }, index) => row(`\`${family}\``, [[index]])),
      ...sizes.map((size) => {
        const all = choices(count, size);
        return row(`committees of ${size}, mean of ${all.length}`, all);
      }),
      row(`committee of all ${count}`, choices(count, count)),
    ])
  );
}

function correlationTable(predictions: readonly Prediction[], truths: readonly boolean[]): string {
  const errors = predictions.map(({ votes }) => errorsOf(votes, truths));
  return table([
    ["", ...predictions.map(({ family }) => `\`${family}\``)],
    ...predictions.map(({ family }, row) => [
      `\`${family}\``,
      ...errors.map((other) => fixed(correlation(errors[row] ?? [], other), 2)),
    ]),
  ]);
}

function committeeText(
  predictions: readonly Prediction[],
  voters: readonly Voter[],
  truths: readonly boolean[],
): string {
  const errors = predictions.map(({ votes }) => errorsOf(votes, truths));
  const agreed = truths.flatMap((_, row) => {
    const wrong = errors.reduce((sum, error) => sum + (error[row] ?? 0), 0);
    return wrong === 0 || wrong === errors.length ? [wrong === 0] : [];
  });
  const single = voters.map((voter) => alone(voter, truths));
  const best = Math.max(...single.map(({ accuracy }) => accuracy));
  const lowest = Math.min(...single.map(({ brier }) => brier));
  return (
    `All ${predictions.length} members are on the same side of ½ for ${percent(agreed.length / truths.length)} of the claims and right on ` +
    `${percent(agreed.filter(Boolean).length / agreed.length)} of those. Best single member: accuracy ${fixed(best)}, Brier ${fixed(lowest, 4)}.`
  );
}

/** What a committee of each group adds to its members: about claims, and as the classifier they are together. */
function groupTable(
  groups: NonNullable<OpenDomain["groups"]>,
  families: readonly string[],
  voters: readonly Voter[],
  truths: readonly boolean[],
  choice: ClassChoice | undefined,
): string {
  if (groups.length === 0) return "";
  const rows = groups.map((group) => {
    const own = group.families.map((family) => families.indexOf(family));
    const seated = own.flatMap((index) => voters[index] ?? []);
    const single = seated.map((voter) => alone(voter, truths).accuracy);
    const together = judgeTogether(seated, truths, "equal");
    const chosen = own.map((index) => choice?.([index]) ?? Number.NaN);
    return [
      group.name,
      String(own.length),
      fixed(mean(single)),
      fixed(Math.max(...single)),
      fixed(together.accuracy),
      fixed(together.brier, 4),
      ...(choice === undefined ? [] : [fixed(mean(chosen)), fixed(Math.max(...chosen)), fixed(choice(own))]),
    ];
  });
  const head = [
    "members",
    "number",
    "accuracy alone, mean",
    "best",
    "committee of all, equal votes",
    "Brier",
  ];
  const classes = ["right class alone, mean", "best", "committee"];
  const note =
    choice === undefined
      ? ""
      : "\n\n_Right class_: asked about all answers an item could have, a member or committee (mean probability) rates the right one highest.";
  return `${table([choice === undefined ? head : [...head, ...classes], ...rows])}${note}`;
}

function percent(share: number): string {
  return `${(100 * share).toFixed(0)} %`;
}

/** Retrainings on other rows: how good each is alone, and how often it errs where its twin does. */
function twinTable(
  predictions: readonly Prediction[],
  voters: readonly Voter[],
  twins: readonly Voter[],
  truths: readonly boolean[],
): string {
  if (twins.length === 0) return "";
  const errors = (voter: Voter | undefined): number[] => errorsOf(voter?.votes ?? [], truths);
  const rows = twins.map((twin, index) => {
    const { accuracy, brier } = alone(twin, truths);
    return [
      `\`${predictions[index]?.family}\``,
      fixed(accuracy),
      fixed(brier, 4),
      fixed(correlation(errors(voters[index]), errors(twin)), 2),
    ];
  });
  return (
    `Seven seats on ${voters.length} families: all ${voters.length} members and two of these retrainings (rows drawn again with replacement, ` +
    `another seed; not shipped), no family more than twice:\n\n` +
    table([["retrained", "accuracy", "Brier", "error correlation with the member"], ...rows])
  );
}

function committeeTable(
  measured: readonly Measured[],
  voters: readonly Voter[],
  truths: readonly boolean[],
): string {
  const cells = ({ accuracy, brier, decided, rightWhenDecided }: Outcome): string[] => [
    fixed(accuracy),
    fixed(brier, 4),
    percent(decided),
    fixed(rightWhenDecided),
  ];
  const nameOf = ({ size, committees }: Measured): string => {
    if (size === voters.length) return `all ${size}`;
    return `${size}${size > voters.length ? ` on ${voters.length} families` : ""}, mean of ${committees}`;
  };
  return table([
    ["committee", "always wrong", "votes", "accuracy", "Brier", "decided", "right when decided"],
    ["best member alone", "0", "", ...cells(bestAlone(voters, truths))],
    ...measured.map((one) => [nameOf(one), String(one.liars), one.by, ...cells(one.outcome)]),
  ]);
}
