import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

import { expect } from "chai";

import { openDatabase, type Database } from "./open.ts";
import { createSpending, type Attempt, type Spending } from "./spending.ts";

const TX = `0x${"ab".repeat(32)}` as const;
const MOST = { gas: 100n, work: 50n, bonds: 3 };

describe("spending of the watches", () => {
  let folder: string;
  let database: Database;
  let spending: Spending;

  const open = (): void => {
    database = openDatabase({
      path: join(folder, "keeper.sqlite"),
      identity: {
        chainId: 31_337,
        contract: "0x5FbDB2315678afecb367f032d93F642f64180aa3",
        operator: "0xf39Fd6e51aad88F6F4ce6aB8827279cffFb92266",
      },
    });
    spending = createSpending(database);
  };
  const restart = (): void => {
    database.close();
    open();
  };
  const attempt = (change: Partial<Attempt> = {}): Attempt => ({
    watch: "appeals",
    act: "one",
    day: 7,
    gas: 40n,
    work: 20n,
    ...change,
  });

  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), "assay-spending-"));
    open();
  });
  afterEach(() => {
    database.close();
    rmSync(folder, { recursive: true, force: true });
  });

  it("keeps gas, WORK and acts of each watch within its day, also over restarts", () => {
    expect(spending.reserve(attempt(), MOST)).to.be.a("number");
    restart();
    expect(spending.reserve(attempt({ act: "two" }), MOST)).to.be.a("number");
    restart();
    expect(spending.spentOn("appeals", 7)).to.deep.equal({ gas: 80n, work: 40n, acts: 2, bonds: 2 });
    expect(spending.reserve(attempt({ act: "three", gas: 21n, work: 1n }), MOST), "gas").to.equal(undefined);
    expect(spending.reserve(attempt({ act: "three", gas: 1n, work: 11n }), MOST), "WORK").to.equal(undefined);
    expect(spending.reserve(attempt({ act: "three", gas: 20n, work: 10n }), MOST)).to.be.a("number");
    const fourth = attempt({ act: "four", gas: 0n, work: 1n });
    const roomy = { ...MOST, work: 1_000n };
    expect(spending.reserve(fourth, roomy), "bonds").to.equal(undefined);
    expect(spending.reserve({ ...fourth, work: 0n }, MOST), "no bond").to.be.a("number");
    expect(spending.reserve({ ...fourth, day: 8 }, MOST), "another day").to.be.a("number");
    expect(spending.reserve({ ...fourth, watch: "clones" }, MOST), "another watch").to.be.a("number");
  });

  it("replaces what an act may cost by what it did, and forgets a refusal that cost nothing", () => {
    const id = spending.reserve(attempt(), MOST)!;
    spending.markSent(id, TX);
    expect(spending.unsettled("appeals")).to.deep.equal([{ id, tx: TX, work: 20n }]);
    expect(spending.wasDone("appeals", "one"), "reserved").to.equal(false);
    spending.settle(id, { done: true, gas: 25n, work: 20n });
    expect(spending.spentOn("appeals", 7)).to.deep.equal({ gas: 25n, work: 20n, acts: 1, bonds: 1 });
    expect(spending.wasDone("appeals", "one")).to.equal(true);
    expect(spending.wasDone("clones", "one")).to.equal(false);
    expect(spending.unsettled("appeals")).to.deep.equal([]);
    const free = spending.reserve(attempt({ act: "two" }), MOST)!;
    spending.settle(free, { done: false, gas: 0n, work: 0n });
    expect(spending.spentOn("appeals", 7)).to.deep.equal({ gas: 25n, work: 20n, acts: 1, bonds: 1 });
    const dear = spending.reserve(attempt({ act: "two" }), MOST)!;
    spending.settle(dear, { done: false, gas: 5n, work: 0n });
    expect(spending.spentOn("appeals", 7)).to.deep.equal({ gas: 30n, work: 20n, acts: 1, bonds: 1 });
  });

  it("counts the gas of an attempt nobody knows the end of, and not its WORK twice", () => {
    spending.reserve(attempt({ work: 30n }), MOST);
    restart();
    // The same act is due again, so its bond was not taken.
    expect(spending.reserve(attempt({ work: 30n }), MOST)).to.be.a("number");
    expect(spending.spentOn("appeals", 7)).to.deep.equal({ gas: 80n, work: 30n, acts: 2, bonds: 1 });
    expect(spending.reserve(attempt({ work: 30n }), MOST), "its gas is gone").to.equal(undefined);
    expect(spending.spentOn("appeals", 7).work, "nothing is given back by a refusal").to.equal(30n);
  });
});
