/**
 * ACLs, as buckets answer whose ownership is BucketOwnerEnforced (Amazon S3 User Guide, "Controlling ownership of
 * objects and disabling ACLs"), which is every bucket here: reading says that all is the owner's, and nothing else can
 * be written.
 */
import type * as sdk from "@aws-sdk/client-s3";
import { AwsError } from "../../../aws/errors.ts";
import type { S3Call } from "../call.ts";
import type { S3Context } from "../context.ts";
import { openVersion } from "../objects/read-version.ts";
import type { Bucket } from "./bucket.ts";
import { canonicalId, ownerOf } from "./canonical-id.ts";
import { malformedXml } from "./errors.ts";
import { openBucket } from "./open-bucket.ts";

/** What an ACL can be given by, in requests that write one. */
interface AclInput {
  readonly ACL?: string | undefined;
  readonly AccessControlPolicy?: sdk.AccessControlPolicy | undefined;
  readonly GrantFullControl?: string | undefined;
  readonly GrantRead?: string | undefined;
  readonly GrantReadACP?: string | undefined;
  readonly GrantWrite?: string | undefined;
  readonly GrantWriteACP?: string | undefined;
}

/** Throws AccessControlListNotSupported unless what is asked for is what holds anyway: full control of the owner. */
function checkAcl(bucket: Bucket, input: AclInput): void {
  const owner = canonicalId(bucket.account);
  const { ACL: canned, AccessControlPolicy: policy, GrantFullControl: full } = input;
  const more = [input.GrantRead, input.GrantReadACP, input.GrantWrite, input.GrantWriteACP];
  const unchanged =
    (canned === undefined || canned === "bucket-owner-full-control") &&
    more.every((grant) => grant === undefined) &&
    (full === undefined || /^\s*id\s*=\s*"?([0-9a-f]{64})"?\s*$/.exec(full)?.[1] === owner) &&
    (policy === undefined || givesOwnerAll(policy, owner));
  if (unchanged) return;
  throw new AwsError("AccessControlListNotSupported", "The bucket does not allow ACLs");
}

function givesOwnerAll({ Owner: of, Grants: grants = [] }: sdk.AccessControlPolicy, owner: string): boolean {
  const [grant] = grants;
  return (
    (of?.ID ?? owner) === owner &&
    grants.length === 1 &&
    grant?.Grantee?.ID === owner &&
    grant.Permission === "FULL_CONTROL"
  );
}

export async function getBucketAcl(
  s3: S3Context,
  call: S3Call,
  input: sdk.GetBucketAclCommandInput,
): Promise<Omit<sdk.GetBucketAclCommandOutput, "$metadata">> {
  return ownersAcl(await openBucket(s3, call, input.Bucket, "s3:GetBucketAcl"));
}

export async function putBucketAcl(
  s3: S3Context,
  call: S3Call,
  input: sdk.PutBucketAclCommandInput,
): Promise<object> {
  const bucket = await openBucket(s3, call, input.Bucket, "s3:PutBucketAcl");
  checkGiven(input);
  checkAcl(bucket, input);
  return {};
}

export async function getObjectAcl(
  s3: S3Context,
  call: S3Call,
  input: sdk.GetObjectAclCommandInput,
): Promise<Omit<sdk.GetObjectAclCommandOutput, "$metadata">> {
  const actions = { current: "s3:GetObjectAcl", named: "s3:GetObjectVersionAcl" };
  const { bucket } = await openVersion(s3, call, input, actions);
  return ownersAcl(bucket);
}

export async function putObjectAcl(
  s3: S3Context,
  call: S3Call,
  input: sdk.PutObjectAclCommandInput,
): Promise<object> {
  const actions = { current: "s3:PutObjectAcl", named: "s3:PutObjectVersionAcl" };
  const { bucket } = await openVersion(s3, call, input, actions);
  checkGiven(input);
  checkAcl(bucket, input);
  return {};
}

function ownersAcl(bucket: Bucket): { Owner: sdk.Owner; Grants: sdk.Grant[] } {
  const owner = ownerOf(bucket.account);
  return {
    Owner: owner,
    Grants: [{ Grantee: { Type: "CanonicalUser", ...owner }, Permission: "FULL_CONTROL" }],
  };
}

const WAYS = [
  "ACL",
  "AccessControlPolicy",
  "GrantFullControl",
  "GrantRead",
  "GrantReadACP",
  "GrantWrite",
  "GrantWriteACP",
] as const;

/** Throws MissingSecurityHeader for none at all, UnexpectedContent for a document beside a header. */
function checkGiven(input: AclInput): void {
  const given = WAYS.filter((way) => input[way] !== undefined);
  if (given.length === 0)
    throw new AwsError("MissingSecurityHeader", "Your request was missing a required header", {
      members: { MissingHeaderName: "x-amz-acl" },
    });
  if (input.AccessControlPolicy === undefined) return;
  if (given.length > 1) throw new AwsError("UnexpectedContent", "This request does not support content");
  if ((input.AccessControlPolicy.Grants ?? []).some((grant) => grant.Grantee === undefined))
    throw malformedXml();
}
