/** Streams a blob of so many MiB into the store named by the URL and prints by how many MiB its memory grew at most. */
import { createHash } from "node:crypto";
import { Readable } from "node:stream";
import pino from "pino";
import { systemClock } from "../../src/clock.ts";
import { digestOf } from "../../src/storage/blobs/digest.ts";
import { createBlobs } from "../../src/storage/blobs/engine.ts";
import { migrations } from "../../src/storage/blobs/migrations.ts";
import { openBlobStore } from "../../src/storage/blobs/open-store.ts";
import { temporaryMetadata } from "../temporary-metadata.ts";

const [, , url = "", mebibytes = ""] = process.argv;
await using metadata = await temporaryMetadata(migrations);
const store = await openBlobStore(url, { minimumFreeBytes: 0 });
const blobs = createBlobs({ metadata, store, clock: systemClock(), log: pino({ level: "silent" }) });

const before = process.memoryUsage.rss();
let highest = before;
const watch = setInterval(() => {
  highest = Math.max(highest, process.memoryUsage.rss());
}, 10);

const hash = createHash("sha256");
function* chunks() {
  for (let count = 0; count < Number(mebibytes) * 16; count++) {
    const chunk = Buffer.alloc(65_536, count);
    hash.update(chunk);
    yield chunk;
  }
}
const id = await blobs.beginUpload("owner");
await blobs.append(id, "owner", Readable.from(chunks(), { objectMode: false }));
const digest = digestOf("sha256", hash.digest("hex"));
const blob = await blobs.finishUpload(id, "owner", digest, async (tx, made) => {
  await blobs.reference(tx, made.id, "image");
  return made;
});
const read = createHash("sha256");
for await (const chunk of (await blobs.open(blob.id)) as AsyncIterable<Uint8Array>) read.update(chunk);
if (digestOf("sha256", read.digest("hex")) !== digest) throw new Error("other bytes came back");

clearInterval(watch);
await store.close();
console.log(`memory grew by ${Math.round((highest - before) / 1_048_576)} MiB`);
