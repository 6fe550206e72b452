/**
 * How S3 says that a value is none: in a document always the same, in a header or parameter by its name (texts as users
 * of S3 quote them in issues and tests).
 */
import { AwsError } from "../errors.ts";
import { clipped, lastMember } from "./violation-text.ts";
import type { Violation } from "./violations.ts";

/** Members that are the request's whole body. */
const DOCUMENTS =
  /^(\w+Configuration|AbacStatus|BucketLoggingStatus|Delete|OwnershipControls|Policy|Tagging)$/;

export function s3Wording([violation]: readonly [Violation, ...Violation[]]): AwsError {
  if (violation.path.parent) {
    return new AwsError(
      "MalformedXML",
      "The XML you provided was not well-formed or did not validate against our published schema",
    );
  }
  const name = lastMember(violation.path);
  if (violation.kind === "required") {
    if (DOCUMENTS.test(name)) return new AwsError("MissingRequestBodyError", "Request Body is empty");
    return new AwsError("InvalidRequest", `Missing required parameter for this operation: ${name}`);
  }
  const value = clipped(String(violation.value));
  const own = VALUES[name]?.(value);
  if (own !== undefined) return own;
  const [argument, message] = ARGUMENTS[name] ?? [name, `The value given for ${name} is not valid`];
  return new AwsError("InvalidArgument", message, {
    members: { ArgumentName: argument, ArgumentValue: value },
  });
}

/** The header or parameter of a member, and what S3 says of an unknown value. */
const ARGUMENTS: Readonly<Record<string, readonly [argument: string, message: string]>> = {
  EncodingType: ["encoding-type", "Invalid Encoding Method specified in Request"],
  MetadataDirective: ["x-amz-metadata-directive", "Unknown metadata directive."],
  ObjectAttributes: ["x-amz-object-attributes", "Invalid attribute name specified."],
  ObjectLockLegalHoldStatus: ["x-amz-object-lock-legal-hold", "Legal Hold must be either of 'ON' or 'OFF'"],
  ObjectLockMode: ["x-amz-object-lock-mode", "Unknown wormMode directive."],
  ServerSideEncryption: ["x-amz-server-side-encryption", "The encryption method specified is not supported"],
  TaggingDirective: ["x-amz-tagging-directive", "Unknown tagging directive."],
};

/** Those with an error of their own. */
const VALUES: Readonly<Record<string, (value: string) => AwsError>> = {
  ChecksumAlgorithm: () =>
    new AwsError(
      "InvalidRequest",
      "Checksum algorithm provided is unsupported. Please try again with any of the valid types: [CRC32, CRC32C, CRC64NVME, MD5, SHA1, SHA256, SHA512, XXHASH128, XXHASH3, XXHASH64]",
    ),
  ChecksumType: () => new AwsError("InvalidRequest", "Value for x-amz-checksum-type header is invalid."),
  ObjectOwnership: (value) =>
    new AwsError("InvalidArgument", `Invalid x-amz-object-ownership header: ${value}`, {
      members: { ArgumentName: "x-amz-object-ownership" },
    }),
  StorageClass: (value) =>
    new AwsError("InvalidStorageClass", "The storage class you specified is not valid", {
      members: { StorageClassRequested: value },
    }),
  TransitionDefaultMinimumObjectSize: (value) =>
    new AwsError("InvalidRequest", `Invalid TransitionDefaultMinimumObjectSize found: ${value}`),
};
