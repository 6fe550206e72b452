/**
 * The thread that hashes what uploads bring (hash-thread.ts is its other side): one thread receives, copies and answers,
 * this one computes. It knows hashes by number and reads bytes from memory that both threads see.
 */
import { parentPort } from "node:worker_threads";
import { beginHash, type RunningHash } from "./hash-algorithms.ts";
import type { FromHashWorker, ToHashWorker } from "./hash-thread.ts";

const hashes = new Map<number, readonly RunningHash[]>();
const slots = new Map<number, Uint8Array>();

/** One after the other: some hashes begin with WebAssembly that is still to be compiled. */
let turn = Promise.resolve();
parentPort?.on("message", (message: ToHashWorker) => {
  turn = turn.then(() => take(message));
});

async function take(message: ToHashWorker): Promise<void> {
  switch (message.kind) {
    case "begin":
      hashes.set(message.hash, await Promise.all(message.algorithms.map(beginHash)));
      return;
    case "slot":
      slots.set(message.slot, new Uint8Array(message.memory));
      return;
    case "bytes": {
      const bytes = slots.get(message.slot)?.subarray(0, message.length) ?? new Uint8Array(0);
      for (const hash of hashes.get(message.hash) ?? []) hash.update(bytes);
      answer({ kind: "hashed", hash: message.hash, slot: message.slot });
      return;
    }
    case "read": {
      const found = hashes.get(message.hash) ?? [];
      answer({ kind: "digests", hash: message.hash, hex: found.map((hash) => hash.hex()) });
      return;
    }
    case "forget-slot":
      slots.delete(message.slot);
      return;
    case "forget":
      hashes.delete(message.hash);
  }
}

function answer(message: FromHashWorker): void {
  parentPort?.postMessage(message);
}
