import type { Encryption } from "./blob-keys.ts";
import { type BlobRow, blobOf, findReadable, findTwin } from "./blob-rows.ts";
import type { Blob, CopySource, CopyTarget, StorageClass } from "./blobs.ts";
import type { BlobsContext } from "./context.ts";
import { bytesAreThere, damageOf, quarantine } from "./damage.ts";
import { isCustomerScope } from "./data-keys.ts";
import { BlobDamaged, BodyBrokenOff, DigestMismatch } from "./errors.ts";
import type { Commit } from "./make-blob.ts";
import type { OneRequestUploads } from "./one-request.ts";
import { openBlob } from "./read-blob.ts";
import { reviewIfUnreferenced } from "./references.ts";

interface Target {
  readonly encryption: Encryption;
  readonly storageClass: StorageClass;
}

/** Blobs.copy. What is copied is hashed on the way: a copy of damaged bytes is not made. */
export async function copyBlob<Result>(
  context: BlobsContext,
  uploads: OneRequestUploads,
  source: CopySource,
  wanted: CopyTarget,
  options: { readonly signal?: AbortSignal },
  commit: Commit<Result>,
): Promise<Result> {
  const { row } = await findReadable(context, source.blobId);
  const target: Target = {
    encryption: wanted.encryption ?? encryptionOf(row, source.customerKey),
    storageClass: wanted.storageClass ?? row.storage_class,
  };
  const found = await commitPresent(context, row, target, commit);
  if (found) return found.result;
  const bytes = await openBlob(context, source.blobId, undefined, source);
  try {
    return await uploads.upload(bytes, blobOf(row).sha256, { ...options, ...target }, commit);
  } catch (error) {
    if (error instanceof DigestMismatch) {
      const damage = new BlobDamaged(`the bytes of blob ${row.id} are damaged`, { cause: error });
      await quarantine(context, row, damage);
      throw damage;
    }
    throw error instanceof BodyBrokenOff && damageOf(error.cause) ? error.cause : error;
  } finally {
    bytes.destroy();
  }
}

function encryptionOf({ scope }: BlobRow, customerKey: Uint8Array | undefined): Encryption {
  return isCustomerScope(scope) && customerKey ? { scope, customerKey } : { scope };
}

/** When the wanted blob is there already. */
async function commitPresent<Result>(
  context: BlobsContext,
  { sha256 }: BlobRow,
  { encryption, storageClass }: Target,
  commit: Commit<Result>,
): Promise<{ readonly result: Result } | undefined> {
  const identity = { scope: encryption.scope, storageClass };
  const digest = sha256 as Blob["sha256"];
  const twin = await findTwin(context, context.metadata.reader, identity, digest);
  if (twin === undefined || !(await bytesAreThere(context, twin))) return undefined;
  // Nobody gets a reference to what he could not read.
  if (isCustomerScope(twin.scope))
    await context.dataKeys.unseal({ scope: twin.scope, sealedKey: twin.sealed_key }, encryption.customerKey);
  return context.metadata.write(async (tx) => {
    const present = await findTwin(context, tx, identity, digest);
    if (present === undefined || present.damaged_at > 0) return undefined;
    const result = await commit(tx, blobOf(present));
    const now = context.clock.now().getTime();
    await reviewIfUnreferenced(tx, present.id, now + context.graceMilliseconds);
    return { result };
  });
}
