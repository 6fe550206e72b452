import { AwsError } from "../../../aws/errors.ts";
import { AccessDenied } from "../../../identity/authorize.ts";

/** What KMS says of a key, which S3 passes on under its own code (API Reference, "Error responses"). */
const OF_KMS: ReadonlySet<string> = new Set([
  "DisabledException",
  "InvalidKeyUsageException",
  "KMSInvalidStateException",
  "NotFoundException",
]);

/** The same error in S3's words where it came from KMS, else as it is. */
export function asS3Error(error: unknown): unknown {
  if (!(error instanceof AwsError)) return error;
  if (OF_KMS.has(error.name))
    return new AwsError(`KMS.${error.name}`, error.message, { status: 400, cause: error });
  if (error instanceof AccessDenied || error.name === "AccessDeniedException")
    return new AwsError("AccessDenied", error.message, { status: 403, cause: error });
  return error;
}

export async function askingKms<Result>(work: () => Promise<Result>): Promise<Result> {
  try {
    return await work();
  } catch (error) {
    throw asS3Error(error);
  }
}
