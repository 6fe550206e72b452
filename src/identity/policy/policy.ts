/** A policy document, parsed: what parse-policy.ts makes and evaluate.ts reads. */
import type { RequestContext } from "./context.ts";
import type { Pattern, PatternSyntax } from "./pattern.ts";

export type PolicyVersion = "2008-10-17" | "2012-10-17";

/** Policy variables came with the version of 2012; before it `${` is text. */
export function syntaxOf(version: PolicyVersion, wildcards: boolean): PatternSyntax {
  return { wildcards, variables: version === "2012-10-17" };
}

export interface Policy {
  readonly version: PolicyVersion;
  readonly id: string | undefined;
  readonly statements: readonly Statement[];
}

export interface Statement {
  /** Position in the document, from 0. */
  readonly index: number;
  readonly sid: string | undefined;
  readonly effect: "Allow" | "Deny";
  /** Absent in identity policies: they speak about who carries them. */
  readonly principals: PrincipalElement | undefined;
  readonly actions: PatternElement;
  /** Absent where the policy's own resource is meant, as in ECR repository policies. */
  readonly resources: PatternElement | undefined;
  readonly conditions: readonly Condition[];
}

/** `Action` and `NotAction`, `Resource` and `NotResource`. */
export interface PatternElement {
  readonly negated: boolean;
  readonly patterns: readonly Pattern[];
}

export const PRINCIPAL_TYPES = ["AWS", "Service", "Federated", "CanonicalUser"] as const;

export type PrincipalType = (typeof PRINCIPAL_TYPES)[number];

/** `Principal` and `NotPrincipal`. */
export interface PrincipalElement {
  readonly negated: boolean;
  /** `"*"` or `{"AWS": "*"}`: anybody, signed in or not. */
  readonly everyone: boolean;
  /** Account ids are written as the ARN of the account's root. */
  readonly names: Readonly<Record<PrincipalType, readonly string[]>>;
}

/** One operator and key of a Condition block; a statement's conditions must all hold. */
export interface Condition {
  /** `ForAllValues:StringLikeIfExists`, as written. */
  readonly operator: string;
  readonly key: string;
  readonly holds: (context: RequestContext) => boolean;
}

/** The document cannot be a policy. `message` is IAM's text where it has one for the very case. */
export class PolicyProblem extends Error {
  override readonly name = "PolicyProblem";
}
