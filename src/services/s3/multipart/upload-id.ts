/**
 * Upload ids: 40 url-safe characters that clients must not read anything into. They begin with the time of their upload,
 * so that a listing goes on from an id also when its upload is gone.
 */
import { randomBytes } from "node:crypto";

const FORM = /^[A-Za-z0-9_-]{40}$/;
const BYTES = 30;
const TIME_BYTES = 6;

export function makeUploadId(initiatedAt: Date): string {
  const bytes = randomBytes(BYTES);
  bytes.writeUIntBE(initiatedAt.getTime(), 0, TIME_BYTES);
  return bytes.toString("base64url");
}

/** In milliseconds since the epoch; undefined where the text is no id that was ever given out. */
export function timeOfUploadId(uploadId: string): number | undefined {
  if (!FORM.test(uploadId)) return undefined;
  return Buffer.from(uploadId, "base64url").readUIntBE(0, TIME_BYTES);
}
