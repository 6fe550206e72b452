/**
 * Memory of large bodies, given back when its last byte has been used instead of when the garbage collector comes: the
 * chunks of a body are nearly all that it would have to collect, and waiting for it they add up to a hundred megabytes.
 *
 * Who receives chunks lends them. Whoever uses bytes up, in any pieces, gives exactly these back, once. What is never given
 * back is garbage like any other, and memory that nobody lent is left alone.
 */
const bytesOut = new WeakMap<ArrayBufferLike, number>();

/** Of a chunk that nobody else knows. One that shares its memory with others is not lent. */
export function lend(chunk: Uint8Array): void {
  const { buffer, byteLength } = chunk;
  if (buffer instanceof ArrayBuffer && buffer.byteLength === byteLength) bytesOut.set(buffer, byteLength);
}

/** Nobody may look at these bytes any more. */
export function giveBack({ buffer, byteLength }: Uint8Array): void {
  const before = bytesOut.get(buffer);
  if (before === undefined || !(buffer instanceof ArrayBuffer)) return;
  if (before > byteLength) {
    bytesOut.set(buffer, before - byteLength);
    return;
  }
  bytesOut.delete(buffer);
  // Detaches it, and so frees what it held.
  buffer.transfer(0);
}
