import type { Metadata, Reader, Transaction } from "../metadata/metadata.ts";
import { type PreparedQuery, prepareQuery, prepareStatement } from "../metadata/prepared-query.ts";
import type { EncryptionScope } from "./blob-keys.ts";
import type { Blob, StorageClass } from "./blobs.ts";
import type { Digest } from "./digest.ts";
import { BlobMissing } from "./errors.ts";
import type { ReadableBytes } from "./stored-bytes.ts";
import type { BlobsTable } from "./tables.ts";
import { noteRemoval } from "./upload-rows.ts";

export type BlobRow = BlobsTable;

/** What a finished upload puts into a blob's row. */
export interface WrittenBytes {
  readonly uploadId: string;
  /** "" with `content`. */
  readonly location: string;
  readonly storedSize: number;
  readonly sealedKey: string;
  readonly extents: string;
  readonly content: Uint8Array | undefined;
}

/** What every read and every write asks, compiled once. */
export interface BlobQueries {
  readonly readable: PreparedQuery<
    BlobRow & { readonly content: Uint8Array | null },
    { readonly id: string }
  >;
  readonly twin: PreparedQuery<BlobRow, BlobIdentity>;
}

type BlobIdentity = { readonly scope: string; readonly storageClass: StorageClass; readonly sha256: string };

export function blobQueries(reader: Reader): BlobQueries {
  return {
    readable: prepareQuery(({ id }: { readonly id: string }) =>
      reader
        .selectFrom("blobs")
        .leftJoin("blob_contents", "blob_contents.blob_id", "blobs.id")
        .selectAll("blobs")
        .select("blob_contents.content")
        .where("blobs.id", "=", id),
    ),
    twin: prepareQuery(({ scope, storageClass, sha256 }: BlobIdentity) =>
      reader
        .selectFrom("blobs")
        .selectAll()
        .where("sha256", "=", sha256)
        // A stand-in while the query is prepared.
        .where("scope", "=", scope as EncryptionScope)
        .where("storage_class", "=", storageClass),
    ),
  };
}

/** A row with all that is needed to read its bytes: one query. Throws BlobMissing. */
export async function findReadable(
  { metadata, queries }: { readonly metadata: Metadata; readonly queries: BlobQueries },
  blobId: string,
): Promise<{ readonly row: BlobRow; readonly bytes: ReadableBytes }> {
  const found = await queries.readable(metadata.reader, { id: blobId });
  if (found === undefined) throw new BlobMissing(`there is no blob ${blobId}`);
  return { row: found, bytes: readableBytes(found, found.content ?? undefined) };
}

/** The same for a row that is known. */
export async function readableOf(reader: Reader, row: BlobRow): Promise<ReadableBytes> {
  if (row.location !== "") return readableBytes(row, undefined);
  const found = await reader
    .selectFrom("blob_contents")
    .select("content")
    .where("blob_id", "=", row.id)
    .executeTakeFirst();
  if (found === undefined) throw new BlobMissing(`the content of blob ${row.id} is missing`);
  return readableBytes(row, found.content);
}

function readableBytes(row: BlobRow, content: Uint8Array | undefined): ReadableBytes {
  return {
    uploadId: row.stored_id ?? row.id,
    storageClass: row.storage_class,
    size: row.size,
    extents: row.extents,
    location: row.location,
    storedSize: row.stored_size,
    content,
  };
}

/** The blob of these bytes under this key and in this tier. */
export function findTwin(
  { queries }: { readonly queries: BlobQueries },
  reader: Reader,
  { scope, storageClass }: Pick<Blob, "scope" | "storageClass">,
  sha256: Digest,
): Promise<BlobRow | undefined> {
  return queries.twin(reader, { scope, storageClass, sha256 });
}

export function blobOf(row: BlobRow): Blob {
  return {
    id: row.id,
    scope: row.scope,
    // Only digests are ever written there.
    sha256: row.sha256 as Digest,
    storageClass: row.storage_class,
    size: row.size,
  };
}

export async function insertBlob(
  tx: Transaction,
  { id, scope, sha256, storageClass, size }: Blob,
  written: WrittenBytes,
  now: number,
): Promise<void> {
  await insertRow(tx, { id, scope, sha256, storageClass, size, ...written, now });
  await insertContent(tx, id, written.content);
}

const insertRow = prepareStatement((db, row: Blob & WrittenBytes & { readonly now: number }) =>
  db.insertInto("blobs").values({
    id: row.id,
    scope: row.scope,
    sha256: row.sha256,
    size: row.size,
    storage_class: row.storageClass,
    location: row.location,
    created_at: row.now,
    stored_size: row.storedSize,
    sealed_key: row.sealedKey,
    extents: row.extents,
    stored_id: null,
    damaged_at: 0,
    damage: "",
  }),
);

/** Gives a damaged blob the bytes of a new upload. It keeps its id, so whoever refers to it is healed with it. */
export async function replaceBytes(
  tx: Transaction,
  row: BlobRow,
  written: WrittenBytes,
  now: number,
): Promise<void> {
  await noteRemoval(tx, row.stored_id ?? row.id, row.storage_class, now);
  await tx.deleteFrom("blob_contents").where("blob_id", "=", row.id).execute();
  await tx
    .updateTable("blobs")
    .set({
      location: written.location,
      stored_size: written.storedSize,
      sealed_key: written.sealedKey,
      extents: written.extents,
      stored_id: written.uploadId,
      damaged_at: 0,
      damage: "",
    })
    .where("id", "=", row.id)
    .execute();
  await insertContent(tx, row.id, written.content);
}

async function insertContent(tx: Transaction, id: string, content: Uint8Array | undefined): Promise<void> {
  if (content !== undefined) await insertContentRow(tx, { id, content });
}

const insertContentRow = prepareStatement(
  (db, { id, content }: { readonly id: string; readonly content: Uint8Array }) =>
    db.insertInto("blob_contents").values({ blob_id: id, content }),
);
