/** What holds for the input of every operation. */
import { hasControl } from "../../services/s3/index.ts";
import {
  invalidArgument,
  invalidRequest,
  keyTooLong,
  LARGEST_METADATA,
  LONGEST_KEY,
  metadataTooLarge,
} from "./errors.ts";
import { METADATA_PREFIX } from "./header-text.ts";

/** Throws KeyTooLongError, MetadataTooLarge. */
export function checkInput(input: object, headers: Readonly<Record<string, string>>): void {
  const key: unknown = Reflect.get(input, "Key");
  if (typeof key === "string" && key.length * 3 > LONGEST_KEY) {
    const size = Buffer.byteLength(key);
    if (size > LONGEST_KEY) throw keyTooLong(size);
  }
  let size = 0;
  for (const name in headers) {
    if (name.startsWith(METADATA_PREFIX))
      size += name.length - METADATA_PREFIX.length + Buffer.byteLength(headers[name] ?? "");
  }
  if (size > LARGEST_METADATA) throw metadataTooLarge(size);
}

/**
 * `response-content-type` and the like (GetObject, "Overriding response header values"): only who signed may say what is
 * answered, and nothing that no header can be. Throws InvalidRequest, InvalidArgument.
 */
export function checkOverrides(input: object, anonymous: boolean): void {
  for (const name of OVERRIDES) {
    const value: unknown = Reflect.get(input, name);
    if (value === undefined) continue;
    if (anonymous)
      throw invalidRequest("Request specific response headers cannot be used for anonymous GET requests.");
    if (typeof value === "string" && hasControl(value))
      throw invalidArgument("Header value cannot be represented using ISO-8859-1.", name, "");
  }
}

const OVERRIDES = [
  "ResponseCacheControl",
  "ResponseContentDisposition",
  "ResponseContentEncoding",
  "ResponseContentLanguage",
  "ResponseContentType",
  "ResponseExpires",
];
