/** KMS's errors, in its own words (KMS API reference, "Common Errors" and each operation's; texts as its clients report them). */
import { AwsError } from "../../aws/errors.ts";

/** So that services which encrypt with a key can tell KMS's refusals from their own. */
export class KmsError extends AwsError {}

export function keyNotFound(arn: string): KmsError {
  return new KmsError("NotFoundException", `Key '${arn}' does not exist`);
}

export function aliasNotFound(arn: string): KmsError {
  return new KmsError("NotFoundException", `Alias ${arn} is not found.`);
}

export function invalidKeyId(keyId: string): KmsError {
  return new KmsError("NotFoundException", `Invalid keyId '${keyId.slice(0, 256)}'`);
}

export function invalidArn(part: string): KmsError {
  return new KmsError("NotFoundException", `Invalid arn ${part.slice(0, 256)}`);
}

export function disabled(arn: string): KmsError {
  return new KmsError("DisabledException", `${arn} is disabled.`);
}

export function pendingDeletion(arn: string): KmsError {
  return new KmsError("KMSInvalidStateException", `${arn} is pending deletion.`);
}

export function notPendingDeletion(arn: string): KmsError {
  return new KmsError("KMSInvalidStateException", `${arn} is not pending deletion.`);
}

export function invalidKeyUsage(arn: string, usage: string, operation: string): KmsError {
  return new KmsError(
    "InvalidKeyUsageException",
    `${arn} key usage is ${usage} which is not valid for ${operation}.`,
  );
}

export function algorithmDoesNotFit(algorithm: string, spec: string): KmsError {
  return new KmsError(
    "InvalidKeyUsageException",
    `Algorithm ${algorithm} is incompatible with key spec ${spec}.`,
  );
}

export function specDoesNotFit(arn: string, spec: string, operation: string): KmsError {
  return new KmsError(
    "InvalidKeyUsageException",
    `${arn} key spec is ${spec} which is not valid for ${operation}.`,
  );
}

/** AWS gives no text: nothing is to be learned from what was wrong with it. */
export function invalidCiphertext(): KmsError {
  return new KmsError("InvalidCiphertextException", "");
}

export function ciphertextOfUnknownKey(): KmsError {
  return new KmsError(
    "AccessDeniedException",
    "The ciphertext refers to a customer master key that does not exist, does not exist in this region, or you are not allowed to access.",
  );
}

export function incorrectKey(): KmsError {
  return new KmsError(
    "IncorrectKeyException",
    "The key ID in the request does not identify a CMK that can perform this operation.",
  );
}

export function aliasExists(arn: string): KmsError {
  return new KmsError("AlreadyExistsException", `An alias with the name ${arn} already exists`);
}

export function invalidAliasName(message: string): KmsError {
  return new KmsError("InvalidAliasNameException", message);
}

export function notAuthorized(message: string): KmsError {
  return new KmsError("NotAuthorizedException", message);
}

export function malformedPolicy(message: string, cause?: unknown): KmsError {
  return new KmsError("MalformedPolicyDocumentException", message, { cause });
}

export function limitExceeded(message: string): KmsError {
  return new KmsError("LimitExceededException", message);
}

export function unsupported(message: string): KmsError {
  return new KmsError("UnsupportedOperationException", message);
}

export function validation(message: string): KmsError {
  return new KmsError("ValidationException", message);
}

export function tagProblem(message: string): KmsError {
  return new KmsError("TagException", message);
}

export function invalidMarker(): KmsError {
  return new KmsError("InvalidMarkerException", "The marker is not valid for this listing.");
}

export function invalidGrantId(): KmsError {
  return new KmsError("NotFoundException", "Grant ID is not found.");
}

export function invalidGrantToken(): KmsError {
  return new KmsError("InvalidGrantTokenException", "The grant token is not valid.");
}

export function invalidSignature(): KmsError {
  return new KmsError("KMSInvalidSignatureException", "");
}

export function invalidMac(): KmsError {
  return new KmsError("KMSInvalidMacException", "");
}

export function dryRunPassed(): KmsError {
  return new KmsError(
    "DryRunOperationException",
    "The request would have succeeded, but the DryRun option is set.",
  );
}

export function throttled(): KmsError {
  return new KmsError("ThrottlingException", "Rate exceeded");
}
