/** Why a test of ceph/s3-tests does not pass. The first row that fits holds. */
const REASONS: readonly (readonly [tests: RegExp, reason: string])[] = [];

/** Undefined when nobody has looked at it yet. */
export function reasonOf(test: string): string | undefined {
  return REASONS.find(([tests]) => tests.test(test))?.[1];
}
