import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { createHash, randomBytes } from "node:crypto";
import type { KMSClient } from "@aws-sdk/client-kms";
import {
  BUCKET,
  bodyOf,
  makeBucket,
  md5Of,
  OTHER_ACCOUNT,
  type TestObjects,
  testObjects,
} from "./testing/test-objects.ts";

let objects: TestObjects;
let keyArn: string;

beforeAll(async () => {
  objects = await testObjects();
  await allowCustomerKeys(BUCKET);
  const created = (await kms("CreateKey", {})) as { KeyMetadata: { Arn: string } };
  keyArn = created.KeyMetadata.Arn;
  await kms("CreateAlias", { AliasName: "alias/team", TargetKeyId: keyArn });
});
afterAll(() => objects[Symbol.asyncDispose]());

type Input = Parameters<KMSClient["send"]>[0]["input"];

async function kms(operation: string, input: Input): Promise<unknown> {
  const call = objects.call();
  return objects.kms.service.operations[operation]?.(call as never, input as never);
}

async function allowCustomerKeys(Bucket: string): Promise<void> {
  await objects.api.PutBucketEncryption(objects.call(), {
    Bucket,
    ServerSideEncryptionConfiguration: {
      Rules: [
        {
          ApplyServerSideEncryptionByDefault: { SSEAlgorithm: "AES256" },
          BlockedEncryptionTypes: { EncryptionType: ["NONE"] },
        },
      ],
    },
  });
}

function customerKey(key = randomBytes(32)) {
  return {
    SSECustomerAlgorithm: "AES256",
    SSECustomerKey: key.toString("base64"),
    SSECustomerKeyMD5: createHash("md5").update(key).digest("base64"),
  };
}

