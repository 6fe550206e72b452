import type { Readable } from "node:stream";
import { MetadataUnavailable } from "../metadata/errors.ts";
import type { Transaction } from "../metadata/metadata.ts";
import type { SealedUpload, StoredUpload } from "./blob-store.ts";
import type { AppendOptions, Blob } from "./blobs.ts";
import type { BlobsContext } from "./context.ts";
import { type Digest, type DigestAlgorithm, digestAlgorithm } from "./digest.ts";
import { BlobMissing, DigestMismatch, OffsetMismatch, StorageFull, UploadNotFound } from "./errors.ts";
import { receive } from "./receive.ts";
import { reviewIfUnreferenced } from "./references.ts";
import { UploadHash, UploadHashes } from "./upload-hash.ts";
import type { UploadLocks } from "./upload-locks.ts";
import {
  advanceUpload,
  consumeUpload,
  discardLateBytes,
  discardUpload,
  findUpload,
  insertUpload,
  noteRemoval,
  type Upload,
  withClaim,
} from "./upload-rows.ts";

/** The caller's part of the transaction that makes an upload a blob. */
export type Commit<Result> = (tx: Transaction, blob: Blob) => Promise<Result>;

/** No caller can name this owner: uploads of one request cannot be continued. */
const ONE_REQUEST = "/";

/**
 * From bytes that arrive to a blob. The order that makes an acknowledgement true: the row of the upload first,
 * so that no byte is ever without a row; bytes synced; the row moved on; then the caller hears of it. At the
 * end one transaction makes the blob, runs the caller's commit and forgets the upload.
 */
export class Uploads {
  readonly #context: BlobsContext;
  readonly #locks: UploadLocks;
  readonly #hashes = new UploadHashes();

  constructor(context: BlobsContext, locks: UploadLocks) {
    this.#context = context;
    this.#locks = locks;
  }

  async begin(owner: string, algorithms: readonly DigestAlgorithm[]): Promise<Upload> {
    const { metadata, store } = this.#context;
    await store.checkRoom();
    return metadata.write((tx) => insertUpload(tx, owner, algorithms, this.#now()));
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
      const received = await this.#receive(upload, body, options, lost);
      try {
        await this.#context.metadata.write((tx) =>
          advanceUpload(tx, upload, received.stored, claim, this.#now()),
        );
      } catch (error) {
        // Cancelled or expired meanwhile, and its bytes perhaps removed before the last ones came.
        if (error instanceof UploadNotFound) await this.#discardLateBytes(id);
        throw error;
      }
      this.#hashes.keep(id, received.hash);
      received.settle();
      if (received.brokenOff) throw received.brokenOff;
      return received.stored.size;
    });
  }

