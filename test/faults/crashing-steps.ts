/**
 * A process that dies before a step: everything that touches files (src/storage/blobs/files.ts) and every transaction.
 * What the file layer did up to then stays as it was, half-written too, as after a real crash: nobody tidies up.
 */
import { mock } from "bun:test";
import { setTimeout as sleep } from "node:timers/promises";
import * as files from "../../src/storage/blobs/files.ts";
import type { Metadata } from "../../src/storage/metadata/metadata.ts";

export class Crash extends Error {
  override readonly name = "Crash";
}

/** Lets so many steps pass; from then on nothing works any more. */
export class Fuse {
  blown = false;
  readonly taken: string[] = [];
  #left: number;

  constructor(steps: number) {
    this.#left = steps;
  }

  /** @param half what a crash in the middle of the step leaves behind */
  async step<Result>(
    name: string,
    run: () => Promise<Result>,
    half?: () => Promise<unknown>,
  ): Promise<Result> {
    if (this.blown) throw new Crash();
    this.taken.push(name);
    if (this.#left-- > 0) return run();
    this.blown = true;
    await half?.();
    throw new Crash();
  }
}

let burning: Fuse | undefined;

const real = { ...files };

function stepped<Result>(
  name: string,
  run: () => Promise<Result>,
  half?: () => Promise<unknown>,
): Promise<Result> {
  return burning === undefined ? run() : burning.step(name, run, half);
}

// Without a fuse it is the real layer, for this file's tests and all that run after them in the same process.
mock.module(`${import.meta.dirname}/../../src/storage/blobs/files.ts`, () => ({
  ...real,
  openFile: (...parameters: Parameters<typeof real.openFile>) =>
    stepped(`open to ${parameters[1]}`, () => real.openFile(...parameters)),
  truncateFile: (fd: number, size: number) => stepped("truncate", () => real.truncateFile(fd, size)),
  writeAt: (fd: number, bytes: Uint8Array, position: number) =>
    stepped(
      "write",
      () => real.writeAt(fd, bytes, position),
      () => real.writeAt(fd, bytes.subarray(0, bytes.length / 2), position),
    ),
  syncFile: (fd: number) => stepped("fdatasync", () => real.syncFile(fd)),
  syncOpenFolder: (fd: number) => stepped("fsync of a folder", () => real.syncOpenFolder(fd)),
  syncFolder: (path: string) => stepped("fsync of a folder", () => real.syncFolder(path)),
  removeFile: (path: string) => stepped("unlink", () => real.removeFile(path)),
}));

/** Transactions that can be lost before they begin, before they are committed and before the commit is heard of. */
export function crashingMetadata(metadata: Metadata): Metadata {
  return {
    ...metadata,
    write: async (work) => {
      const fuse = burning;
      if (fuse === undefined) return metadata.write(work);
      const result = await fuse.step("transaction", () =>
        metadata.write(async (tx) => {
          const done = await work(tx);
          return fuse.step("commit", async () => done);
        }),
      );
      return fuse.step("answer of the commit", async () => result);
    },
  };
}

/** What `work` comes to when the process dies after so many steps: its result, or undefined when it never answered. */
export async function dyingAfter<Result>(
  steps: number,
  work: () => Promise<Result>,
): Promise<{ readonly fuse: Fuse; readonly answer: Result | undefined }> {
  const fuse = new Fuse(steps);
  burning = fuse;
  try {
    const answer = await work();
    // What goes on after the answer (removing bytes) belongs to it.
    for (let seen = -1; seen < fuse.taken.length; await sleep(2)) seen = fuse.taken.length;
    return { fuse, answer };
  } catch (error) {
    if (!fuse.blown) throw error;
    return { fuse, answer: undefined };
  } finally {
    burning = undefined;
  }
}
