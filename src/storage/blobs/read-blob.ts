import type { Readable } from "node:stream";
import { findReadable } from "./blob-rows.ts";
import type { ByteRange, OpenOptions } from "./blobs.ts";
import type { BlobsContext } from "./context.ts";
import { bytesAreThere, quarantine, release } from "./damage.ts";
import { BlobDamaged } from "./errors.ts";
import { openBytes } from "./stored-bytes.ts";

/** Blobs.open. Damage that a reader meets is noted, so that the next upload of the same bytes heals it. */
export async function openBlob(
  context: BlobsContext,
  blobId: string,
  range?: ByteRange,
  options: OpenOptions = {},
): Promise<Readable> {
  const { row, bytes } = await findReadable(context, blobId);
  if (row.damage === "altered") throw new BlobDamaged(`the bytes of blob ${blobId} are damaged`);
  const dataKey = await context.dataKeys.unseal(
    { scope: row.scope, sealedKey: row.sealed_key },
    options.customerKey,
  );
  const note = (error: unknown) => {
    quarantine(context, row, error).catch((failure: unknown) =>
      context.log.error({ err: failure, blob: blobId }, "damage of a blob could not be noted"),
    );
  };
  try {
    const readable = await openBytes(context.stores[row.storage_class], bytes, dataKey, range);
    readable.on("error", note);
    // A disk that was mounted again.
    if (row.damage === "missing") await release(context, row, "its bytes are there again");
    return readable;
  } catch (error) {
    note(error);
    throw error;
  }
}

/** Blobs.isThere. */
export async function isThere(context: BlobsContext, blobId: string): Promise<boolean> {
  const found = await context.queries.readable(context.metadata.reader, { id: blobId });
  return found !== undefined && bytesAreThere(context, found);
}
