/**
 * Lifecycle as it runs: once a day it goes through each bucket that has rules, page by page, and acts in small
 * transactions. The rules are those in force at that moment, so one that was removed has no effect from then on.
 */
import { createHash } from "node:crypto";
import { setImmediate as othersFirst } from "node:timers/promises";
import type { Clock } from "../../../clock.ts";
import type { JobHandler, RecurringJob } from "../../../jobs/jobs.ts";
import type { Transaction } from "../../../storage/metadata/metadata.ts";
import type { Bucket } from "../buckets/bucket.ts";
import { findBucketById } from "../buckets/open-bucket.ts";
import type { S3Context } from "../context.ts";
import { actOnUploads, actOnVersions, type Tally } from "./act.ts";
import { freshPace, inBatches, type Pace } from "./batches.ts";
import { decideNow } from "./engine.ts";
import {
  looksAtUploads,
  looksAtVersions,
  type Page,
  prefixesOf,
  readUploads,
  readVersions,
  type UploadCursor,
  type VersionCursor,
} from "./pages.ts";
import { requestId } from "./restore.ts";
import { rulesOf } from "./rules.ts";
import { decideUpload } from "./uploads.ts";
import {
  beginWalk,
  forgetWalk,
  forgetWalksOfDeletedBuckets,
  moveOn,
  type Walk,
  type WalkCursor,
} from "./walk.ts";

const LOOK_FOR_BUCKETS = "s3.lifecycle";
const WALK_BUCKET = "s3.lifecycle-bucket";

/** Of an hour that is short on short days: each bucket's own time comes once a day, or each time on short days. */
export const lifecycleJob: RecurringJob = {
  name: LOOK_FOR_BUCKETS,
  schedule: "rate(1 hour)",
  kind: LOOK_FOR_BUCKETS,
  payload: {},
};

const BUCKETS_A_PAGE = 200;
/** Versions that are looked at together. */
const ROWS_A_PAGE = 1_000;

interface WalkPayload {
  readonly bucket: string;
}

export function lookForBucketsHandler(s3: S3Context): JobHandler {
  return {
    kind: LOOK_FOR_BUCKETS,
    async run(job) {
      let after = "";
      for (;;) {
        job.signal.throwIfAborted();
        const rows = await s3.metadata.reader
          .selectFrom("s3_buckets as bucket")
          .leftJoin("s3_lifecycle_walks as walk", "walk.bucket_id", "bucket.id")
          .select(["bucket.id", "bucket.settings", "walk.started_at", "walk.finished_at"])
          .where("bucket.id", ">", after)
          .orderBy("bucket.id")
          .limit(BUCKETS_A_PAGE)
          .execute();
        const due = rows.filter(
          ({ id, settings, started_at: began, finished_at: ended }) =>
            settings.includes('"lifecycle":') &&
            (began === null || ended === null || began < turnOf(id, s3.clock)),
        );
        if (due.length > 0)
          await s3.metadata.write(async (tx) => {
            for (const { id } of due) {
              const payload: WalkPayload = { bucket: id };
              // Two walks of one bucket would only be in each other's way.
              await s3.jobs.enqueue(tx, { kind: WALK_BUCKET, payload, key: id, alone: true });
            }
          });
        const last = rows.at(-1);
        if (last === undefined || rows.length < BUCKETS_A_PAGE) break;
        after = last.id;
      }
      await s3.metadata.write((tx) => forgetWalksOfDeletedBuckets(tx));
    },
  };
}

const REAL_DAY = 86_400_000;
/** What is due is due from midnight on; the buckets of a server are spread over this time after it. */
const SPREAD = 4 * 3_600_000;

/** When a bucket's turn came last: a walk that began before is the last day's. On short days it is always now. */
function turnOf(bucketId: string, clock: Clock): number {
  const now = clock.now().getTime();
  if (clock.dayMilliseconds !== REAL_DAY) return now;
  const spread = createHash("sha256").update(bucketId).digest().readUInt32BE() % SPREAD;
  return Math.floor((now - spread) / REAL_DAY) * REAL_DAY + spread;
}

