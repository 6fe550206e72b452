/** The bucket's policy, and whether it is public. */
import type * as sdk from "@aws-sdk/client-s3";
import { AwsError } from "../../../aws/errors.ts";
import { NO_CONTENT, type S3Call, type XmlDocument } from "../call.ts";
import type { S3Context } from "../context.ts";
import { type Bucket, bucketArn } from "./bucket.ts";
import { accessDenied, noSuchConfiguration } from "./errors.ts";
import { openBucket } from "./open-bucket.ts";
import { checkPolicyDocument } from "./policy-document.ts";
import { publicPolicy } from "./public-policy.ts";
import { changeSettings } from "./settings.ts";

/** Throws MalformedPolicy, and AccessDenied for a public policy where the bucket blocks these. */
export async function putBucketPolicy(
  s3: S3Context,
  call: S3Call,
  input: sdk.PutBucketPolicyCommandInput,
): Promise<XmlDocument> {
  const bucket = await openOwn(s3, call, input.Bucket, "s3:PutBucketPolicy");
  const policy = input.Policy ?? "";
  if (policy === "") throw new AwsError("MissingRequestBodyError", "Request Body is empty");
  checkPolicyDocument(policy, bucket.name);
  await s3.metadata.write((tx) =>
    changeSettings(tx, bucket, ({ publicAccessBlock }) => {
      if (publicAccessBlock?.BlockPublicPolicy && publicPolicy(policy))
        throw accessDenied(
          `User: ${call.principal.arn} is not authorized to perform: s3:PutBucketPolicy on resource: "${bucketArn(bucket.name)}" because public policies are blocked by the BlockPublicPolicy block public access setting.`,
        );
      return { policy };
    }),
  );
  return NO_CONTENT;
}

export async function getBucketPolicy(
  s3: S3Context,
  call: S3Call,
  input: sdk.GetBucketPolicyCommandInput,
): Promise<Omit<sdk.GetBucketPolicyCommandOutput, "$metadata">> {
  const { settings, name } = await openOwn(s3, call, input.Bucket, "s3:GetBucketPolicy");
  if (settings.policy === undefined) throw noSuchPolicy(name);
  return { Policy: settings.policy };
}

export async function deleteBucketPolicy(
  s3: S3Context,
  call: S3Call,
  input: sdk.DeleteBucketPolicyCommandInput,
): Promise<object> {
  const bucket = await openOwn(s3, call, input.Bucket, "s3:DeleteBucketPolicy");
  await s3.metadata.write((tx) => changeSettings(tx, bucket, () => ({ policy: undefined })));
  return {};
}

export async function getBucketPolicyStatus(
  s3: S3Context,
  call: S3Call,
  input: sdk.GetBucketPolicyStatusCommandInput,
): Promise<Omit<sdk.GetBucketPolicyStatusCommandOutput, "$metadata">> {
  const { settings, name } = await openBucket(s3, call, input.Bucket, "s3:GetBucketPolicyStatus");
  if (settings.policy === undefined) throw noSuchPolicy(name);
  return { PolicyStatus: { IsPublic: publicPolicy(settings.policy) } };
}

/** A policy is its owner's affair: another account that may is told that it cannot (PutBucketPolicy, "Permissions"). */
async function openOwn(
  s3: S3Context,
  call: S3Call,
  name: string | undefined,
  action: string,
): Promise<Bucket> {
  const bucket = await openBucket(s3, call, name, action);
  if (call.principal.account === bucket.account) return bucket;
  throw new AwsError("MethodNotAllowed", "The specified method is not allowed against this resource.", {
    status: 405,
    members: { ResourceType: "BUCKETPOLICY" },
  });
}

function noSuchPolicy(bucket: string) {
  return noSuchConfiguration("NoSuchBucketPolicy", "The bucket policy does not exist", bucket);
}
