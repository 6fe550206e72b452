/** The values of the request by lower-case condition key. */
export type RequestContext = ReadonlyMap<string, readonly string[]>;
