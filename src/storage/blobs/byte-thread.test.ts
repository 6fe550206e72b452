import { expect, test } from "bun:test";
import { spawnSync } from "node:child_process";

/** In a process of its own: a thread that died is never started again. */
const DEATH = `
import { createHash, randomBytes } from "node:crypto";
import { Readable } from "node:stream";
import { buffer } from "node:stream/consumers";
import { byteThread } from "./byte-thread.ts";
import { DecryptingReadable } from "./decrypting-readable.ts";
import { EncryptingWriter } from "./encrypting-writer.ts";
import { segmentsOf } from "./extents.ts";
import { UploadHash } from "./upload-hash.ts";

const bytes = randomBytes(2_000_000);
const dataKey = randomBytes(32);
const written = [];
const sink = {
  write: async (chunk) => void written.push(Buffer.from(chunk)),
  finish: async () => ({ id: "id", size: 0, state: "" }),
};
const told = (promise) => promise.then(() => "done", (error) => error.constructor.name);

const hash = new UploadHash(["sha256"]);
await hash.update(bytes);
const writer = new EncryptingWriter(sink, dataKey, "id");
await writer.write(bytes);
const dies = told(byteThread().ask({ kind: "hash", hash: 0, slot: -1, length: 1 }));
await hash.settled();
console.log("the job that killed it:", await dies);
console.log("a hash of before:", hash.hex("sha256"));
console.log("an upload of before:", await told(writer.write(bytes).then(() => writer.finish())));

written.length = 0;
const next = new EncryptingWriter(sink, dataKey, "id");
await next.write(bytes);
await next.finish();
const range = segmentsOf([next.extent], 0, bytes.length - 1);
const read = await buffer(new DecryptingReadable(Readable.from(written), range, dataKey, "id"));
console.log("an upload of afterwards:", read.equals(bytes));
const other = new UploadHash(["sha256"]);
await other.update(bytes);
await other.settled();
console.log("a hash of afterwards:", other.hex("sha256") === createHash("sha256").update(bytes).digest("hex"));
`;

test("when the thread dies, what it did fails or is done again, and what follows is done without it", () => {
  const { stdout, stderr } = spawnSync(process.execPath, ["--eval", DEATH], {
    cwd: import.meta.dirname,
    encoding: "utf8",
    timeout: 20_000,
  });
  expect(stderr).toBe("");
  expect(stdout.trim().split("\n")).toEqual([
    "the job that killed it: ByteThreadDied",
    "a hash of before: undefined",
    "an upload of before: ByteThreadDied",
    "an upload of afterwards: true",
    "a hash of afterwards: true",
  ]);
});

const FORGOTTEN = `
import { placeOnThread } from "./segment-places.ts";

const key = new Uint8Array(32);
for (let count = 0; count < 4000; count++) {
  const place = placeOnThread();
  place.bytes.fill(1);
  await place.seal(key, "id", { index: 0, length: 200_000, last: true });
}
console.log(Math.round(process.memoryUsage.rss() / 2 ** 20));
`;

test("memory that is never given back, as of a client that went away, is no leak", () => {
  const { stdout, stderr } = spawnSync(process.execPath, ["--eval", FORGOTTEN], {
    cwd: import.meta.dirname,
    encoding: "utf8",
    timeout: 60_000,
    // As npm start does.
    env: { ...process.env, BUN_JSC_forceRAMSize: "268435456" },
  });
  expect(stderr).toBe("");
  // All of them together are 1,000 MiB.
  expect(Number(stdout)).toBeGreaterThan(0);
  expect(Number(stdout)).toBeLessThan(500);
});
