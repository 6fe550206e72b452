/** Who may do what with a bucket: its own account, another one, and nobody in particular, over a real socket. */
import { describe, expect, setDefaultTimeout, test } from "bun:test";
import * as sdk from "@aws-sdk/client-s3";
import { RunningServer } from "../running-server.ts";
import {
  ALLOW,
  BOTH,
  BUCKET,
  DENY,
  get,
  HERE,
  list,
  message,
  OBJECT,
  OTHER,
  outcome,
  serveSharedBucket,
} from "./shared-bucket.ts";

// A busy machine is no reason to fail.
setDefaultTimeout(60_000);

const shared = serveSharedBucket();

describe("who asks", () => {
  test("nobody in particular gets in only where a policy names everybody, and no further", async () => {
    const anonymous = async (path: string) => (await fetch(`${shared.server.url}/${path}`)).status;
    await shared.owner.send(new sdk.DeleteBucketPolicyCommand(HERE));
    expect(await anonymous(`${BUCKET}/team/a.txt`)).toBe(403);
    await shared.setPolicy({ ...ALLOW, Action: "s3:GetObject", Resource: BOTH[1] });
    expect(await anonymous(`${BUCKET}/team/a.txt`)).toBe(403);
    await shared.setPolicy({ ...ALLOW, Principal: "*", Action: "s3:GetObject", Resource: `${BOTH[1]}` });
    expect(await anonymous(`${BUCKET}/team/a.txt`)).toBe(200);
    expect(await anonymous(`${BUCKET}`)).toBe(403);
    expect(await anonymous("")).toBe(403);
    const answer = await fetch(`${shared.server.url}/${BUCKET}`, { method: "DELETE" });
    expect([answer.status, await answer.text()]).toEqual([
      403,
      expect.stringContaining("<Message>Access Denied</Message>"),
    ]);
    expect((await fetch(`${shared.server.url}/${BUCKET}/a`, { method: "PUT", body: "x" })).status).toBe(403);
  });

  test("what is missing is told only to who may list the bucket", async () => {
    const missing = () => new sdk.GetObjectCommand({ ...HERE, Key: "public/none" });
    await shared.setPolicy({ ...ALLOW, Action: "s3:GetObject", Resource: BOTH[1] });
    expect(await outcome(shared.other, missing())).toBe("AccessDenied");
    const prefix = { StringLike: { "s3:prefix": "public/*" } };
    await shared.setPolicy(
      { ...ALLOW, Action: "s3:GetObject", Resource: BOTH[1] },
      { ...ALLOW, Action: "s3:ListBucket", Resource: BOTH[0], Condition: prefix },
    );
    expect(await outcome(shared.other, missing())).toBe("NoSuchKey");
    expect(await outcome(shared.other, new sdk.GetObjectCommand({ ...HERE, Key: "private/none" }))).toBe(
      "AccessDenied",
    );
  });

  test("a denial holds for the owner too, whom S3 tells why; others hear only that", async () => {
    await shared.setPolicy({ ...DENY, Action: "s3:GetObject", Resource: BOTH[1] });
    expect(await message(shared.owner, get())).toBe(
      'User: arn:aws:iam::123456789012:root is not authorized to perform: s3:GetObject on resource: "arn:aws:s3:::shared/team/a.txt" with an explicit deny in a resource-based policy',
    );
    expect(await message(shared.other, get())).toBe("Access Denied");
  });

  test("the owner's root is never locked out of its policy", async () => {
    await shared.setPolicy({ ...DENY, Action: "s3:*", Resource: BOTH });
    expect(await outcome(shared.owner, list())).toBe("AccessDenied");
    expect(await outcome(shared.owner, new sdk.GetBucketPolicyCommand(HERE))).toBe("ok");
    expect(await outcome(shared.owner, new sdk.DeleteBucketPolicyCommand(HERE))).toBe("ok");
    expect(await outcome(shared.owner, list())).toBe("ok");
  });

  test("a policy is its owner's affair, whatever it says itself", async () => {
    await shared.setPolicy({
      ...ALLOW,
      Action: ["s3:PutBucketPolicy", "s3:GetBucketPolicy"],
      Resource: BOTH[0],
    });
    const Policy = JSON.stringify({ Statement: { ...ALLOW, Action: "s3:*", Resource: BOTH } });
    expect(await outcome(shared.other, new sdk.PutBucketPolicyCommand({ ...HERE, Policy }))).toBe(
      "MethodNotAllowed",
    );
    expect(await outcome(shared.other, new sdk.GetBucketPolicyCommand(HERE))).toBe("MethodNotAllowed");
    expect(await outcome(shared.other, new sdk.DeleteBucketPolicyCommand(HERE))).toBe("AccessDenied");
  });

  test("the bucket must be the expected owner's", async () => {
    expect(await outcome(shared.owner, list({ ExpectedBucketOwner: OTHER }))).toBe("AccessDenied");
    expect(await outcome(shared.owner, list({ ExpectedBucketOwner: "123456789012" }))).toBe("ok");
    expect(await outcome(shared.owner, list({ ExpectedBucketOwner: "me" }))).toBe(
      "InvalidBucketOwnerAWSAccountID",
    );
  });

  test("the name of a bucket is one account's", async () => {
    expect(await outcome(shared.other, new sdk.CreateBucketCommand(HERE))).toBe("BucketAlreadyExists");
    const { Buckets } = await shared.other.send(new sdk.ListBucketsCommand({}));
    expect(Buckets ?? []).toEqual([]);
  });

  test("where requesters pay, others say that they would, and nobody cannot", async () => {
    const payer = (Payer: sdk.Payer) =>
      shared.owner.send(
        new sdk.PutBucketRequestPaymentCommand({ ...HERE, RequestPaymentConfiguration: { Payer } }),
      );
    await shared.setPolicy({ ...ALLOW, Principal: "*", Action: "s3:GetObject", Resource: BOTH[1] });
    await payer("Requester");
    expect(await outcome(shared.other, get())).toBe("AccessDenied");
    expect(
      await outcome(shared.other, new sdk.GetObjectCommand({ ...OBJECT, RequestPayer: "requester" })),
    ).toBe("ok");
    expect(await outcome(shared.owner, get())).toBe("ok");
    expect(
      (await fetch(`${shared.server.url}/${BUCKET}/team/a.txt?x-amz-request-payer=requester`)).status,
    ).toBe(403);
    await payer("BucketOwner");
    expect(await outcome(shared.other, get())).toBe("ok");
  });
});

