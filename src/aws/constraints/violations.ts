import { Malformed } from "../protocols/malformed.ts";
import type { Constraint } from "./table.ts";

/** One constraint that an input breaks. */
export interface Violation {
  readonly path: Path;
  /** The value as given; undefined when a required member is missing. */
  readonly value: unknown;
  /** The constraint's shape: of the element or key where one of those broke it. */
  readonly constraint: Constraint;
  readonly kind: "required" | "max" | "min" | "pattern" | "enum";
  /** Whether the value itself broke it, or something in the list or map that it is. */
  readonly within: "value" | "item" | "key" | "mapValue";
}

/** A member's name, a list's index from 0, or a map's key. */
export type PathStep = { readonly member: string } | { readonly index: number } | { readonly key: string };

/** From the value up to the input, so that a path costs nothing until a message needs it. */
export interface Path {
  readonly step: PathStep;
  readonly parent: Path | undefined;
}

export function stepsOf(path: Path): PathStep[] {
  const steps: PathStep[] = [];
  for (let at: Path | undefined = path; at; at = at.parent) steps.unshift(at.step);
  return steps;
}

/** AWS lists all violations; a hostile input should not fill a message with thousands. */
const MOST_VIOLATIONS = 25;

/** In the order of the model's members. Throws Malformed for a fraction where the model has an integer. */
export function findViolations(constraint: Constraint, input: object): readonly Violation[] {
  const found: Violation[] = [];
  visitStructure(constraint, input as Readonly<Record<string, unknown>>, undefined, found);
  return found;
}

function visit(constraint: Constraint, value: unknown, path: Path, found: Violation[]): void {
  if (found.length >= MOST_VIOLATIONS) return;
  for (const kind of broken(constraint, value))
    found.push({ path, value, constraint, kind, within: "value" });
  if (Array.isArray(value)) visitList(constraint, value, path, found);
  else if (isPlainObject(value)) {
    if (constraint.key || constraint.value) visitMap(constraint, value, path, found);
    else visitStructure(constraint, value, path, found);
  }
}

function visitStructure(
  constraint: Constraint,
  value: Readonly<Record<string, unknown>>,
  path: Path | undefined,
  found: Violation[],
): void {
  for (const name of constraint.required) {
    if (value[name] !== undefined) continue;
    const missing = constraint.members.find(([member]) => member === name)?.[1] ?? constraint;
    found.push({
      path: { step: { member: name }, parent: path },
      value: undefined,
      constraint: missing,
      kind: "required",
      within: "value",
    });
  }
  for (const [name, member] of constraint.members) {
    const given = value[name];
    if (given !== undefined) visit(member, given, { step: { member: name }, parent: path }, found);
  }
}

/** What breaks an element that is no structure is told of the list; of structures each member is told by itself. */
function visitList(constraint: Constraint, list: readonly unknown[], path: Path, found: Violation[]): void {
  const { item } = constraint;
  if (!item) return;
  for (const [index, value] of list.entries()) {
    if (found.length >= MOST_VIOLATIONS) return;
    if (typeof value === "object") visit(item, value, { step: { index }, parent: path }, found);
    else {
      const [kind] = broken(item, value);
      if (kind) return void found.push({ path, value: list, constraint: item, kind, within: "item" });
    }
  }
}

function visitMap(
  constraint: Constraint,
  map: Readonly<Record<string, unknown>>,
  path: Path,
  found: Violation[],
): void {
  const { key: keys, value: values } = constraint;
  for (const [key, value] of Object.entries(map)) {
    if (found.length >= MOST_VIOLATIONS) return;
    const [keyKind] = keys ? broken(keys, key) : [];
    if (keys && keyKind) {
      return void found.push({ path, value: map, constraint: keys, kind: keyKind, within: "key" });
    }
    if (!values) continue;
    if (typeof value === "object") visit(values, value, { step: { key }, parent: path }, found);
    else {
      const [kind] = broken(values, value);
      if (kind) return void found.push({ path, value: map, constraint: values, kind, within: "mapValue" });
    }
  }
}

/**
 * The constraints that one value breaks by itself. A pattern is not tried on a text that is too long already: the cost
 * of a test is bounded by the length the model allows.
 */
function broken(constraint: Constraint, value: unknown): readonly Violation["kind"][] {
  if (constraint.number === "integer" && typeof value === "number" && !Number.isSafeInteger(value)) {
    throw new Malformed("NUMBER_VALUE can not be converted to an Integer");
  }
  const size = sizeOf(value);
  if (size !== undefined && constraint.max !== undefined && size > constraint.max) return TOO_LARGE;
  const tooSmall = size !== undefined && constraint.min !== undefined && size < constraint.min;
  const text = typeof value === "string" ? value : undefined;
  const unlike = text !== undefined && constraint.pattern?.test(text) === false;
  const unknown = text !== undefined && constraint.values?.has(text) === false;
  if (!tooSmall && !unlike && !unknown) return NONE;
  const kinds: Violation["kind"][] = [];
  if (tooSmall) kinds.push("min");
  if (unlike) kinds.push("pattern");
  if (unknown) kinds.push("enum");
  return kinds;
}

const NONE: readonly Violation["kind"][] = [];
const TOO_LARGE: readonly Violation["kind"][] = ["max"];

/** What length and range constraints measure. */
function sizeOf(value: unknown): number | undefined {
  if (typeof value === "number") return value;
  if (typeof value === "string" || Array.isArray(value)) return value.length;
  if (value instanceof Uint8Array) return value.byteLength;
  return isPlainObject(value) ? Object.keys(value).length : undefined;
}

function isPlainObject(value: unknown): value is Readonly<Record<string, unknown>> {
  return (
    typeof value === "object" &&
    value !== null &&
    !Array.isArray(value) &&
    !(value instanceof Uint8Array) &&
    !(value instanceof Date)
  );
}
