/** The values of the request by lower-case condition key. */
export type RequestContext = ReadonlyMap<string, readonly string[]>;

/**
 * The values of a key that came twice with other values, in letters of another case (two tags, say): whoever sends both must not
 * choose which one a condition sees. Under such a key every deny holds and no allow.
 */
export const AMBIGUOUS: readonly string[] = Object.freeze([]);
