import type { Readable } from "node:stream";
import { MetadataUnavailable } from "../metadata/errors.ts";
import type { Transaction } from "../metadata/metadata.ts";
import { ArrivedContent, CONTENT_HASHES } from "./arrived-content.ts";
import type { StoredUpload } from "./blob-store.ts";
import type { AppendOptions, Blob, CopyTarget, TakenContent, TakeOptions, UploadOptions } from "./blobs.ts";
import type { BlobsContext } from "./context.ts";
import { type Digest, type DigestAlgorithm, digestAlgorithm, digestOf } from "./digest.ts";
import { InspectAgain, OffsetMismatch, StorageFull, UploadNotFound } from "./errors.ts";
import type { HashAlgorithm } from "./hash-algorithms.ts";
import { type Commit, makeBlob, removeSoon } from "./make-blob.ts";
import { receive } from "./receive.ts";
import { UploadHash, UploadHashes } from "./upload-hash.ts";
import type { UploadLocks } from "./upload-locks.ts";
import {
  advanceUpload,
  discardLateBytes,
  discardUpload,
  findUpload,
  insertUpload,
  type Upload,
  withClaim,
} from "./upload-rows.ts";

/** No caller can name this owner: uploads of one request cannot be continued. */
const ONE_REQUEST = "/";

/**
 * From bytes that arrive to a blob. The order that makes an acknowledgement true: the row of the upload first,
 * so that no byte is ever without a row; bytes synced; the row moved on; then the caller hears of it. The
 * end is in make-blob.ts.
 */
export class Uploads {
  readonly #context: BlobsContext;
  readonly #locks: UploadLocks;
  readonly #hashes = new UploadHashes();

  constructor(context: BlobsContext, locks: UploadLocks) {
    this.#context = context;
    this.#locks = locks;
  }

  async begin(
    owner: string,
    algorithms: readonly DigestAlgorithm[],
    { encryption, storageClass = "hot" }: CopyTarget = {},
  ): Promise<Upload> {
    const { metadata, store } = this.#context;
    await store.checkRoom();
    const scope = encryption?.scope ?? this.#context.defaultScope;
    return metadata.write((tx) => insertUpload(tx, owner, algorithms, { scope, storageClass }, this.#now()));
  }

  async size(id: string, owner: string): Promise<number> {
    await this.#locks.settled(id);
    return (await findUpload(this.#context.metadata.reader, id, owner)).size;
  }

  async append(id: string, owner: string, body: Readable, options: AppendOptions): Promise<number> {
    return this.#alone(id, owner, async (upload, claim, lost) => {
      if (options.offset !== undefined && options.offset !== upload.size)
        throw new OffsetMismatch(upload.size);
      await this.#context.store.checkRoom();
      // Carried on when this process has it.
      const known = this.#hashes.take(id, upload.size);
      const hash = upload.size === 0 ? new UploadHash(upload.algorithms) : known;
      const received = await this.#receive(upload, body, options, hash, lost);
      try {
        await this.#context.metadata.write((tx) =>
          advanceUpload(tx, upload, received.stored, claim, this.#now()),
        );
      } catch (error) {
        // Cancelled or expired meanwhile, and its bytes perhaps removed before the last ones came.
        if (error instanceof UploadNotFound) await this.#discardLateBytes(id);
        throw error;
      }
      this.#hashes.keep(id, hash);
      received.settle();
      if (received.brokenOff) throw received.brokenOff;
      return received.stored.size;
    });
  }

  async finish<Result>(id: string, owner: string, digest: Digest, commit: Commit<Result>): Promise<Result> {
    return this.#alone(id, owner, async (upload, claim) => {
      const hash = this.#hashes.take(id, upload.size);
      return makeBlob(this.#context, this.#hashes, { upload, claim, stored: upload }, hash, digest, commit);
    });
  }

  async cancel(id: string, owner: string): Promise<void> {
    await this.#locks.settled(id);
    await this.#context.metadata.write((tx) => discardUpload(tx, id, owner, this.#now()));
    this.#hashes.keep(id, undefined);
    removeSoon(this.#context, id);
  }

  async inOneRequest<Result>(
    body: Readable,
    digest: Digest,
    options: UploadOptions & CopyTarget,
    commit: Commit<Result>,
  ): Promise<Result> {
    const hash = new UploadHash(["sha256", digestAlgorithm(digest)]);
    return this.#whole(body, hash, options, (upload, stored) =>
      makeBlob(this.#context, this.#hashes, { upload, claim: "", stored }, hash, digest, commit),
    );
  }

  async take<Inspected, Result, Hash extends HashAlgorithm>(
    body: Readable,
    options: TakeOptions<Hash>,
    inspect: (content: TakenContent<Hash>) => Promise<Inspected>,
    commit: (tx: Transaction, blob: Blob, inspected: Inspected) => Promise<Result>,
  ): Promise<Result> {
    const algorithms: readonly HashAlgorithm[] = ["sha256", ...(options.hashes ?? CONTENT_HASHES)];
    const hash = new UploadHash(algorithms);
    return this.#whole(body, hash, options, async (upload, stored) => {
      const content = new ArrivedContent<Hash>(this.#context.store, stored, hash, algorithms);
      const digest = digestOf("sha256", content.hashes.sha256);
      for (;;) {
        const inspected = await inspect(content).finally(() => content.close());
        const finished = { upload, claim: "", stored, sealed: content.sealed };
        try {
          return await makeBlob(this.#context, this.#hashes, finished, hash, digest, (tx, blob) =>
            commit(tx, blob, inspected),
          );
        } catch (error) {
          if (!(error instanceof InspectAgain)) throw error;
        }
      }
    });
  }

  /** An upload that comes in one request: when anything fails, nothing of it stays. */
  async #whole<Result>(
    body: Readable,
    hash: UploadHash,
    options: UploadOptions & CopyTarget,
    finish: (upload: Upload, stored: StoredUpload) => Promise<Result>,
  ): Promise<Result> {
    const upload = await this.begin(ONE_REQUEST, [], options);
    return this.#locks.run(
      upload.id,
      async () => {
        try {
          const { stored, brokenOff, settle } = await this.#receive(upload, body, options, hash);
          if (brokenOff) throw brokenOff;
          const result = await finish(upload, stored);
          settle();
          return result;
        } catch (error) {
          this.#hashes.keep(upload.id, undefined);
          if (await this.#discard(upload.id, error)) removeSoon(this.#context, upload.id);
          throw error;
        }
      },
      async () => new OffsetMismatch(0),
    );
  }

