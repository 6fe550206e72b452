/**
 * What PutBucketPolicy accepts (Amazon S3 User Guide, "Bucket policies"): a resource policy about this very bucket and
 * its objects, whose actions exist and fit its resources. Each refusal is MalformedPolicy with S3's text.
 */
import { AwsError } from "../../../aws/errors.ts";
import { parsePolicy, STATEMENT_ELEMENTS } from "../../../identity/policy/parse-policy.ts";
import { matchesPattern, type Pattern, parsePattern } from "../../../identity/policy/pattern.ts";
import { PolicyProblem } from "../../../identity/policy/policy.ts";
import { elementList, isObject, type JsonObject } from "../../../identity/policy/policy-json.ts";
import { BUCKET_ACTIONS, CONDITION_KEYS, OBJECT_ACTIONS } from "./policy-vocabulary.ts";

/** In bytes. */
const MAX_SIZE = 20_480;

const NOT_JSON = "Policies must be valid JSON and the first byte must be '{'";

const POLICY_ELEMENTS: ReadonlySet<string> = new Set(["Version", "Id", "Statement"]);

/** Throws MalformedPolicy. */
export function checkPolicyDocument(text: string, bucket: string): void {
  if (Buffer.byteLength(text) > MAX_SIZE)
    throw malformedPolicy("Policy exceeds the maximum allowed document size.");
  const document = parseJson(text);
  for (const name of Object.keys(document))
    if (!POLICY_ELEMENTS.has(name)) throw malformedPolicy(`Unknown field ${name.slice(0, 64)}`);
  const { Version: version, Statement: given } = document;
  if (version !== undefined && version !== "2012-10-17" && version !== "2008-10-17")
    throw malformedPolicy("The policy must contain a valid version string");
  if (given === undefined) throw malformedPolicy("Missing required field Statement");
  const statements: unknown[] = [given].flat();
  if (statements.length === 0) throw malformedPolicy("Could not parse the policy: Statement is empty!");
  for (const statement of statements) checkElements(statement);
  checkGrammar(text);
  for (const statement of statements) if (isObject(statement)) checkMeaning(statement, bucket);
}

function parseJson(text: string): JsonObject {
  if (!text.startsWith("{")) throw malformedPolicy(NOT_JSON);
  try {
    const document: unknown = JSON.parse(text);
    if (isObject(document)) return document;
  } catch {
    // Said below.
  }
  throw malformedPolicy(NOT_JSON);
}

function checkElements(statement: unknown): void {
  if (!isObject(statement)) throw malformedPolicy(NOT_JSON);
  for (const name of Object.keys(statement))
    if (!STATEMENT_ELEMENTS.has(name)) throw malformedPolicy(`Unknown field ${name.slice(0, 64)}`);
  if (statement["Effect"] === undefined) throw malformedPolicy("Missing required field Effect");
  if (statement["Effect"] !== "Allow" && statement["Effect"] !== "Deny")
    throw malformedPolicy(`Invalid effect: ${String(statement["Effect"]).slice(0, 64)}`);
  for (const name of ["Principal", "Action", "Resource"])
    if (statement[name] === undefined && statement[`Not${name}`] === undefined)
      throw malformedPolicy(`Missing required field ${name}`);
  if (statement["NotPrincipal"] !== undefined && statement["Effect"] === "Allow")
    throw malformedPolicy("Allow with NotPrincipal is not allowed.");
}

/** What holds for every policy of IAM. */
function checkGrammar(text: string): void {
  try {
    parsePolicy(text, { kind: "resource", resource: "required" });
  } catch (error) {
    if (!(error instanceof PolicyProblem)) throw error;
    throw malformedPolicy(S3_TEXTS.find(([start]) => error.message.startsWith(start))?.[1] ?? error.message);
  }
}

/** Where S3 says it otherwise than IAM. */
const S3_TEXTS: readonly (readonly [start: string, text: string])[] = [
  ["Invalid principal in policy", "Invalid principal in policy"],
  ["Syntax errors in policy", NOT_JSON],
  ["Actions/Condition", "Policy has invalid action"],
  ["Vendor ", "Policy has invalid action"],
  ["Policy statement must contain actions", "Policy has invalid action"],
  ["Policy statement must contain resources", "Policy has invalid resource"],
  ["Resource ", "Policy has invalid resource"],
];

function checkMeaning(statement: JsonObject, bucket: string): void {
  const resources = listOf(statement, "Resource").map((resource) => coverage(resource, bucket));
  if (resources.includes(undefined)) throw malformedPolicy("Policy has invalid resource");
  const reaches = {
    bucket: resources.some((reach) => reach?.bucket),
    objects: resources.some((reach) => reach?.objects),
  };
  for (const action of listOf(statement, "Action")) {
    const meant = actionsOf(action);
    if (!meant.bucket && !meant.objects) throw malformedPolicy("Policy has invalid action");
    const applies = (meant.bucket && reaches.bucket) || (meant.objects && reaches.objects);
    // What is excepted need not be there.
    if (!applies && statement["Action"] !== undefined && statement["Resource"] !== undefined)
      throw malformedPolicy("Action does not apply to any resource(s) in statement");
  }
  for (const key of conditionKeys(statement["Condition"]))
    if (!isKnownKey(key)) throw malformedPolicy("Policy has an invalid condition key");
}

function listOf(statement: JsonObject, name: string): string[] {
  return elementList(statement[name] ?? statement[`Not${name}`]) ?? [];
}

interface Reach {
  readonly bucket: boolean;
  readonly objects: boolean;
}

/** Whether a resource means the bucket, its objects, or both; undefined for what is outside of the bucket. */
function coverage(resource: string, bucket: string): Reach | undefined {
  const [, path] = /^arn:aws:s3:::(.+)$/s.exec(resource) ?? [];
  if (path === undefined) return undefined;
  const slash = path.indexOf("/");
  const name = slash < 0 ? path : path.slice(0, slash);
  if (!matches(parsePattern(name, { wildcards: true, variables: false }), bucket)) return undefined;
  // Without a slash a wildcard reaches over the one before the key.
  return { bucket: slash < 0, objects: slash >= 0 || name.includes("*") };
}

function actionsOf(action: string): Reach {
  const name = action === "*" ? "*" : /^s3:(.+)$/i.exec(action)?.[1];
  if (name === undefined) return { bucket: false, objects: false };
  const pattern = parsePattern(name.toLowerCase(), { wildcards: true, variables: false });
  const meant = (known: string) => matches(pattern, known.toLowerCase());
  return { bucket: BUCKET_ACTIONS.some(meant), objects: OBJECT_ACTIONS.some(meant) };
}

function matches(pattern: Pattern, text: string): boolean {
  return matchesPattern(pattern, text, new Map()) === true;
}

function conditionKeys(condition: unknown): string[] {
  return Object.values(isObject(condition) ? condition : {}).flatMap((keys) =>
    isObject(keys) ? Object.keys(keys) : [],
  );
}

function isKnownKey(key: string): boolean {
  const small = key.toLowerCase();
  if (small.startsWith("aws:")) return true;
  return CONDITION_KEYS.some((known) => (known.endsWith("/") ? small.startsWith(known) : small === known));
}

function malformedPolicy(message: string): AwsError {
  return new AwsError("MalformedPolicy", message);
}
