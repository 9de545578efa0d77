/** One number recomputed here beside the number the chain says. */
export interface Check {
  readonly what: string;
  readonly computed: bigint;
  readonly chain: bigint;
}

export function agrees({ computed, chain }: Check): boolean {
  return computed === chain;
}

export function differences(checks: readonly Check[]): Check[] {
  return checks.filter((check) => !agrees(check));
}
