/**
 * Two resource policies that speak about the same resource (a repository's own and that of what it lies in) as one
 * document: an explicit deny in either wins, an allow in either lets in.
 */
import { BoundedCache } from "../../bounded-cache.ts";

const combined = new BoundedCache<string, string>(1_000);

/** Both were validated when they were stored. */
export function combinePolicies(
  one: string | null | undefined,
  other: string | null | undefined,
): string | undefined {
  if (one == null || other == null) return one ?? other ?? undefined;
  const key = `${one.length} ${one}${other}`;
  let document = combined.get(key);
  if (document === undefined) {
    document = JSON.stringify({
      Version: "2012-10-17",
      Statement: [...statements(one), ...statements(other)],
    });
    combined.set(key, document);
  }
  return document;
}

/** Sids may collide across the two, so they go. */
function statements(policy: string): object[] {
  const { Statement: statement } = JSON.parse(policy) as { Statement: object | object[] };
  return [statement].flat().map((one) => ({ ...one, Sid: undefined }));
}
