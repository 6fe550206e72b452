/** `Content-Range` of an upload (OCI distribution-spec, "Pushing a blob in chunks"). */
import type { ByteRange } from "../../storage/blobs/blobs.ts";
import { InvalidRequest } from "./errors.ts";

/** `<start>-<end>`, both inclusive. */
export function parseContentRange(header: string): ByteRange {
  const match = /^(\d{1,15})-(\d{1,15})$/.exec(header);
  const range = { start: Number(match?.[1]), end: Number(match?.[2]) };
  if (match === null || range.end < range.start) {
    throw new InvalidRequest("BLOB_UPLOAD_INVALID", "Content-Range must be <start>-<end>", {
      contentRange: header.slice(0, 200),
    });
  }
  return range;
}
