/** The CORS configuration and its rules (PutBucketCors; Amazon S3 User Guide, "Elements of a CORS configuration"). */
import type * as sdk from "@aws-sdk/client-s3";
import type { AwsError } from "../../../aws/errors.ts";
import type { S3Call } from "../call.ts";
import type { S3Context } from "../context.ts";
import { invalidRequest, malformedXml, noSuchConfiguration } from "./errors.ts";
import { openBucket } from "./open-bucket.ts";
import { changeSettings } from "./settings.ts";

const MOST_RULES = 100;
const LONGEST_ID = 255;
/** Of the document, in bytes. */
const MAX_SIZE = 65_536;
const METHODS: ReadonlySet<string> = new Set(["GET", "PUT", "HEAD", "POST", "DELETE"]);

export async function putBucketCors(
  s3: S3Context,
  call: S3Call,
  input: sdk.PutBucketCorsCommandInput,
): Promise<object> {
  const bucket = await openBucket(s3, call, input.Bucket, "s3:PutBucketCORS");
  const cors = input.CORSConfiguration?.CORSRules ?? [];
  checkCorsRules(cors);
  await s3.metadata.write((tx) => changeSettings(tx, bucket, () => ({ cors })));
  return {};
}

export async function getBucketCors(
  s3: S3Context,
  call: S3Call,
  input: sdk.GetBucketCorsCommandInput,
): Promise<Omit<sdk.GetBucketCorsCommandOutput, "$metadata">> {
  const { settings, name } = await openBucket(s3, call, input.Bucket, "s3:GetBucketCORS");
  if (settings.cors === undefined)
    throw noSuchConfiguration("NoSuchCORSConfiguration", "The CORS configuration does not exist", name);
  return { CORSRules: [...settings.cors] };
}

export async function deleteBucketCors(
  s3: S3Context,
  call: S3Call,
  input: sdk.DeleteBucketCorsCommandInput,
): Promise<object> {
  const bucket = await openBucket(s3, call, input.Bucket, "s3:PutBucketCORS");
  await s3.metadata.write((tx) => changeSettings(tx, bucket, () => ({ cors: undefined })));
  return {};
}

/** Throws MalformedXML, InvalidRequest. */
export function checkCorsRules(rules: readonly sdk.CORSRule[]): void {
  if (rules.length === 0) throw malformedXml();
  if (rules.length > MOST_RULES || Buffer.byteLength(JSON.stringify(rules)) > MAX_SIZE)
    throw invalidRequest(`The number of CORS rules should not exceed allowed limit of ${MOST_RULES} rules.`);
  for (const rule of rules) checkRule(rule);
}

function checkRule(rule: sdk.CORSRule): void {
  const { AllowedMethods: methods = [], AllowedOrigins: origins = [] } = rule;
  if (methods.length === 0 || origins.length === 0) throw malformedXml();
  if ((rule.ID?.length ?? 0) > LONGEST_ID)
    throw invalidRequest(
      `The ID of a CORS rule should not exceed allowed limit of ${LONGEST_ID} characters.`,
    );
  const unknown = methods.find((method) => !METHODS.has(method));
  if (unknown !== undefined)
    throw invalidRequest(
      `Found unsupported HTTP method in CORS config. Unsupported method is ${unknown.slice(0, 64)}`,
    );
  const wildcards = origins.find((origin) => count(origin) > 1);
  if (wildcards !== undefined) throw oneWildcard("AllowedOrigin", wildcards);
  const headers = rule.AllowedHeaders?.find((header) => count(header) > 1);
  if (headers !== undefined) throw oneWildcard("AllowedHeader", headers);
  const exposed = rule.ExposeHeaders?.find((header) => count(header) > 0);
  if (exposed !== undefined)
    throw invalidRequest(
      `ExposeHeader "${exposed.slice(0, 64)}" contains wildcard. We currently do not support wildcard for ExposeHeader.`,
    );
  const age = rule.MaxAgeSeconds;
  if (age !== undefined && (!Number.isInteger(age) || age < 0)) throw malformedXml();
}

function count(text: string): number {
  return text.split("*").length - 1;
}

function oneWildcard(element: string, value: string): AwsError {
  return invalidRequest(`${element} "${value.slice(0, 64)}" can not have more than one wildcard.`);
}
