import { z } from "zod";

/** An amount in whole units with at most 18 decimals, as text so that nothing is lost. */
const amount = z.string().regex(/^\d{1,12}(\.\d{1,18})?$/, {
  error: 'an amount such as "0.05", with at most 18 decimals',
});

const gasPerDay = amount.default("0.005").describe("Most coin for gas in a day");
const on = (isOn: boolean) => z.boolean().default(isOn).describe("Whether it runs");

/** What the watches do and what they may spend; everything a watch risks is bounded by the day. */
export const watchesSchema = z
  .strictObject({
    workPrice: amount
      .exactOptional()
      .describe("What one WORK is worth in the chain's coin; only with it is a reward compared with gas"),
    leastReward: amount
      .default("0.001")
      .describe("Without `workPrice`: WORK a transaction must bring at least"),
    lookMs: z
      .int()
      .min(0)
      .max(3_600_000)
      .default(15_000)
      .describe("Milliseconds between two looks of a watch"),
    absences: z
      .strictObject({ on: on(true), gasPerDay })
      .prefault({})
      .describe("Reports who was drawn and stayed silent, for a twentieth of the charge"),
    debts: z
      .strictObject({ on: on(true), gasPerDay })
      .prefault({})
      .describe("Distributes accounts in debt, for a twentieth of the charge"),
    tapes: z
      .strictObject({ on: on(true), gasPerDay })
      .prefault({})
      .describe("Posts the reputations of others, for `postBounty`"),
    metrics: z
      .strictObject({ on: on(false), gasPerDay })
      .prefault({})
      .describe("Recomputes posted metrics and challenges false ones, for half of their bond"),
    posts: z
      .strictObject({
        on: on(false),
        gasPerDay,
        workPerDay: amount.default("20").describe("Most WORK for bonds in a day"),
        receipts: z.int().min(1).max(100).default(20).describe("New receipts that are worth a post"),
      })
      .prefault({})
      .describe(
        "Posts the metrics of the own operator as its receipts give them, under a bond that comes back",
      ),
    clones: z
      .strictObject({
        on: on(false),
        gasPerDay,
        workPerDay: amount.default("500").describe("Most WORK for bonds in a day"),
        days: z.int().min(1).max(365).default(7).describe("Days of revealed votes that are compared"),
      })
      .prefault({})
      .describe("Compares revealed votes and reports clones, under a bond"),
    appeals: z
      .strictObject({
        on: on(false),
        gasPerDay,
        workPerDay: amount.default("1").describe("Most WORK for bonds in a day"),
        bondAtMost: amount.default("0.25").describe("Most WORK for the bond of one appeal"),
        appealsPerDay: z.int().min(1).max(1_000).default(5).describe("Most appeals in a day"),
        confidence: z
          .number()
          .min(0)
          .max(0.8)
          .default(0.35)
          .describe("Least distance of the own model's vote from θ, on the other side"),
        trust: z
          .number()
          .min(0)
          .max(1)
          .default(0.75)
          .describe("Share of the model's probability taken for that of an overturning: models err together"),
      })
      .prefault({})
      .describe("Appeals verdicts the own model is confident against, where that is worth its bond"),
  })
  .prefault({})
  .describe("Watches over others; see the section Watches");

export type WatchSettings = z.infer<typeof watchesSchema>;
