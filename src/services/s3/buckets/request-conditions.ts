/**
 * What a bucket policy can ask of a request (Service Authorization Reference, "Condition keys for Amazon S3"; IAM User
 * Guide, "AWS global condition context keys"). What follows from the request alone is here and in every question;
 * what is about the object or a listing comes from the operation.
 */
import { formatArn } from "../../../aws/names.ts";
import type { S3Call } from "../call.ts";

/** What S3 adds to a request of IAM: `s3:prefix`, `s3:ExistingObjectTag/team`, ... */
export type AccessContext = Readonly<Record<string, string | readonly string[]>>;

const KMS_KEY = "x-amz-server-side-encryption-aws-kms-key-id";
const KEY_ID = /^([0-9a-f]{8}-([0-9a-f]{4}-){3}[0-9a-f]{12}|mrk-[0-9a-f]{32})$/;

const OF_HEADERS: readonly (readonly [header: string, key: string])[] = [
  ["referer", "aws:Referer"],
  ["user-agent", "aws:UserAgent"],
  ["if-match", "s3:if-match"],
  ["if-none-match", "s3:if-none-match"],
  ["x-amz-object-lock-mode", "s3:object-lock-mode"],
  ["x-amz-object-lock-retain-until-date", "s3:object-lock-retain-until-date"],
  ["x-amz-object-lock-legal-hold", "s3:object-lock-legal-hold"],
  ...[
    "x-amz-acl",
    "x-amz-bucket-namespace",
    "x-amz-content-sha256",
    "x-amz-copy-source",
    "x-amz-grant-full-control",
    "x-amz-grant-read",
    "x-amz-grant-read-acp",
    "x-amz-grant-write",
    "x-amz-grant-write-acp",
    "x-amz-metadata-directive",
    "x-amz-object-ownership",
    "x-amz-server-side-encryption",
    "x-amz-server-side-encryption-customer-algorithm",
    "x-amz-storage-class",
    "x-amz-website-redirect-location",
  ].map((header) => [header, `s3:${header}`] as const),
];

export function requestConditions(call: S3Call): AccessContext {
  const context: Record<string, string | readonly string[]> = {};
  for (const [header, key] of OF_HEADERS) {
    const value = call.header(header);
    if (value !== undefined) context[key] = value;
  }
  const keyId = call.header(KMS_KEY);
  if (keyId !== undefined) context[`s3:${KMS_KEY}`] = keyArn(call, keyId);
  const source = call.header("x-amz-copy-source");
  if (source !== undefined) context["s3:x-amz-copy-source"] = copySource(source);
  return {
    ...context,
    ...signatureConditions(call),
    ...(call.tlsVersion !== undefined && { "s3:TlsVersion": call.tlsVersion }),
    ...requestTagConditions(tagsOfHeader(call.header("x-amz-tagging"))),
    ...retentionConditions(call.now, call.header("x-amz-object-lock-retain-until-date")),
  };
}

/** Policies name keys by their ARN, requests by their bare id as well; an alias stays one. */
function keyArn({ account, region }: S3Call, keyId: string): string {
  return KEY_ID.test(keyId)
    ? formatArn({ service: "kms", region, account, resource: `key/${keyId}` })
    : keyId;
}

/** `bucket/key` as policies write it, taken apart as copy-source.ts does: decoded, then without the slash that may begin it, and without the version. */
function copySource(header: string): string {
  const version = header.lastIndexOf("?versionId=");
  const path = version < 0 ? header : header.slice(0, version);
  try {
    return decodeURIComponent(path).replace(/^\//, "");
  } catch {
    return path;
  }
}

function signatureConditions({ signature, now }: S3Call): AccessContext {
  if (signature === undefined) return {};
  const { type, version, signedAt } = signature;
  return {
    "s3:authType": type,
    "s3:signatureversion": version,
    ...(signedAt && { "s3:signatureAge": String(Math.max(0, now.getTime() - signedAt.getTime())) }),
  };
}

const DAY = 86_400_000;

/** @param until as the request writes it */
export function retentionConditions(now: Date, until: string | Date | undefined): AccessContext {
  const end = until === undefined ? Number.NaN : new Date(until).getTime();
  if (Number.isNaN(end)) return {};
  const days = Math.ceil((end - now.getTime()) / DAY);
  return {
    "s3:object-lock-retain-until-date": new Date(end).toISOString(),
    "s3:object-lock-remaining-retention-days": String(days),
  };
}

/** The tags that the object is to get. */
export function requestTagConditions(tags: Readonly<Record<string, string>>): AccessContext {
  const keys = Object.keys(tags);
  if (keys.length === 0) return {};
  return { "s3:RequestObjectTagKeys": keys, ...tagConditions("s3:RequestObjectTag", tags) };
}

/** The tags that the object has. */
export function existingTagConditions(tags: Readonly<Record<string, string>>): AccessContext {
  return tagConditions("s3:ExistingObjectTag", tags);
}

function tagConditions(key: string, tags: Readonly<Record<string, string>>): AccessContext {
  return Object.fromEntries(Object.entries(tags).map(([tag, value]) => [`${key}/${tag}`, value]));
}

/** Of the version that a request names. */
export function versionCondition(versionId: string | undefined): AccessContext {
  return versionId === undefined ? {} : { "s3:VersionId": versionId };
}

/** `a=1&b=2`, as in a query; what is wrong with it is the operation's to say. */
function tagsOfHeader(header: string | undefined): Readonly<Record<string, string>> {
  return header === undefined ? {} : Object.fromEntries(new URLSearchParams(header));
}
