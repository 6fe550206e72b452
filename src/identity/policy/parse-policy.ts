/**
 * From a policy's text to a Policy (IAM User Guide, "Grammar of the IAM JSON policy language"). Stricter than the
 * grammar in one thing: an element that comes twice is refused, because one of the two would be lost in silence.
 * Messages are those of IAM's MalformedPolicyDocument; each service gives them its own error name.
 */
import { compileCondition } from "./conditions.ts";
import { parsePattern } from "./pattern.ts";
import {
  type Condition,
  type PatternElement,
  type Policy,
  PolicyProblem,
  type PolicyVersion,
  type Statement,
  syntaxOf,
} from "./policy.ts";
import { elementList, isObject, type JsonObject, parseDocument } from "./policy-json.ts";
import { parsePrincipals } from "./principals.ts";

export interface PolicyKind {
  /** A resource policy says who in each statement; an identity policy says it in none. */
  readonly kind: "identity" | "resource";
  /** Whether a statement may leave Resource out, then meaning the policy's own resource. */
  readonly resource: "required" | "implied";
  /** In characters. */
  readonly maxLength?: number;
}

const SYNTAX = "Syntax errors in policy.";
const MAX_LENGTH = 20_480;

/** Of the policy grammar, whatever the policy is of. */
export const STATEMENT_ELEMENTS: ReadonlySet<string> = new Set([
  "Sid",
  "Effect",
  "Principal",
  "NotPrincipal",
  "Action",
  "NotAction",
  "Resource",
  "NotResource",
  "Condition",
]);

/** Throws PolicyProblem. */
export function parsePolicy(text: string, kind: PolicyKind): Policy {
  const maxLength = kind.maxLength ?? MAX_LENGTH;
  if (text.length > maxLength) {
    throw new PolicyProblem(`The policy is longer than ${maxLength} characters.`);
  }
  const document = parseDocument(text);
  const { Version: version = "2008-10-17", Id: id, Statement: statement, ...others } = document;
  if (Object.keys(others).length > 0 || (id !== undefined && typeof id !== "string")) {
    throw new PolicyProblem(SYNTAX);
  }
  if (version !== "2012-10-17" && version !== "2008-10-17") throw new PolicyProblem(SYNTAX);
  if (kind.kind === "identity" && version !== "2012-10-17") {
    throw new PolicyProblem("Policy document must be version 2012-10-17 or greater.");
  }
  const statements = [statement].flat().map((one, index) => parseStatement(one, index, version, kind));
  if (statements.length === 0) throw new PolicyProblem(SYNTAX);
  const sids = statements.flatMap(({ sid }) => (sid === undefined || sid === "" ? [] : [sid]));
  if (new Set(sids).size !== sids.length) {
    throw new PolicyProblem("Statement IDs (SID) in a single policy must be unique.");
  }
  return { version, id, statements };
}

function parseStatement(value: unknown, index: number, version: PolicyVersion, kind: PolicyKind): Statement {
  if (!isObject(value) || !Object.keys(value).every((name) => STATEMENT_ELEMENTS.has(name))) {
    throw new PolicyProblem(SYNTAX);
  }
  const { Sid: sid, Effect: effect } = value;
  if (effect !== "Allow" && effect !== "Deny") throw new PolicyProblem(SYNTAX);
  if (sid !== undefined && typeof sid !== "string") throw new PolicyProblem(SYNTAX);
  return {
    index,
    sid,
    effect,
    principals: readPrincipals(value, kind),
    actions: readActions(value),
    resources: readResources(value, version, kind),
    conditions: readConditions(value["Condition"], version),
  };
}

/** `Name` or `NotName`, never both; undefined when neither is there. */
function eitherElement(
  statement: JsonObject,
  name: string,
): { readonly value: unknown; readonly negated: boolean } | undefined {
  const plain = statement[name];
  const negated = statement[`Not${name}`];
  if (plain !== undefined && negated !== undefined) throw new PolicyProblem(SYNTAX);
  if (plain !== undefined) return { value: plain, negated: false };
  return negated === undefined ? undefined : { value: negated, negated: true };
}

function readPrincipals(statement: JsonObject, kind: PolicyKind): Statement["principals"] {
  const element = eitherElement(statement, "Principal");
  if (kind.kind === "identity") {
    if (element) throw new PolicyProblem("Policy document should not specify a principal.");
    return undefined;
  }
  if (!element) throw new PolicyProblem("Missing required field Principal cannot be empty!");
  return parsePrincipals(element.value, element.negated);
}

function readActions(statement: JsonObject): PatternElement {
  const element = eitherElement(statement, "Action");
  const actions = element && elementList(element.value);
  if (!element || !actions || actions.length === 0) {
    throw new PolicyProblem("Policy statement must contain actions.");
  }
  for (const action of actions) checkAction(action);
  return {
    negated: element.negated,
    // Actions are compared in small letters and know no variables.
    patterns: actions.map((action) =>
      parsePattern(action.toLowerCase(), { wildcards: true, variables: false }),
    ),
  };
}

function checkAction(action: string): void {
  if (action === "*") return;
  const [vendor = "", name, ...more] = action.split(":");
  if (name === undefined) {
    throw new PolicyProblem("Actions/Conditions must be prefaced by a vendor, e.g., iam, sdb, ec2, etc.");
  }
  if (more.length > 0) throw new PolicyProblem("Actions/Condition can contain only one colon.");
  if (!/^[A-Za-z0-9-]+$/.test(vendor)) throw new PolicyProblem(`Vendor ${vendor.slice(0, 64)} is not valid`);
  if (!/^[A-Za-z0-9*?_-]+$/.test(name)) throw new PolicyProblem(SYNTAX);
}

function readResources(
  statement: JsonObject,
  version: PolicyVersion,
  kind: PolicyKind,
): PatternElement | undefined {
  const element = eitherElement(statement, "Resource");
  if (!element && kind.resource === "implied") return undefined;
  const resources = element && elementList(element.value);
  if (!element || !resources || resources.length === 0) {
    throw new PolicyProblem("Policy statement must contain resources.");
  }
  for (const resource of resources) {
    // A trailing "*" may stand for all parts of an ARN that follow.
    if (resource !== "*" && !/^arn:[^:]+:([^:]*:){3,}|^arn:.*\*$/s.test(resource)) {
      throw new PolicyProblem(`Resource ${resource.slice(0, 256)} must be in ARN format or "*".`);
    }
  }
  const patterns = resources.map((resource) => parsePattern(resource, syntaxOf(version, true)));
  return { negated: element.negated, patterns };
}

function readConditions(block: unknown, version: PolicyVersion): readonly Condition[] {
  if (block === undefined) return [];
  if (!isObject(block)) throw new PolicyProblem(SYNTAX);
  return Object.entries(block).flatMap(([operator, keys]) => {
    if (!isObject(keys)) throw new PolicyProblem(SYNTAX);
    return Object.entries(keys).map(([key, value]) => {
      const values = elementList(value, "scalars");
      if (!values) throw new PolicyProblem(SYNTAX);
      if (!/^[^:\s]+:\S/.test(key)) {
        throw new PolicyProblem("Actions/Conditions must be prefaced by a vendor, e.g., iam, sdb, ec2, etc.");
      }
      return compileCondition(operator, key, values, version);
    });
  });
}
