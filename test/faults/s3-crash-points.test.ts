/**
 * Every step of what changes a bucket, files and transactions alike, is the last one of its process once. What the next
 * process finds is the whole old state or the whole new one, and the collector leaves no byte that nobody refers to.
 */
import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { createHash, randomBytes } from "node:crypto";
import { readdirSync } from "node:fs";
import { Readable } from "node:stream";
import { AwsError } from "../../src/aws/errors.ts";
import {
  complete,
  leftovers,
  type Named,
  put as putPart,
  versioned,
} from "../../src/services/s3/multipart/testing/test-uploads.ts";
import { BUCKET, type TestObjects, testObjects } from "../../src/services/s3/objects/testing/test-objects.ts";
import { type TemporaryFolder, temporaryFolder } from "../temporary-folder.ts";
import { crashingMetadata, dyingAfter } from "./crashing-steps.ts";

const SMALL = 1_000;
const LARGE = 600_000;
const PART = 5 * 1_048_576;

/** One key of one try: what lay there before, and what is to be there afterwards. */
interface Key {
  readonly name: string;
  readonly old: Buffer;
  readonly fresh: Buffer;
  upload?: Named;
  /** Of what was put before. */
  versionId?: string | undefined;
}

interface Scenario {
  readonly title: string;
  readonly versioned?: boolean;
  readonly old?: number;
  readonly fresh?: number;
  /** Parts of an upload that is ready to be completed. */
  readonly parts?: boolean;
  act(objects: TestObjects, key: Key): Promise<unknown>;
}

const put = (objects: TestObjects, { name, fresh }: Key) => objects.put(name, fresh);
const remove = (objects: TestObjects, { name }: Key) =>
  objects.api.DeleteObject(objects.call(), { Bucket: BUCKET, Key: name });
const removeVersion = (objects: TestObjects, { name, versionId }: Key) =>
  objects.api.DeleteObject(objects.call(), { Bucket: BUCKET, Key: name, VersionId: versionId });
const completeUpload = (objects: TestObjects, { upload }: Key) => {
  if (upload === undefined) throw new TypeError("no upload was begun");
  return complete(objects, upload, [1, 2]);
};

const SCENARIOS: readonly Scenario[] = [
  { title: "a put of a small object", fresh: SMALL, act: put },
  { title: "a put of a large object", fresh: LARGE, act: put },
  { title: "a put of a small object over a large one", old: LARGE, fresh: SMALL, act: put },
  { title: "a put of a large object over a small one", old: SMALL, fresh: LARGE, act: put },
  { title: "a put of a small version", versioned: true, old: LARGE, fresh: SMALL, act: put },
  { title: "a put of a large version", versioned: true, old: SMALL, fresh: LARGE, act: put },
  { title: "a completion of an upload", parts: true, act: completeUpload },
  { title: "a completion over a large object", old: LARGE, parts: true, act: completeUpload },
  { title: "a completion as a version", versioned: true, old: SMALL, parts: true, act: completeUpload },
  { title: "a delete of a large object", old: LARGE, act: remove },
  { title: "a delete that leaves a marker", versioned: true, old: LARGE, act: remove },
  { title: "a delete of a large version for good", versioned: true, old: LARGE, act: removeVersion },
  { title: "a delete of a small version for good", versioned: true, old: SMALL, act: removeVersion },
];

describe("a crash at every step of", () => {
  let place: TemporaryFolder;
  beforeAll(() => {
    place = temporaryFolder("crash-points");
  });
  afterAll(() => place.remove());

  for (const [number, scenario] of SCENARIOS.entries())
    test(scenario.title, async () => {
      const folder = `${place.path}/${number}`;
      const open = () => testObjects(undefined, { folder, wrap: crashingMetadata });
      const states = new Map<Key, State>();
      if (scenario.versioned) {
        await using objects = await open();
        await versioned(objects);
      }
      let steps: readonly string[] = [];
      const outcomes = { old: 0, new: 0 };
      for (let crashed = true, step = 0; crashed; step++) {
        // Dies with what was under way, and is never closed as a server is.
        const dying = await open();
        const key = await prepare(dying, scenario, `${step}`);
        const before = await look(dying, key);
        const { fuse, answer } = await dyingAfter(step, () => scenario.act(dying, key));
        crashed = fuse.blown;
        steps = fuse.taken;

        await using later = await open();
        const found = await look(later, key);
        const last = `died at step ${step}, ${fuse.taken.at(-1)}`;
        const isOld = Bun.deepEquals(found, before);
        if (answer !== undefined) expect(isOld, last).toBe(false);
        outcomes[isOld ? "old" : "new"] += 1;
        // Clients that got no answer ask again. A version that is there already would get another on top.
        if (isOld || scenario.parts) await scenario.act(later, key);
        states.set(key, await look(later, key));
        if (!isOld) expect(found, last).toEqual(await look(later, key));
      }
      // All that were done, in one try or two, came to the same.
      expect(new Set([...states.values()].map((state) => JSON.stringify(state))).size).toBe(1);
      expect(outcomes.old, steps.join()).toBeGreaterThan(0);
      expect(outcomes.new, steps.join()).toBeGreaterThan(0);

      await using last = await open();
      // A collector that dies at each of its steps as well, then one that does not.
      for (let step = 0; step < 6; step++) await dyingAfter(step, () => last.collect());
      await last.collect();
      for (const [key, state] of states) expect(await look(last, key)).toEqual(state);
      expect(await leftovers(last)).toEqual([]);
      expect((await last.blobs()).unkept).toBe(0);
      const rows = await last.metadata.reader.selectFrom("blobs").select(["id", "location"]).execute();
      const inFiles = rows.filter(({ location }) => location !== "").map(({ id }) => id);
      expect(filesIn(`${folder}/blobs`).toSorted()).toEqual(inFiles.toSorted());
      for (const table of ["blob_uploads", "blob_removals", "blob_reviews", "s3_uploads"] as const)
        expect(await last.metadata.reader.selectFrom(table).selectAll().execute(), table).toEqual([]);
    }, 120_000);
});

