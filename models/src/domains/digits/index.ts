import { centroids, claimsAbout } from "../../classes/claims.ts";
import { classMember } from "../../classes/member.ts";
import type { ClassMember, ClassTask } from "../../classes/pipeline.ts";
import { seededRandom } from "../../rng.ts";
import type { Domain } from "../domain.ts";
import { blindTo } from "./blind.ts";
import { DIGIT_FILES, readDigitData, SIDE } from "./data.ts";
import { imageFeeds } from "./feeds.ts";
import { gradientPerceptron } from "./gradient-perceptron.ts";
import { neighbours } from "./neighbours.ts";
import { pixelForest } from "./pixel-forest.ts";
import { pixelSoftmax } from "./pixel-softmax.ts";
import { strokeConv } from "./stroke-conv.ts";

const DIGITS = ["0", "1", "2", "3", "4", "5", "6", "7", "8", "9"] as const;

/** Images which each of the first five members sees; no two of them share one. */
const FEW = 200;
const FEW_FAMILIES = [pixelSoftmax, neighbours, gradientPerceptron, pixelForest, strokeConv];
const BLIND_SPOTS = [
  [0, 7],
  [1, 8],
  [2, 5],
  [3, 9],
  [4, 6],
] as const;

/** Five families with 200 examples each, and five members that never met two of the digits. */
const DIGIT_MEMBERS: readonly ClassMember[] = [
  ...FEW_FAMILIES.map((family, place) => ({
    family,
    sees: (index: number) => Math.floor(index / FEW) === place,
  })),
  ...BLIND_SPOTS.map(([first, second]) => ({
    family: blindTo(first, second),
    sees: (_index: number, label: number) => label !== first && label !== second,
  })),
];

const CLAIM_SEED = 42;

/** Does this image show this digit? */
export const digits: Domain = {
  name: "digits",
  question: "the image shows the digit that is the answer",
  files: DIGIT_FILES,
  split:
    "by row: of each digit 60 of 200 images, drawn with a fixed seed, only measure; the first five members share no training image",
  fittedOn:
    "log-odds of two claims a training row by heads that have not seen the row (three folds of what the member sees)",
  provenance: {
    source: "cazala/mnist @ 76157793, src/digits: 200 images a digit",
    licence: "MIT",
    attribution: "Images of MNIST as packaged by cazala/mnist, MIT. The weights are derived.",
  },
  inputs: [
    {
      kind: "image",
      name: "image",
      width: SIDE,
      height: SIDE,
      resize: "bilinear",
      channels: "gray",
      layout: "nchw",
      scale: 1 / 255,
      mean: [0],
      std: [1],
      type: "float32",
    },
  ],
  limits: { answer: { min: 1, max: 1 }, image: { min: 12, max: 512 } },
  open(directory) {
    const { training, heldOut } = readDigitData(directory);
    const random = seededRandom(CLAIM_SEED);
    const labels = training.map(({ digit }) => digit);
    const vectors = training.map(({ pixels }) => coarse(pixels));
    const centres = centroids(vectors, labels, DIGITS.length);
    const task: ClassTask = {
      labels: DIGITS,
      input: (graph) => graph.input("image", "float", ["N", 1, SIDE, SIDE]),
      items: training.map(({ pixels, digit }) => ({ feeds: imageFeeds(pixels), label: digit })),
      claims: claimsAbout(vectors, labels, centres, random),
    };
    const asked = claimsAbout(
      heldOut.map(({ pixels }) => coarse(pixels)),
      heldOut.map(({ digit }) => digit),
      centres,
      random,
    );
    return Promise.resolve({
      members: DIGIT_MEMBERS.map((member) => classMember(member, task)),
      training: [],
      groups: [
        { name: "200 examples each", families: familiesOf(DIGIT_MEMBERS.slice(0, FEW_FAMILIES.length)) },
        { name: "blind to two digits each", families: familiesOf(DIGIT_MEMBERS.slice(FEW_FAMILIES.length)) },
      ],
      heldOut: asked.flatMap(({ item, label, truth }) => {
        const row = heldOut[item];
        return row === undefined ? [] : [{ pixels: row.pixels, answer: String(label), truth }];
      }),
    });
  },
};

function familiesOf(members: readonly ClassMember[]): string[] {
  return members.map(({ family: { family } }) => family);
}

/** Means of four by four pixels, 0 … 1. */
function coarse(pixels: Uint8Array): Float64Array {
  const cells = SIDE / 4;
  const means = new Float64Array(cells * cells);
  pixels.forEach((value, index) => {
    const cell = Math.floor(index / SIDE / 4) * cells + Math.floor((index % SIDE) / 4);
    means[cell] = (means[cell] ?? 0) + value / (255 * 16);
  });
  return means;
}
