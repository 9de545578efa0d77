/** What a claim of fool-me-twice says, and the sentences that settle it. */
export interface FoolClaim {
  readonly category: string;
  readonly claim: string;
  readonly evidence: readonly string[];
}

/** Two or more capitalised words in a row: mostly names of what the claim is about. */
const NAME = /(?:\p{Lu}[\p{L}\p{N}.'’-]* )+\p{Lu}[\p{L}\p{N}]+/gu;

/** Names in a claim and in its evidence. */
export function namesOf({ claim, evidence }: FoolClaim): Set<string> {
  return new Set([claim, ...evidence].join("\n").match(NAME) ?? []);
}

/**
 * A group number for each claim. Claims that share an evidence sentence are in one group, and so are claims that share a name which
 * occurs in at most `common` claims: an entity is never in two groups.
 */
export function groupsOf(claims: readonly FoolClaim[], common: number): number[] {
  const parent = claims.map((_, index) => index);
  const root = (index: number): number => {
    let at = index;
    while (parent[at] !== at) at = parent[at] ?? at;
    parent[index] = at;
    return at;
  };
  const join = (members: readonly number[]): void => {
    const [first = 0, ...rest] = members;
    for (const other of rest) parent[root(other)] = root(first);
  };
  for (const members of holders(claims, ({ evidence }) => evidence).values()) join(members);
  for (const members of holders(claims, namesOf).values()) if (members.length <= common) join(members);
  return claims.map((_, index) => root(index));
}

/** For each key the indices of the claims that have it. */
function holders(
  claims: readonly FoolClaim[],
  keysOf: (claim: FoolClaim) => Iterable<string>,
): Map<string, number[]> {
  const found = new Map<string, number[]>();
  claims.forEach((claim, index) => {
    for (const key of new Set(keysOf(claim))) {
      const members = found.get(key) ?? [];
      members.push(index);
      found.set(key, members);
    }
  });
  return found;
}
