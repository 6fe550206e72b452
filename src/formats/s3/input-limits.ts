/** Limits of S3 that hold for every operation. */
import { keyTooLong, LARGEST_METADATA, LONGEST_KEY, metadataTooLarge } from "./errors.ts";
import { METADATA_PREFIX } from "./header-text.ts";

/** Throws KeyTooLongError, MetadataTooLarge. */
export function checkInput(input: object, headers: Readonly<Record<string, string>>): void {
  const key: unknown = Reflect.get(input, "Key");
  if (typeof key === "string" && key.length * 3 > LONGEST_KEY) {
    const size = Buffer.byteLength(key);
    if (size > LONGEST_KEY) throw keyTooLong(size);
  }
  let size = 0;
  for (const [name, value] of Object.entries(headers)) {
    if (name.startsWith(METADATA_PREFIX))
      size += name.length - METADATA_PREFIX.length + Buffer.byteLength(value);
  }
  if (size > LARGEST_METADATA) throw metadataTooLarge(size);
}
