import { randomUUID } from "node:crypto";
import type { Metadata, Reader, Transaction } from "../metadata/metadata.ts";
import type { EncryptionScope } from "./blob-keys.ts";
import type { StorageClass } from "./blobs.ts";
import { type DigestAlgorithm, isDigestAlgorithm } from "./digest.ts";
import { OffsetMismatch, UploadNotFound } from "./errors.ts";
import type { UploadedBytes } from "./stored-bytes.ts";

/** An upload in progress, as its row in blob_uploads says. */
export interface Upload extends UploadedBytes {
  /** UUID; later the blob's id. */
  readonly id: string;
  readonly owner: string;
  /** Those that the final digest may use: sha256 always, others when announced. */
  readonly algorithms: readonly DigestAlgorithm[];
  readonly scope: EncryptionScope;
  readonly storageClass: StorageClass;
  /** The data key, sealed under the scope's; "" when nothing is encrypted. */
  readonly sealedKey: string;
}

/** What an upload will be, once its bytes are there. */
export type UploadTarget = Pick<Upload, "scope" | "storageClass" | "sealedKey">;

/** An upload of which no byte has come, and no row is there yet. */
export function newUpload(
  owner: string,
  algorithms: readonly DigestAlgorithm[],
  target: UploadTarget,
): Upload {
  const id = randomUUID();
  const stored = { id, size: 0, state: "" };
  return { id, owner, size: 0, extents: "", stored, algorithms: withSha256(algorithms), ...target };
}

/** How long a claim holds without being renewed: a server that died frees its uploads after this. */
const CLAIM_MILLISECONDS = 60_000;

export async function insertUpload(tx: Transaction, upload: Upload, now: number): Promise<void> {
  await tx
    .insertInto("blob_uploads")
    .values({
      id: upload.id,
      owner: upload.owner,
      algorithms: upload.algorithms.join(" "),
      claim: "",
      claimed_until: 0,
      updated_at: now,
      scope: upload.scope,
      storage_class: upload.storageClass,
      sealed_key: upload.sealedKey,
      ...bytesColumns(upload),
    })
    .execute();
}

function bytesColumns({ size, extents, stored }: UploadedBytes) {
  return { size, extents, stored_size: stored.size, state: stored.state };
}

/** Throws UploadNotFound; an upload of another owner is as good as none. */
export async function findUpload(reader: Reader, id: string, owner: string): Promise<Upload> {
  const row = await reader
    .selectFrom("blob_uploads")
    .selectAll()
    .where("id", "=", id)
    .where("owner", "=", owner)
    .executeTakeFirst();
  if (row === undefined) throw new UploadNotFound(`there is no upload ${id}`);
  return {
    id: row.id,
    owner: row.owner,
    size: row.size,
    extents: row.extents,
    stored: { id: row.id, size: row.stored_size, state: row.state },
    algorithms: withSha256(row.algorithms.split(" ").filter(isDigestAlgorithm)),
    scope: row.scope,
    storageClass: row.storage_class,
    sealedKey: row.sealed_key,
  };
}

/** Moves the row from `before` to `after`. Throws OffsetMismatch or UploadNotFound when it is not at `before` any more. */
export async function advanceUpload(
  tx: Transaction,
  before: Upload,
  after: UploadedBytes,
  claim: string,
  now: number,
): Promise<void> {
  const { numUpdatedRows } = await tx
    .updateTable("blob_uploads")
    .set({ ...bytesColumns(after), claim: "", claimed_until: 0, updated_at: now })
    .where("id", "=", before.id)
    .where("size", "=", before.size)
    .where("claim", "=", claim)
    .executeTakeFirst();
  if (numUpdatedRows === 1n) return;
  const { size } = await findUpload(tx, before.id, before.owner);
  throw new OffsetMismatch(size);
}

/** Removes the row and notes its bytes for removal. Throws UploadNotFound. */
export async function discardUpload(tx: Transaction, id: string, owner: string, now: number): Promise<void> {
  const row = await tx
    .deleteFrom("blob_uploads")
    .where("id", "=", id)
    .where("owner", "=", owner)
    .returning("storage_class")
    .executeTakeFirst();
  if (row === undefined) throw new UploadNotFound(`there is no upload ${id}`);
  await noteRemoval(tx, id, row.storage_class, now);
}

