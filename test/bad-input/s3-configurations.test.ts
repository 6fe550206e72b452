/** Documents that no bucket may be configured with: S3's error for each, and the bucket as it was. */
import { afterAll, beforeAll, describe, expect, setDefaultTimeout, test } from "bun:test";
import { createHash } from "node:crypto";
import { ACCESS_KEY_ID, SECRET, signWithSdk } from "../../src/aws/sigv4/testing/sdk-signer.ts";
import { RunningServer } from "../running-server.ts";
import { type RawAnswer, sendRaw } from "./raw-client.ts";

// A busy machine is no reason to fail.
setDefaultTimeout(60_000);

const BUCKET = "misconfigured";
/** What there is before, by sub-resource; each is to be there afterwards, byte for byte. */
const BEFORE: Readonly<Record<string, string>> = {
  versioning: "<VersioningConfiguration><Status>Enabled</Status></VersioningConfiguration>",
  cors: "<CORSConfiguration><CORSRule><AllowedMethod>GET</AllowedMethod><AllowedOrigin>*</AllowedOrigin></CORSRule></CORSConfiguration>",
  tagging: "<Tagging><TagSet><Tag><Key>team</Key><Value>a</Value></Tag></TagSet></Tagging>",
  "object-lock":
    "<ObjectLockConfiguration><ObjectLockEnabled>Enabled</ObjectLockEnabled></ObjectLockConfiguration>",
  policy:
    '{"Statement":{"Effect":"Deny","Principal":"*","Action":"s3:GetObject","Resource":"arn:aws:s3:::misconfigured/none"}}',
};

let server: RunningServer;

beforeAll(async () => {
  const rootKey = { accessKeyId: ACCESS_KEY_ID, secretAccessKey: SECRET };
  server = await RunningServer.start({ rootKey, args: ["--log-level", "error"] });
  expect((await send("PUT", undefined)).status).toBe(200);
  for (const [name, document] of Object.entries(BEFORE))
    expect(errorOf(await send("PUT", name, document))).toMatch(/^20[04] none$/);
}, 60_000);
afterAll(async () => {
  await server?.stop();
});

async function send(
  method: string,
  name: string | undefined,
  body = "",
  bucket = BUCKET,
): Promise<RawAnswer> {
  const md5 = createHash("md5").update(body).digest("base64");
  const { request } = await signWithSdk({
    method,
    path: `/${bucket}`,
    query: name === undefined ? {} : { [name]: "" },
    headers: { host: `localhost:${server.port}`, ...(method === "PUT" && { "content-md5": md5 }) },
    body,
    service: "s3",
    signedAt: new Date(),
  });
  const headers: Record<string, string> = {};
  for (let at = 0; at < request.rawHeaders.length; at += 2)
    headers[request.rawHeaders[at] ?? ""] = request.rawHeaders[at + 1] ?? "";
  const { host: Host, ...others } = headers;
  return sendRaw(server.port, {
    method,
    target: request.target,
    headers: { Host: Host ?? "", ...others },
    body,
  });
}

function errorOf({ status, body }: RawAnswer): string {
  const code = /<Code>(\w+)<\/Code>/.exec(body)?.[1] ?? "none";
  return `${status} ${code}`;
}

/** Of all configurations. */
async function state(): Promise<Record<string, string>> {
  const names = [
    ...Object.keys(BEFORE),
    ...["encryption", "publicAccessBlock", "ownershipControls", "notification", "requestPayment", "logging"],
  ];
  const found: Record<string, string> = {};
  for (const name of names) {
    const answer = await send("GET", name);
    found[name] = `${answer.status} ${answer.body.replace(/<(RequestId|HostId)>.*?<\/\1>/g, "")}`;
  }
  return found;
}

const MALFORMED = "400 MalformedXML";
const many = (count: number, text: string) => text.repeat(count);

const cors = (rule: string) => `<CORSConfiguration><CORSRule>${rule}</CORSRule></CORSConfiguration>`;
const GET = "<AllowedMethod>GET</AllowedMethod><AllowedOrigin>*</AllowedOrigin>";
const tags = (...pairs: readonly (readonly [key: string, value: string])[]) => {
  const list = pairs.map(([key, value]) => `<Tag><Key>${key}</Key><Value>${value}</Value></Tag>`);
  return `<Tagging><TagSet>${list.join("")}</TagSet></Tagging>`;
};
const encryption = (rule: string) =>
  `<ServerSideEncryptionConfiguration>${rule}</ServerSideEncryptionConfiguration>`;
const standard = (content: string) =>
  `<Rule><ApplyServerSideEncryptionByDefault>${content}</ApplyServerSideEncryptionByDefault></Rule>`;
