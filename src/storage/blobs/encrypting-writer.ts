import { randomBytes } from "node:crypto";
import type { BlobWriter, StoredUpload } from "./blob-store.ts";
import { SLOT_SEGMENTS } from "./byte-thread.ts";
import type { Extent } from "./extents.ts";
import { placeHere, placeOnThread, SEGMENTS_HERE, type SegmentPlace } from "./segment-places.ts";
import { ExtentCipher, extentKey, SEGMENT_BYTES, type SegmentRun, sealedLength } from "./segments.ts";
import type { UploadHash } from "./upload-hash.ts";

const SALT_BYTES = 16;

/**
 * Encrypts the bytes of one append on their way to the store: one new extent. They are hashed here, too, when a hash is
 * given: what lies in a place for the one can be read for the other.
 */
export class EncryptingWriter {
  readonly #writer: Pick<BlobWriter, "write" | "finish">;
  readonly #uploadId: string;
  readonly #hash: UploadHash | undefined;
  readonly #salt = randomBytes(SALT_BYTES).toString("base64url");
  readonly #key: Uint8Array;
  /** Whose bytes wait to be encrypted: of a full one it is not known yet whether more follow. */
  #filling: SegmentPlace | undefined;
  #room = 0;
  #filled = 0;
  #length = 0;
  /** The place before: hashed, encrypted and with the writer. */
  #written: Promise<void> = Promise.resolve();

  constructor(
    writer: Pick<BlobWriter, "write" | "finish">,
    dataKey: Uint8Array,
    uploadId: string,
    hash?: UploadHash,
  ) {
    this.#writer = writer;
    this.#uploadId = uploadId;
    this.#hash = hash;
    this.#key = extentKey(dataKey, this.#salt);
  }

  /** What was written when `finish` has run; undefined when it was nothing. */
  get extent(): Extent | undefined {
    return this.#length === 0 ? undefined : { salt: this.#salt, length: this.#length };
  }

  /** Takes a copy; resolves when more may come. */
  async write(chunk: Uint8Array): Promise<void> {
    for (let taken = 0; taken < chunk.length; ) {
      // One place on its way while another one fills: two are enough to keep the thread busy.
      if (this.#filled === this.#room) await this.#send(false);
      this.#filling ??= this.#nextPlace();
      const part = chunk.subarray(taken, taken + this.#room - this.#filled);
      this.#filling.bytes.set(part, this.#filled);
      this.#filled += part.length;
      taken += part.length;
    }
  }

  /** The hash, if there is one, is settled then. */
  async finish(): Promise<StoredUpload> {
    await this.#send(true);
    await this.#written;
    const [stored] = await Promise.all([this.#writer.finish(), this.#hash?.settled()]);
    return stored;
  }

  /** Nothing is given to the writer any more when this resolves. */
  async abandon(): Promise<void> {
    await Promise.allSettled([this.#written]);
    this.#filling?.giveBack();
    this.#filling = undefined;
  }

  #nextPlace(): SegmentPlace {
    const place = this.#length === 0 ? undefined : placeOnThread();
    this.#room = (place ? SLOT_SEGMENTS : SEGMENTS_HERE) * SEGMENT_BYTES;
    return place ?? placeHere();
  }

  /** Resolves when the place is on its way, and the one before has arrived. */
  async #send(last: boolean): Promise<void> {
    await this.#written;
    const place = this.#filling;
    if (place === undefined) return;
    const run = { index: this.#length / SEGMENT_BYTES, length: this.#filled, last };
    await this.#hash?.updateFrom(place, run.length);
    this.#filling = undefined;
    this.#filled = 0;
    this.#room = 0;
    this.#length += run.length;
    this.#written = this.#sealAndWrite(place, run);
    // Whoever writes or finishes next gets the error; until then it is nobody's.
    this.#written.catch(() => undefined);
  }

  async #sealAndWrite(place: SegmentPlace, run: SegmentRun): Promise<void> {
    try {
      await place.seal(this.#key, this.#uploadId, run);
      await this.#writer.write(place.bytes.subarray(0, sealedLength(run.length)));
    } finally {
      place.giveBack();
    }
  }
}

/** The same for bytes that are in memory. */
export function encryptWhole(
  bytes: Uint8Array,
  dataKey: Uint8Array,
  uploadId: string,
): { readonly sealed: Uint8Array; readonly extents: readonly Extent[] } {
  if (bytes.length === 0) return { sealed: bytes, extents: [] };
  const salt = randomBytes(SALT_BYTES).toString("base64url");
  const sealed = Buffer.allocUnsafeSlow(sealedLength(bytes.length));
  sealed.set(bytes);
  const cipher = new ExtentCipher(extentKey(dataKey, salt), uploadId);
  cipher.sealAll(sealed, { index: 0, length: bytes.length, last: true });
  return { sealed, extents: [{ salt, length: bytes.length }] };
}
