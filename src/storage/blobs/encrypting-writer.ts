import { randomBytes } from "node:crypto";
import type { BlobWriter, StoredUpload } from "./blob-store.ts";
import { SLOT_SEGMENTS } from "./byte-thread.ts";
import type { Extent } from "./extents.ts";
import { placeHere, placeOnThread, SEGMENTS_HERE, type SegmentPlace } from "./segment-places.ts";
import { ExtentCipher, extentKey, SEGMENT_BYTES, sealedLength } from "./segments.ts";

const SALT_BYTES = 16;

/** Encrypts the bytes of one append on their way to the store: one new extent. */
export class EncryptingWriter {
  readonly #writer: BlobWriter;
  readonly #uploadId: string;
  readonly #salt = randomBytes(SALT_BYTES).toString("base64url");
  readonly #key: Uint8Array;
  /** Whose bytes wait to be encrypted: of a full one it is not known yet whether more follow. */
  #filling: SegmentPlace = placeHere();
  #room = SEGMENTS_HERE * SEGMENT_BYTES;
  #filled = 0;
  #length = 0;
  /** The place before: encrypted and with the writer. */
  #written: Promise<void> = Promise.resolve();

  constructor(writer: BlobWriter, dataKey: Uint8Array, uploadId: string) {
    this.#writer = writer;
    this.#uploadId = uploadId;
    this.#key = extentKey(dataKey, this.#salt);
  }

  /** What was written when `finish` has run; undefined when it was nothing. */
  get extent(): Extent | undefined {
    return this.#length === 0 ? undefined : { salt: this.#salt, length: this.#length };
  }

  /** Takes a copy; resolves when more may come. */
  async write(chunk: Uint8Array): Promise<void> {
    for (let taken = 0; taken < chunk.length; ) {
      if (this.#filled === this.#room) await this.#next();
      const part = chunk.subarray(taken, taken + this.#room - this.#filled);
      this.#filling.bytes.set(part, this.#filled);
      this.#filled += part.length;
      taken += part.length;
    }
  }

  async finish(): Promise<StoredUpload> {
    await this.#written;
    if (this.#filled > 0) this.#send(true);
    await this.#written;
    return this.#writer.finish();
  }

  /** Nothing is given to the writer any more when this resolves. */
  async abandon(): Promise<void> {
    await Promise.allSettled([this.#written]);
  }

  async #next(): Promise<void> {
    // One on its way while another one fills: two are enough to keep the thread busy.
    await this.#written;
    this.#send(false);
    const place = placeOnThread();
    this.#filling = place ?? placeHere();
    this.#room = (place ? SLOT_SEGMENTS : SEGMENTS_HERE) * SEGMENT_BYTES;
    this.#filled = 0;
  }

  #send(last: boolean): void {
    const place = this.#filling;
    const run = { index: this.#length / SEGMENT_BYTES, length: this.#filled, last };
    this.#length += this.#filled;
    const sealed = place.seal(this.#key, this.#uploadId, run);
    this.#written = sealed.then(async () => {
      await this.#writer.write(place.bytes.subarray(0, sealedLength(run.length)));
      place.giveBack();
    });
    // Whoever writes or finishes next gets the error; until then it is nobody's.
    this.#written.catch(() => undefined);
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
