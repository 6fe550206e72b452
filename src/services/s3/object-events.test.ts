import { describe, expect, test } from "bun:test";
import type { AccountId, Region } from "../../aws/names.ts";
import type { NewEvent } from "../../events/events.ts";
import type { Transaction } from "../../storage/metadata/metadata.ts";
import type { Bucket } from "./buckets/bucket.ts";
import { type ObjectEvent, recordObjectEvent } from "./object-events.ts";

const BUCKET: Bucket = {
  id: "1",
  name: "releases",
  account: "123456789012" as AccountId,
  region: "eu-west-1" as Region,
  createdAt: new Date(0),
  versioning: "Enabled",
  settings: { notification: { EventBridgeConfiguration: {} } },
  revision: 1,
};
const CAUSE = {
  reason: "PutObject",
  requestId: "N4N7GDK58NMKJ12R",
  requester: "123456789012",
  sourceIp: "1.2.3.4",
};
const TIME = new Date("2026-11-12T00:00:00.123Z");

async function recorded(event: ObjectEvent, bucket: Bucket = BUCKET, cause = CAUSE): Promise<NewEvent[]> {
  const events: NewEvent[] = [];
  const record = async (_: Transaction, one: NewEvent) => void events.push(one);
  await recordObjectEvent({} as Transaction, { events: { record } }, bucket, event, cause);
  return events;
}

async function detail(event: ObjectEvent, bucket = BUCKET): Promise<Record<string, unknown>> {
  const [one] = await recorded(event, bucket);
  return { ...one?.detail };
}

const OBJECT = {
  time: TIME,
  key: "a b/ü",
  size: 5,
  etag: "b1946ac92492d2347c6235b4d2611184",
  versionId: "v1",
};

describe("what EventBridge is told", () => {
  test("of an object that was created", async () => {
    expect(
      await recorded({ ...OBJECT, type: "Object Created", rank: 2 ** 52 - 0x617f08299329d }, BUCKET),
    ).toEqual([
      {
        source: "aws.s3",
        detailType: "Object Created",
        account: "123456789012" as AccountId,
        region: "eu-west-1" as Region,
        time: TIME,
        resources: ["arn:aws:s3:::releases"],
        detail: {
          version: "0",
          bucket: { name: "releases" },
          object: {
            key: "a b/ü",
            size: 5,
            etag: "b1946ac92492d2347c6235b4d2611184",
            "version-id": "v1",
            sequencer: "000617F08299329D",
          },
          "request-id": "N4N7GDK58NMKJ12R",
          requester: "123456789012",
          "source-ip-address": "1.2.3.4",
          reason: "PutObject",
        },
      },
    ]);
  });

  test("of a delete marker", async () => {
    const event = await detail({
      time: TIME,
      key: "a",
      versionId: "v2",
      rank: 1,
      type: "Object Deleted",
      deletionType: "Delete Marker Created",
    });
    expect(event).toMatchObject({ "deletion-type": "Delete Marker Created", reason: "PutObject" });
    expect(event["object"]).toEqual({ key: "a", "version-id": "v2", sequencer: expect.any(String) });
  });

  test("of a restore: what is restored from, and until when", async () => {
    const event = await detail({
      ...OBJECT,
      type: "Object Restore Completed",
      sourceStorageClass: "GLACIER",
      restoreExpiry: new Date("2026-11-13T00:00:00Z"),
    });
    expect(event).toMatchObject({
      object: { key: "a b/ü", size: 5, etag: OBJECT.etag, "version-id": "v1" },
      "source-storage-class": "GLACIER",
      "restore-expiry-time": "2026-11-13T00:00:00Z",
    });
    expect(event).not.toHaveProperty("reason");
    expect(event["object"]).not.toHaveProperty("sequencer");
  });

  test("of tags: neither size nor reason", async () => {
    const event = await detail({ ...OBJECT, type: "Object Tags Added" });
    expect(event["object"]).toEqual({ key: "a b/ü", etag: OBJECT.etag, "version-id": "v1" });
    expect(event).not.toHaveProperty("reason");
  });

  test("of a bucket without versions: no version id", async () => {
    const event = await detail({ ...OBJECT, type: "Object Created" }, { ...BUCKET, versioning: "" });
    expect(event["object"]).not.toHaveProperty("version-id");
  });

  test("of what lifecycle did: no address that it came from", async () => {
    const { sourceIp: _, ...cause } = {
      ...CAUSE,
      reason: "Lifecycle Expiration",
      requester: "s3.amazonaws.com",
    };
    const events: NewEvent[] = [];
    const record = async (_tx: Transaction, one: NewEvent) => void events.push(one);
    const event = { ...OBJECT, type: "Object Deleted", deletionType: "Permanently Deleted" } as const;
    await recordObjectEvent({} as Transaction, { events: { record } }, BUCKET, event, cause);
    expect(events[0]?.detail).not.toHaveProperty("source-ip-address");
    expect(events[0]?.detail).toMatchObject({
      reason: "Lifecycle Expiration",
      requester: "s3.amazonaws.com",
    });
  });

  test("nothing, unless the bucket has EventBridge on", async () => {
    expect(await recorded({ ...OBJECT, type: "Object Created" }, { ...BUCKET, settings: {} })).toEqual([]);
  });
});

test("of two events of a key the later has the greater sequencer", async () => {
  const sequencer = async (rank: number) => {
    const { object } = await detail({ ...OBJECT, type: "Object Created", rank });
    return (object as { sequencer: string }).sequencer;
  };
  const now = 2 ** 52 - TIME.getTime() * 1000;
  expect((await sequencer(now - 1)) > (await sequencer(now))).toBe(true);
});
