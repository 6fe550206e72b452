/**
 * Keys as the database keeps them. S3 allows every UTF-8 character, U+0000 among them, which PostgreSQL has no place for.
 * So U+0000 and U+0001 are written as U+0001 and one more: order by bytes, prefixes and delimiters stay what they were.
 */
export function storedKey(key: string): string {
  if (!UNSTORABLE.test(key)) return key;
  return key.replaceAll(ONE, `${ONE}\u0002`).replaceAll("\0", ONE + ONE);
}

/** Pairs lie side by side from the left, so none is found across two others. */
export function keyOf(stored: string): string {
  if (!stored.includes(ONE)) return stored;
  return stored.replaceAll(ONE + ONE, "\0").replaceAll(`${ONE}\u0002`, ONE);
}

const ONE = "\u0001";
// biome-ignore lint/suspicious/noControlCharactersInRegex: they are what has to be found
const UNSTORABLE = /[\0\u0001]/;
