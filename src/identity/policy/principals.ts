/**
 * Principal and NotPrincipal (IAM User Guide, "AWS JSON policy elements: Principal"). An account, by id or as the
 * ARN of its root, stands for the account: its root directly, its users and roles as far as their own policies
 * allow. Wildcards do not work inside a principal, only "*" as a whole.
 */
import { PolicyProblem, PRINCIPAL_TYPES, type PrincipalElement, type PrincipalType } from "./policy.ts";
import { elementList, isObject } from "./policy-json.ts";

/** Who asks, by all the names a policy may call it. */
export interface PolicyPrincipal {
  /** The account it belongs to. */
  readonly account: string;
  /** Whether it is the account itself. */
  readonly root: boolean;
  readonly names: Readonly<Partial<Record<PrincipalType, readonly string[]>>>;
}

const AWS_PRINCIPAL =
  /^(arn:aws[\w-]*:iam::\d{12}:(root|(user|role|federated-user)\/[\w+=,.@/-]+)|arn:aws[\w-]*:sts::\d{12}:(assumed-role\/[\w+=,.@-]+|federated-user)\/[\w+=,.@-]+|A[A-Z0-9]{3}[A-Z0-9]{12,124})$/;

/** Throws PolicyProblem. */
export function parsePrincipals(value: unknown, negated: boolean): PrincipalElement {
  if (value === "*") return { negated, everyone: true, names: noNames() };
  if (!isObject(value) || Object.keys(value).length === 0) throw invalid("*");
  const names: Record<PrincipalType, readonly string[]> = noNames();
  let everyone = false;
  for (const [type, members] of Object.entries(value)) {
    const known = PRINCIPAL_TYPES.find((name) => name === type);
    const list = elementList(members);
    if (!known || !list || list.length === 0) throw invalid(type);
    if (known === "AWS" && list.includes("*")) everyone = true;
    names[known] = list.filter((name) => name !== "*").map((name) => parseName(known, name));
    if (known !== "AWS" && names[known].length !== list.length) throw invalid(`"${type}":"*"`);
  }
  return { negated, everyone, names };
}

function parseName(type: PrincipalType, name: string): string {
  if (type !== "AWS") {
    if (name === "" || name.length > 2048) throw invalid(`"${type}":"${name.slice(0, 64)}"`);
    return name;
  }
  if (/^\d{12}$/.test(name)) return rootArn(name);
  if (!AWS_PRINCIPAL.test(name)) throw invalid(`"AWS":"${name.slice(0, 128)}"`);
  return name;
}

function invalid(what: string): PolicyProblem {
  return new PolicyProblem(`Invalid principal in policy: ${what}`);
}

function noNames(): Record<PrincipalType, readonly string[]> {
  return { AWS: [], Service: [], Federated: [], CanonicalUser: [] };
}

function rootArn(account: string): string {
  return `arn:aws:iam::${account}:root`;
}

/** Whether the element speaks about the principal: itself, or through its account only. */
export function matchPrincipal(
  element: PrincipalElement,
  principal: PolicyPrincipal,
): "direct" | "account" | undefined {
  const itself =
    element.everyone ||
    PRINCIPAL_TYPES.some((type) => principal.names[type]?.some((name) => element.names[type].includes(name)));
  const account = element.everyone || element.names.AWS.includes(rootArn(principal.account));
  // A NotPrincipal spares only who is named together with its account.
  if (element.negated) return itself && account ? undefined : "direct";
  if (itself || (account && principal.root)) return "direct";
  return account ? "account" : undefined;
}
