import { commitment } from "@assay/keeper";
import { expect } from "chai";
import { keccak256 } from "viem";

import { endCommit, openWithSeats } from "../fixtures/round.ts";
import { ethers, networkHelpers, world } from "../fixtures/world.ts";
import { compareRows, harnessFixture, VECTORS, word } from "./compare.ts";
import { Random } from "./random.ts";
import { range, rows, uint, type Row } from "./vectors.ts";

type Hex = `0x${string}`;

const TWIN = "0x00000000000000000000000000000000000a55a1";

/** The deployed Assay, the same code at a second address, and what the mirror knows of the two. */
async function hashesFixture() {
  const { assay } = await world();
  const address = (await assay.getAddress()) as Hex;
  await networkHelpers.setCode(TWIN, await ethers.provider.getCode(address));
  const { chainId } = await ethers.provider.getNetwork();
  const deployments: commitment.Deployment[] = [address, TWIN as Hex].map((at) => ({ chainId, assay: at }));
  const lenses = await Promise.all(
    deployments.map(async (d) => {
      const lens = await ethers.deployContract("AssayLens", [d.assay, d.assay, d.assay, d.assay]);
      return BigInt(await lens.getAddress());
    }),
  );
  return { harness: await harnessFixture(), assay, deployments, lenses };
}

/** Half of the vectors at each address. */
async function compareHashes(name: string, vectors: readonly Row[], mirror: Mirror) {
  const { harness, deployments, lenses } = await networkHelpers.loadFixture(hashesFixture);
  const half = vectors.length / 2;
  const results = await Promise.all(
    deployments.map((d, i) =>
      compareRows(
        harness,
        name,
        [name === "commitmentOf" ? lenses[i]! : BigInt(d.assay)],
        vectors.slice(i * half, (i + 1) * half),
        (row) => BigInt(mirror(d, row)),
      ),
    ),
  );
  return {
    compared: results.reduce((n, { compared }) => n + compared, 0),
    mismatches: results.flatMap(({ mismatches }) => mismatches),
  };
}

type Mirror = (deployment: commitment.Deployment, row: Row) => Hex;

describe("mirror of Assay's hashes", () => {
  const agreed = { compared: VECTORS, mismatches: [] };

  it("idOf", async () => {
    const domains = [160, 256, 16, 16, 24, 16, 8, 88, 256, 256].map(uint);
    const vectors = rows(domains, VECTORS, new Random("idOf"));
    const result = await compareHashes("idOf", vectors, (deployment, row) =>
      commitment.requestId(deployment, termsOf(row)),
    );
    expect(result).to.deep.equal(agreed);
  });

  it("roundIdOf", async () => {
    const vectors = rows([uint(256), range(0n, 2n)], VECTORS, new Random("roundIdOf"));
    const result = await compareHashes("roundIdOf", vectors, (_, [id, index]) =>
      commitment.roundIdOf(hex(id!, 32), Number(index)),
    );
    expect(result).to.deep.equal(agreed);
  });

  it("commitmentOf and domainSeparator", async () => {
    const random = new Random("commitmentOf");
    // The row carries the hash of the votes; the mirror gets the votes.
    const votes = new Map<bigint, Uint8Array>();
    const vectors = rows([uint(256), uint(160), uint(256)], VECTORS, random).map(([id, owner, salt]) => {
      const own = Uint8Array.from({ length: 1 + random.below(256) }, () => random.below(256));
      const hash = BigInt(keccak256(own));
      votes.set(hash, own);
      return [id!, owner!, hash, salt!];
    });
    const result = await compareHashes("commitmentOf", vectors, (deployment, [id, owner, hash, salt]) =>
      commitment.commitmentOf(deployment, {
        roundId: hex(id!, 32),
        owner: hex(owner!, 20),
        votes: votes.get(hash!)!,
        salt: hex(salt!, 32),
      }),
    );
    expect(result).to.deep.equal(agreed);
    const { assay, deployments } = await networkHelpers.loadFixture(hashesFixture);
    for (const deployment of deployments) {
      const at = assay.attach(deployment.assay) as typeof assay;
      expect(await at.domainSeparator()).to.equal(commitment.domainSeparator(deployment));
    }
  });

  it("a digest of the mirror opens on the contract", async () => {
    const w = await networkHelpers.loadFixture(world);
    const { request, drawn } = await openWithSeats(w, 3, 4);
    const { chainId } = await ethers.provider.getNetwork();
    const deployment = { chainId, assay: (await w.assay.getAddress()) as Hex };
    const votes = Uint8Array.of(0, 128, 255);
    const salt = hex(7n, 32);
    for (const owner of drawn) {
      const digest = commitment.digest(deployment, {
        roundId: request.id as Hex,
        owner: owner.address as Hex,
        votes,
        salt,
      });
      await w.assay.connect(owner).commit(request.id, owner.address, digest);
    }
    await endCommit(w, request);
    await w.assay.reveal(
      request.id,
      drawn.map((owner) => ({ owner: owner.address, votes, salt })),
    );
    const seat = await w.lens.seatOf(request.id, drawn[0]!.address);
    expect(seat.digest).to.equal(commitment.high240(keccak256(votes)));
    expect((await w.lens.roundOf(request.id)).reveals).to.equal(drawn.length);
  });
});

function termsOf(row: Row): commitment.Terms {
  const [requester, nonce, domain, version, epoch, claims, baseRate, price, payloadHash, sealedNote] =
    row as readonly [bigint, bigint, bigint, bigint, bigint, bigint, bigint, bigint, bigint, bigint];
  return {
    requester: hex(requester, 20),
    nonce,
    domain: Number(domain),
    version: Number(version),
    epoch: Number(epoch),
    claims: Number(claims),
    baseRate: Number(baseRate),
    price,
    payloadHash: hex(payloadHash, 32),
    sealedNote: hex(sealedNote, 32),
  };
}

function hex(value: bigint, bytes: number): Hex {
  return `0x${word(value).slice(-2 * bytes)}`;
}
