/**
 * Between the plain bytes of a blob and what its store has of them: cold ones are compressed, then everything of a scope
 * other than `none` is encrypted, in this order.
 */
import type { Readable } from "node:stream";
import type { BlobStore, StoredUpload } from "./blob-store.ts";
import type { ByteRange, StorageClass } from "./blobs.ts";
import { BytesReadable } from "./bytes-readable.ts";
import { CompressingWriter, decompressed } from "./compression.ts";
import { DecryptingReadable, decryptRange } from "./decrypting-readable.ts";
import { EncryptingWriter } from "./encrypting-writer.ts";
import { plainLength, readExtents, segmentsOf, writeExtents } from "./extents.ts";
import type { UploadHash } from "./upload-hash.ts";

/** The bytes of an upload, as its row says. */
export interface UploadedBytes {
  /** Before compression and encryption. */
  readonly size: number;
  /** As extents.ts writes them; "" when nothing is encrypted. */
  readonly extents: string;
  readonly stored: StoredUpload;
}

/** Takes the bytes of one append; a BlobWriter for plain bytes. */
export interface UploadWriter {
  write(chunk: Uint8Array): Promise<void>;
  finish(): Promise<UploadedBytes>;
  abandon(): Promise<void>;
  settle(): Promise<void>;
}

/** What a reader has to know of a blob, or of an upload that has come whole. */
export interface ReadableBytes {
  /** Under which id they were uploaded. */
  readonly uploadId: string;
  readonly storageClass: StorageClass;
  readonly size: number;
  readonly extents: string;
  readonly location: string;
  readonly storedSize: number;
  /** What the store would have, of a blob so small that it lies in its row. */
  readonly content: Uint8Array | undefined;
}

/** @param hash goes on with all that is written, and is settled by `finish` */
export async function appendBytes(
  store: BlobStore,
  upload: UploadedBytes & { readonly storageClass: StorageClass },
  dataKey: Uint8Array | undefined,
  hash: UploadHash | undefined,
): Promise<UploadWriter> {
  const writer = await store.append(upload.stored);
  const isCold = upload.storageClass === "cold";
  const encrypting =
    dataKey && new EncryptingWriter(writer, dataKey, upload.stored.id, isCold ? undefined : hash);
  const compressing = isCold ? new CompressingWriter(encrypting ?? writer) : undefined;
  const above = compressing ?? encrypting ?? writer;
  const hashedHere = above === encrypting ? undefined : hash;
  const abandon = async () => {
    await compressing?.abandon();
    await encrypting?.abandon();
    await writer.abandon();
  };
  let size = upload.size;
  return {
    async write(chunk) {
      size += chunk.length;
      await hashedHere?.update(chunk);
      await above.write(chunk);
    },
    async finish() {
      // Hashing ends while the disk syncs.
      const [stored] = await Promise.all([above.finish(), hashedHere?.settled()]).catch(
        async (error: unknown) => {
          // The last bytes may have failed on their way, where the store's writer was not asked to finish yet.
          await abandon();
          throw error;
        },
      );
      const extent = encrypting?.extent;
      const extents = extent ? writeExtents([...readExtents(upload.extents), extent]) : upload.extents;
      return { size, extents, stored };
    },
    abandon,
    settle: () => writer.settle(),
  };
}

/** The bytes before encryption and compression, or a range of them. */
export async function openBytes(
  store: BlobStore,
  bytes: ReadableBytes,
  dataKey: Uint8Array | undefined,
  range: ByteRange | undefined,
): Promise<Readable> {
  const { start, end } = range ?? { start: 0, end: bytes.size - 1 };
  if (start > end) return new BytesReadable(new Uint8Array(0));
  const isCompressed = bytes.storageClass === "cold" && bytes.content === undefined;
  if (!isCompressed) return openCoded(store, bytes, dataKey, start, end);
  const codedSize = dataKey ? plainLength(readExtents(bytes.extents)) : bytes.storedSize;
  const coded = await openCoded(store, bytes, dataKey, 0, codedSize - 1);
  return decompressed(coded, bytes.size, start, end);
}

/** What was encrypted: the bytes themselves or, of cold ones, what they were compressed to. */
async function openCoded(
  store: BlobStore,
  bytes: ReadableBytes,
  dataKey: Uint8Array | undefined,
  start: number,
  end: number,
): Promise<Readable> {
  if (dataKey === undefined) return openStored(store, bytes, start, end);
  const range = segmentsOf(readExtents(bytes.extents), start, end);
  if (bytes.content !== undefined)
    return new BytesReadable(decryptRange(bytes.content, range, dataKey, bytes.uploadId));
  const sealed = await openStored(store, bytes, range.start, range.end);
  return new DecryptingReadable(sealed, range, dataKey, bytes.uploadId);
}

/** Throws BlobMissing unless all bytes are there, whatever they are. */
export async function checkPresent(store: BlobStore, bytes: ReadableBytes): Promise<void> {
  const last = bytes.storedSize - 1;
  if (bytes.content !== undefined || last < 0) return;
  (await store.open(bytes.location, bytes.storedSize, last, last)).destroy();
}

async function openStored(
  store: BlobStore,
  { location, storedSize, content }: ReadableBytes,
  start: number,
  end: number,
): Promise<Readable> {
  if (content !== undefined) return new BytesReadable(content.subarray(start, end + 1));
  return store.open(location, storedSize, start, end);
}
