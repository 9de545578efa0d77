/**
 * RFC 8785 for values whose keys are ASCII: sorting by UTF-16 units, and the numbers and string escapes of
 * JSON.stringify, are already what the RFC asks for.
 */
export function canonicalJson(value: unknown): string {
  return JSON.stringify(value, (_key, inner: unknown) =>
    typeof inner === "object" && inner !== null && !Array.isArray(inner)
      ? Object.fromEntries(Object.entries(inner).sort(([a], [b]) => (a < b ? -1 : 1)))
      : inner,
  );
}
