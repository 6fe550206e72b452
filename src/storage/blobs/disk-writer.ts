import type { BlobWriter, StoredUpload } from "./blob-store.ts";
import { asStorageFull, closeFile, fileSize, syncFile, syncFolder, truncateFile, writeAt } from "./files.ts";

/** Chunks from a socket are small (64 KiB and less): they are gathered and written in one call. */
const BATCH_BYTES = 1024 * 1024;
/** The same when many uploads come in at once, so that memory does not grow with their number as fast. */
const CROWDED_BATCH_BYTES = 256 * 1024;
const CROWD = 16;
/** No more chunks than one writev takes. */
const BATCH_CHUNKS = 1024;
/** How often a running upload looks whether there is still room. */
const ROOM_CHECK_BYTES = 64 * 1024 * 1024;
/** How much may lie unsynced before the disk is told to begin: the last sync then has little left to do. */
const SYNC_BYTES = 32 * 1024 * 1024;

let open = 0;

/** Appends to one file. While one batch is being written the next is gathered: 2 MiB at most. */
export class DiskWriter implements BlobWriter {
  readonly #fd: number;
  readonly #upload: StoredUpload;
  /** The folder to sync when the file is new in it. */
  readonly #newIn: string | undefined;
  readonly #checkRoom: () => Promise<void>;
  #position: number;
  #batch: Uint8Array[] = [];
  #batchBytes = 0;
  #writing: Promise<void> = Promise.resolve();
  #syncing: Promise<void> = Promise.resolve();
  #syncedFrom: number;
  #roomCheckedAt: number;
  #closed = false;

  private constructor(
    fd: number,
    upload: StoredUpload,
    newIn: string | undefined,
    checkRoom: () => Promise<void>,
  ) {
    this.#fd = fd;
    this.#upload = upload;
    this.#newIn = newIn;
    this.#checkRoom = checkRoom;
    this.#position = upload.size;
    this.#syncedFrom = upload.size;
    this.#roomCheckedAt = upload.size;
    open++;
  }

  /** The descriptor belongs to the writer from here on. */
  static async continueAt(
    fd: number,
    upload: StoredUpload,
    folder: string,
    checkRoom: () => Promise<void>,
  ): Promise<DiskWriter> {
    try {
      const found = await fileSize(fd);
      if (found < upload.size) {
        throw new Error(
          `upload ${upload.id} has ${found} bytes on the disk, ${upload.size} were acknowledged`,
        );
      }
      if (found > upload.size) await truncateFile(fd, upload.size);
      return new DiskWriter(fd, upload, upload.size === 0 ? folder : undefined, checkRoom);
    } catch (error) {
      await closeFile(fd);
      throw error;
    }
  }

  async write(chunk: Uint8Array): Promise<void> {
    if (chunk.length === 0) return;
    this.#batch.push(chunk);
    this.#batchBytes += chunk.length;
    const enough = open < CROWD ? BATCH_BYTES : CROWDED_BATCH_BYTES;
    if (this.#batchBytes < enough && this.#batch.length < BATCH_CHUNKS) return;
    await this.#writing;
    this.#startWriting();
  }

  async finish(): Promise<StoredUpload> {
    try {
      await this.#writing;
      this.#startWriting();
      await this.#writing;
      await Promise.all([
        this.#syncing.then(() => syncFile(this.#fd)),
        this.#newIn === undefined ? undefined : syncFolder(this.#newIn),
      ]);
    } catch (error) {
      await this.abandon();
      throw asStorageFull(error);
    }
    await this.#close();
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
    open--;
    await closeFile(this.#fd);
  }

  #startWriting(): void {
    const batch = this.#batch;
    const at = this.#position;
    this.#batch = [];
    this.#position += this.#batchBytes;
    this.#batchBytes = 0;
    if (batch.length === 0) return;
    this.#writing = this.#writeBatch(batch, at);
    // Whoever writes or finishes next gets the error; until then it is nobody's.
    this.#writing.catch(() => undefined);
  }

  async #writeBatch(batch: readonly Uint8Array[], at: number): Promise<void> {
    if (at - this.#roomCheckedAt >= ROOM_CHECK_BYTES) {
      this.#roomCheckedAt = at;
      await this.#checkRoom();
    }
    try {
      await writeAt(this.#fd, batch, at);
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
