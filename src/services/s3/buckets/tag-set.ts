import type * as sdk from "@aws-sdk/client-s3";
import { AwsError } from "../../../aws/errors.ts";
import { malformedXml } from "./errors.ts";

/** Amazon S3 User Guide, "Using cost allocation S3 bucket tags": letters, numbers, space and these signs. */
const TAG_TEXT = /^[\p{L}\p{Z}\p{N}_.:/=+\-@]*$/u;

export interface TagLimits {
  readonly most: number;
  /** What is said of more tags than that. */
  readonly tooMany: AwsError;
}

const BUCKET_LIMITS: TagLimits = {
  most: 50,
  tooMany: new AwsError("BadRequest", "Bucket tag count cannot be greater than 50"),
};

/** The tags of a bucket by key. Throws InvalidTag, BadRequest, MalformedXML. */
export function checkTags(
  tags: readonly sdk.Tag[],
  limits: TagLimits = BUCKET_LIMITS,
): Readonly<Record<string, string>> {
  if (tags.length > limits.most) throw limits.tooMany;
  const seen = new Map<string, string>();
  for (const { Key: key, Value: value } of tags) {
    if (key === undefined || value === undefined) throw malformedXml();
    if (key === "" || key.length > 128 || !TAG_TEXT.test(key))
      throw invalidTag("The TagKey you have provided is invalid", key);
    if (value.length > 256 || !TAG_TEXT.test(value))
      throw invalidTag("The TagValue you have provided is invalid", key);
    if (key.toLowerCase().startsWith("aws:"))
      throw invalidTag("System tags cannot be added/updated by requester", key);
    if (seen.has(key)) throw invalidTag("Cannot provide multiple Tags with the same key", key);
    seen.set(key, value);
  }
  return Object.fromEntries(seen);
}

export function tagSet(tags: Readonly<Record<string, string>>): sdk.Tag[] {
  return Object.entries(tags).map(([key, value]) => ({ Key: key, Value: value }));
}

function invalidTag(message: string, key: string): AwsError {
  return new AwsError("InvalidTag", message, { members: { TagKey: key.slice(0, 128) } });
}
