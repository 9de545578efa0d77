import { canaryNotes } from "@assay/keeper";
import { expect } from "chai";

import { DEFAULT_MIN_SELF_BOND, GWEI, WAD } from "../../deploy/parameters.ts";
import { constructorArguments } from "../../deploy/plan.ts";
import {
  appealed,
  askCanary,
  batchOf,
  CANARY_BOND,
  canaryWorld,
  openCanary,
  openedCanary,
  prepare,
  publishedCanary,
  register,
  type Batch,
  type CanaryWorld,
} from "../fixtures/canaries.ts";
import { endAppeal, openRequest } from "../fixtures/round.ts";
import { PHASE, unanimous } from "../fixtures/seated.ts";
import { ethers, networkHelpers, nextEpoch, type Signer } from "../fixtures/world.ts";

const STATE = { NONE: 0n, OPEN: 1n, RETURNED: 2n, BURNED: 3n } as const;
const BOUNTY = CANARY_BOND / 20n;
const YES = [true];
const NO = [false];

const balanceOf = async (w: CanaryWorld, { address }: Signer): Promise<bigint> => w.token.balanceOf(address);

/** WORK that others than the outsider gain or burn by a call of the outsider's. */
async function changesBy(w: CanaryWorld, call: () => Promise<unknown>) {
  const read = async () => ({
    outsider: await balanceOf(w, w.outsider),
    inspector: await balanceOf(w, w.inspector),
    supply: (await w.token.totalSupply()) as bigint,
    held: (await w.token.balanceOf(w.addresses.Canaries)) as bigint,
  });
  const before = await read();
  await call();
  const after = await read();
  return {
    outsider: after.outsider - before.outsider,
    inspector: after.inspector - before.inspector,
    burned: before.supply - after.supply,
    held: after.held - before.held,
  };
}

/** A batch of one whose canary is opened and final. */
async function finalCanary(w: CanaryWorld, answers = YES) {
  const found = await openedCanary(w, answers, unanimous(w, 8, [250]));
  await endAppeal(w, found.request);
  return found;
}

const stateOf = async (w: CanaryWorld, batch: Batch): Promise<bigint> =>
  (await w.canaries.batchOf(batch.id)).state;

