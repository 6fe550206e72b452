/**
 * The policy of a browser's upload (S3 API reference, "Browser-Based Uploads Using POST", "Creating a POST Policy"): what
 * whoever signed it allows a form to say. Pure. Errors have S3's own words.
 */
import { AwsError } from "../../aws/errors.ts";

/** A form as a policy sees it. */
export interface PolicedForm {
  /** By lower-case name; `bucket` among them. */
  readonly fields: ReadonlyMap<string, string>;
  /** The key as the form has it, before the file's name is put into it. */
  readonly rawKey: string;
}

/** Inclusive, in bytes. */
export interface LengthRange {
  readonly smallest: number;
  readonly largest: number;
}

type Condition =
  | {
      readonly kind: "eq" | "starts-with";
      readonly field: string;
      readonly value: string;
      readonly text: string;
    }
  | { readonly kind: "content-length-range"; readonly range: LengthRange };

/** No condition need speak about these: they say who signed, or what the file has to be. */
const FREE = /^(awsaccesskeyid|signature|x-amz-signature|file|policy|x-ignore-.*|x-amz-checksum-.*)$/;

/**
 * How large the file may be, where the policy says so. Throws AwsError: InvalidPolicyDocument for what is no policy,
 * AccessDenied for a form that it does not allow.
 *
 * @param encoded base64, as the form has it
 */
export function checkPolicy(encoded: string, form: PolicedForm, now: Date): LengthRange | undefined {
  const { expiration, conditions } = parsePolicy(encoded);
  if (expiration <= now) throw refused("Policy expired.");
  const spoken = new Set<string>();
  let range: LengthRange | undefined;
  for (const condition of conditions) {
    if (condition.kind === "content-length-range") {
      range = narrower(range, condition.range);
      continue;
    }
    spoken.add(condition.field);
    if (!holds(condition, form)) throw refused(`Policy Condition failed: ${condition.text}`);
  }
  const extra = [...form.fields.keys()].filter((name) => !FREE.test(name) && !spoken.has(name));
  if (extra.length > 0) throw refused(`Extra input fields: ${extra.join(", ")}`);
  return range;
}

function narrower(known: LengthRange | undefined, other: LengthRange): LengthRange {
  if (known === undefined) return other;
  return {
    smallest: Math.max(known.smallest, other.smallest),
    largest: Math.min(known.largest, other.largest),
  };
}

function holds(
  { kind, field, value }: Extract<Condition, { readonly field: string }>,
  { fields, rawKey }: PolicedForm,
): boolean {
  // Whatever begins with nothing may as well be left out. (S3 wants the field to be there, empty as it may be.)
  const given =
    fields.get(field) ?? (kind === "starts-with" && value === "" && field !== "" ? "" : undefined);
  if (given === undefined) return false;
  if (kind === "eq") return given === value || (field === "key" && rawKey === value);
  // A list of types has to begin so in each of its parts.
  const parts = field === "content-type" ? given.split(",").map((part) => part.trim()) : [given];
  return parts.every((part) => part.startsWith(value));
}

function parsePolicy(encoded: string): { expiration: Date; conditions: readonly Condition[] } {
  if (encoded === "") throw invalid("Expecting '{' but found End-of-Input");
  const document = parseJson(decodeBase64(encoded));
  for (const name of Object.keys(document))
    if (name !== "expiration" && name !== "conditions") throw invalid(`Unexpected: '${name.slice(0, 64)}'.`);
  const { expiration, conditions } = document;
  if (expiration === undefined) throw invalid("Policy missing expiration.");
  if (typeof expiration !== "string") throw invalid("Invalid JSON.");
  if (conditions === undefined) throw invalid("Policy missing conditions.");
  if (!Array.isArray(conditions)) throw invalid("Invalid 'conditions' value: must be a List.");
  return { expiration: parseExpiration(expiration), conditions: conditions.map(parseCondition) };
}

function decodeBase64(encoded: string): string {
  const compact = encoded.replace(/[\r\n]/g, "");
  const bytes = Buffer.from(compact, "base64");
  if (bytes.toString("base64").replace(/=+$/, "") !== compact.replace(/={1,2}$/, ""))
    throw invalid("invalid Base64 encoding.");
  return bytes.toString("utf8");
}

function parseJson(text: string): Readonly<Record<string, unknown>> {
  try {
    const document: unknown = JSON.parse(text);
    if (isObject(document)) return document;
  } catch {
    // Said below.
  }
  throw invalid("Invalid JSON.");
}

function parseExpiration(text: string): Date {
  const time = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d{1,9})?Z$/.test(text) ? new Date(text) : undefined;
  if (time === undefined || Number.isNaN(time.getTime()))
    throw invalid(`Invalid 'expiration' value: '${text.slice(0, 64)}'`);
  return time;
}

function parseCondition(condition: unknown): Condition {
  if (Array.isArray(condition)) return parseOperation(condition);
  if (!isObject(condition)) throw invalid("Invalid condition test: must be a List or Object.");
  const [only, ...more] = Object.entries(condition);
  if (only === undefined || more.length > 0)
    throw invalid("Invalid Simple-Condition: Simple-Conditions must have exactly one property specified.");
  const [name, value] = only;
  if (typeof value !== "string") throw invalid("Invalid Simple-Condition: value must be a string.");
  const text = `["eq", "$${name}", "${value}"]`;
  return { kind: "eq", field: name.toLowerCase(), value, text };
}

function parseOperation(condition: readonly unknown[]): Condition {
  const [name, left, right] = condition;
  if (typeof name !== "string") throw invalid("Invalid Condition: missing operation identifier.");
  const kind = name.toLowerCase();
  if (kind !== "eq" && kind !== "starts-with" && kind !== "content-length-range")
    throw invalid(`Invalid Condition: unknown operation '${name.slice(0, 64)}'.`);
  if (condition.length !== 3) throw invalid(`Invalid ${name}: wrong number of arguments.`);
  const text = `[${condition.map((part) => JSON.stringify(part)).join(", ")}]`;
  if (
    kind === "content-length-range" &&
    [left, right].some((bound) => bound === "" || Number.isNaN(Number(bound)))
  )
    throw refused(`Policy Condition failed: ${text}`);
  if (kind === "content-length-range")
    return { kind, range: { smallest: parseLength(left), largest: parseLength(right) } };
  if (typeof left !== "string" || typeof right !== "string") throw invalid("Invalid JSON.");
  // Without its sign it names no field: such a condition never holds.
  const field = left.startsWith("$") ? left.slice(1).toLowerCase() : "";
  return { kind, field, value: right, text };
}

function parseLength(value: unknown): number {
  const text = String(value);
  if ((typeof value !== "number" && typeof value !== "string") || !/^\d{1,15}$/.test(text))
    throw invalid("Invalid JSON.");
  return Number(text);
}

function isObject(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

function invalid(reason: string): AwsError {
  return new AwsError("InvalidPolicyDocument", `Invalid Policy: ${reason}`);
}

function refused(reason: string): AwsError {
  return new AwsError("AccessDenied", `Invalid according to Policy: ${reason}`, { status: 403 });
}
