import type { Outcome, Weighting } from "./committee.ts";
import { WEIGHTINGS } from "./committee.ts";
import type { DomainReport } from "./domainReport.ts";
import { fixed, table } from "./markdown.ts";

/** Seats, and how many of them are always wrong. */
const COLUMNS = [
  { size: 3, liars: 0 },
  { size: 5, liars: 0 },
  { size: 7, liars: 0 },
  { size: 3, liars: 1 },
  { size: 5, liars: 1 },
  { size: 7, liars: 1 },
  { size: 3, liars: 2 },
  { size: 5, liars: 2 },
  { size: 7, liars: 2 },
] as const;

/** All domains side by side: the best member alone, then committees by size and by members that are always wrong. */
export function summaryTable(reports: readonly DomainReport[]): string {
  const cell = ({ accuracy, brier }: Outcome): string => `${fixed(accuracy)} / ${fixed(brier)}`;
  const measured = ({ committees }: DomainReport, by: Weighting): string[] =>
    COLUMNS.map(({ size, liars }) => {
      const one = committees.find((each) => each.size === size && each.liars === liars && each.by === by);
      return one === undefined ? "" : cell(one.outcome);
    });
  return table([
    [
      "domain, votes",
      "best alone",
      ...COLUMNS.map(({ size, liars }) => `${size}${liars === 0 ? "" : `, ${liars} wrong`}`),
    ],
    ...reports.flatMap((report) =>
      WEIGHTINGS.map((by) => [`${report.name}, ${by}`, cell(report.best), ...measured(report, by)]),
    ),
  ]);
}
