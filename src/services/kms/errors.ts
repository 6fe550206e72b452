/** KMS's errors, in its own words (KMS API reference, "Common Errors" and each operation's; texts as its clients report them). */
import { AwsError } from "../../aws/errors.ts";

export function keyNotFound(arn: string): AwsError {
  return new AwsError("NotFoundException", `Key '${arn}' does not exist`);
}

export function aliasNotFound(arn: string): AwsError {
  return new AwsError("NotFoundException", `Alias ${arn} is not found.`);
}

export function invalidKeyId(keyId: string): AwsError {
  return new AwsError("NotFoundException", `Invalid keyId '${keyId.slice(0, 256)}'`);
}

export function invalidArn(part: string): AwsError {
  return new AwsError("NotFoundException", `Invalid arn ${part.slice(0, 256)}`);
}

export function disabled(arn: string): AwsError {
  return new AwsError("DisabledException", `${arn} is disabled.`);
}

export function pendingDeletion(arn: string): AwsError {
  return new AwsError("KMSInvalidStateException", `${arn} is pending deletion.`);
}

export function notPendingDeletion(arn: string): AwsError {
  return new AwsError("KMSInvalidStateException", `${arn} is not pending deletion.`);
}

export function invalidKeyUsage(arn: string, usage: string, operation: string): AwsError {
  return new AwsError(
    "InvalidKeyUsageException",
    `${arn} key usage is ${usage} which is not valid for ${operation}.`,
  );
}

export function algorithmDoesNotFit(algorithm: string, spec: string): AwsError {
  return new AwsError(
    "InvalidKeyUsageException",
    `Algorithm ${algorithm} is incompatible with key spec ${spec}.`,
  );
}

export function specDoesNotFit(arn: string, spec: string, operation: string): AwsError {
  return new AwsError(
    "InvalidKeyUsageException",
    `${arn} key spec is ${spec} which is not valid for ${operation}.`,
  );
}

/** AWS gives no text: nothing is to be learned from what was wrong with it. */
export function invalidCiphertext(): AwsError {
  return new AwsError("InvalidCiphertextException", "");
}

export function ciphertextOfUnknownKey(): AwsError {
  return new AwsError(
    "AccessDeniedException",
    "The ciphertext refers to a customer master key that does not exist, does not exist in this region, or you are not allowed to access.",
  );
}

export function incorrectKey(): AwsError {
  return new AwsError(
    "IncorrectKeyException",
    "The key ID in the request does not identify a CMK that can perform this operation.",
  );
}

export function aliasExists(arn: string): AwsError {
  return new AwsError("AlreadyExistsException", `An alias with the name ${arn} already exists`);
}

export function invalidAliasName(message: string): AwsError {
  return new AwsError("InvalidAliasNameException", message);
}

export function notAuthorized(message: string): AwsError {
  return new AwsError("NotAuthorizedException", message);
}

export function malformedPolicy(message: string, cause?: unknown): AwsError {
  return new AwsError("MalformedPolicyDocumentException", message, { cause });
}

export function limitExceeded(message: string): AwsError {
  return new AwsError("LimitExceededException", message);
}

export function unsupported(message: string): AwsError {
  return new AwsError("UnsupportedOperationException", message);
}

export function validation(message: string): AwsError {
  return new AwsError("ValidationException", message);
}

export function tagProblem(message: string): AwsError {
  return new AwsError("TagException", message);
}

export function invalidMarker(): AwsError {
  return new AwsError("InvalidMarkerException", "The marker is not valid for this listing.");
}

export function invalidGrantId(): AwsError {
  return new AwsError("NotFoundException", "Grant ID is not found.");
}

export function invalidGrantToken(): AwsError {
  return new AwsError("InvalidGrantTokenException", "The grant token is not valid.");
}

export function invalidSignature(): AwsError {
  return new AwsError("KMSInvalidSignatureException", "");
}

export function invalidMac(): AwsError {
  return new AwsError("KMSInvalidMacException", "");
}

export function dryRunPassed(): AwsError {
  return new AwsError(
    "DryRunOperationException",
    "The request would have succeeded, but the DryRun option is set.",
  );
}
