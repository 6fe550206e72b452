/** Uploads by native clients: bytes stream into a blob that becomes a layer of the repository. */
import type { Readable } from "node:stream";
import type { Call } from "../../identity/call.ts";
import type { ByteRange } from "../../storage/blobs/blobs.ts";
import type { Digest, DigestAlgorithm } from "../../storage/blobs/digest.ts";
import type { EcrContext } from "./context.ts";
import { layerEncryption } from "./encryption.ts";
import { addLayer } from "./layers.ts";
import { openRepository, type Repository, repositoryInTransaction } from "./repository-access.ts";

/** ECR's quota: 52,000 MiB. */
export const MAX_LAYER_SIZE = 52_000 * 1024 * 1024;

/** Who may continue an upload of the repository. */
export function uploadOwner(repository: Repository): string {
  return `ecr/${repository.id}`;
}

export async function startLayerUpload(
  ecr: EcrContext,
  call: Call,
  name: string | undefined,
  options?: { algorithm?: DigestAlgorithm },
): Promise<{ uploadId: string; repository: Repository }> {
  const repository = await openRepository(ecr, call, name, "ecr:InitiateLayerUpload");
  const uploadId = await ecr.blobs.beginUpload(uploadOwner(repository), {
    ...(options?.algorithm && { algorithms: [options.algorithm] }),
    ...layerEncryption(repository),
  });
  return { uploadId, repository };
}

export async function layerUploadSize(
  ecr: EcrContext,
  call: Call,
  name: string,
  uploadId: string,
): Promise<number> {
  const repository = await openRepository(ecr, call, name, "ecr:UploadLayerPart");
  return ecr.blobs.uploadSize(uploadId, uploadOwner(repository));
}

export async function appendToLayerUpload(
  ecr: EcrContext,
  call: Call,
  name: string,
  uploadId: string,
  body: Readable,
  range?: ByteRange,
): Promise<number> {
  const repository = await openRepository(ecr, call, name, "ecr:UploadLayerPart");
  return ecr.blobs.append(uploadId, uploadOwner(repository), body, {
    ...(range && { offset: range.start }),
    maxSize: Math.min(MAX_LAYER_SIZE, range ? range.end + 1 : MAX_LAYER_SIZE),
    signal: call.signal,
  });
}

export async function finishLayerUpload(
  ecr: EcrContext,
  call: Call,
  name: string,
  uploadId: string,
  digest: Digest,
): Promise<{ size: number }> {
  const repository = await openRepository(ecr, call, name, "ecr:CompleteLayerUpload");
  return finishUpload(ecr, call, repository, uploadId, digest);
}

export async function finishUpload(
  ecr: EcrContext,
  call: Call,
  repository: Repository,
  uploadId: string,
  digest: Digest,
): Promise<{ size: number }> {
  return ecr.blobs.finishUpload(uploadId, uploadOwner(repository), digest, async (tx, blob) => {
    await repositoryInTransaction(tx, repository);
    await addLayer(ecr, tx, repository.id, digest, blob, call.now);
    return { size: blob.size };
  });
}

export async function cancelLayerUpload(
  ecr: EcrContext,
  call: Call,
  name: string,
  uploadId: string,
): Promise<void> {
  const repository = await openRepository(ecr, call, name, "ecr:UploadLayerPart");
  await ecr.blobs.cancelUpload(uploadId, uploadOwner(repository));
}

/** The whole layer in one request; it needs what the three steps of an upload need. */
export async function putLayer(
  ecr: EcrContext,
  call: Call,
  name: string,
  digest: Digest,
  body: Readable,
): Promise<{ size: number }> {
  await openRepository(ecr, call, name, "ecr:InitiateLayerUpload");
  await openRepository(ecr, call, name, "ecr:UploadLayerPart");
  const repository = await openRepository(ecr, call, name, "ecr:CompleteLayerUpload");
  const options = { maxSize: MAX_LAYER_SIZE, signal: call.signal, ...layerEncryption(repository) };
  return ecr.blobs.upload(body, digest, options, async (tx, blob) => {
    await repositoryInTransaction(tx, repository);
    await addLayer(ecr, tx, repository.id, digest, blob, call.now);
    return { size: blob.size };
  });
}
