/** The tables of docs/gas.md, made from the figures of bench/gas.json. */

export type Figures = Readonly<Partial<Record<string, number>>>;

const SEATS = 7;
const CLAIMS = [1, 64, 256] as const;

export class GasTables {
  readonly #figures: Figures;
  readonly #budgets: Figures;

  constructor(figures: Figures, budgets: Figures) {
    this.#figures = figures;
    this.#budgets = budgets;
  }

  /** Budgets against what was measured. */
  budgets(): string {
    const rows = Object.entries(this.#budgets).map(([key, budget]) => {
      const gas = this.#gas(key);
      const left = percent((budget! - gas) / budget!);
      return [`\`${key}\``, number(budget!), number(gas), left];
    });
    return table(["Key", "Budget", "Measured", "Left"], rows);
  }

  /** Every journey, those that depend on the number of claims apart from the others. */
  keys(): string {
    const byClaims = Object.entries(BY_CLAIMS).map(([key, meaning]) => [
      `\`${key}\``,
      ...CLAIMS.map((k) => number(this.#gas(`${key}.k${k}`))),
      meaning,
    ]);
    const others = Object.entries(OTHERS).map(([key, meaning]) => [
      `\`${key}\``,
      number(this.#gas(key)),
      meaning,
    ]);
    const unnamed = Object.keys(this.#figures).filter((key) => !isExplained(key));
    if (unnamed.length > 0) throw new Error(`scripts/lib/gasTables.ts does not say what ${unnamed[0]} is`);
    return [
      table(["Key", "`.k1`", "`.k64`", "`.k256`", "What"], byClaims),
      table(["Key", "Gas", "What"], others),
    ].join("\n\n");
  }

  /** What the whole round was spent on, by part and by transaction. */
  parts(): string {
    const total = (k: number): number =>
      Object.keys(PARTS).reduce((sum, part) => sum + this.#gas(`parts.k${k}.${part}`), 0);
    const shared = (gas: (k: number) => number): string[] =>
      CLAIMS.map((k) => `${number(gas(k) / SEATS)} (${percent(gas(k) / total(k))})`);
    const byPart = Object.entries(PARTS).map(([part, meaning]) => [
      meaning,
      ...shared((k) => this.#gas(`parts.k${k}.${part}`)),
    ]);
    const commits = (k: number): number =>
      this.#gas(`commitSealing.k${k}`) + (SEATS - 1) * this.#gas(`commit.k${k}`);
    const byTransaction = [
      ["request", ...shared((k) => this.#gas(`request.k${k}`))],
      ["commits, the seal in the first", ...shared(commits)],
      ["one batch of reveals", ...shared((k) => this.#gas(`revealBatch.k${k}`))],
      ["finalize", ...shared((k) => this.#gas(`finalize.k${k}`))],
      ["one batch of settlements", ...shared((k) => this.#gas(`settleBatch.k${k}`))],
    ];
    const heads = CLAIMS.map((k) => (k === 1 ? "1 claim" : `${k} claims`));
    const whole = ["**together**", ...shared(total)];
    return [
      table(["Per seat, by transaction", ...heads], [...byTransaction, whole]),
      table(["Per seat, by what it pays for", ...heads], [...byPart, whole]),
    ].join("\n\n");
  }

  /** Per operator and epoch, beside the rounds. */
  upkeep(): string {
    const distribute = this.#gas("distributeBatch.n7") / SEATS;
    const post = this.#gas("postBatch.n7") / SEATS;
    const opening = (this.#gas("settleFirstOfEpoch.k64") - this.#gas("settleBatch.k64")) / SEATS;
    const all = distribute + post + opening;
    return table(
      ["Per operator and epoch", "Gas"],
      [
        ["its account opened by the first settlement", number(opening)],
        ["its reputation posted, one in a batch of seven", number(post)],
        ["its account distributed, one in a batch of seven", number(distribute)],
        ["**together**", number(all)],
        ["spread over 10 seats an epoch, a seat", number(all / 10)],
        ["spread over 100 seats an epoch, a seat", number(all / 100)],
      ],
    );
  }

  /** Ours beside the figures of others. */
  peers(): string {
    const of = (key: string, part = 1): string => number(this.#gas(key) / part);
    const vote = this.#gas("commit.k1") + (this.#gas("revealBatch.k1") + this.#gas("settleBatch.k1")) / SEATS;
    return table(
      ["What", "Assay", "UMA VotingV2", "Kleros v2", "Others"],
      [
        [
          "commit, a transaction of its own",
          of("commit.k1"),
          "92.0k",
          "94.9k",
          "AGIJobs v0 57.6k (n = 3), 73.9k (n = 10)",
        ],
        [
          "reveal, a transaction of its own",
          `${of("reveal.k64")} (64 claims)`,
          "82.6k",
          "146.5k",
          "AGIJobs v0 70.7k (n = 3), 86.9k (n = 10)",
        ],
        [
          "reveal in a batch, each",
          `${of("revealBatch.k1", SEATS)} (7 voters)`,
          "54.5k (one voter, 10 questions)",
          "–",
          "–",
        ],
        [
          "settlement, per participant",
          `${of("settleBatch.k1", SEATS)} (1 claim)`,
          "42.7k (4 questions), 27.8k (10)",
          "119k (n = 30) – 221k (n = 3)",
          "AGIJobs v0 105k (n = 3), 62k (n = 10)",
        ],
        ["**one question: commit, reveal, settlement**", number(vote), "217k", "–", "–"],
        [
          "**one question, all in: request, draw and verdict too**",
          of("perVoteAllIn.k1"),
          "362k (n = 3), 261k (n = 10), 232k (n = 30)",
          "1,102k (n = 3), 674k (n = 10), 541k (n = 30)",
          "AGIJobs v0 594k (n = 3), 453k (n = 10); Dria 398k – 470k",
        ],
        [
          "a vote on one of many questions",
          `${of("perVoteAllIn.k64")} (64), ${of("perVoteAllIn.k256")} (256)`,
          "132k (10 questions a transaction)",
          "–",
          "–",
        ],
        [
          "stake, first",
          `${of("stakeFirst")} (delegator), ${of("stakeOwnFirst")} (own)`,
          "124.6k",
          "238k – 255k",
          "AGIJobs v0 65.7k; EigenLayer 211k – 235k; Livepeer 468k – 596k",
        ],
        [
          "stake, more",
          of("stakeTopUp"),
          "88.7k",
          "121k – 127k",
          "AGIJobs v0 48.6k; EigenLayer 130k – 137k; Livepeer 296k – 409k",
        ],
        [
          "request to unstake",
          of("requestUnstake"),
          "68.6k",
          "116k – 122k (pays at once)",
          "AGIJobs v0 56.1k; EigenLayer 418k – 447k; Livepeer 450k",
        ],
        ["withdraw", of("withdraw"), "59.5k", "–", "Livepeer 104k; EigenLayer 156k – 164k"],
        [
          "request, payload by reference",
          of("request.k64"),
          "246k (128 bytes stored)",
          "556k",
          "Infernet 316k – 376k; ai-registry-mech 294k; OAO 236k",
        ],
      ],
    );
  }

  /** Every call that takes a list or bytes. */
  maxima(): string {
    const rows = MAXIMA.map(([call, bound, key, largest]) => {
      const gas = this.#gas(key);
      return [`\`${call}\``, bound, `${number(gas)} (${percent(gas / 16_000_000)})`, largest];
    });
    return table(["Call", "At most", "Gas at most (of 16M)", "Measured as"], rows);
  }

  population(): string {
    const [few, many] = [this.#gas("commit.of10"), this.#gas("commit.of10000")];
    return table(
      ["Registered operators", "Commit", "Difference"],
      [
        ["10", number(few), "–"],
        [
          "10,000",
          number(many),
          `${number(many - few)} (${((100 * Math.abs(many - few)) / few).toFixed(2)} %)`,
        ],
      ],
    );
  }

  #gas(key: string): number {
    const gas = this.#figures[key];
    if (gas === undefined) throw new Error(`bench/gas.json has no ${key}`);
    return gas;
  }
}

const BY_CLAIMS = {
  request: "a request of a requester who has asked before, with a URI of 29 bytes",
  commitSealing: "the first commit of a request, which seals it",
  commit: "mean of the other six commits",
  revealBatch: "all seven openings in one call, the lanes still empty",
  finalize: "verdicts published, base rate and threshold moved",
  settleBatch: "all seven seats in one call, accounts already open in this epoch",
  perVoteAllIn: "(request + seven commits + revealBatch + finalize + settleBatch) / (7 · k)",
} as const;

const OTHERS = {
  seal: "a seal of its own, instead of the first commit's; not part of `perVoteAllIn`",
  commitReplaced: "a second commit of the same seat",
  "revealFirst.k64": "the first opening of a request, alone: it fills the lanes",
  "reveal.k64": "a later opening, alone",
  "finalizeRefund.k64": "verdicts of six of seven seats: the credits of one go back",
  "settle.k64": "one seat, alone",
  "settleFirstOfEpoch.k64": "the batch of seven when it opens the epoch and all seven accounts",
  "requestFirst.k64": "a requester's first request in a new domain",
  requestInlinePerKB: "1,024 bytes of payload inline, between 1 and 5 kB",
  requestInlinePerKBLarge: "the same between 16 and 32 kB",
  post: "one posted reputation, its bounty paid",
  "postBatch.n7": "seven of them",
  distribute: "one account paid after its epoch",
  "distributeBatch.n7": "seven of them",
  reportAbsent: "one silent seat charged",
  "reportAbsentBatch.n6": "six of them",
  "requestSecured.k64": "a request that demands a bound on its capture",
  appeal: "an appeal, its bond paid by the appellant",
  appealFunded: "an appeal whose bond others paid",
  fundAppeal: "a part of an appeal's bond",
  resolveAppeal: "the bond of a final appeal released, 64 claims in two rounds",
  claimAppeal: "a funder paid",
  "settleOverturned.n7": "seven seats, all 64 verdicts overturned",
  stakeFirst: "a holder's first stake into an existing pool",
  stakeTopUp: "its next one",
  stakeOwnFirst: "an operator's own first stake: the pool is new",
  requestUnstake: "half of a holding",
  cancelUnstake: "a ticket taken back",
  withdraw: "a ticket paid out",
  register: "an operator with a URI of 29 bytes",
  setHotKey: "a new hot key",
  buyCredits: "credits of a requester who has some",
  recordReceipt: "one receipt more on a model's chain, signed by an account",
  "recordReceipts.n50": "fifty, each of a request of its own",
  postMetrics: "metrics of one operator, its first ones",
  "postMetrics.n8": "of eight operators",
  challengeMetrics: "100 receipts replayed, all of the operator; the post was false",
  challengeMetricsLost: "the same where the post was true",
  withdrawBond: "a post accepted, its bond paid back",
  reportClones: "a report on two clones: 4 requests, 512 uncertain claims, the least there can be",
  replyClones: "one request of 128 claims added",
  canaryRegister: "a batch of 256 canaries registered",
  canaryOpen: "a canary of 64 claims opened, one of a batch of 256",
  "settleCanary.n7": "seven seats of a canary, 64 claims",
  canaryConclude: "an opened canary concluded",
  canaryClose: "a batch closed, its bond paid back",
  closeClones: "the later one moved to the other's family, the bond paid back",
  registerAttested:
    "registering in a domain that asks for a device; `attest` before it costs about 835,000, with its signatures",
} as const;

const PARTS = {
  transactions: "21,000 a transaction",
  calldata: "calldata, 16 gas a byte, 4 if zero",
  newSlots: "slots written for the first time",
  storage: "slots read and changed",
  logs: "events",
  calls: "calls between the contracts",
  code: "arithmetic, hashing, memory",
} as const;

const MAXIMA: readonly (readonly [call: string, bound: string, key: string, largest: string])[] = [
  [
    "Assay.request",
    "65,536 bytes of payload (`MAX_PAYLOAD`), 1,024 of URI (`MAX_URI`), 256 claims",
    "max.requestInline",
    "both full, no zero byte: 40 gas a byte, the floor of EIP-7623",
  ],
  [
    "Assay.reveal",
    "64 openings (`MAX_OPENINGS`) of exactly one byte a claim",
    "max.reveal",
    "64 seats, 256 claims, empty lanes",
  ],
  [
    "Assay.settle",
    "64 seats (`MAX_VOTES`)",
    "max.settle",
    "64 late votes on 256 claims in windows of 8, all tapes full and folded, all weights moved, the epoch and all accounts opened, old ones carried over",
  ],
  [
    "Assay.settle",
    "64 seats (`MAX_VOTES`)",
    "max.settleUnrevealed",
    "64 seats that kept silent: full tapes folded, bonds charged",
  ],
  [
    "Assay.settle, appealed",
    "24 seats (`MAX_APPEALED_VOTES`)",
    "max.settleOverturned",
    "24 of 64 seats, 256 overturned claims each, full tapes folded, all charged and booked one by one",
  ],
  [
    "Assay.reportAbsent",
    "64 owners (`MAX_OWNERS`)",
    "max.reportAbsent",
    "64 drawn owners, full tapes folded, all charged",
  ],
  ["Assay.finalize", "256 claims: 16 words of lanes", "finalize.k256", "one size"],
  ["RewardMinter.distribute", "64 owners (`MAX_OWNERS`)", "max.distributePaid", "64 accounts paid"],
  ["RewardMinter.distribute", "64 owners (`MAX_OWNERS`)", "max.distributeCharged", "64 accounts in debt"],
  [
    "ReputationLedger.post",
    "64 entries (`MAX_POSTS`), tapes of 48 (`TAPE`)",
    "max.post",
    "64 full tapes, all weights moved",
  ],
  [
    "PerformanceLedger.recordReceipts",
    "128 receipts (`MAX_RECEIPTS`)",
    "max.recordReceipts",
    "128 requests, ECDSA signatures; a contract that signs costs what its check costs",
  ],
  [
    "PerformanceLedger.postMetrics",
    "64 operators (`MAX_POSTS`)",
    "max.postMetrics",
    "64 earlier posts accepted, their bonds paid back",
  ],
  [
    "PerformanceLedger.challengeMetrics",
    "100 receipts (`WINDOW`)",
    "challengeMetrics",
    "all of the operator in question",
  ],
  [
    "CloneRegistry.report",
    "128 requests (`MAX_EXHIBITS`), 4,096 claims together (`MAX_CLAIMS`)",
    "max.reportClones",
    "128 requests of 32 claims, all uncertain, no zero byte in the votes",
  ],
  [
    "CloneRegistry.reply",
    "128 requests (`MAX_EXHIBITS`), 4,096 claims together (`MAX_CLAIMS`)",
    "max.replyClones",
    "other 128 requests of 32 claims, none of them in evidence",
  ],
];

const isExplained = (key: string): boolean =>
  key in OTHERS ||
  key.startsWith("parts.") ||
  MAXIMA.some(([, , measured]) => measured === key) ||
  ["commit.of10", "commit.of10000"].includes(key) ||
  CLAIMS.some((k) => Object.keys(BY_CLAIMS).some((name) => key === `${name}.k${k}`));

const number = (value: number): string => Math.round(value).toLocaleString("en");
const percent = (share: number): string => `${(100 * share).toFixed(1)} %`;
const row = (cells: readonly string[]): string => `| ${cells.join(" | ")} |`;
const table = (heads: readonly string[], rows: readonly (readonly string[])[]): string =>
  [row(heads), row(heads.map(() => "---")), ...rows.map(row)].join("\n");
