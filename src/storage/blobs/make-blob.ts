/**
 * The end of an upload: its bytes become a blob. One transaction makes the blob, runs the caller's commit and
 * forgets the upload; when the same bytes are there already, theirs is the blob and these are removed.
 */
import type { Reader, Transaction } from "../metadata/metadata.ts";
import type { SealedUpload, StoredUpload } from "./blob-store.ts";
import type { Blob } from "./blobs.ts";
import type { BlobsContext } from "./context.ts";
import { type Digest, type DigestAlgorithm, digestAlgorithm } from "./digest.ts";
import { BlobMissing, DigestMismatch } from "./errors.ts";
import { reviewIfUnreferenced } from "./references.ts";
import { UploadHash, type UploadHashes } from "./upload-hash.ts";
import { consumeUpload, noteRemoval, type Upload } from "./upload-rows.ts";

/** The caller's part of the transaction that makes an upload a blob. */
export type Commit<Result> = (tx: Transaction, blob: Blob) => Promise<Result>;

export interface FinishedUpload {
  /** As its row says, which may be older than the bytes within one request. */
  readonly upload: Upload;
  /** Of this server on the row; empty where it needs none. */
  readonly claim: string;
  /** Where the bytes are. */
  readonly stored: StoredUpload;
  /** When it was sealed before, to be looked at. */
  readonly sealed?: SealedUpload | undefined;
}

/**
 * Throws DigestMismatch, which leaves the upload as it was, and what `commit` throws.
 * @param known the digests so far, when this process has seen all bytes
 */
export async function makeBlob<Result>(
  context: BlobsContext,
  hashes: UploadHashes,
  finished: FinishedUpload,
  known: UploadHash | undefined,
  digest: Digest,
  commit: Commit<Result>,
): Promise<Result> {
  const { metadata, store } = context;
  const { upload, stored } = finished;
  let { sealed } = finished;
  let hash = known;
  try {
    await hash?.settled();
    if (hash?.digest(digestAlgorithm(digest)) === undefined) {
      sealed = await store.seal(stored);
      const algorithms = [...upload.algorithms, digestAlgorithm(digest)];
      hash = await hashAgain(context, sealed.location, stored.size, algorithms);
    }
    const actual = hash.digest(digestAlgorithm(digest));
    if (actual !== digest) throw new DigestMismatch(`the digest is ${actual}, not ${digest}`);
    const sha256 = hash.digest("sha256");
    if (sha256 === undefined) throw new TypeError("sha256 is always computed");

    if (!(await findBlob(metadata.reader, upload, sha256))) sealed ??= await store.seal(stored);
    const write = () => metadata.write((tx) => commitBlob(tx, context, finished, sha256, sealed, commit));
    let outcome = await write();
    if (outcome === "seal first") {
      sealed = await store.seal(stored);
      outcome = await write();
    }
    if (outcome === "seal first") throw new BlobMissing(`${sha256} was not sealed`);
    if (!outcome.isNew) removeSoon(context, upload.id);
    return outcome.result;
  } catch (error) {
    hashes.keep(upload.id, hash);
    if (sealed && sealed.state !== stored.state) await rememberSealed(context, finished, sealed);
    throw error;
  }
}

async function commitBlob<Result>(
  tx: Transaction,
  context: BlobsContext,
  { upload, claim, stored }: FinishedUpload,
  sha256: Digest,
  sealed: SealedUpload | undefined,
  commit: Commit<Result>,
): Promise<{ result: Result; isNew: boolean } | "seal first"> {
  const now = context.clock.now().getTime();
  const existing = await findBlob(tx, upload, sha256);
  // The blob that made sealing needless was collected a moment ago.
  if (existing === undefined && sealed === undefined) return "seal first";
  await consumeUpload(tx, upload, claim);
  if (existing) await noteRemoval(tx, upload.id, now);
  const { scope, storageClass } = upload;
  const blob: Blob = existing ?? { id: upload.id, scope, sha256, storageClass, size: stored.size };
  if (sealed && !existing) {
    await tx
      .insertInto("blobs")
      .values({
        id: blob.id,
        scope,
        sha256,
        size: blob.size,
        storage_class: storageClass,
        location: sealed.location,
        created_at: now,
        stored_size: stored.size,
        sealed_key: "",
        extents: "",
        stored_id: "",
        damaged_at: 0,
      })
      .execute();
  }
  const result = await commit(tx, blob);
  await reviewIfUnreferenced(tx, blob.id, now + context.graceMilliseconds);
  return { result, isNew: existing === undefined };
}

/** The upload moved here from another process, or its digest was not announced: one read over all bytes. */
async function hashAgain(
  { store }: BlobsContext,
  location: string,
  size: number,
  algorithms: DigestAlgorithm[],
): Promise<UploadHash> {
  const hash = new UploadHash(algorithms);
  if (size === 0) {
    await hash.settled();
    return hash;
  }
  const bytes = await store.open(location, size, 0, size - 1);
  for await (const chunk of bytes as AsyncIterable<Uint8Array>) await hash.update(chunk);
  await hash.settled();
  if (hash.position !== size) throw new BlobMissing(`${location} ends at byte ${hash.position} of ${size}`);
  return hash;
}

async function rememberSealed(
  { metadata, log }: BlobsContext,
  { upload, claim }: FinishedUpload,
  sealed: SealedUpload,
): Promise<void> {
  await metadata
    .write((tx) =>
      tx
        .updateTable("blob_uploads")
        .set({ state: sealed.state })
        .where("id", "=", upload.id)
        .where("size", "=", upload.size)
        .where("claim", "=", claim)
        .execute(),
    )
    .catch((error: unknown) => log.warn({ err: error }, "a sealed upload is not noted"));
}

/** The row in blob_removals stays until the collector has been there too, so a crash loses nothing. */
export function removeSoon({ store, log }: BlobsContext, id: string): void {
  store
    .remove(id)
    .catch((error: unknown) => log.warn({ err: error, upload: id }, "removing bytes will be tried again"));
}

async function findBlob(
  reader: Reader,
  { scope, storageClass }: Pick<Blob, "scope" | "storageClass">,
  sha256: Digest,
): Promise<Blob | undefined> {
  const row = await reader
    .selectFrom("blobs")
    .select(["id", "size"])
    .where("sha256", "=", sha256)
    .where("scope", "=", scope)
    .where("storage_class", "=", storageClass)
    .executeTakeFirst();
  return row && { id: row.id, size: row.size, scope, sha256, storageClass };
}
