import { type AccountId, formatArn, parseArn, type Region } from "../../aws/names.ts";
import { type Digest, parseDigest } from "../../storage/blobs/digest.ts";
import { invalidParameter } from "./errors.ts";

declare const repositoryNameBrand: unique symbol;
declare const tagBrand: unique symbol;

/** Made by `parseRepositoryName` only. */
export type RepositoryName = string & { readonly [repositoryNameBrand]: true };

/** An image tag. Made by `parseImageTag` only. */
export type ImageTag = string & { readonly [tagBrand]: true };

const REPOSITORY_NAME = /^[a-z0-9]+(?:(?:\.|_|__|-+)[a-z0-9]+)*(?:\/[a-z0-9]+(?:(?:\.|_|__|-+)[a-z0-9]+)*)*$/;

/** The grammar of ECR's model, 2 to 256 characters; throws InvalidParameterException. */
export function parseRepositoryName(text: string | undefined): RepositoryName {
  if (text === undefined || text.length < 2 || text.length > 256 || !REPOSITORY_NAME.test(text)) {
    throw invalidParameter(
      "repositoryName",
      "must satisfy regular expression '[a-z0-9]+((\\.|_|__|-+)[a-z0-9]+)*(/[a-z0-9]+((\\.|_|__|-+)[a-z0-9]+)*)*'",
    );
  }
  return text as RepositoryName;
}

/** OCI's tag grammar with ECR's greater length of 300; undefined when `text` is not one. */
export function parseImageTag(text: string): ImageTag | undefined {
  return /^[a-zA-Z0-9_][a-zA-Z0-9._-]{0,299}$/.test(text) ? (text as ImageTag) : undefined;
}

export function requireImageTag(text: string): ImageTag {
  const tag = parseImageTag(text);
  if (tag === undefined) throw invalidImageTag();
  return tag;
}

export function invalidImageTag(): Error {
  return invalidParameter("imageTag", "must satisfy regular expression '[a-zA-Z0-9_][a-zA-Z0-9._-]{0,299}'");
}

export function invalidImageDigest(): Error {
  return invalidParameter("imageDigest", "must satisfy regular expression '[a-zA-Z0-9-_+.]+:[a-fA-F0-9]+'");
}

/** Throws InvalidParameterException in ECR's words. */
export function requireImageDigest(text: string | undefined): Digest {
  const digest = text === undefined ? undefined : parseDigest(text);
  if (digest === undefined) throw invalidImageDigest();
  return digest;
}

export function repositoryArn(account: AccountId, region: Region, name: string): string {
  return formatArn({ service: "ecr", region, account, resource: `repository/${name}` });
}

/** Throws InvalidParameterException unless the ARN names an ECR repository. */
export function parseRepositoryArn(text: string): { account: string; region: string; name: RepositoryName } {
  const arn = parseArn(text);
  if (arn?.service !== "ecr" || !arn.resource.startsWith("repository/")) {
    throw invalidParameter("resourceArn", "Invalid ARN");
  }
  const name = parseRepositoryName(arn.resource.slice("repository/".length));
  return { account: arn.account, region: arn.region, name };
}
