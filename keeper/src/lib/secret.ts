import { inspect } from "node:util";

const HIDDEN = "<secret>";

/**
 * A value that may be used but not seen: printing, JSON, string templates and the inspector of Node all give
 * `<secret>`. The one way to the value is {@link Secret.reveal}, which is easy to search for.
 */
export class Secret<T extends string | Uint8Array = string> {
  readonly #value: T;

  constructor(value: T) {
    this.#value = value;
  }

  /** The value itself. Hand it straight to what needs it and keep no copy. */
  reveal(): T {
    return this.#value;
  }

  toString(): string {
    return HIDDEN;
  }

  toJSON(): string {
    return HIDDEN;
  }

  [Symbol.toPrimitive](): string {
    return HIDDEN;
  }

  [inspect.custom](): string {
    return HIDDEN;
  }
}
