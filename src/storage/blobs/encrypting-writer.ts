import { randomBytes } from "node:crypto";
import type { BlobWriter, StoredUpload } from "./blob-store.ts";
import type { Extent } from "./extents.ts";
import { ExtentCipher, SEGMENT_BYTES } from "./segments.ts";

const SALT_BYTES = 16;

/** Encrypts the bytes of one append on their way to the store: one new extent. */
export class EncryptingWriter {
  readonly #writer: BlobWriter;
  readonly #salt = randomBytes(SALT_BYTES).toString("base64url");
  readonly #cipher: ExtentCipher;
  /** Less than or exactly one segment of which it is not known yet whether it is the last. */
  readonly #held = Buffer.allocUnsafeSlow(SEGMENT_BYTES);
  #heldBytes = 0;
  #segments = 0;

  constructor(writer: BlobWriter, dataKey: Uint8Array, uploadId: string) {
    this.#writer = writer;
    this.#cipher = new ExtentCipher(dataKey, this.#salt, uploadId);
  }

  /** What was written when `finish` has run; undefined when it was nothing. */
  get extent(): Extent | undefined {
    const length = Math.max(0, this.#segments - 1) * SEGMENT_BYTES + this.#heldBytes;
    return length === 0 ? undefined : { salt: this.#salt, length };
  }

  async write(chunk: Uint8Array): Promise<void> {
    let rest = chunk;
    while (rest.length > 0) {
      if (this.#heldBytes === SEGMENT_BYTES) {
        await this.#seal(this.#held, false);
        this.#heldBytes = 0;
      }
      if (this.#heldBytes === 0 && rest.length > SEGMENT_BYTES) {
        await this.#seal(rest.subarray(0, SEGMENT_BYTES), false);
        rest = rest.subarray(SEGMENT_BYTES);
        continue;
      }
      const part = rest.subarray(0, SEGMENT_BYTES - this.#heldBytes);
      this.#held.set(part, this.#heldBytes);
      this.#heldBytes += part.length;
      rest = rest.subarray(part.length);
    }
  }

  async finish(): Promise<StoredUpload> {
    if (this.#heldBytes > 0) await this.#seal(this.#held.subarray(0, this.#heldBytes), true);
    return this.#writer.finish();
  }

  async #seal(bytes: Uint8Array, last: boolean): Promise<void> {
    const [sealed, tag] = this.#cipher.seal(bytes, this.#segments++, last);
    await this.#writer.write(sealed);
    await this.#writer.write(tag);
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
  const cipher = new ExtentCipher(dataKey, salt, uploadId);
  const count = Math.ceil(bytes.length / SEGMENT_BYTES);
  const sealed: Uint8Array[] = [];
  for (let index = 0; index < count; index++) {
    const segment = bytes.subarray(index * SEGMENT_BYTES, (index + 1) * SEGMENT_BYTES);
    sealed.push(...cipher.seal(segment, index, index === count - 1));
  }
  return { sealed: Buffer.concat(sealed), extents: [{ salt, length: bytes.length }] };
}
