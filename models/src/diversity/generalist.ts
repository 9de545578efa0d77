import { type Manifest, MODEL_FILE } from "@assay/keeper";

import type { Domain, TrainingPair } from "../domains/domain.ts";
import { grounded } from "../domains/grounded/index.ts";
import { manifestOf } from "../manifests.ts";
import { alignConv } from "../pairs/align-conv.ts";
import type { Family } from "../pairs/family.ts";
import { hashedMlp } from "../pairs/hashed-mlp.ts";
import { pairMember } from "../pairs/member.ts";

/** Families of pairs that do not count the words of one domain first; one knows words, the other only where they match. */
export const GENERALIST_FAMILIES: readonly Family[] = [hashedMlp, alignConv];
/** That of the committed models. */
const SEED = 7;

/** All domains whose claims are texts, as one: text and answer, and nothing says which domain asks. */
export const TEXTS: Domain = { ...grounded, name: "texts" };

/** A model trained on several domains; it is measured, not shipped. */
export interface Generalist {
  readonly family: Family;
  readonly manifest: Manifest;
  readonly model: Uint8Array;
  /** Training claims, edited copies not counted. */
  readonly rows: number;
}

/** Training claims of all domains, in groups that do not meet. */
export function unionOf(
  domains: readonly { readonly domain: Pick<Domain, "name">; readonly training: readonly TrainingPair[] }[],
): TrainingPair[] {
  return domains.flatMap(({ domain, training }) =>
    training.map((pair) => ({ ...pair, group: `${domain.name} ${pair.group}` })),
  );
}

/** Trains one family on `training` the way a member of a domain is trained. The same rows give the same bytes. */
export async function trainGeneralist(
  family: Family,
  training: readonly TrainingPair[],
): Promise<Generalist> {
  const options = {
    groupOf: ({ group }: TrainingPair) => group,
    copies: training.map(({ copies }) => copies),
  };
  const member = pairMember(family, training, options);
  const trained = await member.train(SEED);
  return {
    family,
    manifest: manifestOf(TEXTS, member, trained),
    model: trained.bytes,
    rows: trained.rows,
  };
}

/** Size and hash of each, so that a second training can be compared. */
export function describeGeneralists(generalists: readonly Generalist[]): string {
  return generalists
    .map(
      ({ family, manifest, model, rows }) =>
        `\`${family.family}\` (${rows} training claims, ${model.length} bytes, SHA-256 ${manifest.files[MODEL_FILE].slice(0, 16)}…)`,
    )
    .join(" and ");
}
