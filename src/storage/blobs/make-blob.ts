/**
 * The end of an upload: its bytes become a blob. One transaction makes the blob, runs the caller's commit and
 * forgets the upload; when the same bytes are there already, theirs is the blob and these are removed. Where those
 * that are there are known to be damaged, the new ones take their place.
 */
import type { Readable } from "node:stream";
import type { Transaction } from "../metadata/metadata.ts";
import { blobOf, findTwin, insertBlob, replaceBytes, type WrittenBytes } from "./blob-rows.ts";
import type { SealedUpload } from "./blob-store.ts";
import type { Blob, ByteRange } from "./blobs.ts";
import type { BlobsContext } from "./context.ts";
import { bytesAreThere, reportRepaired } from "./damage.ts";
import { type Digest, digestAlgorithm } from "./digest.ts";
import { BlobMissing, DigestMismatch } from "./errors.ts";
import type { HashAlgorithm } from "./hash-algorithms.ts";
import { reviewIfUnreferenced } from "./references.ts";
import { openBytes, type UploadedBytes } from "./stored-bytes.ts";
import { UploadHash, type UploadHashes } from "./upload-hash.ts";
import { consumeUpload, noteRemoval, type Upload } from "./upload-rows.ts";

/** The caller's part of the transaction that makes an upload a blob. */
export type Commit<Result> = (tx: Transaction, blob: Blob) => Promise<Result>;

export interface FinishedUpload {
  /** As its row says, which may be older than the bytes within one request. */
  readonly upload: Upload;
  /** Of this server on the row; empty where it needs none. */
  readonly claim: string;
  readonly bytes: UploadedBytes;
  readonly dataKey: Uint8Array | undefined;
  /** When it was sealed before, to be looked at. */
  readonly sealed?: SealedUpload | undefined;
  /** The bytes as a store would have them, when they are to lie in the blob's row. No row knows of the upload then. */
  readonly content?: Uint8Array;
}

/**
 * Throws DigestMismatch, which leaves the upload as it was, and what `commit` throws.
 * @param known the digests so far, when this process has seen all bytes
 * @param hashes keeps the digests when the upload stays
 */
export async function makeBlob<Result>(
  context: BlobsContext,
  finished: FinishedUpload,
  known: UploadHash | undefined,
  digest: Digest,
  commit: Commit<Result>,
  hashes?: UploadHashes,
): Promise<Result> {
  const { metadata } = context;
  const { upload, bytes } = finished;
  let { sealed } = finished;
  let hash = known;
  const seal = async (): Promise<SealedUpload> => {
    sealed ??= await sealFinished(context, finished);
    return sealed;
  };
  try {
    await hash?.settled();
    if (hash?.digest(digestAlgorithm(digest)) === undefined) {
      hash = await hashAgain(context, finished, await seal(), [
        ...upload.algorithms,
        digestAlgorithm(digest),
      ]);
    }
    const actual = hash.digest(digestAlgorithm(digest));
    if (actual !== digest) throw new DigestMismatch(`the digest is ${actual}, not ${digest}`);
    const sha256 = hash.digest("sha256");
    if (sha256 === undefined) throw new TypeError("sha256 is always computed");

    const looked = new Set<string>();
    const look = async (): Promise<boolean> => {
      const twin = await findTwin(context, metadata.reader, upload, sha256);
      if (twin !== undefined) looked.add(twin.location);
      return twin !== undefined && (await bytesAreThere(context, twin));
    };
    // Sealing what lies in a row costs less than asking whether it is needed.
    if (finished.content !== undefined || !(await look())) await seal();
    const write = () =>
      metadata.write((tx) => commitBlob(tx, context, finished, { sha256, sealed, looked }, commit));
    let outcome = await write();
    for (let tries = 0; typeof outcome === "string" && tries < MOST_TRIES; tries++) {
      if (outcome === "look first") await look();
      else await seal();
      outcome = await write();
    }
    if (typeof outcome === "string") throw new BlobMissing(`the bytes of ${sha256} come and go`);
    if (outcome.healed) reportRepaired(context, outcome.healed, "the same bytes were uploaded again");
    if (!outcome.isNew && finished.content === undefined) removeSoon(context, upload);
    return outcome.result;
  } catch (error) {
    hashes?.keep(upload.id, hash);
    if (sealed && sealed.state !== bytes.stored.state) await rememberSealed(context, finished, sealed);
    throw error;
  }
}

