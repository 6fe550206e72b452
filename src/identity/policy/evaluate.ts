/**
 * Whether a request may pass (IAM User Guide, "Policy evaluation logic"): an explicit deny always wins; within one
 * account an allow of the identity or of the resource is enough; across accounts both must allow. Known limits:
 * no organisation, boundary or session policies; a "*" in Resource may also match colons.
 */
import { AMBIGUOUS, type RequestContext } from "./context.ts";
import { matchesPattern } from "./pattern.ts";
import type { PatternElement, Policy, Statement } from "./policy.ts";
import { matchPrincipal, type PolicyPrincipal } from "./principals.ts";

export interface PolicyQuestion {
  readonly principal: PolicyPrincipal;
  /** `ecr:PutImage` */
  readonly action: string;
  /** An ARN, or `*` for an action without one. */
  readonly resource: string;
  readonly resourceAccount: string;
  readonly context: RequestContext;
}

export interface ApplicablePolicies {
  /** "everything": the root of an account, whom no identity policy limits. */
  readonly identity: "everything" | readonly Policy[];
  readonly resource: Policy | undefined;
}

export type PolicySide = "identity" | "resource";

/** The answer and why: which side decided, and by which statement where one did. */
export interface Decision {
  readonly allowed: boolean;
  readonly reason: "allow" | "explicit-deny" | "no-allow";
  readonly side: PolicySide;
  readonly statement: Statement | undefined;
}

export function evaluatePolicies(policies: ApplicablePolicies, question: PolicyQuestion): Decision {
  const identity =
    policies.identity === "everything" ? [] : policies.identity.flatMap(({ statements }) => statements);
  const resource = policies.resource?.statements ?? [];
  const denied =
    decide("explicit-deny", "identity", identity.find(applies("Deny", question))) ??
    decide("explicit-deny", "resource", resource.find(applies("Deny", question)));
  if (denied) return denied;

  const byIdentity: Decision | undefined =
    policies.identity === "everything"
      ? { allowed: true, reason: "allow", side: "identity", statement: undefined }
      : decide("allow", "identity", identity.find(applies("Allow", question)));
  const allows = resource.filter(applies("Allow", question));
  if (question.principal.account === question.resourceAccount) {
    // An allow for the account as a whole leaves it to the identity's own policies.
    const direct = allows.find(
      ({ principals }) => principals && matchPrincipal(principals, question.principal) === "direct",
    );
    return byIdentity ?? decide("allow", "resource", direct) ?? noAllow("identity");
  }
  const byResource = decide("allow", "resource", allows[0]);
  if (!byResource) return noAllow("resource");
  return byIdentity ? byResource : noAllow("identity");
}

function decide(
  reason: "allow" | "explicit-deny",
  side: PolicySide,
  statement: Statement | undefined,
): Decision | undefined {
  return statement && { allowed: reason === "allow", reason, side, statement };
}

function noAllow(side: PolicySide): Decision {
  return { allowed: false, reason: "no-allow", side, statement: undefined };
}

function applies(effect: Statement["effect"], question: PolicyQuestion): (statement: Statement) => boolean {
  const action = question.action.toLowerCase();
  return (statement) =>
    statement.effect === effect &&
    (statement.principals === undefined ||
      matchPrincipal(statement.principals, question.principal) !== undefined) &&
    elementMatches(statement.actions, action, question.context) &&
    (statement.resources === undefined ||
      elementMatches(statement.resources, question.resource, question.context)) &&
    statement.conditions.every((condition) =>
      question.context.get(condition.key.toLowerCase()) === AMBIGUOUS
        ? effect === "Deny"
        : condition.holds(question.context),
    );
}

function elementMatches(element: PatternElement, text: string, context: RequestContext): boolean {
  return element.negated
    ? element.patterns.every((pattern) => matchesPattern(pattern, text, context) === false)
    : element.patterns.some((pattern) => matchesPattern(pattern, text, context) === true);
}
