/** CodeArtifact's exceptions with the members and statuses of its model; doors of native clients turn them into theirs. */
import { AwsError } from "../../aws/errors.ts";
import type { FormatName, PackageName } from "./format.ts";

export type ResourceType = "domain" | "repository" | "package" | "package-version" | "asset";

export type ValidationReason =
  | "CANNOT_PARSE"
  | "ENCRYPTION_KEY_ERROR"
  | "FIELD_VALIDATION_FAILED"
  | "UNKNOWN_OPERATION"
  | "OTHER";

/** What a package error is about; a PackageKey of the writing functions fits. */
export interface PackageIdentity {
  readonly format: FormatName;
  readonly name: PackageName;
}

export function validation(text: string, reason: ValidationReason = "FIELD_VALIDATION_FAILED"): AwsError {
  return new AwsError("ValidationException", text, { status: 400, members: { reason } });
}

export function notFound(text: string, resourceType?: ResourceType, resourceId?: string): AwsError {
  return about("ResourceNotFoundException", 404, text, resourceType, resourceId);
}

export function conflict(text: string, resourceType?: ResourceType, resourceId?: string): AwsError {
  return about("ConflictException", 409, text, resourceType, resourceId);
}

/** 402, as CodeArtifact's model has it. */
export function quotaExceeded(text: string, resourceType?: ResourceType, resourceId?: string): AwsError {
  return about("ServiceQuotaExceededException", 402, text, resourceType, resourceId);
}

/** The same exception as the permission check throws, for refusals that no policy decides (origin controls). */
export function accessDenied(text: string): AwsError {
  return new AwsError("AccessDeniedException", text, { status: 403 });
}

export function domainNotFound(domain: string, owner: string): AwsError {
  return notFound(
    `Domain not found. Domain '${domain}' owned by account '${owner}' does not exist.`,
    "domain",
    domain,
  );
}

export function repositoryNotFound(repository: string, domain: string, owner: string): AwsError {
  return notFound(
    `Repository not found. Repository '${repository}' in domain '${domain}' owned by account '${owner}' does not exist.`,
    "repository",
    repository,
  );
}

export function packageNotFound(identity: PackageIdentity): AwsError {
  return notFound(`Package '${packageText(identity)}' not found.`, "package", packageText(identity));
}

export function versionNotFound(identity: PackageIdentity, version: string): AwsError {
  return notFound(
    `Package version '${version}' of package '${packageText(identity)}' not found.`,
    "package-version",
    version,
  );
}

export function assetNotFound(identity: PackageIdentity, version: string, asset: string): AwsError {
  return notFound(
    `Asset '${asset}' of package '${packageText(identity)}' version '${version}' not found.`,
    "asset",
    asset,
  );
}

export function versionConflict(version: string, text: string): AwsError {
  return conflict(text, "package-version", version);
}

export function versionQuotaExceeded(version: string, text: string): AwsError {
  return quotaExceeded(text, "package-version", version);
}

/** An archived (or disposed) version: it is there, and no file of it may be taken. */
export function versionNotDownloadable(name: PackageName, version: string, status: string): AwsError {
  return notFound(
    `Package version '${version}' of package '${nameText(name)}' cannot be downloaded: its status is ${status}.`,
    "package-version",
    version,
  );
}

function packageText({ format, name }: PackageIdentity): string {
  return `${format}/${nameText(name)}`;
}

function nameText({ namespace, name }: PackageName): string {
  return namespace === "" ? name : `${namespace}/${name}`;
}

function about(
  name: string,
  status: number,
  text: string,
  resourceType: ResourceType | undefined,
  resourceId: string | undefined,
): AwsError {
  const members = { ...(resourceId !== undefined && { resourceId }), ...(resourceType && { resourceType }) };
  return new AwsError(name, text, { status, members });
}
