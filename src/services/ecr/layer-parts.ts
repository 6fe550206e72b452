/**
 * Uploads through the ECR API: parts that follow each other, each but the last at least 5 MiB (ECR API reference,
 * UploadLayerPart and CompleteLayerUpload; ECR user guide, "Amazon ECR service quotas"). The bytes go into an upload
 * like any other; what is kept beside it is what only these rules need.
 */
import { Readable } from "node:stream";
import type {
  CompleteLayerUploadCommandInput,
  InitiateLayerUploadCommandInput,
  UploadLayerPartCommandInput,
} from "@aws-sdk/client-ecr";
import type { Call } from "../../identity/call.ts";
import { type Digest, parseDigest } from "../../storage/blobs/digest.ts";
import { BlobTooLarge, DigestMismatch, OffsetMismatch, UploadNotFound } from "../../storage/blobs/errors.ts";
import type { EcrContext } from "./context.ts";
import {
  emptyUpload,
  invalidLayer,
  invalidLayerPart,
  invalidParameter,
  layerAlreadyExists,
  layerPartTooSmall,
  limitExceeded,
  uploadNotFound,
} from "./errors.ts";
import { renewGrace } from "./layer-review.ts";
import { finishUpload, MAX_LAYER_SIZE, startLayerUpload, uploadOwner } from "./layer-upload.ts";
import { inRegistry, openRepository, type Repository } from "./repository-access.ts";

/** What clients are asked to send at a time: 10 MiB. */
const PART_SIZE = 10 * 1024 * 1024;

const MIN_PART_SIZE = 5 * 1024 * 1024;

const MAX_PARTS = 4_200;

export async function initiateLayerUpload(
  ecr: EcrContext,
  caller: Call,
  input: InitiateLayerUploadCommandInput,
) {
  const call = inRegistry(caller, input.registryId);
  const { uploadId, repository } = await startLayerUpload(ecr, call, input.repositoryName);
  await ecr.metadata.write((tx) =>
    tx
      .insertInto("ecr_part_uploads")
      .values({
        upload_id: uploadId,
        repository_id: repository.id,
        started_at: call.now.getTime(),
        parts: 0,
        small_part_end: null,
      })
      .execute(),
  );
  return { uploadId, partSize: PART_SIZE };
}

export async function uploadLayerPart(ecr: EcrContext, caller: Call, input: UploadLayerPartCommandInput) {
  const call = inRegistry(caller, input.registryId);
  const repository = await openRepository(ecr, call, input.repositoryName, "ecr:UploadLayerPart");
  const uploadId = input.uploadId ?? "";
  const first = input.partFirstByte ?? 0;
  const part = input.layerPartBlob ?? new Uint8Array();
  const upload = await partUpload(ecr, repository, uploadId);
  const size = await translateErrors(repository, uploadId, undefined, () =>
    ecr.blobs.uploadSize(uploadId, uploadOwner(repository)),
  );
  if (first !== size) {
    throw invalidLayerPart(
      repository,
      uploadId,
      size - 1,
      `Layer part must begin with byte ${size}, not ${first}`,
    );
  }
  if (part.length === 0 || (input.partLastByte ?? 0) - first + 1 !== part.length) {
    const reason = `Layer part of ${part.length} bytes does not reach from byte ${first} to byte ${input.partLastByte}`;
    throw invalidLayerPart(repository, uploadId, size - 1, reason);
  }
  if (upload.parts >= MAX_PARTS) throw limitExceeded(`A layer upload has at most ${MAX_PARTS} parts`);
  const received = await translateErrors(repository, uploadId, undefined, () =>
    ecr.blobs.append(uploadId, uploadOwner(repository), Readable.from([part]), {
      offset: first,
      maxSize: MAX_LAYER_SIZE,
      signal: call.signal,
    }),
  );
  await recordPart(ecr, uploadId, part.length < MIN_PART_SIZE ? received : null);
  return {
    registryId: repository.account,
    repositoryName: repository.name,
    uploadId,
    lastByteReceived: received - 1,
  };
}

