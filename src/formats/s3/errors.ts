/** What the S3 door itself refuses, in the words of the Amazon S3 API Reference, "Error responses". */
import { AwsError } from "../../aws/errors.ts";

export function accessDenied(message = "Access Denied"): AwsError {
  return new AwsError("AccessDenied", message, { status: 403 });
}

export function invalidRequest(message: string): AwsError {
  return new AwsError("InvalidRequest", message);
}

export function invalidArgument(message: string, name: string, value: string): AwsError {
  return new AwsError("InvalidArgument", message, { members: { ArgumentName: name, ArgumentValue: value } });
}

export function invalidUri(): AwsError {
  return new AwsError("InvalidURI", "Couldn't parse the specified URI.");
}

export function missingContentLength(): AwsError {
  return new AwsError("MissingContentLength", "You must provide the Content-Length HTTP header.", {
    status: 411,
  });
}

/** `Transfer-Encoding: chunked` in the place of a length: what clients do that stream to a presigned address. */
export function chunkedNotImplemented(): AwsError {
  return new AwsError(
    "NotImplemented",
    "A header you provided implies functionality that is not implemented",
    { status: 501, members: { Header: "Transfer-Encoding" } },
  );
}

export function invalidDigest(value: string): AwsError {
  return new AwsError("InvalidDigest", "The Content-MD5 you specified was invalid.", {
    members: { "Content-MD5": value },
  });
}

export function keyTooLong(size: number): AwsError {
  return new AwsError("KeyTooLongError", "Your key is too long", {
    members: { Size: size, MaxSizeAllowed: LONGEST_KEY },
  });
}

export function metadataTooLarge(size: number): AwsError {
  return new AwsError("MetadataTooLarge", "Your metadata headers exceed the maximum allowed metadata size", {
    members: { Size: size, MaxSizeAllowed: LARGEST_METADATA },
  });
}

/** Bytes of UTF-8. */
export const LONGEST_KEY = 1024;
/** Bytes of names, without their prefix, and values (User Guide, "User-defined object metadata"). */
export const LARGEST_METADATA = 2048;
