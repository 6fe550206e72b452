import type { Readable } from "node:stream";
import type { SealedUpload } from "./blob-store.ts";
import type { ByteRange, ContentHash, TakenContent } from "./blobs.ts";
import type { BlobsContext } from "./context.ts";
import type { HashAlgorithm } from "./hash-algorithms.ts";
import { type FinishedUpload, openFinished, sealFinished } from "./make-blob.ts";
import type { UploadHash } from "./upload-hash.ts";

/** What is known of content whose digest nobody said, unless something else is asked for. */
export const CONTENT_HASHES = ["md5", "sha1", "sha256", "sha512"] as const satisfies ContentHash[];

/** An upload that has come whole, to be looked at before its commit. It is sealed only if somebody opens it. */
export class ArrivedContent<Hash extends HashAlgorithm> implements TakenContent<Hash> {
  readonly size: number;
  readonly hashes: TakenContent<Hash>["hashes"];
  readonly #context: BlobsContext;
  readonly #finished: FinishedUpload;
  readonly #opened: Readable[] = [];
  #sealing: Promise<SealedUpload> | undefined;
  #sealed: SealedUpload | undefined;

  /** @param hash has run over all bytes, with `algorithms` */
  constructor(
    context: BlobsContext,
    finished: FinishedUpload,
    hash: UploadHash,
    algorithms: readonly HashAlgorithm[],
  ) {
    this.#context = context;
    this.#finished = finished;
    this.size = finished.bytes.size;
    const entries = algorithms.map((algorithm) => {
      const value = hash.hex(algorithm);
      if (value === undefined) throw new TypeError(`${algorithm} was not computed`);
      return [algorithm, value] as const;
    });
    this.hashes = Object.fromEntries(entries) as TakenContent<Hash>["hashes"];
  }

  /** Undefined when nobody has looked. */
  get sealed(): SealedUpload | undefined {
    return this.#sealed;
  }

  async open(range?: ByteRange): Promise<Readable> {
    this.#sealing ??= sealFinished(this.#context, this.#finished);
    this.#sealed = await this.#sealing;
    const bytes = await openFinished(this.#context, this.#finished, this.#sealed, range);
    this.#opened.push(bytes);
    return bytes;
  }

  /** Closes what was left open. */
  close(): void {
    for (const bytes of this.#opened) bytes.destroy();
  }
}
