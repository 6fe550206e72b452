import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import type { ObjectLockRetentionMode } from "@aws-sdk/client-s3";
import { BUCKET, bodyOf, md5Of, type TestObjects, testObjects } from "./testing/test-objects.ts";

const LOCKED = "locked";
const DAY = 86_400_000;

let objects: TestObjects;
beforeAll(async () => {
  objects = await testObjects();
  await objects.api.CreateBucket(objects.call(), { Bucket: LOCKED, ObjectLockEnabledForBucket: true });
});
afterAll(() => objects[Symbol.asyncDispose]());

const inDays = (days: number) => new Date(objects.now.getTime() + days * DAY);

/** With Content-MD5, as whatever is locked has to come. */
function put(Key: string, input: object = {}) {
  const body = bodyOf("content", { md5: md5Of("content") });
  return objects.api.PutObject(objects.call({ body }), { Bucket: LOCKED, Key, ...input });
}

function retain(Key: string, Mode: ObjectLockRetentionMode, until: Date, input: object = {}) {
  return objects.api.PutObjectRetention(objects.call(), {
    Bucket: LOCKED,
    Key,
    Retention: { Mode, RetainUntilDate: until },
    ...input,
  });
}

function remove(Key: string, VersionId: string | undefined, input: object = {}) {
  return objects.api.DeleteObject(objects.call(), { Bucket: LOCKED, Key, VersionId, ...input });
}

const REFUSED = {
  name: "AccessDenied",
  status: 403,
  message: expect.stringContaining("protected by object lock"),
};

describe("retention", () => {
  test("GOVERNANCE is lengthened by anybody, shortened and deleted with the bypass only", async () => {
    const { VersionId } = await put("governed", {
      ObjectLockMode: "GOVERNANCE",
      ObjectLockRetainUntilDate: inDays(2),
    });
    expect(await objects.get("governed", { Bucket: LOCKED })).toMatchObject({
      ObjectLockMode: "GOVERNANCE",
      ObjectLockRetainUntilDate: inDays(2),
    });
    await retain("governed", "GOVERNANCE", inDays(5));
    await expect(retain("governed", "GOVERNANCE", inDays(1))).rejects.toMatchObject(REFUSED);
    await expect(retain("governed", "COMPLIANCE", inDays(5))).rejects.toMatchObject(REFUSED);
    await expect(remove("governed", VersionId)).rejects.toMatchObject(REFUSED);
    // A marker may be put on top.
    expect((await remove("governed", undefined)).DeleteMarker).toBe(true);
    await retain("governed", "GOVERNANCE", inDays(1), { VersionId, BypassGovernanceRetention: true });
    await remove("governed", VersionId, { BypassGovernanceRetention: true });
    await expect(objects.get("governed", { Bucket: LOCKED, VersionId })).rejects.toMatchObject({
      name: "NoSuchVersion",
    });
  });

  test("COMPLIANCE is never shortened and never deleted before its time", async () => {
    const { VersionId } = await put("complied");
    await retain("complied", "COMPLIANCE", inDays(3));
    const bypass = { BypassGovernanceRetention: true };
    await expect(retain("complied", "COMPLIANCE", inDays(2), bypass)).rejects.toMatchObject(REFUSED);
    await expect(retain("complied", "GOVERNANCE", inDays(9), bypass)).rejects.toMatchObject(REFUSED);
    await expect(
      objects.api.PutObjectRetention(objects.call(), {
        Bucket: LOCKED,
        Key: "complied",
        Retention: {},
        ...bypass,
      }),
    ).rejects.toMatchObject(REFUSED);
    await expect(remove("complied", VersionId, bypass)).rejects.toMatchObject(REFUSED);
    const { Errors } = await objects.api.DeleteObjects(objects.call(), {
      Bucket: LOCKED,
      Delete: { Objects: [{ Key: "complied", VersionId }] },
      ...bypass,
    });
    expect(Errors).toMatchObject([{ Key: "complied", Code: "AccessDenied" }]);
    objects.now = inDays(4);
    await remove("complied", VersionId);
  });

  test("a bucket's default holds for what says nothing", async () => {
    await objects.api.PutObjectLockConfiguration(objects.call(), {
      Bucket: LOCKED,
      ObjectLockConfiguration: {
        ObjectLockEnabled: "Enabled",
        Rule: { DefaultRetention: { Mode: "GOVERNANCE", Days: 10 } },
      },
    });
    const { VersionId } = await put("by default");
    expect(
      await objects.api.GetObjectRetention(objects.call(), { Bucket: LOCKED, Key: "by default" }),
    ).toEqual({ Retention: { Mode: "GOVERNANCE", RetainUntilDate: inDays(10) } });
    await expect(remove("by default", VersionId)).rejects.toMatchObject(REFUSED);
    const unchecked = objects.api.PutObject(objects.call({ body: bodyOf("content") }), {
      Bucket: LOCKED,
      Key: "unchecked",
    });
    await expect(unchecked).rejects.toMatchObject({ name: "InvalidRequest" });
    await objects.api.PutObjectLockConfiguration(objects.call(), {
      Bucket: LOCKED,
      ObjectLockConfiguration: { ObjectLockEnabled: "Enabled" },
    });
  });

  test.each([
    [{ ObjectLockMode: "GOVERNANCE" }, "InvalidArgument"],
    [{ ObjectLockMode: "FOREVER", ObjectLockRetainUntilDate: new Date("2100-01-01") }, "InvalidArgument"],
    [{ ObjectLockMode: "GOVERNANCE", ObjectLockRetainUntilDate: new Date(0) }, "InvalidArgument"],
    [{ ObjectLockLegalHoldStatus: "MAYBE" }, "InvalidArgument"],
  ])("%j is refused", async (input, name) => {
    await expect(put("refused", input)).rejects.toMatchObject({ name, status: 400 });
  });

  test("documents of no sense are malformed, and buckets without Object Lock say so", async () => {
    await put("sense");
    await expect(retain("sense", "governance" as never, inDays(1))).rejects.toMatchObject({
      name: "MalformedXML",
    });
    await expect(retain("sense", "GOVERNANCE", new Date(0))).rejects.toMatchObject({
      name: "InvalidArgument",
    });
    await expect(
      objects.api.GetObjectRetention(objects.call(), { Bucket: LOCKED, Key: "sense" }),
    ).rejects.toMatchObject({ name: "NoSuchObjectLockConfiguration", status: 404 });
    await objects.put("elsewhere", "content");
    await expect(
      objects.api.GetObjectLegalHold(objects.call(), { Bucket: BUCKET, Key: "elsewhere" }),
    ).rejects.toMatchObject({
      name: "InvalidRequest",
      message: "Bucket is missing Object Lock Configuration",
    });
  });
});

