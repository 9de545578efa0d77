import type { Hex } from "viem";
import { decodeBigint, encodeBigint } from "./codec.ts";
import { corrupt } from "./errors.ts";
import type { Database } from "./open.ts";

/** A block of the chain. The hash tells whether the chain still has it. */
export type BlockPoint = { readonly number: bigint; readonly hash: Hex };

/** The last block whose events were worked off. After a reorganisation it may be set back. */
export type Cursor = {
  get(): BlockPoint | undefined;
  /** On the disk when this returns. */
  set(point: BlockPoint): void;
};

/** @param reader name of the reader whose place this is; each has its own */
export function createCursor(database: Database, reader = "events"): Cursor {
  const select = database.sql.prepare("SELECT number, hash FROM cursor WHERE reader = ?");
  const upsert = database.sql.prepare(
    `INSERT INTO cursor (reader, number, hash) VALUES (?, ?, ?)
     ON CONFLICT (reader) DO UPDATE SET number = excluded.number, hash = excluded.hash`,
  );
  return {
    get: () =>
      database.read(() => {
        const row = select.get(reader);
        if (row === undefined) return undefined;
        const hash = String(row["hash"]);
        if (!isHash(hash) || !/^[0-9]{78}$/.test(String(row["number"]))) {
          throw corrupt(database.path, `the cursor of ${reader} is unreadable`);
        }
        return { number: decodeBigint(row["number"]), hash };
      }),
    set: ({ number, hash }) => {
      const normal = hash.toLowerCase();
      if (!isHash(normal))
        throw new RangeError(`a block hash is 0x and 64 hexadecimal digits, given ${hash}`);
      database.write(() => upsert.run(reader, encodeBigint(number), normal));
    },
  };
}

function isHash(text: string): text is Hex {
  return /^0x[0-9a-f]{64}$/.test(text);
}