  /**
   * After an upload of one request failed with `reason`. Returns whether its bytes may be removed at once: not when
   * it is open whether the commit that makes them a blob is done. When even this fails, the upload expires.
   */
  async #discard(id: string, reason: unknown): Promise<boolean> {
    try {
      await this.#context.metadata.write((tx) => discardUpload(tx, id, ONE_REQUEST, this.#now()));
      return true;
    } catch (failure) {
      if (failure instanceof UploadNotFound) {
        await this.#discardLateBytes(id);
        return false;
      }
      this.#context.log.warn({ err: failure }, "an upload is left to expire");
      return failure instanceof StorageFull && !(reason instanceof MetadataUnavailable);
    }
  }

  async #discardLateBytes(id: string): Promise<void> {
    try {
      const mayGo = await this.#context.metadata.write((tx) => discardLateBytes(tx, id, this.#now()));
      if (mayGo) removeSoon(this.#context, id);
    } catch (error) {
      this.#context.log.warn({ err: error, upload: id }, "late bytes of an upload may stay");
    }
  }

  /** Runs `work` with the upload's row while neither this process nor another server works on it. */
  #alone<Result>(
    id: string,
    owner: string,
    work: (upload: Upload, claim: string, lost: AbortSignal | undefined) => Promise<Result>,
  ): Promise<Result> {
    const { metadata, store } = this.#context;
    return this.#locks.run(
      id,
      async () => {
        const upload = await findUpload(metadata.reader, id, owner);
        if (!store.shared) return work(upload, "", undefined);
        return withClaim(
          metadata,
          upload,
          () => this.#now(),
          (claim, lost) => work(upload, claim, lost),
        );
      },
      async () => new OffsetMismatch((await findUpload(metadata.reader, id, owner)).size),
    );
  }

  /** Streams into the store, up to durable. */
  async #receive(
    upload: Upload,
    body: Readable,
    options: AppendOptions,
    hash: UploadHash | undefined,
    lost?: AbortSignal,
  ) {
    const writer = await this.#context.store.append(upload);
    const signals = [options.signal, lost].filter((signal) => signal !== undefined);
    let brokenOff: Awaited<ReturnType<typeof receive>>;
    try {
      brokenOff = await receive(body, writer, {
        hash,
        room: (options.maxSize ?? Number.POSITIVE_INFINITY) - upload.size,
        signal: signals.length > 1 ? AbortSignal.any(signals) : signals[0],
      });
    } catch (error) {
      await writer.abandon();
      throw error;
    }
    // Hashing ends while the disk syncs.
    const [stored] = await Promise.all([writer.finish(), hash?.settled()]);
    const settle = () => {
      writer.settle().catch((error: unknown) => this.#context.log.warn({ err: error }, "staging bytes stay"));
    };
    return { stored, brokenOff, settle };
  }

  #now(): number {
    return this.#context.clock.now().getTime();
  }
}
