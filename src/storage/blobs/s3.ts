import { Readable } from "node:stream";
import type { BlobStore, BlobWriter, SealedUpload, StoredUpload } from "./blob-store.ts";
import { BlobMissing } from "./errors.ts";
import { S3Objects, type S3Settings, saysMissing } from "./s3-objects.ts";
import { readState, type StoredObject, writeState } from "./s3-state.ts";
import { S3Writer } from "./s3-writer.ts";

/**
 * Blobs as objects of an S3-compatible store, which several servers may share:
 *
 *     <prefix>blobs/3f0e2c5a-9d4e-4b0f-8a53-0c1d9a8e7b11/<random>     everything of one upload below its id
 *
 * An upload is a multipart upload at its final key plus a small tail object (s3-state.ts), or the tail alone when
 * it is smaller than a part; sealing completes the multipart upload. Nothing is copied or renamed at the end.
 * Only the plain operations of S3 are used, so that every store that speaks it will do.
 */
export async function openS3Store(settings: S3Settings): Promise<BlobStore> {
  const objects = new S3Objects(settings);
  await objects.checkBucket();
  return new S3Store(objects, settings.prefix);
}

class S3Store implements BlobStore {
  readonly shared = true;
  readonly #objects: S3Objects;
  readonly #prefix: string;

  constructor(objects: S3Objects, prefix: string) {
    this.#objects = objects;
    this.#prefix = prefix;
  }

  /** A store that is full says so when it is written to. */
  async checkRoom(): Promise<void> {}

  async append(upload: StoredUpload): Promise<BlobWriter> {
    return S3Writer.continueAt(this.#objects, this.#folder(upload.id), upload);
  }

  async seal(upload: StoredUpload): Promise<SealedUpload> {
    const { sealed, multipart, tail } = readState(upload.state);
    if (sealed !== undefined) return asSealed(sealed);
    if (multipart === undefined) {
      return asSealed(tail ?? (await this.#objects.put(`${this.#folder(upload.id)}empty`, new Uint8Array())));
    }
    const whole: StoredObject = { key: multipart.key, size: upload.size };
    try {
      const parts = [...multipart.parts];
      if (tail !== undefined) {
        parts.push(await this.#objects.putPart(multipart, parts.length, await this.#readAll(tail)));
      }
      await this.#objects.completeMultipart({ ...multipart, parts });
    } catch (error) {
      // It was completed before, and what came after that (the caller's commit) failed.
      const completed = saysMissing(error) || error instanceof BlobMissing;
      if (!completed || (await this.#objects.size(whole.key)) !== whole.size) throw error;
    }
    if (tail !== undefined) await this.#objects.delete(tail.key);
    return asSealed(whole);
  }

  async open(location: string, size: number, start: number, end: number): Promise<Readable> {
    if (size === 0) return Readable.from([]);
    const bytes = await this.#objects.read(location, start, end);
    if (bytes === undefined) throw new BlobMissing(`the object ${location} is missing or cut off`);
    return bytes;
  }

  async remove(id: string): Promise<void> {
    await this.#objects.deleteBelow(this.#folder(id));
  }

  async close(): Promise<void> {
    this.#objects.close();
  }

  async #readAll(object: StoredObject): Promise<Uint8Array> {
    const bytes = await this.open(object.key, object.size, 0, object.size - 1);
    const chunks: Uint8Array[] = [];
    for await (const chunk of bytes as AsyncIterable<Uint8Array>) chunks.push(chunk);
    return Buffer.concat(chunks);
  }

  #folder(id: string): string {
    return `${this.#prefix}blobs/${id}/`;
  }
}

function asSealed(object: StoredObject): SealedUpload {
  return { location: object.key, state: writeState({ sealed: object }) };
}