export async function completeLayerUpload(
  ecr: EcrContext,
  caller: Call,
  input: CompleteLayerUploadCommandInput,
) {
  const call = inRegistry(caller, input.registryId);
  const repository = await openRepository(ecr, call, input.repositoryName, "ecr:CompleteLayerUpload");
  const uploadId = input.uploadId ?? "";
  const digest = oneDigest(input.layerDigests ?? []);
  const upload = await partUpload(ecr, repository, uploadId);
  const size = await translateErrors(repository, uploadId, digest, () =>
    ecr.blobs.uploadSize(uploadId, uploadOwner(repository)),
  );
  if (size === 0) throw emptyUpload(uploadId);
  if (upload.small_part_end !== null && upload.small_part_end < size) throw layerPartTooSmall();
  const existing = await ecr.metadata.reader
    .selectFrom("ecr_layers")
    .select(["blob_id", "review_at"])
    .where("repository_id", "=", repository.id)
    .where("digest", "=", digest)
    .executeTakeFirst();
  if (existing !== undefined && (await ecr.blobs.isThere(existing.blob_id))) {
    await renewGrace(ecr, { repositoryId: repository.id, digest, reviewAt: existing.review_at }, call.now);
    // Clients take this for success and never come back for the upload.
    await ecr.blobs.cancelUpload(uploadId, uploadOwner(repository));
    await forgetUpload(ecr, uploadId);
    throw layerAlreadyExists(repository, digest);
  }
  await translateErrors(repository, uploadId, digest, () =>
    finishUpload(ecr, call, repository, uploadId, digest),
  );
  await forgetUpload(ecr, uploadId);
  return { registryId: repository.account, repositoryName: repository.name, uploadId, layerDigest: digest };
}

function oneDigest(layerDigests: readonly string[]): Digest {
  const [text = "", ...others] = new Set(layerDigests);
  const digest = parseDigest(text.toLowerCase());
  if (digest === undefined || others.length > 0) {
    throw invalidParameter("layerDigests", "exactly one sha256 or sha512 digest is required");
  }
  return digest;
}

async function partUpload(ecr: EcrContext, repository: Repository, uploadId: string) {
  const upload = await ecr.metadata.reader
    .selectFrom("ecr_part_uploads")
    .selectAll()
    .where("upload_id", "=", uploadId)
    .where("repository_id", "=", repository.id)
    .executeTakeFirst();
  if (upload === undefined) throw uploadNotFound(repository, uploadId);
  return upload;
}

async function forgetUpload(ecr: EcrContext, uploadId: string): Promise<void> {
  await ecr.metadata.write((tx) =>
    tx.deleteFrom("ecr_part_uploads").where("upload_id", "=", uploadId).execute(),
  );
}

async function recordPart(ecr: EcrContext, uploadId: string, smallPartEnd: number | null): Promise<void> {
  await ecr.metadata.write((tx) =>
    tx
      .updateTable("ecr_part_uploads")
      .set((set) => ({
        parts: set("parts", "+", 1),
        small_part_end: set.fn.coalesce("small_part_end", set.val(smallPartEnd)),
      }))
      .where("upload_id", "=", uploadId)
      .execute(),
  );
}

/** What the blob store says, in the API's exceptions. */
async function translateErrors<Result>(
  repository: Repository,
  uploadId: string,
  digest: Digest | undefined,
  work: () => Promise<Result>,
): Promise<Result> {
  try {
    return await work();
  } catch (error) {
    if (error instanceof UploadNotFound) throw uploadNotFound(repository, uploadId);
    if (error instanceof OffsetMismatch) {
      const reason = `Layer part must begin with byte ${error.received}`;
      throw invalidLayerPart(repository, uploadId, error.received - 1, reason);
    }
    if (error instanceof DigestMismatch) throw invalidLayer(digest ?? "");
    if (error instanceof BlobTooLarge) throw limitExceeded(`A layer has at most ${MAX_LAYER_SIZE} bytes`);
    throw error;
  }
}
