import { randomBytes } from "node:crypto";
import { mkdir, open, readdir, rename, rm, stat } from "node:fs/promises";
import { join } from "node:path";
import type { Hex } from "viem";
import { AssayError } from "../lib/errors.ts";
import { hashPayload } from "../payload/schema.ts";

/** The folder would grow beyond its cap. Retryable: space can be made. */
export class StoreFullError extends AssayError<"STORE_FULL", { given: number; allowed: number }> {
  constructor(given: number, allowed: number) {
    super({
      code: "STORE_FULL",
      message: "The payload store has no room for these bytes",
      data: { given, allowed },
      advice: "Raise the cap of the store or remove payloads of finished requests.",
      retryable: true,
    });
  }
}

/** Files that are named by the keccak256 of their content and by nothing else. */
export type ContentFiles = {
  /** @returns the hash, and whether the bytes were new. The file is synced when the promise resolves. */
  put(bytes: Uint8Array): Promise<{ hash: Hex; isNew: boolean }>;
  /** Path of the file with this hash. The type is checked: any other text gives undefined, so no name leads outside. */
  pathOf(name: string): string | undefined;
  usage(): { files: number; bytes: number };
};

const NAME = /^0x[0-9a-f]{64}$/;
const UNFINISHED = /^\.unfinished-[0-9a-f]+$/;

/**
 * Opens a folder as a content store; makes it if it is missing and removes what a kill left unfinished.
 *
 * @param maxBytes cap of all files together
 */
export async function openContentFiles(
  folder: string,
  { maxBytes }: { maxBytes: number },
): Promise<ContentFiles> {
  await mkdir(folder, { recursive: true });
  let files = 0;
  let bytesUsed = 0;
  for (const name of await readdir(folder)) {
    if (UNFINISHED.test(name)) await rm(join(folder, name), { force: true });
    if (!NAME.test(name)) continue;
    files += 1;
    bytesUsed += (await stat(join(folder, name))).size;
  }
  /** Writes under way, so that the same bytes sent twice at once are written and counted once. */
  const writing = new Map<Hex, Promise<void>>();

  const pathOf = (name: string) => (NAME.test(name) ? join(folder, name) : undefined);

  /** Whole or not at all: the final name appears only over a file that is complete and synced. */
  const write = async (hash: Hex, bytes: Uint8Array): Promise<void> => {
    const unfinished = join(folder, `.unfinished-${randomBytes(12).toString("hex")}`);
    try {
      const file = await open(unfinished, "wx");
      try {
        await file.writeFile(bytes);
        await file.sync();
      } finally {
        await file.close();
      }
      await rename(unfinished, join(folder, hash));
      await syncFolder(folder);
    } catch (error) {
      await rm(unfinished, { force: true });
      throw error;
    }
  };

  return {
    pathOf,
    usage: () => ({ files, bytes: bytesUsed }),
    async put(bytes) {
      const hash = hashPayload(bytes);
      const running = writing.get(hash);
      if (running !== undefined) {
        await running;
        return { hash, isNew: false };
      }
      // From here to `writing.set` nothing may be awaited, else two writers of the same bytes pass each other.
      const task = (async () => {
        if (await exists(join(folder, hash))) return false;
        if (bytesUsed + bytes.length > maxBytes) throw new StoreFullError(bytesUsed + bytes.length, maxBytes);
        bytesUsed += bytes.length;
        files += 1;
        try {
          await write(hash, bytes);
        } catch (error) {
          bytesUsed -= bytes.length;
          files -= 1;
          throw error;
        }
        return true;
      })();
      const settled = task.then(() => {});
      settled.catch(() => {});
      writing.set(hash, settled);
      try {
        return { hash, isNew: await task };
      } finally {
        writing.delete(hash);
      }
    },
  };
}

async function exists(path: string): Promise<boolean> {
  return stat(path).then(
    () => true,
    () => false,
  );
}

/** A rename is only safe from a power cut when its folder is synced too. */
async function syncFolder(folder: string): Promise<void> {
  const handle = await open(folder, "r");
  try {
    await handle.sync();
  } finally {
    await handle.close();
  }
}