test("a legal hold keeps a version until it is taken off", async () => {
  const of = { Bucket: LOCKED, Key: "held" };
  const { VersionId } = await put("held", { ObjectLockLegalHoldStatus: "ON" });
  const hold = (Status: "ON" | "OFF") =>
    objects.api.PutObjectLegalHold(objects.call(), { ...of, LegalHold: { Status } });
  expect(await objects.api.GetObjectLegalHold(objects.call(), of)).toEqual({ LegalHold: { Status: "ON" } });
  await expect(remove("held", VersionId, { BypassGovernanceRetention: true })).rejects.toMatchObject(REFUSED);
  await hold("OFF");
  expect(await objects.api.GetObjectLegalHold(objects.call(), of)).toEqual({ LegalHold: { Status: "OFF" } });
  expect((await objects.get("held", { Bucket: LOCKED })).ObjectLockLegalHoldStatus).toBe("OFF");
  await hold("ON");
  await expect(remove("held", VersionId)).rejects.toMatchObject(REFUSED);
  await hold("OFF");
  await remove("held", VersionId);
});

test("a policy sees which legal hold is asked for in the document, whatever a header says", async () => {
  const { api, call } = objects;
  await put("held by policy", { ObjectLockLegalHoldStatus: "ON" });
  const Resource = `arn:aws:s3:::${LOCKED}/*`;
  const Action = "s3:PutObjectLegalHold";
  const Condition = { StringEquals: { "s3:object-lock-legal-hold": "OFF" } };
  const Statement = [
    { Effect: "Allow", Principal: "*", Action, Resource },
    { Effect: "Deny", Principal: "*", Action, Resource, Condition },
  ];
  await api.DeletePublicAccessBlock(call(), { Bucket: LOCKED });
  await api.PutBucketPolicy(call(), { Bucket: LOCKED, Policy: JSON.stringify({ Statement }) });
  const hold = (Status: "ON" | "OFF", headers = {}) =>
    api.PutObjectLegalHold(call({ headers }), {
      ...{ Bucket: LOCKED, Key: "held by policy", LegalHold: { Status } },
    });
  await hold("ON");
  for (const headers of [{}, { "x-amz-object-lock-legal-hold": "ON" }])
    await expect(hold("OFF", headers)).rejects.toMatchObject({ name: "AccessDenied" });
  await api.DeleteBucketPolicy(call(), { Bucket: LOCKED });
});