export function walkBucketHandler(s3: S3Context): JobHandler {
  return {
    kind: WALK_BUCKET,
    async run(job) {
      const { bucket: id } = job.payload as WalkPayload;
      const now = s3.clock.now().getTime();
      let walk = await s3.metadata.write((tx) => beginWalk(tx, id, now, turnOf(id, s3.clock)));
      const request = requestId();
      const total: Partial<Tally> = {};
      const course: Course = { request, total, signal: job.signal, pace: freshPace() };
      while (walk !== undefined) {
        job.signal.throwIfAborted();
        const bucket = await findBucketById(s3.metadata.reader, id);
        if (bucket?.settings.lifecycle === undefined) {
          await s3.metadata.write((tx) => forgetWalk(tx, id));
          break;
        }
        const next: WalkCursor | undefined =
          walk.cursor.step === "versions"
            ? await versionsPage(s3, bucket, walk.cursor.at, course)
            : await uploadsPage(s3, bucket, walk.cursor.at, course);
        const from: Walk = walk;
        walk = await s3.metadata.write((tx) => moveOn(tx, from, next, s3.clock.now().getTime()));
      }
      if (Object.values(total).some((count) => count > 0))
        s3.log.info({ bucket: id, ...total }, "lifecycle rules were carried out");
    },
  };
}

interface Course {
  readonly request: string;
  /** Added to. */
  readonly total: Partial<Tally>;
  readonly signal: AbortSignal;
  readonly pace: Pace;
}

async function versionsPage(
  s3: S3Context,
  bucket: Bucket,
  at: VersionCursor | undefined,
  course: Course,
): Promise<WalkCursor | undefined> {
  const rules = rulesOf(bucket.settings);
  const prefixes = prefixesOf(rules, looksAtVersions);
  const page = await readVersions(s3.metadata.reader, bucket.id, prefixes, at, ROWS_A_PAGE);
  const circumstances = { rules, versioning: bucket.versioning, clock: s3.clock };
  const due = await dueOf(s3, page, ({ version, position }) => decideNow(circumstances, version, position));
  const work = (tx: Transaction, ids: readonly string[]) =>
    actOnVersions(tx, s3, bucket.id, ids, course.request);
  await inBatches(s3, due, course, work, (done) => addTo(course.total, done));
  return page.next === undefined ? { step: "uploads" } : { step: "versions", at: page.next };
}

async function uploadsPage(
  s3: S3Context,
  bucket: Bucket,
  at: UploadCursor | undefined,
  course: Course,
): Promise<WalkCursor | undefined> {
  const rules = rulesOf(bucket.settings);
  const prefixes = prefixesOf(rules, looksAtUploads);
  const page = await readUploads(s3.metadata.reader, bucket.id, prefixes, at, ROWS_A_PAGE);
  const due = await dueOf(s3, page, (upload) => decideUpload(rules, upload, s3.clock));
  const work = (tx: Transaction, ids: readonly string[]) => actOnUploads(tx, s3, bucket.id, ids);
  await inBatches(s3, due, course, work, (done) => addTo(course.total, done));
  return page.next && { step: "uploads", at: page.next };
}

/** So many are decided upon before others have their turn: with a thousand rules each takes a moment. */
const DECIDED_AT_ONCE = 20;

async function dueOf<Item extends { readonly id: string }>(
  s3: S3Context,
  page: Page<Item, unknown>,
  decide: (item: Item) => { readonly dueAt: number } | undefined,
): Promise<string[]> {
  const now = s3.clock.now().getTime();
  const due: string[] = [];
  for (const [index, item] of page.items.entries()) {
    if (index % DECIDED_AT_ONCE === DECIDED_AT_ONCE - 1) await othersFirst();
    if ((decide(item)?.dueAt ?? Number.POSITIVE_INFINITY) <= now) due.push(item.id);
  }
  return due;
}

function addTo(total: Partial<Tally>, done: Partial<Tally>): void {
  for (const [kind, count] of Object.entries(done) as [keyof Tally, number][])
    total[kind] = (total[kind] ?? 0) + count;
}
