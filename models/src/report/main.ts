/** Measures all committed models and writes docs/models.md: `npm run models:report -- --data DIR`. */
import { writeFileSync } from "node:fs";
import { join } from "node:path";

import { DOMAINS } from "../domains/index.ts";
import { commandLine, DOCS } from "../paths.ts";
import { type DomainReport, domainReport } from "./domainReport.ts";
import { summaryTable } from "./summary.ts";

const PREFACE = `# Built-in models, measured

Written by \`npm run models:report -- --data DIR\` from the committed models and the data sets that
[models/README.md](../models/README.md) names; only the times differ from run to run (one thread, batch of one, a shared machine).

- **Probabilities** are calibrated (never on held-out claims). Votes are their bytes under the held-out base rate b, as the keeper
  makes them.
- **Skill** is what the protocol pays against b (SCORE-3), as a share of what certainty in the truth would earn: 0 for always b, 1 for
  always right and sure, negative for worse than b.
- **R** is where the protocol's reputation stands after 128 quality windows of 32 claims drawn from one half of the held-out claims,
  scored against the truth; the mean of both halves.
- **Committees.** A claim's mean vote is weighted _equally_, by _tier_ (v = 1 … 4 by R, VOTE-7) or by _record_ (the member's skill, none
  below zero). Tier and record come from the half of the claims that is not being judged. Accuracy is the right side of θ = ½;
  _decided_ is outside the margin of VOTE-10 (0.4 … 0.6). _Best member alone_ has the lowest Brier score on these very claims, which
  nobody knows beforehand.
- **Seven seats.** \`digits\` has ten members. The other domains have five, and no more are shipped: their committees of seven are all
  five members and two of five retrainings (one a family, on rows drawn again with replacement and from another seed), so that no family
  sits more than twice. That is seven operators on five families, less diverse than seven families would be.
- **Always wrong**: the one or two best members of each committee vote the opposite of the truth with certainty, in their history too.
- One seed and one split: the standard error of an accuracy of 0.9 is 0.015 on 416 claims and 0.0085 on 1,200; smaller differences mean
  little.
`;

const SUMMARY = `## Committees against the best single member

Accuracy / Brier score; means over all committees of a size. The sections below say how many claims are decided, and how rightly.

TABLE

- **Nobody wrong on purpose.** No committee of up to seven is more accurate than the best member by more than a standard error: by half
  a point in \`grounded\` and \`digits\`; in \`relevance\` and \`language\` the best member stays 0.7 and 0.6 points ahead. In Brier score only
  \`grounded\` has committees that beat it. But nobody knows the best member beforehand: a member drawn at random gets 0.889, 0.853, 0.931
  and 0.855 in the order of the table, a committee of three drawn at random more in every domain.
- **Which digit is it?** Asked about all ten digits of an image, which is what a classifier is measured by, committees win plainly: five
  members of 200 examples each are right for 83.0 % of the images (the best of them 88.3 %), together for 90.3 %; five that never met two
  of the digits for 74.0 % (74.7 %), together for 91.8 %.
- **More seats.** From three to five helps by up to 1.2 points (not in \`grounded\`). From five to seven helps only in \`digits\`, where the
  added members are other models (half a point); a second operator on the same family sees little that the first does not.
- **Some always wrong.** With equal votes one of seven costs 3 to 6 points, two of seven 11 to 22, two of five 27 to 63. By tier two of
  seven cost 2 to 6, by record at most 1.4. Here more seats help most: one wrong of three is worse than two of seven in every domain and
  under any votes. Two wrong of three are the majority: equal votes are then never right, votes by tier for 19 to 76 % of the
  claims, by record, which the two have lost, for 77 to 90 %.`;

const { directory, domains } = commandLine(DOMAINS);
const reports: DomainReport[] = [];
for (const domain of domains) {
  reports.push(await domainReport(domain, await domain.open(directory)));
  console.log(`${domain.name} is measured`);
}
const text = `${[PREFACE.trimEnd(), SUMMARY.replace("TABLE", summaryTable(reports)), ...reports.map((report) => report.text)].join("\n\n")}\n`;
if (domains.length === DOMAINS.length) writeFileSync(join(DOCS, "models.md"), text);
else console.log(text);