  async finish<Result>(id: string, owner: string, digest: Digest, commit: Commit<Result>): Promise<Result> {
    return this.#alone(id, owner, async (upload, claim) => {
      const hash = this.#hashes.take(id, upload.size);
      return this.#makeBlob(upload, claim, upload, hash, digest, commit);
    });
  }

  async cancel(id: string, owner: string): Promise<void> {
    await this.#locks.settled(id);
    await this.#context.metadata.write((tx) => discardUpload(tx, id, owner, this.#now()));
    this.#hashes.keep(id, undefined);
    this.#removeSoon(id);
  }

  async inOneRequest<Result>(
    body: Readable,
    digest: Digest,
    options: AppendOptions,
    commit: Commit<Result>,
  ): Promise<Result> {
    const upload = await this.begin(ONE_REQUEST, [digestAlgorithm(digest)]);
    return this.#locks.run(
      upload.id,
      async () => {
        try {
          const { stored, hash, brokenOff, settle } = await this.#receive(upload, body, options);
          if (brokenOff) throw brokenOff;
          const result = await this.#makeBlob(upload, "", stored, hash, digest, commit);
          settle();
          return result;
        } catch (error) {
          if (await this.#discard(upload.id, error)) this.#removeSoon(upload.id);
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
      if (mayGo) this.#removeSoon(id);
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

  /** Streams into the store, up to durable. The hash is carried on when this process has it. */
  async #receive(upload: Upload, body: Readable, options: AppendOptions, lost?: AbortSignal) {
    const known = this.#hashes.take(upload.id, upload.size);
    const hash = upload.size === 0 ? new UploadHash(upload.algorithms) : known;
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
    const stored = await writer.finish();
    const settle = () => {
      writer.settle().catch((error: unknown) => this.#context.log.warn({ err: error }, "staging bytes stay"));
    };
    return { stored, hash, brokenOff, settle };
  }

  /** `stored` is where the bytes are; the row says `upload`, which may be older within one request. */
  async #makeBlob<Result>(
    upload: Upload,
    claim: string,
    stored: StoredUpload,
    known: UploadHash | undefined,
    digest: Digest,
    commit: Commit<Result>,
  ): Promise<Result> {
    const { metadata, store } = this.#context;
    let sealed: SealedUpload | undefined;
    let hash = known;
    try {
      if (hash?.digest(digestAlgorithm(digest)) === undefined) {
        sealed = await store.seal(stored);
        hash = await this.#hashAgain(sealed.location, stored.size, [
          ...upload.algorithms,
          digestAlgorithm(digest),
        ]);
      }
      const actual = hash.digest(digestAlgorithm(digest));
      if (actual !== digest) throw new DigestMismatch(`the digest is ${actual}, not ${digest}`);
      const sha256 = hash.digest("sha256");
      if (sha256 === undefined) throw new TypeError("sha256 is always computed");

      if (!(await findBlob(metadata.reader, sha256))) sealed ??= await store.seal(stored);
      const write = () =>
        metadata.write((tx) => this.#commitBlob(tx, upload, claim, stored, sha256, sealed, commit));
      let outcome = await write();
      if (outcome === "seal first") {
        sealed = await store.seal(stored);
        outcome = await write();
      }
      if (outcome === "seal first") throw new BlobMissing(`${sha256} was not sealed`);
      if (!outcome.isNew) this.#removeSoon(upload.id);
      return outcome.result;
    } catch (error) {
      this.#hashes.keep(upload.id, hash);
      if (sealed && sealed.state !== stored.state) await this.#rememberSealed(upload, claim, sealed);
      throw error;
    }
  }

  async #commitBlob<Result>(
    tx: Transaction,
    upload: Upload,
    claim: string,
    stored: StoredUpload,
    sha256: Digest,
    sealed: SealedUpload | undefined,
    commit: Commit<Result>,
  ): Promise<{ result: Result; isNew: boolean } | "seal first"> {
    const now = this.#now();
    const existing = await findBlob(tx, sha256);
    // The blob that made sealing needless was collected a moment ago.
    if (existing === undefined && sealed === undefined) return "seal first";
    await consumeUpload(tx, upload, claim);
    if (existing) await noteRemoval(tx, upload.id, now);
    const blob: Blob = existing ?? { id: upload.id, scope: "none", sha256, size: stored.size };
    if (sealed && !existing) {
      const { scope, ...row } = blob;
      await tx
        .insertInto("blobs")
        .values({ ...row, scope, storage_class: "hot", location: sealed.location, created_at: now })
        .execute();
    }
    const result = await commit(tx, blob);
    await reviewIfUnreferenced(tx, blob.id, now + this.#context.graceMilliseconds);
    return { result, isNew: existing === undefined };
  }

  /** The upload moved here from another process, or its digest was not announced: one read over all bytes. */
  async #hashAgain(location: string, size: number, algorithms: DigestAlgorithm[]): Promise<UploadHash> {
    const hash = new UploadHash(algorithms);
    if (size === 0) return hash;
    const bytes = await this.#context.store.open(location, size, 0, size - 1);
    for await (const chunk of bytes as AsyncIterable<Uint8Array>) hash.update(chunk);
    if (hash.position !== size) throw new BlobMissing(`${location} ends at byte ${hash.position} of ${size}`);
    return hash;
  }

  async #rememberSealed(upload: Upload, claim: string, sealed: SealedUpload): Promise<void> {
    await this.#context.metadata
      .write((tx) =>
        tx
          .updateTable("blob_uploads")
          .set({ state: sealed.state })
          .where("id", "=", upload.id)
          .where("size", "=", upload.size)
          .where("claim", "=", claim)
          .execute(),
      )
      .catch((error: unknown) => this.#context.log.warn({ err: error }, "a sealed upload is not noted"));
  }

  /** The row in blob_removals stays until the collector has been there too, so a crash loses nothing. */
  #removeSoon(id: string): void {
    this.#context.store
      .remove(id)
      .catch((error: unknown) =>
        this.#context.log.warn({ err: error, upload: id }, "removing bytes will be tried again"),
      );
  }

  #now(): number {
    return this.#context.clock.now().getTime();
  }
}

async function findBlob(
  reader: Transaction | BlobsContext["metadata"]["reader"],
  sha256: Digest,
): Promise<Blob | undefined> {
  const row = await reader
    .selectFrom("blobs")
    .select(["id", "size"])
    .where("scope", "=", "none")
    .where("sha256", "=", sha256)
    .executeTakeFirst();
  return row && { id: row.id, size: row.size, scope: "none", sha256 };
}
