/** Tags, digests and upload ids as they stand in a path or query. */
import type { Reference } from "../../services/ecr/engine.ts";
import { type Digest, parseDigest } from "../../storage/blobs/digest.ts";
import { InvalidRequest, RegistryError } from "./errors.ts";

const TAG = /^[a-zA-Z0-9_][a-zA-Z0-9._-]{0,127}$/;
const UPLOAD_ID = /^[a-zA-Z0-9_-]{1,128}$/;

/** Throws 400 DIGEST_INVALID: malformed, or an algorithm that cannot be verified here. */
export function digestParameter(text: string | null): Digest {
  const digest = text === null ? undefined : parseDigest(text);
  if (digest === undefined) {
    throw new InvalidRequest("DIGEST_INVALID", "digest must be sha256:<64 hex> or sha512:<128 hex>", {
      digest: text?.slice(0, 200) ?? null,
    });
  }
  return digest;
}

/** The specification's two forms only: a colon makes it a digest, since no tag can have one. */
export function manifestReference(text: string): Reference {
  if (text.includes(":")) return { digest: digestParameter(text) };
  return { tag: tagParameter(text) };
}

export function tagParameter(text: string): string {
  if (!TAG.test(text)) throw new InvalidRequest("TAG_INVALID", "invalid tag", { tag: text.slice(0, 200) });
  return text;
}

export function uploadIdParameter(text: string): string {
  if (!UPLOAD_ID.test(text))
    throw new RegistryError(404, "BLOB_UPLOAD_UNKNOWN", "blob upload unknown to registry");
  return text;
}