describe("SSE-KMS", () => {
  test("a key is named by id, ARN or alias; the answer names its ARN, and the etag says nothing of the content", async () => {
    for (const SSEKMSKeyId of [keyArn, "alias/team", keyArn.split("/")[1]]) {
      const put = await objects.put("kms", "content", { ServerSideEncryption: "aws:kms", SSEKMSKeyId });
      expect(put).toMatchObject({ ServerSideEncryption: "aws:kms", SSEKMSKeyId: keyArn });
      expect(put.ETag).not.toBe(`"${md5Of("content")}"`);
      expect(put.ETag).toMatch(/^"[0-9a-f]{32}"$/);
      expect(await objects.get("kms")).toMatchObject({
        text: "content",
        SSEKMSKeyId: keyArn,
        ETag: put.ETag,
      });
    }
  });

  test("without a key id it is the account's own key of S3", async () => {
    const put = await objects.put("managed", "content", { ServerSideEncryption: "aws:kms" });
    expect(put.SSEKMSKeyId).toMatch(/^arn:aws:kms:us-east-1:123456789012:key\//);
    expect(put.SSEKMSKeyId).not.toBe(keyArn);
    expect((await objects.get("managed")).text).toBe("content");
  });

  test("a bucket's default holds where the request says nothing, with its bucket key", async () => {
    await makeBucket(objects, "by-default");
    await objects.api.PutBucketEncryption(objects.call(), {
      Bucket: "by-default",
      ServerSideEncryptionConfiguration: {
        Rules: [
          {
            ApplyServerSideEncryptionByDefault: { SSEAlgorithm: "aws:kms", KMSMasterKeyID: keyArn },
            BucketKeyEnabled: true,
          },
        ],
      },
    });
    expect(await objects.put("a", "content", { Bucket: "by-default" })).toMatchObject({
      ServerSideEncryption: "aws:kms",
      SSEKMSKeyId: keyArn,
      BucketKeyEnabled: true,
    });
    const plain = await objects.put("b", "x", { Bucket: "by-default", ServerSideEncryption: "AES256" });
    expect(plain.SSEKMSKeyId).toBeUndefined();
  });

  test("a context is kept and told to those who write; one that is no map is refused", async () => {
    const context = Buffer.from(JSON.stringify({ team: "a" })).toString("base64");
    const input = { ServerSideEncryption: "aws:kms", SSEKMSKeyId: keyArn } as const;
    const put = await objects.put("context", "content", { ...input, SSEKMSEncryptionContext: context });
    expect(put.SSEKMSEncryptionContext).toBe(context);
    expect(await objects.get("context")).not.toHaveProperty("SSEKMSEncryptionContext");
    for (const wrong of [
      "%%%",
      Buffer.from("[1]").toString("base64"),
      Buffer.from('{"a":1}').toString("base64"),
    ])
      await expect(
        objects.put("context", "content", { ...input, SSEKMSEncryptionContext: wrong }),
      ).rejects.toMatchObject({ name: "InvalidArgument" });
  });

  test("KMS's refusals come with S3's codes, and a disabled key makes its objects unreadable", async () => {
    await expect(
      objects.put("x", "x", {
        ServerSideEncryption: "aws:kms",
        SSEKMSKeyId: "11111111-2222-3333-4444-555555555555",
      }),
    ).rejects.toMatchObject({ name: "KMS.NotFoundException", status: 400 });
    await objects.put("locked away", "content", { ServerSideEncryption: "aws:kms", SSEKMSKeyId: keyArn });
    await kms("DisableKey", { KeyId: keyArn });
    await expect(objects.get("locked away")).rejects.toMatchObject({
      name: "KMS.DisabledException",
      status: 400,
    });
    await expect(
      objects.put("x", "x", { ServerSideEncryption: "aws:kms", SSEKMSKeyId: keyArn }),
    ).rejects.toMatchObject({ name: "KMS.DisabledException" });
    await kms("EnableKey", { KeyId: keyArn });
    expect((await objects.get("locked away")).text).toBe("content");
  });

  test("parts under a disabled key become no object before it is enabled", async () => {
    const upload = { Bucket: BUCKET, Key: "in parts" };
    const begun = await objects.api.CreateMultipartUpload(objects.call(), {
      ...upload,
      ...{ ServerSideEncryption: "aws:kms", SSEKMSKeyId: keyArn },
    });
    const named = { ...upload, UploadId: begun.UploadId };
    const part = objects.call({ body: bodyOf("content") });
    const { ETag } = await objects.api.UploadPart(part, { ...named, PartNumber: 1 });
    const complete = () =>
      objects.api.CompleteMultipartUpload(objects.call(), {
        ...named,
        MultipartUpload: { Parts: [{ PartNumber: 1, ETag }] },
      });
    await kms("DisableKey", { KeyId: keyArn });
    await expect(complete()).rejects.toMatchObject({ name: "KMS.DisabledException", status: 400 });
    await kms("EnableKey", { KeyId: keyArn });
    await complete();
    expect((await objects.get("in parts")).text).toBe("content");
  });

  test("an upload in parts begins with kms:GenerateDataKey and goes on with kms:Decrypt only", async () => {
    const owner = {
      Effect: "Allow",
      Principal: { AWS: objects.call().account },
      Action: "kms:*",
      Resource: "*",
    };
    const others = (Action: string) => ({
      Version: "2012-10-17",
      Statement: [owner, { ...owner, Principal: { AWS: OTHER_ACCOUNT }, Action }],
    });
    const created = (await kms("CreateKey", { Policy: JSON.stringify(others("kms:GenerateDataKey")) })) as {
      KeyMetadata: { Arn: string };
    };
    const key = created.KeyMetadata.Arn;
    await objects.api.PutBucketPolicy(objects.call(), {
      Bucket: BUCKET,
      Policy: JSON.stringify({
        Version: "2012-10-17",
        Statement: {
          ...{ Effect: "Allow", Principal: { AWS: OTHER_ACCOUNT } },
          ...{ Action: ["s3:PutObject"], Resource: `arn:aws:s3:::${BUCKET}/*` },
        },
      }),
    });
    const upload = { Bucket: BUCKET, Key: "parts of others" };
    const other = { account: OTHER_ACCOUNT };
    const begun = await objects.api.CreateMultipartUpload(objects.call(other), {
      ...upload,
      ...{ ServerSideEncryption: "aws:kms", SSEKMSKeyId: key },
    });
    const named = { ...upload, UploadId: begun.UploadId };
    const part = () =>
      objects.api.UploadPart(objects.call({ ...other, body: bodyOf("content") }), {
        ...named,
        PartNumber: 1,
      });
    await expect(part()).rejects.toMatchObject({ name: "AccessDenied" });
    await kms("PutKeyPolicy", { KeyId: key, Policy: JSON.stringify(others("kms:Decrypt")) });
    const { ETag } = await part();
    const parts = { Parts: [{ PartNumber: 1, ETag }] };
    await objects.api.CompleteMultipartUpload(objects.call(other), { ...named, MultipartUpload: parts });
    expect((await objects.get("parts of others")).text).toBe("content");
  });

  test("who may read the bucket but not use the key is refused", async () => {
    await objects.api.PutBucketPolicy(objects.call(), {
      Bucket: BUCKET,
      Policy: JSON.stringify({
        Version: "2012-10-17",
        Statement: {
          Effect: "Allow",
          Principal: { AWS: OTHER_ACCOUNT },
          Action: "s3:GetObject",
          Resource: `arn:aws:s3:::${BUCKET}/*`,
        },
      }),
    });
    await objects.put("plain", "content");
    expect((await objects.get("plain", {}, { account: OTHER_ACCOUNT })).text).toBe("content");
    await expect(objects.get("locked away", {}, { account: OTHER_ACCOUNT })).rejects.toMatchObject({
      name: "AccessDenied",
      status: 403,
    });
  });

  test("a copy under another key is written anew", async () => {
    await objects.put("to copy", "content");
    const output = await objects.api.CopyObject(objects.call(), {
      Bucket: BUCKET,
      Key: "copied",
      CopySource: `${BUCKET}/to%20copy`,
      ServerSideEncryption: "aws:kms",
      SSEKMSKeyId: keyArn,
    });
    expect(output).toMatchObject({ ServerSideEncryption: "aws:kms", SSEKMSKeyId: keyArn });
    expect((await objects.get("copied")).text).toBe("content");
    const back = { Bucket: BUCKET, Key: "back", CopySource: `${BUCKET}/copied` };
    const { CopyObjectResult } = await objects.api.CopyObject(objects.call(), back);
    expect(CopyObjectResult?.ETag).toBe(`"${md5Of("content")}"`);
  });

  test("reading takes no encryption header", async () => {
    const options = { headers: { "x-amz-server-side-encryption": "aws:kms" } };
    await expect(objects.get("plain", {}, options)).rejects.toMatchObject({ name: "InvalidArgument" });
  });
});

describe("SSE-C", () => {
  test("content is read with its key only", async () => {
    const key = customerKey();
    const put = await objects.put("own", "content", key);
    expect(put).toMatchObject({ SSECustomerAlgorithm: "AES256", SSECustomerKeyMD5: key.SSECustomerKeyMD5 });
    expect(put.ServerSideEncryption).toBeUndefined();
    expect(put.ETag).not.toBe(`"${md5Of("content")}"`);
    expect(await objects.get("own", { ...key, Range: "bytes=2-4" })).toMatchObject({
      text: "nte",
      SSECustomerKeyMD5: key.SSECustomerKeyMD5,
    });
    await expect(objects.get("own")).rejects.toMatchObject({ name: "InvalidRequest", status: 400 });
    await expect(objects.get("own", customerKey())).rejects.toMatchObject({
      name: "AccessDenied",
      status: 403,
    });
    const head = { Bucket: BUCKET, Key: "own" };
    await expect(objects.api.HeadObject(objects.call(), head)).rejects.toMatchObject({ status: 400 });
    expect(await objects.api.HeadObject(objects.call(), { ...head, ...key })).toMatchObject({
      ContentLength: 7,
    });
    await expect(objects.get("plain", key)).rejects.toMatchObject({
      name: "InvalidRequest",
      message: "The encryption parameters are not applicable to this object.",
    });
  });

  test.each([
    [{ SSECustomerAlgorithm: "AES128" }, "InvalidEncryptionAlgorithmError"],
    [{ SSECustomerAlgorithm: undefined }, "InvalidArgument"],
    [{ SSECustomerKey: undefined }, "InvalidArgument"],
    [{ SSECustomerKeyMD5: undefined }, "InvalidArgument"],
    [{ SSECustomerKeyMD5: "AAAAAAAAAAAAAAAAAAAAAA==" }, "InvalidArgument"],
    [{ SSECustomerKey: "c2hvcnQ=" }, "InvalidArgument"],
    [{ ServerSideEncryption: "AES256" }, "InvalidArgument"],
  ] as const)("headers that do not fit together (%j) are refused", async (change, name) => {
    const put = objects.put("bad", "content", { ...customerKey(), ...(change as object) });
    await expect(put).rejects.toMatchObject({ name, status: 400 });
  });

  test("keys are not taken over a connection that others can read", async () => {
    const options = { sourceIp: "192.0.2.1", body: bodyOf("content") };
    await expect(objects.put("far", "", customerKey(), options)).rejects.toMatchObject({
      name: "InvalidRequest",
      message: expect.stringContaining("must be made over a secure connection"),
    });
  });

  test("a new bucket takes none until its configuration blocks nothing", async () => {
    await makeBucket(objects, "new");
    const put = () => objects.put("a", "content", { Bucket: "new", ...customerKey() });
    await expect(put()).rejects.toMatchObject({ name: "AccessDenied", status: 403 });
    await allowCustomerKeys("new");
    expect(await put()).toHaveProperty("ETag");
  });

  test("is copied with the keys of both sides", async () => {
    const [from, to] = [customerKey(), customerKey()];
    await objects.put("own source", "content", from);
    const source = {
      CopySource: `${BUCKET}/own source`,
      CopySourceSSECustomerAlgorithm: "AES256",
      CopySourceSSECustomerKey: from.SSECustomerKey,
      CopySourceSSECustomerKeyMD5: from.SSECustomerKeyMD5,
    };
    await objects.api.CopyObject(objects.call(), { Bucket: BUCKET, Key: "own copy", ...source, ...to });
    expect((await objects.get("own copy", to)).text).toBe("content");
    await expect(
      objects.api.CopyObject(objects.call(), { Bucket: BUCKET, Key: "x", CopySource: source.CopySource }),
    ).rejects.toMatchObject({ name: "InvalidRequest" });
  });
});

test("the names of scopes say nothing of customers' keys, and are the same for the same key", async () => {
  const key = customerKey();
  const etags = [
    (await objects.put("one", "same", key)).ETag,
    (await objects.put("two", "same", key)).ETag,
    (await objects.put("three", "same", customerKey())).ETag,
  ];
  expect(etags[0]).toBe(etags[1]);
  expect(etags[0]).not.toBe(etags[2]);
  const scopes = await objects.metadata.reader
    .selectFrom("s3_versions")
    .innerJoin("blobs", "blobs.id", "s3_versions.blob_id")
    .select(["key", "scope", "blob_id"])
    .where("key", "in", ["one", "two", "three"])
    .execute();
  const [one, two, three] = ["one", "two", "three"].map((name) => scopes.find(({ key: of }) => of === name));
  expect(one?.scope).toMatch(/^customer\/[0-9a-f]{64}$/);
  expect(one?.blob_id).toBe(two?.blob_id ?? "");
  expect(one?.scope).not.toBe(three?.scope ?? "");
  const sha256 = createHash("sha256").update(Buffer.from(key.SSECustomerKey, "base64")).digest("hex");
  expect(one?.scope).not.toContain(sha256);
});
