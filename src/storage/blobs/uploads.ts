import type { Readable } from "node:stream";
import { ArrivingBody } from "./arriving-body.ts";
import type { Encryption } from "./blob-keys.ts";
import type { AppendOptions } from "./blobs.ts";
import type { BlobsContext } from "./context.ts";
import { isCustomerScope } from "./data-keys.ts";
import type { Digest, DigestAlgorithm } from "./digest.ts";
import { OffsetMismatch, UploadNotFound } from "./errors.ts";
import { type Commit, makeBlob, removeSoon } from "./make-blob.ts";
import { receive, removeLateBytes } from "./receive.ts";
import { UploadHash, UploadHashes } from "./upload-hash.ts";
import type { UploadLocks } from "./upload-locks.ts";
import {
  advanceUpload,
  discardUpload,
  findUpload,
  insertUpload,
  newUpload,
  type Upload,
  withClaim,
} from "./upload-rows.ts";

/**
 * Uploads that come in several requests. The order that makes an acknowledgement true: the row of the upload first,
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
    encryption: Encryption,
  ): Promise<string> {
    const { metadata, stores, dataKeys } = this.#context;
    const { scope } = encryption;
    if (isCustomerScope(scope))
      throw new TypeError(
        "what lies under a customer's key comes in one request, as the key is kept nowhere",
      );
    await stores.hot.checkRoom();
    const sealedKey = (await dataKeys.generate(encryption))?.sealed ?? "";
    const upload = newUpload(owner, algorithms, { scope, storageClass: "hot", sealedKey });
    await metadata.write((tx) => insertUpload(tx, upload, this.#now()));
    return upload.id;
  }

  async size(id: string, owner: string): Promise<number> {
    await this.#locks.settled(id);
    return (await findUpload(this.#context.metadata.reader, id, owner)).size;
  }

  async append(id: string, owner: string, body: Readable, options: AppendOptions): Promise<number> {
    return this.#alone(id, owner, async (upload, claim, lost) => {
      if (options.offset !== undefined && options.offset !== upload.size)
        throw new OffsetMismatch(upload.size);
      await this.#context.stores[upload.storageClass].checkRoom();
      const dataKey = await this.#context.dataKeys.unseal(upload, undefined);
      // Carried on when this process has it.
      const known = this.#hashes.take(id, upload.size);
      const hash = upload.size === 0 ? new UploadHash(upload.algorithms) : known;
      const signals = [options.signal, lost].filter((signal) => signal !== undefined);
      const arriving = new ArrivingBody(
        body,
        (options.maxSize ?? Number.POSITIVE_INFINITY) - upload.size,
        signals.length > 1 ? AbortSignal.any(signals) : signals[0],
      );
      const received = await receive(this.#context, upload, dataKey, arriving, hash).finally(() =>
        arriving.close(),
      );
      try {
        await this.#context.metadata.write((tx) =>
          advanceUpload(tx, upload, received.bytes, claim, this.#now()),
        );
      } catch (error) {
        // Cancelled or expired meanwhile, and its bytes perhaps removed before the last ones came.
        if (error instanceof UploadNotFound) await removeLateBytes(this.#context, upload);
        throw error;
      }
      this.#hashes.keep(id, hash);
      received.settle();
      if (received.brokenOff) throw received.brokenOff;
      return received.bytes.size;
    });
  }

  async finish<Result>(id: string, owner: string, digest: Digest, commit: Commit<Result>): Promise<Result> {
    return this.#alone(id, owner, async (upload, claim) => {
      const dataKey = await this.#context.dataKeys.unseal(upload, undefined);
      const known = this.#hashes.take(id, upload.size);
      const finished = { upload, claim, bytes: upload, dataKey };
      return makeBlob(this.#context, finished, known, digest, commit, this.#hashes);
    });
  }

  async cancel(id: string, owner: string): Promise<void> {
    await this.#locks.settled(id);
    const upload = await findUpload(this.#context.metadata.reader, id, owner);
    await this.#context.metadata.write((tx) => discardUpload(tx, id, owner, this.#now()));
    this.#hashes.keep(id, undefined);
    removeSoon(this.#context, upload);
  }

  /** Runs `work` with the upload's row while neither this process nor another server works on it. */
  #alone<Result>(
    id: string,
    owner: string,
    work: (upload: Upload, claim: string, lost: AbortSignal | undefined) => Promise<Result>,
  ): Promise<Result> {
    const { metadata, stores } = this.#context;
    return this.#locks.run(
      id,
      async () => {
        const upload = await findUpload(metadata.reader, id, owner);
        if (!stores[upload.storageClass].shared) return work(upload, "", undefined);
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

  #now(): number {
    return this.#context.clock.now().getTime();
  }
}
