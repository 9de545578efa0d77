import type { Value } from "./builder.ts";
import type { Row } from "./session.ts";

/** What the front of a graph computed for one row, by name. */
export type RowTensors = Readonly<Record<string, Row>>;

/** The named tensor of a row. */
export function rowOf(row: RowTensors, name: string): Row {
  const found = row[name];
  if (found === undefined) throw new Error(`front has no output named ${name}`);
  return found;
}

/** The named value of a front. */
export function valueOf(front: Readonly<Record<string, Value>>, name: string): Value {
  const found = front[name];
  if (found === undefined) throw new Error(`front has no value named ${name}`);
  return found;
}