async function prepare(objects: TestObjects, scenario: Scenario, name: string): Promise<Key> {
  const key: Key = {
    name,
    old: randomBytes(scenario.old ?? 0),
    fresh: randomBytes(scenario.fresh ?? PART + 1),
  };
  if (scenario.old !== undefined) key.versionId = (await objects.put(name, key.old)).VersionId;
  if (scenario.parts) {
    const { UploadId = "" } = await objects.api.CreateMultipartUpload(objects.call(), {
      Bucket: BUCKET,
      Key: name,
    });
    key.upload = { Bucket: BUCKET, Key: name, UploadId };
    await putPart(objects, key.upload, 1, key.fresh.subarray(0, PART));
    await putPart(objects, key.upload, 2, key.fresh.subarray(PART));
  }
  return key;
}

/** What clients can see of a key, in words that hold for every try. */
interface State {
  /** Newest first: `old`, `fresh` or `marker`; the first one is what GET and the listing show. */
  readonly versions: readonly string[];
  readonly parts: number;
}

/** Throws where GET, HEAD and the listings say different things. */
async function look(objects: TestObjects, key: Key): Promise<State> {
  const where = { Bucket: BUCKET, Key: key.name };
  const rows = await objects.metadata.reader
    .selectFrom("s3_versions")
    .selectAll()
    .where("key", "=", key.name)
    .orderBy("rank")
    .execute();
  const versions: string[] = [];
  for (const { version_id: VersionId, delete_marker: marker, size } of rows) {
    if (marker === 1) {
      versions.push("marker");
      continue;
    }
    const bytes = await read(objects, { ...where, VersionId });
    expect(bytes?.length).toBe(size);
    versions.push(contentName(key, bytes));
  }
  const shown = await read(objects, where);
  const [newest] = versions;
  expect(shown === undefined ? "nothing" : contentName(key, shown)).toBe(
    newest === undefined || newest === "marker" ? "nothing" : newest,
  );
  const listed = await text(objects.api.ListObjectsV2(objects.call(), { Bucket: BUCKET, Prefix: key.name }));
  const own = listed.split("<Contents>").find((entry) => entry.includes(`<Key>${key.name}</Key>`));
  expect(own?.match(/<Size>(\d+)</)?.[1]).toBe(shown && String(shown.length));
  const head = shown && (await objects.api.HeadObject(objects.call(), where));
  expect(own?.match(/<ETag>(?:&quot;|&#34;|")(.*?)(?:&quot;|&#34;|")</)?.[1]).toBe(
    head?.ETag?.replaceAll('"', ""),
  );
  if (head !== undefined && shown !== undefined && !head.ETag?.includes("-"))
    expect(head.ETag).toBe(`"${createHash("md5").update(shown).digest("hex")}"`);
  const all = await text(
    objects.api.ListObjectVersions(objects.call(), { Bucket: BUCKET, Prefix: key.name }),
  );
  const named = all
    .split(/<(?:Version|DeleteMarker)>/)
    .filter((entry) => entry.includes(`<Key>${key.name}</Key>`));
  expect(named).toHaveLength(versions.length);
  const parts = await objects.metadata.reader
    .selectFrom("s3_upload_parts")
    .select("part_number")
    .where("upload_id", "=", key.upload?.UploadId ?? "")
    .execute();
  return { versions, parts: parts.length };
}

function contentName({ old, fresh }: Key, bytes: Buffer | undefined): string {
  if (bytes?.equals(fresh)) return "fresh";
  return bytes?.equals(old) ? "old" : `${bytes?.length} bytes that nobody put`;
}

async function read(
  objects: TestObjects,
  where: { readonly Bucket: string; readonly Key: string; readonly VersionId?: string },
): Promise<Buffer | undefined> {
  try {
    const { Body } = await objects.api.GetObject(objects.call(), where);
    return Body instanceof Readable ? Buffer.concat(await Body.toArray()) : undefined;
  } catch (error) {
    if (error instanceof AwsError && error.name === "NoSuchKey") return undefined;
    throw error;
  }
}

async function text(answer: Promise<unknown>): Promise<string> {
  return ((await answer) as { readonly xml: string }).xml;
}

function filesIn(folder: string): string[] {
  return readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => entry.name);
}
