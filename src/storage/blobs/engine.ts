import type { Readable } from "node:stream";
import type { Blobs, ByteRange } from "./blobs.ts";
import { type Collected, collectGarbage } from "./collect.ts";
import type { BlobsContext, BlobsOptions } from "./context.ts";
import type { Digest } from "./digest.ts";
import { BlobMissing } from "./errors.ts";
import { NO_KEYS } from "./no-keys.ts";
import { addReference, removeReference } from "./references.ts";
import { type BlobTotals, measureBlobs } from "./totals.ts";
import { UploadLocks } from "./upload-locks.ts";
import { Uploads } from "./uploads.ts";

/** The engine, and what the server needs of it beyond serving: background work and figures. */
export interface BlobEngine extends Blobs {
  /** One round of garbage collection; what the recurring job runs. */
  collect(signal: AbortSignal): Promise<Collected>;
  /** For metrics. Counts rows: not for every request. */
  totals(): Promise<BlobTotals>;
  /** For the durable queue; in its shape, but jobs/ lies above storage and is not imported. */
  readonly jobHandlers: readonly {
    kind: string;
    run(job: { readonly signal: AbortSignal }): Promise<void>;
  }[];
  readonly recurringJobs: readonly { name: string; schedule: string; kind: string; payload: object }[];
}

/** Puts the parts together: uploads.ts (bytes in), references.ts, collect.ts, and reading. */
export function createBlobs(options: BlobsOptions): BlobEngine {
  const { metadata, store, clock, log } = options;
  const context: BlobsContext = {
    coldStore: options.store,
    keys: NO_KEYS,
    defaultScope: "none",
    ...options,
    graceMilliseconds: options.graceMilliseconds ?? clock.dayMilliseconds,
    uploadLifetimeMilliseconds: options.uploadLifetimeMilliseconds ?? 7 * clock.dayMilliseconds,
  };
  const locks = new UploadLocks();
  const uploads = new Uploads(context, locks);
  const collect = (signal: AbortSignal) => collectGarbage(context, locks, signal);

  return {
    checkRoom: () => store.checkRoom(),
    beginUpload: async (owner, { algorithms = [], encryption } = {}) =>
      (await uploads.begin(owner, algorithms, encryption && { encryption })).id,
    uploadSize: (id, owner) => uploads.size(id, owner),
    append: (id, owner, body, appendOptions = {}) => uploads.append(id, owner, body, appendOptions),
    finishUpload: (id, owner, digest, commit) => uploads.finish(id, owner, digest, commit),
    cancelUpload: (id, owner) => uploads.cancel(id, owner),
    upload: (body, digest, appendOptions, commit) =>
      uploads.inOneRequest(body, digest, appendOptions, commit),
    take: (body, takeOptions, inspect, commit) => uploads.take(body, takeOptions, inspect, commit),

    async copy(source, target, copyOptions, commit) {
      const row = await metadata.reader
        .selectFrom("blobs")
        .select(["id", "scope", "sha256", "size", "storage_class"])
        .where("id", "=", source.blobId)
        .executeTakeFirst();
      if (row === undefined) throw new BlobMissing(`there is no blob ${source.blobId}`);
      const sha256 = row.sha256 as Digest;
      const wanted = {
        encryption: target.encryption ?? { scope: row.scope },
        storageClass: target.storageClass ?? row.storage_class,
      };
      const bytes = await this.open(source.blobId, undefined, source);
      return uploads.inOneRequest(bytes, sha256, { ...copyOptions, ...wanted }, commit);
    },

    async open(blobId: string, range?: ByteRange): Promise<Readable> {
      const row = await metadata.reader
        .selectFrom("blobs")
        .select(["location", "size"])
        .where("id", "=", blobId)
        .executeTakeFirst();
      if (row === undefined) throw new BlobMissing(`there is no blob ${blobId}`);
      try {
        return await store.open(row.location, row.size, range?.start ?? 0, range?.end ?? row.size - 1);
      } catch (error) {
        if (error instanceof BlobMissing) log.error({ err: error, blob: blobId }, "a blob is damaged");
        throw error;
      }
    },

    reference: addReference,
    release: (tx, blobId, referrer) =>
      removeReference(tx, blobId, referrer, clock.now().getTime() + context.graceMilliseconds),

    collect,
    totals: () => measureBlobs(metadata.reader),
    jobHandlers: [
      {
        kind: "blobs.collect",
        async run(job) {
          const collected = await collect(job.signal);
          if (collected.blobs + collected.uploads + collected.removals > 0)
            log.info(collected, "garbage collected");
        },
      },
    ],
    recurringJobs: [
      { name: "blobs.collect", schedule: "rate(1 minute)", kind: "blobs.collect", payload: {} },
    ],
  };
}
