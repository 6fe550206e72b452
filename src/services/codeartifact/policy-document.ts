/** What domains' and repositories' permission policies have in common: their text, and their revision as a lock. */
import { createHash, randomUUID } from "node:crypto";
import { parsePolicy } from "../../identity/policy/parse-policy.ts";
import { PolicyProblem } from "../../identity/policy/policy.ts";
import { conflict, notFound, type ResourceType, validation } from "./errors.ts";

/** In characters (API reference, PutRepositoryPermissionsPolicy). */
const MAX_LENGTH = 7_168;

export interface StoredPolicy {
  readonly policy: string | null;
  readonly policy_revision: string | null;
}

/** What a policy belongs to, for errors: `{ type: "domain", name: "acme" }`. */
export interface PolicyHolder {
  readonly type: ResourceType;
  readonly name: string;
}

/** Throws ValidationException. */
export function checkPolicyDocument(text: string): void {
  try {
    parsePolicy(text, { kind: "resource", resource: "implied", maxLength: MAX_LENGTH });
  } catch (error) {
    if (!(error instanceof PolicyProblem)) throw error;
    throw validation(`The policy document is invalid: ${error.message}`);
  }
}

/** New with every put, so that a revision that was read says whether anybody has put since. */
export function newPolicyRevision(): string {
  return createHash("sha256").update(randomUUID()).digest("base64");
}

/** Throws ConflictException when the caller's revision is not the one that is there. */
export function checkPolicyRevision(
  stored: StoredPolicy,
  revision: string | undefined,
  holder: PolicyHolder,
): void {
  if (revision === undefined || revision === stored.policy_revision) return;
  throw conflict(
    `The policy of ${holder.type} '${holder.name}' has changed: its revision is not '${revision}'.`,
    holder.type,
    holder.name,
  );
}

/** Throws ResourceNotFoundException. */
export function requirePolicy(
  stored: StoredPolicy,
  holder: PolicyHolder,
): { document: string; revision: string } {
  if (stored.policy === null || stored.policy_revision === null)
    throw notFound(
      `Policy not found. The ${holder.type} '${holder.name}' has no permissions policy.`,
      holder.type,
      holder.name,
    );
  return { document: stored.policy, revision: stored.policy_revision };
}
