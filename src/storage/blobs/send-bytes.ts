import type { Readable, Writable } from "node:stream";
import { breakOff, DirectReadable, written } from "./sending.ts";

/**
 * Sends a blob's bytes (what `Blobs.open` gave) to a response and ends it, the cheapest way its store allows.
 * Rejects when reading fails or the client goes away; `destination` is destroyed then.
 */
export async function sendBytes(bytes: Readable, destination: Writable): Promise<void> {
  try {
    await sendOn(bytes, destination, true);
  } catch (error) {
    breakOff(destination);
    throw error;
  }
}

/** The same where, without `end`, other bytes follow; an error leaves `destination` as it is. */
export async function sendOn(bytes: Readable, destination: Writable, end: boolean): Promise<void> {
  if (bytes instanceof DirectReadable) return bytes.sendTo(destination, end);
  for await (const chunk of bytes) await written(destination, chunk);
  if (end) destination.end();
}
