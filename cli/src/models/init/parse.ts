/** Readers of answers. Each throws an Error that says what is allowed. */
import type { z } from "zod";

/** What a schema takes. */
export function fitting<T>(schema: z.ZodType<T>): (answer: string) => T {
  return (answer) => {
    const parsed = schema.safeParse(answer);
    if (parsed.success) return parsed.data;
    throw new Error(`It cannot be used: ${parsed.error.issues.map(({ message }) => message).join("; ")}`);
  };
}

/** A text of several lines, written in one. */
export const lines = (answer: string): string => text(answer).replaceAll("\\n", "\n");

export function text(answer: string): string {
  if (answer.trim() === "") throw new Error("It must not be empty");
  return answer.trim();
}

export function slug(answer: string): string {
  if (/^[a-z][a-z0-9-]*$/.test(answer)) return answer;
  throw new Error("It must begin with a letter a–z and hold only a–z, 0–9 and -");
}

export function oneOf<T extends string>(...allowed: readonly T[]): (answer: string) => T {
  return (answer) => {
    const found = allowed.find((one) => one === answer);
    if (found !== undefined) return found;
    throw new Error(`It must be one of ${allowed.join(", ")}`);
  };
}

export function whole(min: number, max: number): (answer: string) => number {
  return (answer) => {
    const value = /^\d{1,9}$/.test(answer) ? Number(answer) : Number.NaN;
    if (value >= min && value <= max) return value;
    throw new Error(`It must be a whole number from ${min} to ${max}`);
  };
}

/** A number, or a quotient of two such as 1/255. */
export function number(answer: string): number {
  const [top, bottom = "1", ...more] = answer.split("/").map((part) => part.trim());
  const value = top === "" || bottom === "" ? Number.NaN : Number(top) / Number(bottom);
  if (Number.isFinite(value) && more.length === 0) return value;
  throw new Error("It must be a number such as 0.5, or a quotient such as 1/255");
}

export function share(answer: string): number {
  const value = number(answer);
  if (value > 0 && value < 1) return value;
  throw new Error("It must lie between 0 and 1");
}

export function list<T>(one: (answer: string) => T, max: number): (answer: string) => T[] {
  return (answer) => {
    const parts = answer.split(",").map((part) => one(part.trim()));
    if (parts.length <= max) return parts;
    throw new Error(`It must be at most ${max}, with commas between`);
  };
}

export function positive(answer: string): number {
  const value = number(answer);
  if (value > 0) return value;
  throw new Error("It must be above 0");
}

/** One for all, or one for each of `count` with commas between; of any number where the count is not known. */
export function oneOrEach<T>(
  one: (answer: string) => T,
  count: number | undefined,
): (answer: string) => T | T[] {
  return (answer) => {
    if (!answer.includes(",")) return one(answer);
    const parts = list(one, Number.POSITIVE_INFINITY)(answer);
    if (count === undefined || parts.length === count) return parts;
    throw new Error(`It must be one, or ${count} with commas between; ${parts.length} are given`);
  };
}

/** Smallest and largest length: `3-4000`. */
export function range(answer: string): { min: number; max: number } {
  const found = /^(\d{1,7})-(\d{1,7})$/.exec(answer);
  const [min, max] = [Number(found?.[1]), Number(found?.[2])];
  if (min <= max && max > 0) return { min, max };
  throw new Error("It must be the smallest and the largest length, such as 3-4000");
}

/** Exactly two, with a comma between. */
export function pair<T>(one: (answer: string) => T): (answer: string) => [T, T] {
  return (answer) => {
    const [first, second, ...more] = answer.split(",").map((part) => part.trim());
    if (first === undefined || second === undefined || more.length > 0)
      throw new Error("It must be two, with a comma between");
    return [one(first), one(second)];
  };
}
