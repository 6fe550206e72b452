import { mkdir } from "node:fs/promises";
import { dirname, join, resolve } from "node:path";
import type { Readable } from "node:stream";
import type { BlobStore, BlobWriter, SealedUpload, StoredUpload } from "./blob-store.ts";
import { DiskWriter } from "./disk-writer.ts";
import { BlobMissing, StorageFull } from "./errors.ts";
import { FileReadable } from "./file-readable.ts";
import {
  asStorageFull,
  closeFile,
  errorCode,
  fileSize,
  freeBytes,
  openFile,
  removeFile,
  syncFolder,
  syncOpenFolder,
} from "./files.ts";

/**
 * Blobs as files of a local disk:
 *
 *     <folder>/blobs/3f/3f0e2c5a-9d4e-4b0f-8a53-0c1d9a8e7b11      one file an upload, under its id for good
 *
 * An append is durable by fdatasync of the file and, for a new file, fsync of its folder (one of 256, each made
 * once); only then is its row committed and the client answered. An upload becomes a blob by its row alone: no
 * rename, no second copy, no second sync.
 */
export async function openDiskStore(
  folder: string,
  options: { minimumFreeBytes?: number } = {},
): Promise<BlobStore> {
  const root = resolve(folder, "blobs");
  await makeFolder(root);
  return new DiskStore(root, options.minimumFreeBytes ?? DEFAULT_MINIMUM_FREE_BYTES);
}

/** Kept free for the metadata database and its log, so that deletes work on a full disk. */
const DEFAULT_MINIMUM_FREE_BYTES = 256 * 1024 * 1024;

class DiskStore implements BlobStore {
  readonly shared = false;
  readonly #root: string;
  readonly #minimumFreeBytes: number;
  readonly #making = new Map<string, Promise<void>>();
  /** The folders that were synced, kept open: at most 256, and every new file needs one. */
  readonly #folders = new Map<string, Promise<number>>();

  constructor(root: string, minimumFreeBytes: number) {
    this.#root = root;
    this.#minimumFreeBytes = minimumFreeBytes;
  }

  checkRoom = async (): Promise<void> => {
    const free = await freeBytes(this.#root);
    if (free < this.#minimumFreeBytes) {
      throw new StorageFull(
        `the disk of this server is full: ${free} bytes are free, ${this.#minimumFreeBytes} are kept in reserve; make room, or lower --min-free-disk`,
      );
    }
  };

  async append(upload: StoredUpload): Promise<BlobWriter> {
    const fd = await this.#openForAppend(upload.id).catch((error: unknown) => {
      throw asStorageFull(error);
    });
    return DiskWriter.continueAt(fd, upload, () => this.#syncFolderOf(upload.id), this.checkRoom);
  }

  async seal(upload: StoredUpload): Promise<SealedUpload> {
    if (upload.size === 0) {
      const writer = await this.append(upload);
      await writer.finish();
    }
    return { location: relativePath(upload.id), state: upload.state };
  }

  async open(location: string, size: number, start: number, end: number): Promise<Readable> {
    const fd = await openFile(join(this.#root, location), "read").catch((error: unknown) => {
      throw errorCode(error) === "ENOENT"
        ? new BlobMissing(`the file ${location} is missing`, { cause: error })
        : error;
    });
    const found = fileSize(fd);
    if (found < size) {
      await closeFile(fd);
      throw new BlobMissing(`the file ${location} has ${found} of ${size} bytes`);
    }
    return new FileReadable(fd, start, end);
  }

  async remove(id: string): Promise<void> {
    await removeFile(this.#path(id));
  }

  async close(): Promise<void> {
    const folders = await Promise.allSettled(this.#folders.values());
    this.#folders.clear();
    for (const folder of folders) if (folder.status === "fulfilled") await closeFile(folder.value);
  }

  async #syncFolderOf(id: string): Promise<void> {
    const path = this.#folder(id);
    let folder = this.#folders.get(path);
    if (folder === undefined) {
      folder = openFile(path, "read");
      this.#folders.set(path, folder);
      folder.catch(() => this.#folders.delete(path));
    }
    await syncOpenFolder(await folder);
  }

  async #openForAppend(id: string): Promise<number> {
    const folder = this.#folder(id);
    // One who finds the folder must not be acknowledged before the one who made it has synced its name.
    await this.#making.get(folder);
    try {
      return await openFile(this.#path(id), "append");
    } catch (error) {
      if (errorCode(error) !== "ENOENT") throw error;
      this.#folders.delete(folder);
      const making = mkdir(folder, { recursive: true }).then(() => syncFolder(this.#root));
      this.#making.set(folder, making);
      await making.finally(() => this.#making.delete(folder));
      return openFile(this.#path(id), "append");
    }
  }

  #path(id: string): string {
    return join(this.#root, relativePath(id));
  }

  #folder(id: string): string {
    return join(this.#root, id.slice(0, 2));
  }
}

function relativePath(id: string): string {
  return `${id.slice(0, 2)}/${id}`;
}

/** Durable down from the folder that was there before; a folder that a crash left unsynced is synced now. */
async function makeFolder(root: string): Promise<void> {
  const firstMade = (await mkdir(root, { recursive: true })) ?? root;
  for (let made = root; made.length >= firstMade.length; made = dirname(made)) {
    await syncFolder(dirname(made));
  }
  await syncFolder(root);
}
