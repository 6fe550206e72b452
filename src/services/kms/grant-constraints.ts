/** What a grant allows (KMS API reference, "GrantConstraints"): pure. */
import type { EncryptionContext } from "./kms-keys.ts";

export interface GrantConstraints {
  readonly EncryptionContextSubset?: EncryptionContext;
  readonly EncryptionContextEquals?: EncryptionContext;
}

export interface GrantedUse {
  readonly operations: readonly string[];
  readonly constraints: GrantConstraints;
}

/** Operations whose requests carry an encryption context: a constraint speaks about these only. */
const WITH_CONTEXT: ReadonlySet<string> = new Set([
  "Encrypt",
  "Decrypt",
  "GenerateDataKey",
  "GenerateDataKeyWithoutPlaintext",
  "GenerateDataKeyPair",
  "GenerateDataKeyPairWithoutPlaintext",
  "ReEncryptFrom",
  "ReEncryptTo",
]);

/**
 * Whether a holder of CreateGrant may hand this on: nothing but what it has itself, under constraints no looser than its own
 * (KMS developer guide, "Granting CreateGrant permission").
 */
export function grantCovers(own: GrantedUse, given: GrantedUse): boolean {
  if (!given.operations.every((operation) => own.operations.includes(operation))) return false;
  const { EncryptionContextSubset: subset, EncryptionContextEquals: equals } = own.constraints;
  const { EncryptionContextSubset: givenSubset, EncryptionContextEquals: givenEquals } = given.constraints;
  if (equals)
    return givenEquals !== undefined && contains(equals, givenEquals) && contains(givenEquals, equals);
  if (subset) return contains(givenEquals ?? givenSubset ?? {}, subset);
  return true;
}

export function grantAllows(grant: GrantedUse, operation: string, context: EncryptionContext = {}): boolean {
  if (!grant.operations.includes(operation)) return false;
  if (!WITH_CONTEXT.has(operation)) return true;
  const { EncryptionContextSubset: subset, EncryptionContextEquals: equals } = grant.constraints;
  if (subset && !contains(context, subset)) return false;
  return !equals || (contains(context, equals) && contains(equals, context));
}

function contains(all: EncryptionContext, some: EncryptionContext): boolean {
  return Object.entries(some).every(([name, value]) => Object.hasOwn(all, name) && all[name] === value);
}