const AES = standard("<SSEAlgorithm>AES256</SSEAlgorithm>");
const lock = (retention: string) =>
  `<ObjectLockConfiguration><ObjectLockEnabled>Enabled</ObjectLockEnabled><Rule><DefaultRetention>${retention}</DefaultRetention></Rule></ObjectLockConfiguration>`;
const notification = (content: string) => `<NotificationConfiguration>${content}</NotificationConfiguration>`;

const CASES: Readonly<
  Record<string, readonly (readonly [title: string, document: string, error: string])[]>
> = {
  cors: [
    ["no document", "", "400 MissingRequestBodyError"],
    ["no XML", "cors", MALFORMED],
    ["an element that never ends", "<CORSConfiguration><CORSRule>", MALFORMED],
    ["an entity", `<!DOCTYPE a [<!ENTITY b "GET">]>${cors(GET.replace(">GET<", ">&b;<"))}`, MALFORMED],
    ["no rules", "<CORSConfiguration/>", MALFORMED],
    ["a rule without methods", cors("<AllowedOrigin>*</AllowedOrigin>"), MALFORMED],
    ["a rule without origins", cors("<AllowedMethod>GET</AllowedMethod>"), MALFORMED],
    ["a method that there is not", cors(GET.replace("GET", "OPTIONS")), "400 InvalidRequest"],
    ["an origin with two wildcards", cors(GET.replace(">*<", ">*.example.*<")), "400 InvalidRequest"],
    ["a header with two wildcards", cors(`${GET}<AllowedHeader>*-*</AllowedHeader>`), "400 InvalidRequest"],
    ["all headers exposed", cors(`${GET}<ExposeHeader>*</ExposeHeader>`), "400 InvalidRequest"],
    ["a long id", cors(`<ID>${"a".repeat(256)}</ID>${GET}`), "400 InvalidRequest"],
    ["an age that is no number", cors(`${GET}<MaxAgeSeconds>day</MaxAgeSeconds>`), MALFORMED],
    ["an age below zero", cors(`${GET}<MaxAgeSeconds>-1</MaxAgeSeconds>`), MALFORMED],
    [
      "101 rules",
      `<CORSConfiguration>${many(101, `<CORSRule>${GET}</CORSRule>`)}</CORSConfiguration>`,
      "400 InvalidRequest",
    ],
  ],
  tagging: [
    ["no set", "<Tagging/>", MALFORMED],
    ["no value", "<Tagging><TagSet><Tag><Key>a</Key></Tag></TagSet></Tagging>", MALFORMED],
    ["the same key twice", tags(["a", "1"], ["a", "2"]), "400 InvalidTag"],
    ["an empty key", tags(["", "1"]), MALFORMED],
    ["a key of AWS", tags(["aws:a", "1"]), "400 InvalidTag"],
    ["a sign that tags do not have", tags(["a", "b|c"]), "400 InvalidTag"],
    ["a long key", tags(["a".repeat(129), "1"]), "400 InvalidTag"],
    ["a long value", tags(["a", "1".repeat(257)]), "400 InvalidTag"],
    [
      "51 tags",
      tags(...Array.from({ length: 51 }, (_, index) => [`key-${index}`, "1"] as const)),
      "400 BadRequest",
    ],
  ],
  versioning: [
    ["no status", "<VersioningConfiguration/>", "400 IllegalVersioningConfigurationException"],
    [
      "another status",
      "<VersioningConfiguration><Status>enabled</Status></VersioningConfiguration>",
      MALFORMED,
    ],
    [
      "suspension in spite of Object Lock",
      "<VersioningConfiguration><Status>Suspended</Status></VersioningConfiguration>",
      "409 InvalidBucketState",
    ],
  ],
  encryption: [
    ["no rule", encryption(""), MALFORMED],
    ["two rules", encryption(AES + AES), MALFORMED],
    ["an empty rule", encryption("<Rule/>"), MALFORMED],
    ["no algorithm", encryption(standard("")), MALFORMED],
    ["an unknown algorithm", encryption(standard("<SSEAlgorithm>ROT13</SSEAlgorithm>")), MALFORMED],
    [
      "a KMS key without KMS",
      encryption(standard("<SSEAlgorithm>AES256</SSEAlgorithm><KMSMasterKeyID>alias/a</KMSMasterKeyID>")),
      "400 InvalidArgument",
    ],
    [
      "two layers of KMS",
      encryption(standard("<SSEAlgorithm>aws:kms:dsse</SSEAlgorithm>")),
      "501 NotImplemented",
    ],
    [
      "a blocked type that there is not",
      encryption(
        "<Rule><BlockedEncryptionTypes><EncryptionType>SSE-X</EncryptionType></BlockedEncryptionTypes></Rule>",
      ),
      MALFORMED,
    ],
  ],
  "object-lock": [
    ["not enabled", "<ObjectLockConfiguration/>", MALFORMED],
    [
      "switched off",
      "<ObjectLockConfiguration><ObjectLockEnabled>Disabled</ObjectLockEnabled></ObjectLockConfiguration>",
      MALFORMED,
    ],
    [
      "a rule without retention",
      "<ObjectLockConfiguration><ObjectLockEnabled>Enabled</ObjectLockEnabled><Rule/></ObjectLockConfiguration>",
      MALFORMED,
    ],
    ["no mode", lock("<Days>1</Days>"), MALFORMED],
    ["an unknown mode", lock("<Mode>governance</Mode><Days>1</Days>"), MALFORMED],
    ["no period", lock("<Mode>GOVERNANCE</Mode>"), MALFORMED],
    ["two periods", lock("<Mode>GOVERNANCE</Mode><Days>1</Days><Years>1</Years>"), MALFORMED],
    ["no days", lock("<Mode>GOVERNANCE</Mode><Days>0</Days>"), "400 InvalidRetentionPeriod"],
    ["years below zero", lock("<Mode>GOVERNANCE</Mode><Years>-1</Years>"), "400 InvalidRetentionPeriod"],
    ["more than a century", lock("<Mode>GOVERNANCE</Mode><Days>36501</Days>"), "400 InvalidRetentionPeriod"],
  ],
  ownershipControls: [
    ["no rule", "<OwnershipControls/>", MALFORMED],
    [
      "an ownership that there is not",
      "<OwnershipControls><Rule><ObjectOwnership>Mine</ObjectOwnership></Rule></OwnershipControls>",
      MALFORMED,
    ],
    [
      "an ownership with ACLs",
      "<OwnershipControls><Rule><ObjectOwnership>ObjectWriter</ObjectOwnership></Rule></OwnershipControls>",
      "501 NotImplemented",
    ],
  ],
  notification: [
    [
      "a topic",
      notification(
        "<TopicConfiguration><Topic>arn:aws:sns:us-east-1:123456789012:t</Topic><Event>s3:ObjectCreated:*</Event></TopicConfiguration>",
      ),
      "501 NotImplemented",
    ],
    [
      "an event that there is not",
      notification(
        "<QueueConfiguration><Queue>arn:aws:sqs:us-east-1:123456789012:q</Queue><Event>s3:Nothing</Event></QueueConfiguration>",
      ),
      MALFORMED,
    ],
  ],
  publicAccessBlock: [
    ["no document", "", "400 MissingRequestBodyError"],
    [
      "neither yes nor no",
      "<PublicAccessBlockConfiguration><BlockPublicAcls>maybe</BlockPublicAcls></PublicAccessBlockConfiguration>",
      MALFORMED,
    ],
  ],
  requestPayment: [
    [
      "nobody who pays",
      "<RequestPaymentConfiguration><Payer>Nobody</Payer></RequestPaymentConfiguration>",
      MALFORMED,
    ],
  ],
  policy: [
    ["nothing", "", "400 MissingRequestBodyError"],
    ["no JSON", "<Policy/>", "400 MalformedPolicy"],
    ["another bucket's", (BEFORE["policy"] ?? "").replace("misconfigured", "other"), "400 MalformedPolicy"],
    ["more than 20 KB", (BEFORE["policy"] ?? "").padEnd(20_481), "400 MalformedPolicy"],
    ["a public one", (BEFORE["policy"] ?? "").replace("Deny", "Allow"), "403 AccessDenied"],
  ],
};

