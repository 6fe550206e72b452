/**
 * Buffers that uploads gather their bytes in, lent out again and again: the memory of a push is that of the
 * buffers in use, not of what the garbage collector has not come to yet.
 */

/** Chunks from a socket are 64 to 512 KiB: gathered, a write is worth its trip to a thread. */
const BUFFER_BYTES = 256 * 1024;

/** Buffers kept for the next upload; beyond them they are garbage. */
const KEPT = 16;

const free: Buffer[] = [];

export function borrowBuffer(): Buffer {
  return free.pop() ?? Buffer.allocUnsafeSlow(BUFFER_BYTES);
}

/** The caller must be done with it, and with every view of it. */
export function returnBuffer(buffer: Buffer): void {
  if (free.length < KEPT) free.push(buffer);
}
