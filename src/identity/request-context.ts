import type { AccessRequest, OpenCall } from "./call.ts";
import { AMBIGUOUS, type RequestContext } from "./policy/context.ts";

/**
 * The condition keys of a request (IAM User Guide, "AWS global condition context keys"). Keys that say something
 * about sessions, organisations or networks (aws:MultiFactorAuthPresent, aws:SourceVpce, ...) are absent: a root
 * key has none of these.
 */
export function requestContext(call: OpenCall, request: AccessRequest): RequestContext {
  const context = new Map<string, readonly string[]>([
    ["aws:currenttime", [call.now.toISOString()]],
    ["aws:epochtime", [String(Math.floor(call.now.getTime() / 1000))]],
    ...principalKeys(call.principal),
    ["aws:principalisawsservice", ["false"]],
    ["aws:requestedregion", [call.region]],
    ["aws:resourceaccount", [request.resourceAccount]],
    ["aws:securetransport", [String(call.secure)]],
    ["aws:sourceip", [call.sourceIp]],
    ["aws:userid", [call.principal.userId]],
    ["aws:viaawsservice", ["false"]],
  ]);
  const seen = new Map<string, string>();
  for (const [key, value] of Object.entries(request.context ?? {})) {
    const name = key.toLowerCase();
    const values = typeof value === "string" ? [value] : value;
    const text = JSON.stringify(values);
    context.set(name, (seen.get(name) ?? text) === text ? values : AMBIGUOUS);
    // Of three, too: what is no list of values is equal to none.
    seen.set(name, context.get(name) === AMBIGUOUS ? "" : text);
  }
  return context;
}

/** Nobody has no account and no ARN that a condition could be about. */
function principalKeys(
  principal: OpenCall["principal"],
): readonly (readonly [key: string, values: readonly string[]])[] {
  if (principal.kind === "anonymous") return [["aws:principaltype", ["Anonymous"]]];
  return [
    ["aws:principalaccount", [principal.account]],
    ["aws:principalarn", [principal.arn]],
    ["aws:principaltype", ["Account"]],
  ];
}
