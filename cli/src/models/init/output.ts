import type { DeclaredPort, GraphFacts, ManifestOutput } from "@assay/keeper";

import { CliError } from "../../lib/errors.ts";
import type { Interview } from "./interview.ts";
import { list, oneOf, text, whole } from "./parse.ts";

/** Operators whose results are probabilities; what a regressor gives may be anything. */
const PROBABLE = /^(Sigmoid|Softmax|ai\.onnx\.ml:(Normalizer|(TreeEnsemble|Linear|SVM)Classifier))$/;

/**
 * Which output answers, and which of its numbers says "true". Undefined if an answer is missing.
 *
 * @throws CliError if no output can answer
 */
export async function describeOutput(
  graph: GraphFacts,
  interview: Interview,
): Promise<ManifestOutput | undefined> {
  const tensors = graph.outputs.filter(({ shape, type }) => shape !== undefined || isTensor(type));
  if (tensors.length === 0) {
    const given = graph.outputs.map(({ name, type }) => `${name} (${type})`).join(", ");
    throw new CliError(
      "OUTPUT_UNKNOWN",
      "No output of the graph is a tensor",
      { outputs: given },
      "Export the model again with tensor outputs; scikit-learn: options={'zipmap': False}.",
    );
  }
  const port = tensors.length === 1 ? tensors[0] : await choose(tensors, interview);
  if (port === undefined) return undefined;
  return port.type === "string" || port.type.startsWith("int")
    ? predictedLabel(port, graph, interview)
    : numbers(port, graph, interview);
}

const isTensor = (type: string): boolean => !["map", "sequence", "not a tensor"].includes(type);

async function choose(
  tensors: readonly DeclaredPort[],
  { ask }: Interview,
): Promise<DeclaredPort | undefined> {
  const names = tensors.map(({ name }) => name);
  const likely = tensors.find(({ name, type }) => /prob|logit|score/i.test(name) && type.startsWith("float"));
  const name = await ask({
    flag: "output",
    text: `output that answers, ${names.join(" or ")}`,
    proposal: likely?.name ?? names[0],
    parse: oneOf(...names),
  });
  return tensors.find((port) => port.name === name);
}

async function predictedLabel(
  { name }: DeclaredPort,
  { labels }: GraphFacts,
  { ask }: Interview,
): Promise<ManifestOutput | undefined> {
  const label = await ask({
    flag: "true",
    text: `label that means "the claim is true"${labels ? `, of ${labels.join(", ")}` : ""}`,
    proposal: labels?.length === 2 ? labels[1] : undefined,
    parse: labels === undefined ? text : oneOf(...labels),
  });
  return label === undefined ? undefined : { name, values: "labels", select: { by: "label", label } };
}

async function numbers(
  { name, shape = [] }: DeclaredPort,
  { producers, labels }: GraphFacts,
  { ask }: Interview,
): Promise<ManifestOutput | undefined> {
  const values = PROBABLE.test(producers[name] ?? "")
    ? "probabilities"
    : await ask({
        flag: "values",
        text: `what its numbers are, probabilities or logits (they come from ${producers[name]})`,
        proposal: /prob/i.test(name) ? "probabilities" : "logits",
        parse: oneOf("probabilities", "logits"),
      });
  const last = shape.length > 1 ? shape.at(-1) : 1;
  const classes =
    typeof last === "number"
      ? last
      : (labels?.length ??
        (await ask({
          flag: "classes",
          text: "numbers a claim",
          proposal: "2",
          parse: whole(1, 65_536),
        })));
  if (classes === undefined) return undefined;
  const select = classes === 1 ? ({ by: "only" } as const) : await which(classes, labels, ask);
  return values === undefined || select === undefined ? undefined : { name, values, select };
}

/** Which of several numbers says "true". */
async function which(
  classes: number,
  known: readonly string[] | undefined,
  ask: Interview["ask"],
): Promise<ManifestOutput["select"] | undefined> {
  const labels = known?.length === classes ? known : undefined;
  const choices = labels === undefined ? "" : `, a label of ${labels.join(", ")}`;
  const index = await ask({
    flag: "true",
    text: `which of its ${classes} numbers says that the claim is true: an index from 0${choices}, or "answer" if the claim's answer names the class`,
    proposal: classes === 2 ? "1" : "answer",
    parse: (answer) => {
      if (answer === "answer") return answer;
      const named = labels?.indexOf(answer) ?? -1;
      return named >= 0 ? named : whole(0, classes - 1)(answer);
    },
  });
  if (index !== "answer") return index === undefined ? undefined : { by: "index", index, classes };
  const asked = await ask({
    flag: "labels",
    text: `names of the ${classes} classes in their order, with commas between`,
    proposal: labels?.join(","),
    parse: (answer) => {
      const given = list(text, classes)(answer);
      if (given.length === classes && new Set(given).size === classes) return given;
      throw new Error(`It must be ${classes} different names`);
    },
  });
  return asked && { by: "answer", labels: asked };
}