for (const [name, cases] of Object.entries(CASES))
  describe(`?${name} with`, () => {
    for (const [title, document, error] of cases)
      test(`${title} is refused, and nothing changes`, async () => {
        const before = await state();
        expect(errorOf(await send("PUT", name, document))).toBe(error);
        expect(await state()).toEqual(before);
      });
  });

describe("buckets that are not made", () => {
  const location = (region: string) =>
    `<CreateBucketConfiguration><LocationConstraint>${region}</LocationConstraint></CreateBucketConfiguration>`;
  const tagged =
    "<CreateBucketConfiguration><Tags><Tag><Key>aws:a</Key><Value>1</Value></Tag></Tags></CreateBucketConfiguration>";
  const cases: readonly (readonly [bucket: string, document: string, error: string])[] = [
    ["No-Bucket", "", "400 InvalidBucketName"],
    ["192.168.0.1", "", "400 InvalidBucketName"],
    ["no-bucket", "<CreateBucketConfiguration>", MALFORMED],
    ["no-bucket", location("us-east-1"), "400 InvalidLocationConstraint"],
    ["no-bucket", location("nowhere"), "400 InvalidLocationConstraint"],
    ["no-bucket", tagged, "400 InvalidTag"],
  ];
  for (const [bucket, document, error] of cases)
    test(`${bucket} ${document}`, async () => {
      expect(errorOf(await send("PUT", undefined, document, bucket))).toBe(error);
      expect((await send("GET", "location", "", bucket)).status).toBe(404);
    });
});
