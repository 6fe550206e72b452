import type { Blobs } from "./blobs.ts";
import { type Collected, collectGarbage } from "./collect.ts";
import { type BlobsOptions, blobsContext } from "./context.ts";
import { copyBlob } from "./copy-blob.ts";
import { OneRequestUploads } from "./one-request.ts";
import { isThere, openBlob } from "./read-blob.ts";
import { addReference, addReferences, removeReference, removeReferences } from "./references.ts";
import { scrub } from "./scrub.ts";
import type { ScrubPass } from "./scrub-pass.ts";
import { type BlobTotals, measureBlobs } from "./totals.ts";
import { UploadLocks } from "./upload-locks.ts";
import { Uploads } from "./uploads.ts";

/** The engine, and what the server needs of it beyond serving: background work and figures. */
export interface BlobEngine extends Blobs {
  /** One round of garbage collection; what the recurring job runs. */
  collect(signal: AbortSignal): Promise<Collected>;
  /** One round of reading all blobs again; what the other recurring job runs. */
  scrub(signal: AbortSignal): Promise<ScrubPass | undefined>;
  /** For metrics. Counts rows: not for every request. */
  totals(): Promise<BlobTotals>;
  /** For the durable queue; in its shape, but jobs/ lies above storage and is not imported. */
  readonly jobHandlers: readonly {
    kind: string;
    run(job: { readonly signal: AbortSignal }): Promise<void>;
  }[];
  readonly recurringJobs: readonly { name: string; schedule: string; kind: string; payload: object }[];
}

/** Puts the parts together: uploads.ts and one-request.ts (bytes in), read-blob.ts, copy-blob.ts, references.ts, collect.ts. */
export function createBlobs(options: BlobsOptions): BlobEngine {
  const context = blobsContext(options);
  const { metadata, stores, clock, log, defaultEncryption } = context;
  const locks = new UploadLocks();
  const uploads = new Uploads(context, locks);
  const oneRequest = new OneRequestUploads(context, locks);
  const collect = (signal: AbortSignal) => collectGarbage(context, locks, signal);

  return {
    checkRoom: () => stores.hot.checkRoom(),
    beginUpload: (owner, { algorithms = [], encryption = defaultEncryption } = {}) =>
      uploads.begin(owner, algorithms, encryption),
    uploadSize: (id, owner) => uploads.size(id, owner),
    append: (id, owner, body, appendOptions = {}) => uploads.append(id, owner, body, appendOptions),
    finishUpload: (id, owner, digest, commit) => uploads.finish(id, owner, digest, commit),
    cancelUpload: (id, owner) => uploads.cancel(id, owner),
    upload: (body, digest, uploadOptions, commit) => oneRequest.upload(body, digest, uploadOptions, commit),
    take: (body, takeOptions, inspect, commit) => oneRequest.take(body, takeOptions, inspect, commit),
    copy: (source, target, copyOptions, commit) =>
      copyBlob(context, oneRequest, source, target, copyOptions, commit),
    open: (blobId, range, openOptions) => openBlob(context, blobId, range, openOptions),
    isThere: (blobId) => isThere(context, blobId),

    reference: addReference,
    referenceAll: addReferences,
    release: (tx, blobId, referrer) =>
      removeReference(tx, blobId, referrer, clock.now().getTime() + context.graceMilliseconds),
    releaseAll: (tx, blobIds, referrers) =>
      removeReferences(tx, blobIds, referrers, clock.now().getTime() + context.graceMilliseconds),

    collect,
    scrub: (signal) => scrub(context, oneRequest, signal),
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
      {
        kind: "blobs.scrub",
        async run(job) {
          await scrub(context, oneRequest, job.signal);
        },
      },
    ],
    recurringJobs: [
      { name: "blobs.collect", schedule: "rate(1 minute)", kind: "blobs.collect", payload: {} },
      { name: "blobs.scrub", schedule: "rate(10 minutes)", kind: "blobs.scrub", payload: {} },
    ],
  };
}
