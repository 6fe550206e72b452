import { AwsError } from "../../../aws/errors.ts";
import type { AccessContext } from "../buckets/open-bucket.ts";

const MOST = 1000;

/** How many one page may have; more than S3's limit is the limit. */
export function pageSize(name: string, asked: number | undefined): number {
  if (asked === undefined) return MOST;
  if (!Number.isInteger(asked) || asked < 0 || asked > 2 ** 31 - 1)
    throw invalidArgument(
      `Argument ${name} must be an integer between 0 and 2147483647`,
      name,
      String(asked),
    );
  return Math.min(asked, MOST);
}

export function checkEncodingType(encodingType: string | undefined): void {
  if (encodingType === undefined || encodingType === "url") return;
  throw invalidArgument("Invalid Encoding Method specified in Request", "encoding-type", encodingType);
}

/** What a bucket policy can ask of a listing. */
export function listContext(input: {
  readonly Prefix?: string | undefined;
  readonly Delimiter?: string | undefined;
  readonly MaxKeys?: number | undefined;
}): AccessContext {
  return {
    ...(input.Prefix !== undefined && { "s3:prefix": input.Prefix }),
    ...(input.Delimiter !== undefined && { "s3:delimiter": input.Delimiter }),
    ...(input.MaxKeys !== undefined && { "s3:max-keys": String(input.MaxKeys) }),
  };
}

export function invalidArgument(message: string, name: string, value: string): AwsError {
  return new AwsError("InvalidArgument", message, { members: { ArgumentName: name, ArgumentValue: value } });
}
