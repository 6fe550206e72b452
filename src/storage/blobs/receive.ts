import type { ArrivingBody } from "./arriving-body.ts";
import type { BlobsContext } from "./context.ts";
import type { BodyBrokenOff } from "./errors.ts";
import { removeSoon } from "./make-blob.ts";
import { appendBytes, type UploadedBytes } from "./stored-bytes.ts";
import type { UploadHash } from "./upload-hash.ts";
import { discardLateBytes, type Upload } from "./upload-rows.ts";

export interface Received {
  /** All of the upload, durable. */
  readonly bytes: UploadedBytes;
  /** Why it is not the whole body. */
  readonly brokenOff: BodyBrokenOff | undefined;
  /** To be called when `bytes` are committed. */
  settle(): void;
}

/** Moves a body to the end of an upload, up to durable. What it throws left the upload as it was. */
export async function receive(
  context: BlobsContext,
  upload: Upload,
  dataKey: Uint8Array | undefined,
  body: ArrivingBody,
  hash: UploadHash | undefined,
): Promise<Received> {
  const writer = await appendBytes(context.stores[upload.storageClass], upload, dataKey, hash);
  let brokenOff: BodyBrokenOff | undefined;
  try {
    brokenOff = await body.moveInto(writer);
  } catch (error) {
    await writer.abandon();
    throw error;
  }
  const bytes = await writer.finish();
  const settle = () => {
    writer.settle().catch((error: unknown) => context.log.warn({ err: error }, "staging bytes stay"));
  };
  return { bytes, brokenOff, settle };
}

/** For bytes that may have come when the row of their upload was gone. */
export async function removeLateBytes(context: BlobsContext, upload: Upload): Promise<void> {
  try {
    const now = context.clock.now().getTime();
    const mayGo = await context.metadata.write((tx) => discardLateBytes(tx, upload, now));
    if (mayGo) removeSoon(context, upload);
  } catch (error) {
    context.log.warn({ err: error, upload: upload.id }, "late bytes of an upload may stay");
  }
}