describe("Canaries", () => {
  describe("constructor", () => {
    it("reverts with constants that make no sense", async () => {
      const w = await networkHelpers.loadFixture(canaryWorld);
      const factory = await ethers.getContractFactory("Canaries");
      const given = constructorArguments(w.parameters, w.addresses).Canaries;
      const max = (2n ** 84n - 1n) / 256n;
      for (const [bond, lifetime] of [
        [0n, 1n],
        [max + 1n, 1n],
        [1n, 0n],
        [1n, 1n << 23n],
      ] as const) {
        await expect(factory.deploy(...given.slice(0, 6), bond, lifetime))
          .to.be.revertedWithCustomError(factory, "InvalidConstants")
          .withArgs(bond, lifetime);
      }
      await factory.deploy(...given.slice(0, 6), max, (1n << 23n) - 1n);
    });
  });

  // appoint, dismiss
  // ├── when the caller does not own the domain → NotDomainOwner
  // ├── when it is (is not) an inspector already → AlreadyInspector (NotInspector)
  // ├── given who ever registered an operator → OwnsOperator
  // └── otherwise it may (may no longer) register batches
  describe("appoint and dismiss (CAN-1, CAN-2)", () => {
    it("revert for everybody but the domain's owner", async () => {
      const w = await networkHelpers.loadFixture(canaryWorld);
      const owner = w.deployer.address;
      for (const name of ["appoint", "dismiss"]) {
        await expect(w.canaries.connect(w.outsider)[name]!(w.domain, w.outsider.address))
          .to.be.revertedWithCustomError(w.canaries, "NotDomainOwner")
          .withArgs(w.outsider.address, owner);
      }
    });

    it("revert where nothing would change", async () => {
      const w = await networkHelpers.loadFixture(canaryWorld);
      await expect(w.canaries.appoint(w.domain, w.inspector.address))
        .to.be.revertedWithCustomError(w.canaries, "AlreadyInspector")
        .withArgs(w.domain, w.inspector.address);
      await expect(w.canaries.dismiss(w.domain, w.outsider.address))
        .to.be.revertedWithCustomError(w.canaries, "NotInspector")
        .withArgs(w.domain, w.outsider.address);
    });

    it("revert for an operator of the domain", async () => {
      const w = await networkHelpers.loadFixture(canaryWorld);
      const [operator] = w.owners;
      await expect(w.canaries.appoint(w.domain, operator!.address))
        .to.be.revertedWithCustomError(w.canaries, "OwnsOperator")
        .withArgs(w.domain, operator!.address);
    });

    it("let inspectors register, and no longer", async () => {
      const w = await networkHelpers.loadFixture(canaryWorld);
      const batch = await register(w, [await prepare(w, YES)]);
      await expect(w.canaries.dismiss(w.domain, w.inspector.address))
        .to.emit(w.canaries, "InspectorDismissed")
        .withArgs(w.domain, w.inspector.address);
      await expect(w.canaries.connect(w.inspector).register(w.domain, ethers.ZeroHash, 1))
        .to.be.revertedWithCustomError(w.canaries, "NotInspector")
        .withArgs(w.domain, w.inspector.address);
      // What is registered must still be opened.
      await nextEpoch(w);
      const request = await publishedCanary(w, batch, 0, unanimous(w, 8, [250]));
      await openCanary(w, batch, 0, request);
      await expect(w.canaries.appoint(w.domain, w.inspector.address))
        .to.emit(w.canaries, "InspectorAppointed")
        .withArgs(w.domain, w.inspector.address);
    });
  });

  // register
  // ├── when the caller is no inspector of the domain → NotInspector
  // ├── given no canary or more than 256 → CountOutOfBounds
  // ├── when it became an operator → OwnsOperator
  // └── otherwise it takes a bond for each canary
  describe("register (CAN-3)", () => {
    it("reverts for a stranger, and in another domain", async () => {
      const w = await networkHelpers.loadFixture(canaryWorld);
      await expect(w.canaries.connect(w.outsider).register(w.domain, ethers.ZeroHash, 1))
        .to.be.revertedWithCustomError(w.canaries, "NotInspector")
        .withArgs(w.domain, w.outsider.address);
      await expect(w.canaries.connect(w.inspector).register(w.domain + 1, ethers.ZeroHash, 1))
        .to.be.revertedWithCustomError(w.canaries, "NotInspector")
        .withArgs(w.domain + 1, w.inspector.address);
    });

    it("reverts for no canary and for too many", async () => {
      const w = await networkHelpers.loadFixture(canaryWorld);
      for (const count of [0, 257]) {
        await expect(w.canaries.connect(w.inspector).register(w.domain, ethers.ZeroHash, count))
          .to.be.revertedWithCustomError(w.canaries, "CountOutOfBounds")
          .withArgs(count, 1, 256);
      }
    });

    it("reverts once the inspector is an operator", async () => {
      const w = await networkHelpers.loadFixture(canaryWorld);
      await becomeOperator(w);
      await expect(w.canaries.connect(w.inspector).register(w.domain, ethers.ZeroHash, 1))
        .to.be.revertedWithCustomError(w.canaries, "OwnsOperator")
        .withArgs(w.domain, w.inspector.address);
    });

    it("takes the bond and keeps the batch", async () => {
      const w = await networkHelpers.loadFixture(canaryWorld);
      const epoch: bigint = await w.vault.currentEpoch();
      const root = ethers.id("root");
      await expect(w.canaries.connect(w.inspector).register(w.domain, root, 256))
        .to.emit(w.canaries, "BatchRegistered")
        .withArgs(w.domain, 1, w.inspector.address, root, 256, epoch + 3n, 256n * CANARY_BOND);
      expect(await w.token.balanceOf(w.addresses.Canaries), "held").to.equal(256n * CANARY_BOND);
      expect((await w.canaries.batchOf(1)).toObject()).to.deep.equal({
        inspector: w.inspector.address,
        domain: BigInt(w.domain),
        epoch,
        count: 256n,
        concluded: 0n,
        overturned: 0n,
        state: STATE.OPEN,
        opened: 0n,
        root,
      });
    });
  });

  // conclude
  // ├── when the batch is not open → WrongBatchState
  // ├── given a request that was not opened for it → NotOpened
  // ├── when the request is not final or void → NotFinal
  // ├── given a concluded one → passed over
  // ├── given answers that an appeal overturned → their part of the bond is forfeited
  // └── otherwise the bond stays
  describe("conclude (CAN-11)", () => {
    it("reverts for a batch that is not open, and for requests not opened for it", async () => {
      const w = await networkHelpers.loadFixture(canaryWorld);
      await expect(w.canaries.conclude(1, []))
        .to.be.revertedWithCustomError(w.canaries, "WrongBatchState")
        .withArgs(1, STATE.NONE, STATE.OPEN);
      const { request } = await finalCanary(w);
      const other = await batchOf(w, [YES]);
      await expect(w.canaries.conclude(other.id, [request.terms]))
        .to.be.revertedWithCustomError(w.canaries, "NotOpened")
        .withArgs(other.id, request.id);
    });

    it("reverts before the request is final", async () => {
      const w = await networkHelpers.loadFixture(canaryWorld);
      const { batch, request } = await openedCanary(w, YES, unanimous(w, 8, [250]));
      await expect(w.canaries.conclude(batch.id, [request.terms]))
        .to.be.revertedWithCustomError(w.canaries, "NotFinal")
        .withArgs(request.id, PHASE.FINALIZED);
    });

    it("notes a canary once, and the bond stays", async () => {
      const w = await networkHelpers.loadFixture(canaryWorld);
      const { batch, request } = await finalCanary(w);
      await expect(w.canaries.conclude(batch.id, [request.terms, request.terms]))
        .to.emit(w.canaries, "CanaryConcluded")
        .withArgs(w.domain, request.id, batch.id, false)
        .and.not.to.emit(w.canaries, "BondForfeited");
      await w.canaries.conclude(batch.id, [request.terms]);
      const { concluded, overturned } = await w.canaries.batchOf(batch.id);
      expect([concluded, overturned]).to.deep.equal([1n, 0n]);
      expect(await w.token.balanceOf(w.addresses.Canaries), "held").to.equal(CANARY_BOND);
    });

    it("takes the part of answers that an appeal overturned (CAN-14)", async () => {
      const w = await networkHelpers.loadFixture(canaryWorld);
      const { batch, request } = await openedCanary(w, NO, unanimous(w, 8, [250]));
      const round = await appealed(w, request, unanimous(w, 8, [250]));
      await endAppeal(w, round);
      const conclude = () => w.canaries.connect(w.outsider).conclude(batch.id, [request.terms]);
      const changes = await changesBy(w, conclude);
      expect(changes).to.deep.equal({
        outsider: BOUNTY,
        inspector: 0n,
        burned: CANARY_BOND - BOUNTY,
        held: -CANARY_BOND,
      });
      expect((await w.canaries.batchOf(batch.id)).overturned).to.equal(1n);
      const epoch: bigint = await w.vault.currentEpoch();
      expect(await w.fees.earned(w.domain, epoch), "earned burn of the domain").to.equal(
        CANARY_BOND - BOUNTY,
      );
    });

    it("leaves it where an appeal upheld the answers, and where they never counted", async () => {
      const w = await networkHelpers.loadFixture(canaryWorld);
      const upheld = await openedCanary(w, NO, unanimous(w, 8, [250]));
      await endAppeal(w, await appealed(w, upheld.request, unanimous(w, 8, [5])));
      await expect(w.canaries.conclude(upheld.batch.id, [upheld.request.terms]))
        .to.emit(w.canaries, "CanaryConcluded")
        .withArgs(w.domain, upheld.request.id, upheld.batch.id, false);

      const batch = await batchOf(w, [NO]);
      const request = await publishedCanary(w, batch, 0, unanimous(w, 8, [250]));
      await endAppeal(w, await appealed(w, request, unanimous(w, 8, [250])));
      await openCanary(w, batch, 0, request);
      await expect(w.canaries.conclude(batch.id, [request.terms]))
        .to.emit(w.canaries, "CanaryConcluded")
        .withArgs(w.domain, request.id, batch.id, false);
    });
  });

  // close
  // ├── before the last epoch is over → BatchRunning
  // ├── when a canary was not opened, or the inspector became an operator → BURNED
  // ├── when a canary was not concluded → NotConcluded
  // ├── otherwise what is left of the bond returns
  // └── a second time → WrongBatchState
  describe("close (CAN-12)", () => {
    it("reverts while canaries can be opened", async () => {
      const w = await networkHelpers.loadFixture(canaryWorld);
      const batch = await register(w, [await prepare(w, YES)]);
      const epoch: bigint = await w.vault.currentEpoch();
      await nextEpoch(w, 3n);
      await expect(w.canaries.close(batch.id))
        .to.be.revertedWithCustomError(w.canaries, "BatchRunning")
        .withArgs(batch.id, epoch + 3n);
    });

    it("burns the bond if one canary was not opened", async () => {
      const w = await networkHelpers.loadFixture(canaryWorld);
      const batch = await batchOf(w, [YES, NO, YES]);
      for (const position of [0, 2]) {
        const request = await publishedCanary(w, batch, position, unanimous(w, 8, [250]));
        await openCanary(w, batch, position, request);
        await endAppeal(w, request);
        await w.canaries.conclude(batch.id, [request.terms]);
      }
      await nextEpoch(w, 3n);
      const changes = await changesBy(w, () => w.canaries.connect(w.outsider).close(batch.id));
      const bond = 3n * CANARY_BOND;
      expect(changes).to.deep.equal({
        outsider: bond / 20n,
        inspector: 0n,
        burned: bond - bond / 20n,
        held: -bond,
      });
      expect(await stateOf(w, batch)).to.equal(STATE.BURNED);
    });

    it("burns the bond of an inspector that became an operator", async () => {
      const w = await networkHelpers.loadFixture(canaryWorld);
      const { batch, request } = await finalCanary(w);
      await w.canaries.conclude(batch.id, [request.terms]);
      await becomeOperator(w);
      await nextEpoch(w, 3n);
      await expect(w.canaries.close(batch.id))
        .to.emit(w.canaries, "BatchClosed")
        .withArgs(w.domain, batch.id, STATE.BURNED, CANARY_BOND);
    });

    it("reverts while a canary is not concluded", async () => {
      const w = await networkHelpers.loadFixture(canaryWorld);
      const { batch } = await finalCanary(w);
      await nextEpoch(w, 3n);
      await expect(w.canaries.close(batch.id))
        .to.be.revertedWithCustomError(w.canaries, "NotConcluded")
        .withArgs(batch.id, 0, 1);
    });

    it("returns what is left, once (INV-23)", async () => {
      const w = await networkHelpers.loadFixture(canaryWorld);
      const batch = await batchOf(w, [NO, YES]);
      const ballots = unanimous(w, 8, [250]);
      const wrong = await publishedCanary(w, batch, 0, ballots);
      await openCanary(w, batch, 0, wrong);
      await endAppeal(w, await appealed(w, wrong, ballots));
      const right = await publishedCanary(w, batch, 1, ballots);
      await openCanary(w, batch, 1, right);
      await endAppeal(w, right);
      await w.canaries.conclude(batch.id, [right.terms, wrong.terms]);
      await nextEpoch(w, 3n);
      const changes = await changesBy(w, () => w.canaries.connect(w.outsider).close(batch.id));
      expect(changes).to.deep.equal({ outsider: 0n, inspector: CANARY_BOND, burned: 0n, held: -CANARY_BOND });
      await expect(w.canaries.close(batch.id))
        .to.be.revertedWithCustomError(w.canaries, "WrongBatchState")
        .withArgs(batch.id, STATE.RETURNED, STATE.OPEN);
    });
  });

  // denounce
  // ├── given a request that was not opened for the batch → NotOpened
  // ├── given no second request of the requester with the note → NotRepeated
  // └── otherwise the bond is forfeited
  describe("denounce (CAN-13)", () => {
    it("reverts without an opened canary", async () => {
      const w = await networkHelpers.loadFixture(canaryWorld);
      const batch = await batchOf(w, [YES]);
      const [first, second] = [
        await askCanary(w, batch.canaries[0]!),
        await askCanary(w, batch.canaries[0]!),
      ];
      await expect(w.canaries.denounce(batch.id, first.terms, second.terms))
        .to.be.revertedWithCustomError(w.canaries, "NotOpened")
        .withArgs(batch.id, first.id);
    });

    it("reverts for the same, another, somebody else's and an unknown request", async () => {
      const w = await networkHelpers.loadFixture(canaryWorld);
      const { batch, request } = await openedCanary(w, YES, unanimous(w, 8, [250]));
      const note = batch.canaries[0]!.note;
      const another = await openRequest(w, 1);
      await w.token.transfer(w.outsider.address, 100n * WAD);
      await w.token.connect(w.outsider).approve(w.addresses.FeeMarket, ethers.MaxUint256);
      await w.fees.connect(w.outsider).buy(w.outsider.address, 10n * WAD);
      const copied = await openRequest({ ...w, requester: w.outsider }, 1, { sealedNote: note });
      const unknown = { ...request.terms, nonce: 0n };
      for (const other of [request.terms, another.terms, copied.terms, unknown]) {
        await expect(w.canaries.denounce(batch.id, request.terms, other))
          .to.be.revertedWithCustomError(w.canaries, "NotRepeated")
          .withArgs(request.id, await w.assay.idOf(other));
      }
    });

    it("takes the bond of who asked twice", async () => {
      const w = await networkHelpers.loadFixture(canaryWorld);
      const { batch, request } = await openedCanary(w, YES, unanimous(w, 8, [250]));
      const again = await askCanary(w, batch.canaries[0]!);
      const denounce = () => w.canaries.connect(w.outsider).denounce(batch.id, request.terms, again.terms);
      expect(await changesBy(w, denounce)).to.deep.equal({
        outsider: BOUNTY,
        inspector: 0n,
        burned: CANARY_BOND - BOUNTY,
        held: -CANARY_BOND,
      });
      expect(await stateOf(w, batch)).to.equal(STATE.BURNED);
    });
  });

  describe("trees", () => {
    it("of every size have the roots that the mirror makes", async () => {
      const w = await networkHelpers.loadFixture(canaryWorld);
      const prepared = [];
      for (let i = 0; i < 5; i++) prepared.push(await prepare(w, YES));
      for (let count = 1; count <= 5; count++) {
        const batch = await register(w, prepared.slice(0, count));
        const { root } = await w.canaries.batchOf(batch.id);
        for (let position = 0; position < count; position++) {
          const siblings = canaryNotes.siblingsOf(batch.leaves, position);
          expect(canaryNotes.rootBy(batch.leaves[position]!, position, siblings)).to.equal(root);
        }
      }
    });
  });
});

/** The inspector registers an operator of its own and stakes for it. */
async function becomeOperator(w: CanaryWorld): Promise<void> {
  const vault = w.vault.connect(w.inspector);
  await w.token.connect(w.inspector).approve(w.addresses.StakeVault, ethers.MaxUint256);
  await vault.register(w.domain, w.inspector.address, 0, 0, ethers.id("model"), "");
  await vault.stake(w.domain, w.inspector.address, BigInt(DEFAULT_MIN_SELF_BOND) * GWEI);
}
