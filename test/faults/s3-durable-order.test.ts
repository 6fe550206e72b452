/**
 * "Acknowledged means durable" of S3, seen by the system calls of a real server: before PutObject is answered, its bytes
 * are synced with their folder and its row is committed to a synced log. A small object is in the row itself.
 */
import { expect, test } from "bun:test";
import { randomBytes } from "node:crypto";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { CreateBucketCommand, PutObjectCommand, S3Client } from "@aws-sdk/client-s3";
import { client, describeWithClients } from "../client.ts";
import { projectRoot, RunningServer } from "../running-server.ts";
import { completedCalls } from "../system-calls.ts";
import { temporaryFolder } from "../temporary-folder.ts";

const TRACED =
  "write,pwrite64,writev,pwritev,pwritev2,fdatasync,fsync,rename,sendto,sendmsg,recvfrom,recvmsg,read";

describeWithClients("the order of system calls of PutObject", ["strace"], () => {
  test("bytes, folder and row are synced before the answer", async () => {
    const place = temporaryFolder("strace");
    const trace = join(place.path, "trace");
    const server = await RunningServer.start({
      startSeconds: 60,
      command: [
        // -D: the server stays this process's child, to be stopped by its id; strace is a grandchild and ends with it.
        ...[client("strace"), "-D", "-f", "-y", "-s", "64", "-e", `trace=${TRACED}`, "-o", trace],
        ...[process.execPath, join(projectRoot, "src", "main.ts")],
      ],
    });
    try {
      const s3 = new S3Client({
        ...{ endpoint: server.url, region: "us-east-1", maxAttempts: 1, credentials: server.rootKey },
        forcePathStyle: true,
      });
      const Bucket = "artifacts";
      await s3.send(new CreateBucketCommand({ Bucket }));
      await s3.send(new PutObjectCommand({ Bucket, Key: "small", Body: randomBytes(1024) }));
      await s3.send(new PutObjectCommand({ Bucket, Key: "large", Body: randomBytes(1_048_576) }));
      s3.destroy();
    } finally {
      await server.stop();
    }
    const calls = completedCalls(readFileSync(trace, "utf8"));
    place.remove();
    const find = (pattern: RegExp, from: number): number => {
      const index = calls.findIndex((call, position) => position > from && pattern.test(call));
      expect(index, `${pattern} after call ${from}`).toBeGreaterThan(from);
      return index;
    };
    const answer = /^(write|writev|sendto|sendmsg)\(\d+<[^>]*>, .*HTTP\/1\.1 200/;
    const log = /^f(data)?sync\(\d+<[^>]*metadata\.db-[^>]*>/;
    const row = /^p?write(64)?\(\d+<[^>]*metadata\.db-wal>/;
    const file = "[^>]*/blobs/[0-9a-f]{2}/[0-9a-f-]{36}";

    const small = find(/"PUT \/artifacts\/small/, -1);
    const smallAnswered = find(answer, small);
    expect(find(log, find(row, small))).toBeLessThan(smallAnswered);

    const large = find(/"PUT \/artifacts\/large/, smallAnswered);
    const largeAnswered = find(answer, large);
    const written = find(new RegExp(`^pwritev?2?(64)?\\(\\d+<${file}>`), large);
    const synced = find(new RegExp(`^fdatasync\\(\\d+<${file}>`), written);
    const listed = find(/^fsync\(\d+<[^>]*\/blobs\/[0-9a-f]{2}>/, large);
    expect(find(log, find(row, Math.max(synced, listed)))).toBeLessThan(largeAnswered);
  }, 120_000);
});
