/** Measures all committed models and writes docs/models.md: `npm run models:report -- --data DIR`. */
import { writeFileSync } from "node:fs";
import { join } from "node:path";

import { DOMAINS } from "../domains/index.ts";
import { commandLine, DOCS } from "../paths.ts";
import { domainReport } from "./domainReport.ts";

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
  _decided_ is outside the margin of VOTE-10 (0.4 … 0.6).
- **Always wrong**: the one or two best members of each committee vote the opposite of the truth with certainty, in their history too.
- One seed and one split: the standard error of an accuracy of 0.9 is 0.015 on 416 claims and 0.0085 on 1,200; smaller differences mean
  little.
`;

const { directory, domains } = commandLine(DOMAINS);
const sections: string[] = [];
for (const domain of domains) {
  sections.push(await domainReport(domain, await domain.open(directory)));
  console.log(`${domain.name} is measured`);
}
const text = `${[PREFACE.trimEnd(), ...sections].join("\n\n")}\n`;
if (domains.length === DOMAINS.length) writeFileSync(join(DOCS, "models.md"), text);
else console.log(text);
