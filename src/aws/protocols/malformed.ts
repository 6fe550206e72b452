/**
 * A request that does not fit its protocol at all: broken JSON, XML or form, bytes that are not UTF-8, a value of
 * another type, nested too deeply. Each protocol turns it into its own error.
 */
export class Malformed extends Error {
  override readonly name = "Malformed";
}

/** Levels of lists, maps and structures in a request. No input of the served services comes near it. */
export const DEEPEST_NESTING = 64;

/**
 * Members, items, parameters or elements in a request: ten times what the largest call needs (CompleteMultipartUpload
 * with 10,000 parts). Millions fit into a body and take an engine seconds and a gigabyte to make objects of.
 */
const MOST_VALUES = 100_000;

/** Throws Malformed. Called while counting, before anything is built. */
export function checkCount(values: number): void {
  if (values > MOST_VALUES) throw new Malformed(`The request has more than ${MOST_VALUES} values`);
}

/** Counts the `sign` of which each value has `each` in `text`. Throws Malformed. */
export function countBySign(text: string, sign: string, each: number): void {
  let count = 0;
  for (let at = text.indexOf(sign); at !== -1; at = text.indexOf(sign, at + 1)) checkCount(++count / each);
}

/** Throws Malformed when the bytes are not UTF-8. */
export function decodeUtf8(bytes: Uint8Array): string {
  try {
    return decoder.decode(bytes);
  } catch {
    throw new Malformed("The request is not valid UTF-8");
  }
}

const decoder = new TextDecoder("utf-8", { fatal: true });

/**
 * A text as it may enter the server. Lone surrogates have no UTF-8 form and NUL no place in PostgreSQL or XML: neither
 * could be stored or given back as it came.
 */
export function checkedText(text: string): string {
  if (text.includes("\0")) throw new Malformed("Text must not contain the character U+0000");
  if (!text.isWellFormed()) throw new Malformed("Text must not contain half of a surrogate pair");
  return text;
}

/** As much of a client's text as an error message may repeat. */
export function excerpt(text: string): string {
  return text.length <= 64 ? text : `${text.slice(0, 64)}...`;
}
