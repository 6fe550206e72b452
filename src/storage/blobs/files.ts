import {
  close,
  constants,
  fdatasync,
  fstatSync,
  fsync,
  ftruncate,
  open,
  read,
  statfs,
  unlink,
  write,
} from "node:fs";
import { promisify } from "node:util";
import { StorageFull } from "./errors.ts";

/**
 * File operations on plain descriptors. A FileHandle costs more per call, and one that is forgotten when a
 * client goes away ends the process instead of leaking a number.
 */
const FLAGS = {
  read: constants.O_RDONLY,
  append: constants.O_RDWR | constants.O_CREAT,
} as const;

/** Files are readable by the server's user only. */
export function openFile(path: string, way: keyof typeof FLAGS): Promise<number> {
  return new Promise((resolve, reject) => {
    open(path, FLAGS[way], 0o600, (error, fd) => (error ? reject(error) : resolve(fd)));
  });
}

export const closeFile = promisify(close);
export const truncateFile = promisify(ftruncate);
/** The bytes and the size are on the disk when it resolves. */
export const syncFile = promisify(fdatasync);

/** The names in an open folder are on the disk when it resolves. */
export const syncOpenFolder = promisify(fsync);

export async function syncFolder(path: string): Promise<void> {
  const fd = await openFile(path, "read");
  try {
    await syncOpenFolder(fd);
  } finally {
    await closeFile(fd);
  }
}

/** Without a thread: of an open file it is known in memory, and the way to a thread and back costs far more. */
export function fileSize(fd: number): number {
  return fstatSync(fd).size;
}

/** Fills the buffer from `position`, or as much of it as there is; resolves to the number of bytes. */
export function readAt(fd: number, buffer: Uint8Array, position: number): Promise<number> {
  return new Promise((resolve, reject) => {
    read(fd, buffer, 0, buffer.length, position, (error, length) =>
      error ? reject(error) : resolve(length),
    );
  });
}

/** Writes all of it, however many calls the system needs. */
export async function writeAt(fd: number, bytes: Uint8Array, position: number): Promise<void> {
  for (let done = 0; done < bytes.length; ) {
    done += await writeSome(fd, bytes.subarray(done), position + done);
  }
}

function writeSome(fd: number, bytes: Uint8Array, position: number): Promise<number> {
  return new Promise((resolve, reject) => {
    write(fd, bytes, 0, bytes.length, position, (error, written) =>
      error ? reject(error) : resolve(written),
    );
  });
}

/** Nothing happens when it is not there. */
export async function removeFile(path: string): Promise<void> {
  try {
    await promisify(unlink)(path);
  } catch (error) {
    if (errorCode(error) !== "ENOENT") throw error;
  }
}

/** What an unprivileged process may still use of the file system. */
export async function freeBytes(path: string): Promise<number> {
  const { bavail, bsize } = await promisify(statfs)(path);
  return bavail * bsize;
}

export function errorCode(error: unknown): string | undefined {
  return error instanceof Error && "code" in error && typeof error.code === "string" ? error.code : undefined;
}

const FULL = new Set(["ENOSPC", "EDQUOT", "EFBIG"]);

/** The error as StorageFull if it says so, else as it is. */
export function asStorageFull(error: unknown): unknown {
  return FULL.has(errorCode(error) ?? "") ? new StorageFull("the disk is full", { cause: error }) : error;
}
