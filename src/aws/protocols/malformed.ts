/**
 * A request that does not fit its protocol at all: broken JSON, XML or form, bytes that are not UTF-8, a value of
 * another type, nested too deeply. Each protocol turns it into its own error.
 */
export class Malformed extends Error {
  override readonly name = "Malformed";
}

/** Levels of lists, maps and structures in a request. No input of the served services comes near it. */
export const DEEPEST_NESTING = 64;

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
