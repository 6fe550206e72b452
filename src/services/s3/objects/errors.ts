/** What object operations refuse, in the words of the Amazon S3 API Reference, "Error responses". */
import { AwsError } from "../../../aws/errors.ts";
import { S3Error } from "../s3-error.ts";

export function noSuchKey(key: string, headers: Readonly<Record<string, string>> = {}): AwsError {
  return new S3Error("NoSuchKey", "The specified key does not exist.", {
    status: 404,
    members: { Key: key },
    headers,
  });
}

export function noSuchVersion(key: string, versionId: string): AwsError {
  return new AwsError("NoSuchVersion", "The specified version does not exist.", {
    status: 404,
    members: { Key: key, VersionId: versionId },
  });
}

/** @param condition the header that did not hold */
export function preconditionFailed(condition: string): AwsError {
  return new AwsError("PreconditionFailed", "At least one of the pre-conditions you specified did not hold", {
    status: 412,
    members: { Condition: condition },
  });
}

export function conditionalRequestConflict(key: string, condition: string, cause?: unknown): AwsError {
  return new AwsError(
    "ConditionalRequestConflict",
    "The conditional request cannot succeed due to a conflicting operation against this resource.",
    { status: 409, members: { Condition: condition, Key: key }, cause },
  );
}

/** A delete marker was asked for by its version id, or something that only content has. */
export function methodNotAllowed(method: string, headers: Readonly<Record<string, string>>): AwsError {
  return new S3Error("MethodNotAllowed", "The specified method is not allowed against this resource.", {
    status: 405,
    members: { Method: method, ResourceType: "DeleteMarker" },
    headers: { allow: "DELETE", ...headers },
  });
}

/** In bytes of UTF-8. */
export const LONGEST_KEY = 1024;

export function keyTooLong(size: number): AwsError {
  return new AwsError("KeyTooLongError", "Your key is too long", {
    members: { Size: size, MaxSizeAllowed: LONGEST_KEY },
  });
}
