/**
 * The second thread (byte-thread.ts is its other side): one thread receives, copies and answers, this one computes. It knows
 * hashes and slots by number and reads and writes memory that both threads see.
 */
import { parentPort } from "node:worker_threads";
import type { ByteAnswer, ByteJob, SlotSegments, ToByteWorker } from "./byte-thread.ts";
import { BlobDamaged } from "./errors.ts";
import { beginHash, type RunningHash } from "./hash-algorithms.ts";
import { ExtentCipher } from "./segments.ts";

const hashes = new Map<number, readonly RunningHash[]>();
const slots = new Map<number, Buffer>();

/** One after the other: some hashes begin with WebAssembly that is still to be compiled. */
let turn = Promise.resolve();
parentPort?.on("message", (message: ToByteWorker) => {
  turn = turn.then(() => take(message));
});

async function take(message: ToByteWorker): Promise<void> {
  switch (message.kind) {
    case "slot":
      slots.set(message.slot, Buffer.from(message.memory));
      return;
    case "forget-slot":
      slots.delete(message.slot);
      return;
    case "begin-hash":
      hashes.set(message.hash, await Promise.all(message.algorithms.map(beginHash)));
      return;
    case "forget-hash":
      hashes.delete(message.hash);
      return;
    default:
      parentPort?.postMessage(done(message));
  }
}

function done(job: ByteJob): ByteAnswer {
  switch (job.kind) {
    case "hash": {
      const bytes = slotOf(job.slot).subarray(0, job.length);
      for (const hash of hashes.get(job.hash) ?? []) hash.update(bytes);
      return {};
    }
    case "digests":
      return { hex: (hashes.get(job.hash) ?? []).map((hash) => hash.hex()) };
    case "seal":
      cipherOf(job).sealAll(slotOf(job.slot), job);
      return {};
    case "open":
      return opened(job);
  }
}

function opened(job: SlotSegments): ByteAnswer {
  try {
    cipherOf(job).openAll(slotOf(job.slot), job);
    return {};
  } catch (error) {
    if (error instanceof BlobDamaged) return { damage: error.message };
    throw error;
  }
}

function cipherOf({ key, uploadId }: SlotSegments): ExtentCipher {
  return new ExtentCipher(key, uploadId);
}

function slotOf(number: number): Buffer {
  const slot = slots.get(number);
  if (slot === undefined) throw new RangeError(`there is no slot ${number}`);
  return slot;
}
