import type { Readable } from "node:stream";
import { MetadataUnavailable } from "../metadata/errors.ts";
import type { Transaction } from "../metadata/metadata.ts";
import { ArrivedContent, CONTENT_HASHES } from "./arrived-content.ts";
import { ArrivingBody } from "./arriving-body.ts";
import type { DataKey } from "./blob-keys.ts";
import type { Blob, CopyTarget, TakenContent, TakeOptions, UploadOptions } from "./blobs.ts";
import type { BlobsContext } from "./context.ts";
import { type Digest, digestAlgorithm, digestOf } from "./digest.ts";
import { encryptWhole } from "./encrypting-writer.ts";
import { InspectAgain, OffsetMismatch, StorageFull, UploadNotFound } from "./errors.ts";
import { writeExtents } from "./extents.ts";
import type { HashAlgorithm } from "./hash-algorithms.ts";
import {
  type Commit,
  type FinishedUpload,
  hashAgain,
  makeBlob,
  removeSoon,
  sealFinished,
} from "./make-blob.ts";
import { receive, removeLateBytes } from "./receive.ts";
import { UploadHash } from "./upload-hash.ts";
import type { UploadLocks } from "./upload-locks.ts";
import { discardUpload, insertUpload, newUpload, type Upload } from "./upload-rows.ts";

/** No caller can name this owner: uploads of one request cannot be continued. */
const ONE_REQUEST = "/";

/**
 * What is not longer lies in the blob's row, in bytes: it needs no file, no row of an upload before it and no sync but
 * that of its own commit.
 */
const SMALL_BYTES = 16 * 1024;

export type OneRequestOptions = UploadOptions & CopyTarget;

/** Uploads that come in one request: when anything fails, nothing of them stays. */
export class OneRequestUploads {
  readonly #context: BlobsContext;
  readonly #locks: UploadLocks;

  constructor(context: BlobsContext, locks: UploadLocks) {
    this.#context = context;
    this.#locks = locks;
  }

  async upload<Result>(
    body: Readable,
    digest: Digest,
    options: OneRequestOptions,
    commit: Commit<Result>,
  ): Promise<Result> {
    const hash = new UploadHash(["sha256", digestAlgorithm(digest)]);
    return this.#receive(body, hash, options, (finished) =>
      makeBlob(this.#context, finished, hash, digest, commit),
    );
  }

  async take<Inspected, Result, Hash extends HashAlgorithm>(
    body: Readable,
    options: TakeOptions<Hash>,
    inspect: (content: TakenContent<Hash>) => Promise<Inspected>,
    commit: (tx: Transaction, blob: Blob, inspected: Inspected) => Promise<Result>,
  ): Promise<Result> {
    const algorithms: readonly HashAlgorithm[] = ["sha256", ...(options.hashes ?? CONTENT_HASHES)];
    const arriving = new UploadHash(algorithms);
    return this.#receive(body, arriving, options, async (arrived) => {
      const { finished, hash } = await this.#hashed(arrived, arriving, algorithms);
      const content = new ArrivedContent<Hash>(this.#context, finished, hash, algorithms);
      const digest = digestOf("sha256", content.hashes.sha256);
      for (;;) {
        const inspected = await inspect(content).finally(() => content.close());
        try {
          return await makeBlob(
            this.#context,
            { ...finished, sealed: content.sealed ?? finished.sealed },
            hash,
            digest,
            (tx, blob) => commit(tx, blob, inspected),
          );
        } catch (error) {
          if (!(error instanceof InspectAgain)) throw error;
        }
      }
    });
  }

  /** With every hash, also when the thread that computed them has died. */
  async #hashed(finished: FinishedUpload, hash: UploadHash, algorithms: readonly HashAlgorithm[]) {
    if (algorithms.every((algorithm) => hash.hex(algorithm) !== undefined)) return { finished, hash };
    const sealed = await sealFinished(this.#context, finished);
    return {
      finished: { ...finished, sealed },
      hash: await hashAgain(this.#context, finished, sealed, algorithms),
    };
  }

  async #receive<Result>(
    body: Readable,
    hash: UploadHash,
    options: OneRequestOptions,
    finish: (finished: FinishedUpload) => Promise<Result>,
  ): Promise<Result> {
    const { encryption = this.#context.defaultEncryption, storageClass = "hot" } = options;
    await this.#context.stores[storageClass].checkRoom();
    const dataKey = await this.#context.dataKeys.generate(encryption);
    const target = { scope: encryption.scope, storageClass, sealedKey: dataKey?.sealed ?? "" };
    const upload = newUpload(ONE_REQUEST, [], target);
    const arriving = new ArrivingBody(body, options.maxSize ?? Number.POSITIVE_INFINITY, options.signal);
    try {
      const content = await arriving.readShort(SMALL_BYTES);
      if (content === undefined) return await this.#receiveLong(arriving, upload, dataKey, hash, finish);
      await hash.update(content);
      await hash.settled();
      return await finish(smallUpload(upload, content, dataKey));
    } finally {
      arriving.close();
    }
  }

  async #receiveLong<Result>(
    body: ArrivingBody,
    upload: Upload,
    dataKey: DataKey | undefined,
    hash: UploadHash,
    finish: (finished: FinishedUpload) => Promise<Result>,
  ): Promise<Result> {
    await this.#context.metadata.write((tx) => insertUpload(tx, upload, this.#now()));
    return this.#locks.run(
      upload.id,
      async () => {
        try {
          const key = dataKey?.key;
          const { bytes, brokenOff, settle } = await receive(this.#context, upload, key, body, hash);
          if (brokenOff) throw brokenOff;
          const result = await finish({ upload, claim: "", bytes, dataKey: key });
          settle();
          return result;
        } catch (error) {
          if (await this.#discard(upload, error)) removeSoon(this.#context, upload);
          throw error;
        }
      },
      async () => new OffsetMismatch(0),
    );
  }

  /**
   * After an upload failed with `reason`. Returns whether its bytes may be removed at once: not when
   * it is open whether the commit that makes them a blob is done. When even this fails, the upload expires.
   */
  async #discard(upload: Upload, reason: unknown): Promise<boolean> {
    try {
      await this.#context.metadata.write((tx) => discardUpload(tx, upload.id, ONE_REQUEST, this.#now()));
      return true;
    } catch (failure) {
      if (failure instanceof UploadNotFound) {
        await removeLateBytes(this.#context, upload);
        return false;
      }
      this.#context.log.warn({ err: failure }, "an upload is left to expire");
      return failure instanceof StorageFull && !(reason instanceof MetadataUnavailable);
    }
  }

  #now(): number {
    return this.#context.clock.now().getTime();
  }
}

/** Encrypted like all others, so that nobody reads in the database what he cannot read in the store. */
function smallUpload(upload: Upload, plain: Uint8Array, dataKey: DataKey | undefined): FinishedUpload {
  const { sealed, extents } = dataKey
    ? encryptWhole(plain, dataKey.key, upload.id)
    : { sealed: plain, extents: [] };
  const stored = { id: upload.id, size: sealed.length, state: "" };
  return {
    upload,
    claim: "",
    bytes: { size: plain.length, extents: writeExtents(extents), stored },
    dataKey: dataKey?.key,
    content: sealed,
  };
}
