import { ServerResponse } from "node:http";
import { Readable, type Writable } from "node:stream";

/** A stream like any other, which also knows a cheaper way to a socket. */
export abstract class DirectReadable extends Readable {
  /**
   * Sends everything and, with `end`, ends `destination`. Rejects when reading fails or the client goes away. Not to be
   * mixed with reading the stream, which is destroyed in the end.
   */
  abstract sendTo(destination: Writable, end: boolean): Promise<void>;
}

/** Beyond so many, what each holds in memory is made small: 1,000 slow clients need 128 MiB and not 2 GiB. */
const CROWD = 32;

let sending = 0;

/** Whether many blobs are being sent at once. */
export function isCrowded(): boolean {
  return sending >= CROWD;
}

export async function whileSending<Result>(send: () => Promise<Result>): Promise<Result> {
  sending++;
  try {
    return await send();
  } finally {
    sending--;
  }
}

/**
 * Tells a client that what came is not all: its connection is cut. The socket goes first, because Bun 1.4 answers for a
 * destroyed response whose head has not left yet: with 200 and an empty body, which is not to be told from the truth.
 */
export function breakOff(destination: Writable): void {
  if (destination instanceof ServerResponse) destination.socket?.destroy();
  destination.destroy();
}

/** Resolves when the chunk has left the process, so that its memory may be used again. With `end` it is the last one. */
export function written(destination: Writable, chunk: Uint8Array, end = false): Promise<void> {
  return new Promise((resolve, reject) => {
    const gone = () => reject(new Error("the client went away"));
    if (destination.destroyed) return gone();
    destination.once("close", gone);
    const done = (error?: Error | null) => {
      destination.off("close", gone);
      if (error) reject(error);
      else resolve();
    };
    if (end) destination.end(chunk, done);
    else destination.write(chunk, done);
  });
}
