/**
 * Header values of a raw header list by lower-case name, in the order of the wire. Values are Latin-1 text:
 * each character is one byte as it was sent.
 */
export type HeaderValues = ReadonlyMap<string, readonly string[]>;

/** @param rawHeaders name, value, name, value, ... */
export function readHeaders(rawHeaders: readonly string[]): HeaderValues {
  const values = new Map<string, string[]>();
  for (let index = 0; index + 1 < rawHeaders.length; index += 2) {
    const name = (rawHeaders[index] ?? "").toLowerCase();
    const value = rawHeaders[index + 1] ?? "";
    const known = values.get(name);
    if (known) known.push(value);
    else values.set(name, [value]);
  }
  return values;
}

/** The value of a header that may come once; undefined when it is absent, "repeated" when it came more often. */
export function singleHeader(
  headers: HeaderValues,
  name: string,
): { readonly value: string } | undefined | "repeated" {
  const values = headers.get(name);
  const [value] = values ?? [];
  if (values === undefined || value === undefined) return undefined;
  return values.length > 1 ? "repeated" : { value };
}

/**
 * One value by lower-case name, repeats joined as SigV4 joins them, which node's own joined headers do not: with a bare
 * comma, and every name.
 */
export function joinHeaders(
  rawHeaders: readonly string[],
  decode: (name: string, value: string) => string = (_name, value) => value,
): Record<string, string> {
  const joined: Record<string, string> = Object.create(null);
  for (const [name, values] of readHeaders(rawHeaders))
    joined[name] = values.map((value) => decode(name, value)).join(",");
  return joined;
}
