/** File systems so small that a test fills them. Mounting one takes root. */
import { describe } from "bun:test";
import { statfsSync, statSync } from "node:fs";
import { setTimeout as sleep } from "node:timers/promises";
import { runCommand } from "./command.ts";
import { temporaryFolder } from "./temporary-folder.ts";

export const MIB = 1024 * 1024;

export const describeWithSmallDisks = process.getuid?.() === 0 ? describe : describe.skip;

export interface SmallDisk {
  readonly path: string;
  remove(): Promise<void>;
}

/** A file system of its own, so small that a few layers fill it. Mounting one takes root. */
export async function smallDisk(mebibytes: number): Promise<SmallDisk> {
  const folder = temporaryFolder("small-disk");
  await runCommand("mount", ["-t", "tmpfs", "-o", `size=${mebibytes}m`, "tmpfs", folder.path]);
  return {
    path: folder.path,
    async remove() {
      await runCommand("umount", [folder.path]);
      folder.remove();
    },
  };
}

/** Another program's file that takes what is left. */
export async function fill(folder: string): Promise<void> {
  const script = 'dd if=/dev/zero bs=64k >>"$1"; dd if=/dev/zero bs=512 >>"$1"; true';
  await runCommand("bash", ["-c", script, "fill", `${folder}/filler`]);
}

export function freeBytes(folder: string): number {
  const { bavail, bsize } = statfsSync(folder);
  return bavail * bsize;
}

export async function fileOfSize(path: string, size: number): Promise<void> {
  while (statSync(path, { throwIfNoEntry: false })?.size !== size) await sleep(20);
}
