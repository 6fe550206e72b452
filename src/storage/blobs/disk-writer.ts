import type { BlobWriter, StoredUpload } from "./blob-store.ts";
import { asStorageFull, closeFile, fileSize, syncFile, truncateFile, writeAt } from "./files.ts";
import { borrowBuffer, returnBuffer } from "./write-buffers.ts";

/** How often a running upload looks whether there is still room. */
const ROOM_CHECK_BYTES = 64 * 1024 * 1024;
/** How much may lie unsynced before the disk is told to begin: the last sync then has little left to do. */
const SYNC_BYTES = 32 * 1024 * 1024;

/**
 * Appends to one file through two borrowed buffers: while one is being written the other is filled. A chunk is
 * copied at once and let go: chunks that outlive a write become old garbage, which doubled the memory of the
 * process during an upload.
 */
export class DiskWriter implements BlobWriter {
  readonly #fd: number;
  readonly #upload: StoredUpload;
  /** Makes the file's name durable, when it is new. */
  readonly #syncName: (() => Promise<void>) | undefined;
  readonly #checkRoom: () => Promise<void>;
  #position: number;
  #filling: Buffer | undefined;
  #filled = 0;
  #writing: Promise<void> = Promise.resolve();
  #syncing: Promise<void> = Promise.resolve();
  #syncedFrom: number;
  #roomCheckedAt: number;
  #closed = false;

  private constructor(
    fd: number,
    upload: StoredUpload,
    syncName: (() => Promise<void>) | undefined,
    checkRoom: () => Promise<void>,
  ) {
    this.#fd = fd;
    this.#upload = upload;
    this.#syncName = syncName;
    this.#checkRoom = checkRoom;
    this.#position = upload.size;
    this.#syncedFrom = upload.size;
    this.#roomCheckedAt = upload.size;
  }

  /** The descriptor belongs to the writer from here on. */
  static async continueAt(
    fd: number,
    upload: StoredUpload,
    syncName: () => Promise<void>,
    checkRoom: () => Promise<void>,
  ): Promise<DiskWriter> {
    try {
      const found = fileSize(fd);
      if (found < upload.size) {
        throw new Error(
          `upload ${upload.id} has ${found} bytes on the disk, ${upload.size} were acknowledged`,
        );
      }
      if (found > upload.size) await truncateFile(fd, upload.size);
      return new DiskWriter(fd, upload, upload.size === 0 ? syncName : undefined, checkRoom);
    } catch (error) {
      await closeFile(fd);
      throw error;
    }
  }

  async write(chunk: Uint8Array): Promise<void> {
    for (let taken = 0; taken < chunk.length; ) {
      this.#filling ??= borrowBuffer();
      const part = chunk.subarray(taken, taken + this.#filling.length - this.#filled);
      this.#filling.set(part, this.#filled);
      this.#filled += part.length;
      taken += part.length;
      if (this.#filled < this.#filling.length) return;
      await this.#writing;
      this.#startWriting();
    }
  }

  async finish(): Promise<StoredUpload> {
    try {
      await this.#writing;
      this.#startWriting();
      await this.#writing;
      await Promise.all([this.#syncing.then(() => syncFile(this.#fd)), this.#syncName?.()]);
    } catch (error) {
      await this.abandon();
      throw asStorageFull(error);
    }
    // Nothing that closing could still say matters now.
    this.#close().catch(() => undefined);
    return { ...this.#upload, size: this.#position };
  }

  async abandon(): Promise<void> {
    await Promise.allSettled([this.#writing, this.#syncing]);
    // What is not acknowledged must not keep a full disk full until the upload expires.
    if (!this.#closed) await truncateFile(this.#fd, this.#upload.size).catch(() => undefined);
    await this.#close().catch(() => undefined);
  }

  async settle(): Promise<void> {}

  async #close(): Promise<void> {
    if (this.#closed) return;
    this.#closed = true;
    if (this.#filling) returnBuffer(this.#filling);
    this.#filling = undefined;
    await closeFile(this.#fd);
  }

  #startWriting(): void {
    const buffer = this.#filling;
    if (buffer === undefined) return;
    const bytes = buffer.subarray(0, this.#filled);
    const at = this.#position;
    this.#filling = undefined;
    this.#filled = 0;
    this.#position += bytes.length;
    this.#writing = this.#write(bytes, at).finally(() => returnBuffer(buffer));
    // Whoever writes or finishes next gets the error; until then it is nobody's.
    this.#writing.catch(() => undefined);
  }

  async #write(bytes: Uint8Array, at: number): Promise<void> {
    if (at - this.#roomCheckedAt >= ROOM_CHECK_BYTES) {
      this.#roomCheckedAt = at;
      await this.#checkRoom();
    }
    try {
      await writeAt(this.#fd, bytes, at);
    } catch (error) {
      throw asStorageFull(error);
    }
    if (at - this.#syncedFrom < SYNC_BYTES) return;
    await this.#syncing;
    this.#syncedFrom = at;
    this.#syncing = syncFile(this.#fd);
    this.#syncing.catch(() => undefined);
  }
}
