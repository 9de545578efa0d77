/** The prose of docs/diversity.md around the measured tables. */
export function diversityText(tables: {
  readonly matrix: string;
  readonly generalists: string;
  readonly teaching: string;
  readonly monoculture: string;
  readonly clones: string;
}): string {
  return `# Specialists, monoculture, clones

Written by \`npm run models:diversity -- --data DIR\` from the committed models and the data sets that
[models/README.md](../models/README.md) names; the same data give the same bytes. Votes are the bytes a keeper would send under the base
rate of the held-out claims. One split, small models: these figures are about the built-in domains, not about every model.

## 1. Specialists against generalists

Each domain's cheapest good specialist (the smallest file within a point of the best accuracy) and the committee of all its members judge
the held-out claims of all domains: accuracy / skill, where skill is what the protocol pays, as a share of what certainty in the truth
would earn (below 0: worse than answering the base rate). So do two generalists (_texts_), which learned the training claims of
\`grounded\`, \`relevance\` and \`language\` together: the same recipe, one graph that takes text and answer (of \`language\` the code) and is
not told which domain asks. They are trained by this command and not shipped: ${tables.generalists}.

${tables.matrix}

![Accuracy and skill of specialists and generalists](plots/specialists.svg)

Where a cell names a reason the model cannot judge: one that takes an image cannot read a text and the other way round, and a model of
languages has no label for an answer that is a sentence. Its keeper votes the base rate on every claim, which earns and costs nothing:
the cell has the accuracy of that vote and skill 0. \`grounded\` and \`relevance\` fit each other's claims and
those of \`language\` by form only (measured without the manifests' limits: a keeper would abstain on an answer of two letters). Abroad
the accuracy of specialists that do judge is that of a coin (0.55 at best, where always the same answer gets 0.50) and their skill is
negative in every cell: text overlap means _attributable_ at home and _same subject_ next door, so the neighbour's model is surely wrong.
A specialist knows one domain, and its form does not show which: that is why domains, stake and reputation are kept apart.

What the other domains cost a model of the same family and size:

${tables.teaching}

The generalists lose in every domain: 6 points of accuracy in \`grounded\`, 4 and 13 in \`relevance\`, and of \`language\` nearly all they could
know. Against the cheapest good specialists they are 7, 6 and 45 points behind. They are not surely wrong anywhere, as a neighbour's
specialist is: their skill is positive in \`grounded\` and \`relevance\` and about 0 in \`language\`, so an operator could serve three domains
with one of them, for less pay than with three small files. Two things cost: the same overlap means different things in different domains,
which nothing in a claim tells apart, and one form for all has no features for languages (taught these alone, \`hashed-mlp\` gets 0.67 where
naive Bayes on characters gets 0.98). These are models of 24 and 142 kB that learned three small data sets; nothing follows for large
pretrained ones.

## 2. If every operator runs the cheapest good specialist

Five seats, equal votes. _Clones_: one model five times. _Other seeds_: one family trained again on the same rows. _Other rows and seeds_:
on rows drawn with replacement, as another operator's data would differ. _Different families_: all choices of five. Retrained are the
cheapest good specialist and, because logistic regression and naive Bayes give the same model for every seed, one family that a seed
changes.

Error correlation is the mean over pairs (1 = on the wrong side of ½). **N_eff of errors** = 1 / Σ s_i², where s_i is the share of
eigenvalue i of the error-correlation matrix C in the sum of all; as the eigenvalues add up to n and their squares to Σ C_ij², it is
n² / Σ C_ij². It is 5 where errors are uncorrelated and 1 where all err together.

${tables.monoculture}

![Effective number of independent errors](plots/monoculture-neff.svg)

![Brier score](plots/monoculture-brier.svg)

N_eff of five seats is 1 for clones, 1.0–2.2 for other seeds, 1.0–2.6 for other rows and 2.0–4.2 for different families: retraining helps
where a family is unstable or hungry for data, another family always helps more than retraining the cheapest. But differing is not yet
being right: where one family is much better than the rest (\`relevance\`, \`language\`, and \`digits\` in Brier score), five copies of it
beat five families drawn at random, because equal votes pay for the weak members; only in \`grounded\`, where the families are equally
good, does the mixed committee win. Votes by record ([models.md](models.md)) win back a part. What copies cannot do is correct each other:
all of them fail on the same claims, and their unanimity says nothing.

## 3. How far apart votes stay

The statistic: Pearson's correlation r of two operators' vote bytes over the claims both judged and on which the committee was uncertain,
|p̄ − ½| ≤ 0.25. Here p̄ is the mean of all members of the domain. Where the committee is sure, everybody who is any good says the same, and
that is no evidence. Retrainings are those of section 2. Clones change their copy: every byte gets an even draw from −k … k, or a
calibration of its own (_bent_: 0.6 · logit p + 0.3).

**False accusations.** Two ways to ask, the stricter wins. _Closest pair_: the closest innocent pair seen, plus 4.75 standard deviations
(one in a million, one-sided normal) of its sampling noise over m shared uncertain claims. _Unseen pair_: a pair drawn from all like those
seen: the domain's mean z plus 4.75 times the root of spread² + noise², the spread pooled over domains. Noise is bootstrapped (200 draws of
blocks of two neighbouring claims, which are about the same row); it is close to the 1/√m of independent normal votes. Ten pairs a domain
(45 in \`digits\`) do not prove a tail of one in a million: the normal shape is an assumption, and \`relevance\` strains it.
\`rarity-logistic\` and \`align-conv\` look at the same word overlap and correlate far above the rest; on its own spread that domain
would ask for more than 0.99. \`grounded\` has only 104 uncertain claims, so its noise at larger m is extrapolated. And one in a million is per
pair: of 100 operators there are 4,950 pairs, and a chance of one in two hundred that any is accused by mistake.

**Without the normal shape.** A second table asks the data. Every pair is bootstrapped (100,000 times 256 claims, blocks of two), and the
pair of each domain that asks for the highest r ten million times, so that its one in a million is counted, not extrapolated; in brackets
the 95 % interval of that count. Beside it a generalised Pareto tail over the highest 0.2 % of 100,000 draws; in brackets the 95 %
interval of where it would lie had other claims been asked (100 resamples of the claims). Then the same tail with blocks of eight.
Counted, \`relevance\` needs 0.946 where the normal shape says 0.934 (its tail is heavier), the others less than 0.9 (\`digits\` with
longer blocks too):
at m = 256 **r ≥ 0.95 holds as a point estimate only**. At most three of eleven million draws reached it, but the 334 uncertain claims leave
room up to 0.961 for this one pair, \`rarity-logistic\` and \`align-conv\`, and where requests pin another b the normal shape asks for 0.952
and 0.953 (last table). **So the rule asks for m ≥ 512**: there the normal shape asks for 0.950 at most, and the same room ends at 0.949
(line below the table of draws). What no draw shows is a pair of families that nobody has built: without any shape, 75 pairs with none above 0.95 only say
that fewer than 3.9 % of all pairs are above it (95 %, as if pairs were independent).

${tables.clones}

Adding up requests of different b does not make innocents look alike: where the committee is uncertain, votes lie around θ whatever b is,
so the requests have nothing in common that would correlate. The highest threshold is that of a single b, not of a mixture.

![Correlation of votes](plots/clones-correlation.svg)

![Distance of votes](plots/clones-distance.svg)

**What follows for the clone rule**

| parameter                         | default                                                                      |
| --------------------------------- | ---------------------------------------------------------------------------- |
| uncertain                         | p̄ within 0.5 · min(θ, 1 − θ) of θ: 0.25 at θ = ½                             |
| shared uncertain claims, at least | 512 (here a quarter of all claims are uncertain: about eight full requests)  |
| statistic                         | r² of the two vote vectors, from Σa, Σb, Σa², Σb², Σab: no root, no division |
| accused from                      | r ≥ 0.95                                                                     |
| not accused                       | a vector that hardly varies: a constant has no correlation                   |

The shares caught are of the pairs as measured, on the 104 to 367 uncertain claims each domain has.

- Correlation beats distance: it sees through a calibration of one's own, which distance misses altogether.
- A clone hides from r ≥ 0.95 by noise of about ±32 to ±64, which costs 0.005 to 0.02 of Brier score on every claim, as much as
  separates good members from middling ones. The rule makes copying dearer; it does not make it impossible.
- Retrainings are in between: seeds of one family often look like clones, other rows mostly do not. An operator that trains the built-in
  recipe must declare the built-in family.
- Families built on the same features come close: 0.88 here, 0.91 under b = 0.7, is as close as 0.95 and 512 claims bear. A domain whose
  families are closer must ask for more claims, raise the threshold, or call them one family.
- Measured at θ = ½. The band is scaled with the nearer end of θ, as the margin of a verdict is, so that its widest ends halfway to what a
  committee is surely of: an absolute 0.25 would reach 0 at θ = 0.25, and the bound of 0.5 in the table above shows what sure claims do to
  innocents. That as many claims are uncertain, and correlate as little, at other θ is not measured.
`;
}
