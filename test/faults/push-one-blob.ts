/** Pushes one blob into the folder named on the command line and says when each step is acknowledged. */
import { createHash, randomBytes } from "node:crypto";
import { mkdirSync, writeSync } from "node:fs";
import { join } from "node:path";
import { Readable } from "node:stream";
import pino from "pino";
import { systemClock } from "../../src/clock.ts";
import { digestOf } from "../../src/storage/blobs/digest.ts";
import { createBlobs } from "../../src/storage/blobs/engine.ts";
import { migrations } from "../../src/storage/blobs/migrations.ts";
import { openBlobStore } from "../../src/storage/blobs/open-store.ts";
import { openMetadata } from "../../src/storage/metadata/open.ts";

const [, , folder = ""] = process.argv;
mkdirSync(folder);
const metadata = await openMetadata(join(folder, "metadata.db"), migrations);
const store = await openBlobStore(folder, { minimumFreeBytes: 0 });
const blobs = createBlobs({ metadata, store, clock: systemClock(), log: pino({ level: "silent" }) });
const acknowledge = (step: string) => writeSync(1, `ACKNOWLEDGED ${step}\n`);

const bytes = randomBytes(300_000);
const digest = digestOf("sha256", createHash("sha256").update(bytes).digest("hex"));
const id = await blobs.beginUpload("owner");
acknowledge("begin");
await blobs.append(id, "owner", Readable.from([bytes]));
acknowledge("append");
await blobs.finishUpload(id, "owner", digest, (tx, blob) => blobs.reference(tx, blob.id, "image"));
acknowledge("finish");
await store.close();
await metadata.close();
