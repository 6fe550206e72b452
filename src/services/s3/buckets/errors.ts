/** The errors of bucket operations with the texts of Amazon S3's API Reference, "Error responses". */
import { AwsError } from "../../../aws/errors.ts";

export function noSuchBucket(name: string): AwsError {
  return new AwsError("NoSuchBucket", "The specified bucket does not exist", {
    status: 404,
    members: { BucketName: name },
  });
}

/** A configuration that was never set: `NoSuchCORSConfiguration` and the like. */
export function noSuchConfiguration(code: string, message: string, bucket: string): AwsError {
  return new AwsError(code, message, { status: 404, members: { BucketName: bucket } });
}

export function invalidArgument(message: string, name?: string, value?: string): AwsError {
  const members = name === undefined ? {} : { ArgumentName: name, ArgumentValue: value ?? "" };
  return new AwsError("InvalidArgument", message, { members });
}

export function invalidRequest(message: string): AwsError {
  return new AwsError("InvalidRequest", message);
}

export function malformedXml(): AwsError {
  return new AwsError(
    "MalformedXML",
    "The XML you provided was not well-formed or did not validate against our published schema",
  );
}

export function invalidBucketState(message: string): AwsError {
  return new AwsError("InvalidBucketState", message, { status: 409 });
}

export function accessDenied(message = "Access Denied"): AwsError {
  return new AwsError("AccessDenied", message, { status: 403 });
}

/** What AWS has and this server does not: never taken and then ignored. */
export function notImplemented(what: string): AwsError {
  return new AwsError("NotImplemented", `Shosoin does not offer ${what}. Nothing was changed.`, {
    status: 501,
  });
}
