import { AwsError } from "../aws/errors.ts";
import { BoundedCache } from "../bounded-cache.ts";
import type { AccessRequest, Authorize, OpenCall } from "./call.ts";
import { type Decision, evaluatePolicies } from "./policy/evaluate.ts";
import { parsePolicy } from "./policy/parse-policy.ts";
import type { Policy } from "./policy/policy.ts";
import { requestContext } from "./request-context.ts";

/** The caller may not; carries the decision for the audit record. Doors give it their protocol's name and status. */
export class AccessDenied extends AwsError {
  readonly decision: Decision;

  constructor(message: string, decision: Decision) {
    super("AccessDeniedException", message, { status: 400 });
    this.decision = decision;
  }
}

/** Parsed documents by text: a policy is asked far more often than it is changed. */
const parsed = new BoundedCache<string, Policy>(1_000);

export const authorize: Authorize = (call, request) => {
  const { principal } = call;
  const nobody = principal.kind === "anonymous";
  // The root of an account may do everything there, unless the resource's own policy says no.
  if (!nobody && request.resourcePolicy === undefined && principal.account === request.resourceAccount)
    return;
  const own = call.principal.account === request.resourceAccount;
  const decision = evaluatePolicies(
    {
      identity: request.resourceDecides && own ? [] : "everything",
      resource: resourcePolicy(request.resourcePolicy),
    },
    {
      principal: {
        // Nobody has no account, whatever the request calls its own: there is no home to be let into.
        account: nobody ? "" : principal.account,
        root: principal.kind === "root",
        names: nobody ? {} : { AWS: [principal.arn] },
      },
      action: request.action,
      resource: request.resource,
      resourceAccount: request.resourceAccount,
      context: requestContext(call, request),
    },
  );
  if (!decision.allowed) throw new AccessDenied(accessDeniedText(call, request, decision), decision);
};

function resourcePolicy(text: string | undefined): Policy | undefined {
  if (text === undefined) return undefined;
  const known = parsed.get(text);
  if (known) return known;
  // Lengths were checked when it was stored, and several stored policies may come as one.
  const policy = parsePolicy(text, { kind: "resource", resource: "implied", maxLength: 100_000 });
  parsed.set(text, policy);
  return policy;
}

/** IAM User Guide, "Troubleshoot access denied error messages". */
function accessDeniedText(call: OpenCall, request: AccessRequest, decision: Decision): string {
  if (call.principal.kind === "anonymous") return "Access Denied";
  const because =
    decision.reason === "explicit-deny"
      ? `with an explicit deny in ${article(decision)}-based policy`
      : `because no ${request.resourceDecides ? "resource" : decision.side}-based policy allows the ${request.action} action`;
  return `User: ${call.principal.arn} is not authorized to perform: ${request.action} on resource: ${request.resource} ${because}`;
}

function article(decision: Decision): string {
  return decision.side === "identity" ? "an identity" : "a resource";
}