describe("Block Public Access", () => {
  const block = (PublicAccessBlockConfiguration: sdk.PublicAccessBlockConfiguration) =>
    shared.owner.send(new sdk.PutPublicAccessBlockCommand({ ...HERE, PublicAccessBlockConfiguration }));
  const open = { ...ALLOW, Principal: "*", Action: "s3:GetObject", Resource: BOTH[1] };

  test("BlockPublicPolicy refuses a public policy and leaves the one that is there", async () => {
    await shared.setPolicy({ ...ALLOW, Action: "s3:GetObject", Resource: BOTH[1] });
    await block({ BlockPublicPolicy: true });
    expect(await shared.setPolicy(open).catch((error: Error) => error.message)).toContain(
      "because public policies are blocked by the BlockPublicPolicy block public access setting",
    );
    const { Policy } = await shared.owner.send(new sdk.GetBucketPolicyCommand(HERE));
    expect(Policy).toContain(OTHER);
    await shared.owner.send(new sdk.DeletePublicAccessBlockCommand(HERE));
  });

  test("RestrictPublicBuckets lets only the own account in while the policy is public", async () => {
    const named = { ...ALLOW, Action: "s3:ListBucket", Resource: BOTH[0] };
    await shared.setPolicy(open, named);
    expect(await outcome(shared.other, list())).toBe("ok");
    await block({ RestrictPublicBuckets: true });
    expect((await fetch(`${shared.server.url}/${BUCKET}/team/a.txt`)).status).toBe(403);
    expect(await outcome(shared.other, list())).toBe("AccessDenied");
    expect(await outcome(shared.owner, get())).toBe("ok");
    await shared.setPolicy(named);
    expect(await outcome(shared.other, list())).toBe("ok");
    await shared.owner.send(new sdk.DeletePublicAccessBlockCommand(HERE));
  });
});

test("--new-buckets open: what is made public is public at once, and customers' keys are taken", async () => {
  const open = await RunningServer.start({ args: ["--new-buckets", "open"] });
  const client = new sdk.S3Client({
    endpoint: open.url,
    region: "us-east-1",
    forcePathStyle: true,
    credentials: open.rootKey,
  });
  try {
    await client.send(new sdk.CreateBucketCommand(HERE));
    const Policy = JSON.stringify({
      Statement: { Effect: "Allow", Principal: "*", Action: "s3:GetObject", Resource: BOTH[1] },
    });
    await client.send(new sdk.PutBucketPolicyCommand({ ...HERE, Policy }));
    await client.send(new sdk.PutObjectCommand({ ...OBJECT, Body: "x" }));
    expect(await (await fetch(`${open.url}/${BUCKET}/team/a.txt`)).text()).toBe("x");
    const key = { SSECustomerAlgorithm: "AES256", SSECustomerKey: Buffer.alloc(32, 7).toString("base64") };
    const put = new sdk.PutObjectCommand({ ...HERE, Key: "mine", Body: "x", ...key });
    expect(await outcome(client, put)).toBe("ok");
    expect(await outcome(shared.owner, put)).toBe("AccessDenied");
  } finally {
    client.destroy();
    await open.stop();
  }
}, 60_000);
