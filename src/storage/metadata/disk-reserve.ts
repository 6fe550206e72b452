import { randomBytes } from "node:crypto";
import { rmSync, statfsSync, statSync } from "node:fs";
import { open } from "node:fs/promises";

/**
 * Room for the database on a disk that somebody else filled to the last byte. SQLite cannot delete a row without
 * writing, so nothing could be deleted any more to make room. A file lies there to be given up: its room is enough
 * to bring the write-ahead log into the database file, and from then on the log runs within what it has.
 */
export interface DiskReserve {
  /** Gives the room to the database; false when there is none left to give. */
  release(): boolean;
  /** Makes it again when the disk has room for much more. Cheap when there is nothing to do; never throws. */
  renew(): void;
  /** Resolves when nothing is being written any more. */
  settled(): Promise<void>;
}

/** More than the log between two checkpoints. */
const RESERVE_BYTES = 16 * 1024 * 1024;
const CHUNK_BYTES = 1024 * 1024;

/** So many times its size must be free before it is made. */
const PLENTY = 4;

/** The reserve at `path`. On a full disk it is released at once: what opens the database needs room, too. */
export function openDiskReserve(path: string, folder: string): DiskReserve {
  let held = sizeOf(path) === RESERVE_BYTES;
  let making: Promise<void> | undefined;

  function release(): boolean {
    if (!held || making !== undefined) return false;
    held = false;
    rmSync(path, { force: true });
    return true;
  }

  function renew(): void {
    if (held || making !== undefined || freeBytes(folder) < PLENTY * RESERVE_BYTES) return;
    making = fill(path)
      .then(() => {
        held = true;
      })
      // The disk was filled meanwhile: a later time.
      .catch(() => rmSync(path, { force: true }))
      .finally(() => {
        making = undefined;
      });
  }

  if (freeBytes(folder) < RESERVE_BYTES) release();
  else renew();
  return {
    release,
    renew,
    async settled() {
      await making;
    },
  };
}

/** Random bytes: a file of zeros takes no room on a file system that compresses. */
async function fill(path: string): Promise<void> {
  const file = await open(path, "w", 0o600);
  try {
    const chunk = randomBytes(CHUNK_BYTES);
    for (let written = 0; written < RESERVE_BYTES; written += CHUNK_BYTES) await file.write(chunk);
  } finally {
    await file.close();
  }
}

function sizeOf(path: string): number | undefined {
  return statSync(path, { throwIfNoEntry: false })?.size;
}

/** What an unprivileged process may still use; 0 when nobody can say. */
function freeBytes(folder: string): number {
  try {
    const { bavail, bsize } = statfsSync(folder);
    return bavail * bsize;
  } catch {
    return 0;
  }
}

/** For databases that are not a server's. */
export const NO_RESERVE: DiskReserve = {
  release: () => false,
  renew: () => undefined,
  settled: async () => undefined,
};
