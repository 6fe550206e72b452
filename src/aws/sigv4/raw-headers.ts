/**
 * Header values of a raw header list by lower-case name, in the order of the wire. Values are Latin-1 text:
 * each character is one byte as it was sent.
 */
export type HeaderValues = ReadonlyMap<string, readonly string[]>;

const known = new WeakMap<readonly string[], HeaderValues>();

/**
 * Read once for each list, which several readers of a request ask for.
 * @param rawHeaders name, value, name, value, ...; not to be changed afterwards
 */
export function readHeaders(rawHeaders: readonly string[]): HeaderValues {
  let values = known.get(rawHeaders);
  if (values === undefined) {
    values = collectHeaders(rawHeaders);
    known.set(rawHeaders, values);
  }
  return values;
}

function collectHeaders(rawHeaders: readonly string[]): HeaderValues {
  const values = new Map<string, string[]>();
  for (let index = 0; index + 1 < rawHeaders.length; index += 2) {
    const name = (rawHeaders[index] ?? "").toLowerCase();
    const value = rawHeaders[index + 1] ?? "";
    const list = values.get(name);
    if (list) list.push(value);
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
  for (const [name, values] of readHeaders(rawHeaders)) {
    const [first = ""] = values;
    joined[name] =
      values.length === 1 ? decode(name, first) : values.map((value) => decode(name, value)).join(",");
  }
  return joined;
}
