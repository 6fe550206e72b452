import { expect, test } from "bun:test";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { BackgroundProcess } from "../background-process.ts";
import { client, describeWithClients } from "../client.ts";
import { completedCalls } from "../system-calls.ts";
import { temporaryFolder } from "../temporary-folder.ts";

/**
 * "Acknowledged means durable", seen by the system calls of a real push: what is acknowledged was written, synced
 * with its folder, and its row committed to a synced log, in this order.
 */
describeWithClients("the order of system calls", ["strace"], () => {
  test("bytes, folder and row are synced before a push is acknowledged", async () => {
    const place = temporaryFolder("strace");
    const trace = join(place.path, "trace");
    const push = BackgroundProcess.start(client("strace"), [
      "-f",
      "-y",
      "-s",
      "64",
      "-e",
      "trace=write,pwrite64,writev,pwritev,pwritev2,fdatasync,fsync,rename",
      "-o",
      trace,
      process.execPath,
      join(import.meta.dirname, "push-one-blob.ts"),
      join(place.path, "data"),
    ]);
    expect(await push.ended()).toBe(0);
    const calls = completedCalls(readFileSync(trace, "utf8"));
    const find = (pattern: RegExp, from: number): number => {
      const index = calls.findIndex((call, position) => position > from && pattern.test(call));
      expect(index, `${pattern} after call ${from}`).toBeGreaterThan(from);
      return index;
    };
    const log = /^f(data)?sync\(\d+<[^>]*metadata\.db-[^>]*>/;
    const file = "[^>]*/blobs/[0-9a-f]{2}/[0-9a-f-]{36}";

    const begun = find(/ACKNOWLEDGED begin/, -1);
    const written = find(new RegExp(`^pwritev?2?(64)?\\(\\d+<${file}>`), begun);
    const appended = find(/ACKNOWLEDGED append/, written);
    const finished = find(/ACKNOWLEDGED finish/, appended);

    expect(find(log, -1)).toBeLessThan(begun);
    const synced = find(new RegExp(`^fdatasync\\(\\d+<${file}>`), written);
    const listed = find(/^fsync\(\d+<[^>]*\/blobs\/[0-9a-f]{2}>/, begun);
    expect(find(log, Math.max(synced, listed))).toBeLessThan(appended);
    expect(find(log, appended)).toBeLessThan(finished);
    place.remove();
  }, 60_000);
});
