import { randomUUID } from "node:crypto";
import type { BlobWriter, StoredUpload } from "./blob-store.ts";
import { BlobMissing, BlobTooLarge } from "./errors.ts";
import type { S3Objects } from "./s3-objects.ts";
import {
  MAXIMUM_COPY_BYTES,
  MAXIMUM_PARTS,
  MINIMUM_PART_BYTES,
  type Multipart,
  type Part,
  partSize,
  readState,
  type S3State,
  type StoredObject,
  writeState,
} from "./s3-state.ts";

/**
 * Appends to an upload as parts of a multipart upload, one being sent while the next is gathered: memory is two
 * parts. What is left at the end becomes the tail, an object of its own that the next append begins with.
 */
export class S3Writer implements BlobWriter {
  readonly #objects: S3Objects;
  readonly #upload: StoredUpload;
  readonly #folder: string;
  readonly #before: S3State;
  /** Whole objects that come first; copied into the multipart upload on the store's side once there is one. */
  #head: StoredObject | undefined;
  #multipart: Multipart | undefined;
  readonly #parts: Part[];
  #gathered: Uint8Array[] = [];
  #gatheredBytes = 0;
  #size: number;
  #sending: Promise<void> = Promise.resolve();

  private constructor(objects: S3Objects, folder: string, upload: StoredUpload) {
    this.#objects = objects;
    this.#folder = folder;
    this.#upload = upload;
    this.#before = readState(upload.state);
    this.#multipart = this.#before.multipart;
    this.#parts = [...(this.#before.multipart?.parts ?? [])];
    this.#size = upload.size;
  }

  static async continueAt(objects: S3Objects, folder: string, upload: StoredUpload): Promise<S3Writer> {
    const writer = new S3Writer(objects, folder, upload);
    const { sealed, tail } = writer.#before;
    if (sealed !== undefined && sealed.size >= MINIMUM_PART_BYTES) writer.#head = sealed;
    else await writer.#gatherObject(sealed ?? tail);
    return writer;
  }

  async write(chunk: Uint8Array): Promise<void> {
    this.#size += chunk.length;
    let rest = chunk;
    for (;;) {
      const room = partSize(this.#parts.length) - this.#gatheredBytes;
      this.#gather(rest.subarray(0, room));
      if (rest.length < room) return;
      rest = rest.subarray(room);
      await this.#sending;
      this.#sendPart();
    }
  }

  async finish(): Promise<StoredUpload> {
    await this.#sending;
    if (this.#size === this.#upload.size) return this.#upload;
    const tail =
      this.#gatheredBytes === 0
        ? undefined
        : await this.#objects.put(`${this.#folder}${randomUUID()}`, this.#takeGathered());
    // A head without a part behind it: the tail alone must not stand for the whole.
    if (this.#multipart === undefined && this.#head !== undefined) await this.#startMultipart();
    const state: S3State = {
      ...(this.#multipart && { multipart: { ...this.#multipart, parts: this.#parts } }),
      ...(tail && { tail }),
    };
    return { id: this.#upload.id, size: this.#size, state: writeState(state) };
  }

  async abandon(): Promise<void> {
    await this.#sending.catch(() => undefined);
  }

  async settle(): Promise<void> {
    if (this.#size === this.#upload.size) return;
    for (const object of [this.#before.tail, this.#before.sealed]) {
      if (object !== undefined) await this.#objects.delete(object.key);
    }
  }

  async #gatherObject(object: StoredObject | undefined): Promise<void> {
    if (object === undefined || object.size === 0) return;
    const bytes = await this.#objects.read(object.key, 0, object.size - 1);
    if (bytes === undefined) throw new BlobMissing(`${object.key} of an upload is missing`);
    for await (const chunk of bytes as AsyncIterable<Uint8Array>) this.#gather(chunk);
    if (this.#gatheredBytes !== object.size) throw new BlobMissing(`${object.key} of an upload is cut off`);
  }

  #gather(chunk: Uint8Array): void {
    if (chunk.length === 0) return;
    this.#gathered.push(Buffer.from(chunk));
    this.#gatheredBytes += chunk.length;
  }

  #takeGathered(): Uint8Array {
    const bytes = Buffer.concat(this.#gathered, this.#gatheredBytes);
    this.#gathered = [];
    this.#gatheredBytes = 0;
    return bytes;
  }

  #sendPart(): void {
    this.#sending = this.#sendOne(this.#takeGathered());
    // Whoever writes or finishes next gets the error; until then it is nobody's.
    this.#sending.catch(() => undefined);
  }

  async #sendOne(bytes: Uint8Array): Promise<void> {
    const multipart = this.#multipart ?? (await this.#startMultipart());
    if (this.#parts.length >= MAXIMUM_PARTS)
      throw new BlobTooLarge("an object has no more than 10,000 parts");
    this.#parts.push(await this.#objects.putPart(multipart, this.#parts.length, bytes));
  }

  async #startMultipart(): Promise<Multipart> {
    const multipart = await this.#objects.createMultipart(`${this.#folder}${randomUUID()}`);
    for (let start = 0; this.#head !== undefined && start < this.#head.size; start += MAXIMUM_COPY_BYTES) {
      const end = Math.min(start + MAXIMUM_COPY_BYTES, this.#head.size) - 1;
      this.#parts.push(
        await this.#objects.copyPart(multipart, this.#parts.length, this.#head.key, start, end),
      );
    }
    this.#multipart = multipart;
    return multipart;
  }
}
