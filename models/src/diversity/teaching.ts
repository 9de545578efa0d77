import { table } from "../report/markdown.ts";
import { type Generalist, TEXTS, trainGeneralist } from "./generalist.ts";
import { cellOf, impossible, judgeAbroad, type MeasuredDomain } from "./specialists.ts";

/** What learning the other domains as well costs: the generalists beside the same families taught one domain. */
export async function teachingTable(
  all: readonly MeasuredDomain[],
  generalists: readonly Generalist[],
): Promise<string> {
  const guests = all.filter(({ domain }) => impossible(TEXTS, domain) === undefined);
  const rows: string[][] = [];
  for (const generalist of generalists) {
    const { family } = generalist;
    const alone: string[] = [];
    const together: string[] = [];
    for (const guest of guests) {
      const member = guest.predictions.find((prediction) => prediction.family === family.family);
      const specialist = member ?? (await trainGeneralist(family, guest.training));
      alone.push(cellOf(await judgeAbroad([specialist], guest)));
      together.push(cellOf(await judgeAbroad([generalist], guest)));
    }
    rows.push(
      [`\`${family.family}\`, this domain only`, ...alone],
      [`\`${family.family}\`, all of them`, ...together],
    );
  }
  return table([["taught", ...guests.map(({ domain }) => domain.name)], ...rows]);
}
