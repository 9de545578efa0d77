/**
 * Holds bench/gas.json to what must not be exceeded: the budgets of bench/budgets.json, one limit for every batch at its
 * maximum, and one price of a commit whatever the number of operators.
 */
import { readFileSync } from "node:fs";

type Figures = Partial<Record<string, number>>;

const read = (name: string): Figures =>
  JSON.parse(readFileSync(new URL(name, import.meta.url), "utf8")) as Figures;

const MAX = 16_000_000;
/** Share by which a commit among ten thousand operators may differ from one among ten. */
const TOLERANCE = 0.01;

const figures = read("gas.json");
const maxima = Object.keys(figures).filter((key) => key.startsWith("max."));
const budgets = { ...read("budgets.json"), ...Object.fromEntries(maxima.map((key) => [key, MAX])) };
const problems = Object.entries(budgets).flatMap(([key, budget]) => {
  const gas = figures[key];
  return gas !== undefined && gas <= budget! ? [] : [`over budget: ${key} ${gas ?? "missing"} > ${budget}`];
});
const [few, many] = [figures["commit.of10"] ?? NaN, figures["commit.of10000"] ?? NaN];
if (!(Math.abs(many - few) < TOLERANCE * few)) {
  problems.push(`a commit costs ${few} gas among ten operators, ${many} among ten thousand`);
}
for (const problem of problems) console.error(problem);
process.exitCode = problems.length === 0 ? 0 : 1;