/** Puts the bytes of an upload that has no row any more on the collector's list. */
export async function noteRemoval(
  tx: Transaction,
  id: string,
  storageClass: StorageClass,
  now: number,
): Promise<void> {
  await tx
    .insertInto("blob_removals")
    .values({ id, created_at: now, storage_class: storageClass })
    .onConflict((conflict) => conflict.doNothing())
    .execute();
}

/**
 * For bytes that may have come after the row of their upload went. They are noted for removal, unless the upload
 * became a blob: by another server when this one was frozen for longer than its claim, or by a commit whose answer
 * got lost. Which of both is settled by then, as the row and the blob change in one transaction. Returns whether the
 * bytes may go.
 */
export async function discardLateBytes(
  tx: Transaction,
  { id, storageClass }: Pick<Upload, "id" | "storageClass">,
  now: number,
): Promise<boolean> {
  const blob = await tx
    .selectFrom("blobs")
    .select("id")
    .where((is) =>
      is.or([is.and([is("id", "=", id), is("stored_id", "is", null)]), is("stored_id", "=", id)]),
    )
    .executeTakeFirst();
  if (blob !== undefined) return false;
  await noteRemoval(tx, id, storageClass, now);
  return true;
}

/**
 * Removes the row of an upload that becomes a blob. Throws OffsetMismatch when another server has it by now, as its
 * claim ran out: that one may have removed what `upload` counts on.
 */
export async function consumeUpload(tx: Transaction, upload: Upload, claim: string): Promise<void> {
  const { numDeletedRows } = await tx
    .deleteFrom("blob_uploads")
    .where("id", "=", upload.id)
    .where("owner", "=", upload.owner)
    .where("size", "=", upload.size)
    .where("claim", "=", claim)
    .executeTakeFirst();
  if (numDeletedRows === 1n) return;
  const { size } = await findUpload(tx, upload.id, upload.owner);
  throw new OffsetMismatch(size);
}

/**
 * Runs `work` while no other server works on the upload: two writers would tear each other's parts apart.
 * The claim is renewed while it runs; `lost` fires when that failed for so long that another may have it.
 * Throws OffsetMismatch when another has it, or it moved since `upload` was read.
 */
export async function withClaim<Result>(
  metadata: Metadata,
  upload: Upload,
  now: () => number,
  work: (claim: string, lost: AbortSignal) => Promise<Result>,
): Promise<Result> {
  const claim = randomUUID();
  await metadata.write(async (tx) => {
    const { numUpdatedRows } = await tx
      .updateTable("blob_uploads")
      .set({ claim, claimed_until: now() + CLAIM_MILLISECONDS })
      .where("id", "=", upload.id)
      .where("size", "=", upload.size)
      .where((is) => is.or([is("claim", "=", ""), is("claimed_until", "<", now())]))
      .executeTakeFirst();
    if (numUpdatedRows === 1n) return;
    const { size } = await findUpload(tx, upload.id, upload.owner);
    throw new OffsetMismatch(size);
  });
  const lost = new AbortController();
  const renew = async () => {
    const { numUpdatedRows } = await metadata.write((tx) =>
      tx
        .updateTable("blob_uploads")
        .set({ claimed_until: now() + CLAIM_MILLISECONDS })
        .where("id", "=", upload.id)
        .where("claim", "=", claim)
        .executeTakeFirst(),
    );
    if (numUpdatedRows === 0n) lost.abort();
  };
  const timer = setInterval(() => renew().catch(() => lost.abort()), CLAIM_MILLISECONDS / 3);
  try {
    return await work(claim, lost.signal);
  } finally {
    clearInterval(timer);
    // What succeeded has cleared or removed it already; this is for what failed.
    await metadata
      .write((tx) =>
        tx
          .updateTable("blob_uploads")
          .set({ claim: "", claimed_until: 0 })
          .where("id", "=", upload.id)
          .where("claim", "=", claim)
          .execute(),
      )
      .catch(() => undefined);
  }
}

function withSha256(algorithms: readonly DigestAlgorithm[]): readonly DigestAlgorithm[] {
  return [...new Set<DigestAlgorithm>(["sha256", ...algorithms])];
}
