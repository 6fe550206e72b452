/** The JSON under a policy: an object, shallow, without members that come twice. */
import { PolicyProblem } from "./policy.ts";

export type JsonObject = Readonly<Record<string, unknown>>;

const SYNTAX = "Syntax errors in policy.";
/** A policy needs six: document, statements, statement, Condition, operator, values. */
const MAX_DEPTH = 10;

/** Throws PolicyProblem. */
export function parseDocument(text: string): JsonObject {
  // What is left without the strings tells depth and number of members, before anything is built.
  const bones = text.replace(/"(?:[^"\\]|\\.)*"/gs, "");
  let depth = 0;
  for (const sign of bones) {
    if (sign === "{" || sign === "[") depth += 1;
    else if (sign === "}" || sign === "]") depth -= 1;
    if (depth > MAX_DEPTH) throw new PolicyProblem(SYNTAX);
  }
  let document: unknown;
  try {
    document = JSON.parse(text);
  } catch (cause) {
    throw Object.assign(new PolicyProblem(SYNTAX), { cause });
  }
  if (!isObject(document) || countMembers(document) !== bones.split(":").length - 1) {
    throw new PolicyProblem(SYNTAX);
  }
  return document;
}

function countMembers(value: unknown): number {
  if (typeof value !== "object" || value === null) return 0;
  const children: unknown[] = Object.values(value);
  const own = Array.isArray(value) ? 0 : children.length;
  return children.reduce((total: number, child) => total + countMembers(child), own);
}

export function isObject(value: unknown): value is JsonObject {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

/** A string or an array of strings; with "scalars" also numbers and booleans, as text. Undefined for anything else. */
export function elementList(value: unknown, allow: "strings" | "scalars" = "strings"): string[] | undefined {
  const items: unknown[] = Array.isArray(value) ? value : [value];
  const texts: string[] = [];
  for (const item of items) {
    if (typeof item === "string") texts.push(item);
    else if (allow === "scalars" && (typeof item === "number" || typeof item === "boolean"))
      texts.push(String(item));
    else return undefined;
  }
  return texts;
}