/** So often the blob of the same bytes may be another one than a moment before. */
const MOST_TRIES = 3;

interface Committed<Result> {
  readonly result: Result;
  /** Whether the upload's bytes are a blob's now. */
  readonly isNew: boolean;
  /** Whose damaged bytes they replaced. */
  readonly healed: Blob | undefined;
}

async function commitBlob<Result>(
  tx: Transaction,
  context: BlobsContext,
  finished: FinishedUpload,
  {
    sha256,
    sealed,
    looked,
  }: {
    readonly sha256: Digest;
    readonly sealed: SealedUpload | undefined;
    /** Where the bytes lie that were looked for: they are there, or their row says that they are not. */
    readonly looked: ReadonlySet<string>;
  },
  commit: Commit<Result>,
): Promise<Committed<Result> | "look first" | "seal first"> {
  const { upload, claim, bytes } = finished;
  const now = context.clock.now().getTime();
  const twin = await findTwin(context, tx, upload, sha256);
  const isNew = twin === undefined || twin.damaged_at > 0;
  // Nobody may hear that his bytes are kept on the word of a row alone: its file may have been lost.
  if (!isNew && twin.location !== "" && !looked.has(twin.location)) return "look first";
  // The blob that made sealing needless was collected a moment ago, or found to be damaged.
  if (isNew && sealed === undefined) return "seal first";
  if (finished.content === undefined) {
    await consumeUpload(tx, upload, claim);
    if (!isNew) await noteRemoval(tx, upload.id, upload.storageClass, now);
  }
  const blob: Blob = twin
    ? blobOf(twin)
    : { id: upload.id, scope: upload.scope, sha256, storageClass: upload.storageClass, size: bytes.size };
  if (isNew && sealed) {
    const written = writtenBytes(finished, sealed);
    if (twin) await replaceBytes(tx, twin, written, now);
    else await insertBlob(tx, blob, written, now);
  }
  const result = await commit(tx, blob);
  await reviewIfUnreferenced(tx, blob.id, now + context.graceMilliseconds);
  return { result, isNew, healed: isNew && twin ? blob : undefined };
}

function writtenBytes({ upload, bytes, content }: FinishedUpload, sealed: SealedUpload): WrittenBytes {
  return {
    uploadId: upload.id,
    location: sealed.location,
    storedSize: bytes.stored.size,
    sealedKey: upload.sealedKey,
    extents: bytes.extents,
    content,
  };
}

/** Makes the bytes readable; what lies in a row is so already. */
export async function sealFinished(
  context: BlobsContext,
  { upload, bytes, content }: FinishedUpload,
): Promise<SealedUpload> {
  if (content !== undefined) return { location: "", state: "" };
  return context.stores[upload.storageClass].seal(bytes.stored);
}

/** The bytes of an upload that is no blob yet. */
export async function openFinished(
  context: BlobsContext,
  finished: FinishedUpload,
  sealed: SealedUpload,
  range?: ByteRange,
): Promise<Readable> {
  const { upload, bytes, dataKey } = finished;
  const readable = {
    ...writtenBytes(finished, sealed),
    storageClass: upload.storageClass,
    size: bytes.size,
  };
  return openBytes(context.stores[upload.storageClass], readable, dataKey, range);
}

/**
 * One read over all bytes: the upload moved here from another process, its digest was not announced, or the thread that
 * hashed it has died.
 */
export async function hashAgain(
  context: BlobsContext,
  finished: FinishedUpload,
  sealed: SealedUpload,
  algorithms: readonly HashAlgorithm[],
): Promise<UploadHash> {
  const { size } = finished.bytes;
  const hash = new UploadHash(algorithms);
  const bytes = await openFinished(context, finished, sealed);
  for await (const chunk of bytes as AsyncIterable<Uint8Array>) await hash.update(chunk);
  await hash.settled();
  if (hash.position !== size)
    throw new BlobMissing(`${sealed.location} ends at byte ${hash.position} of ${size}`);
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
export function removeSoon(
  { stores, log }: BlobsContext,
  { id, storageClass }: Pick<Upload, "id" | "storageClass">,
): void {
  stores[storageClass]
    .remove(id)
    .catch((error: unknown) => log.warn({ err: error, upload: id }, "removing bytes will be tried again"));
}
