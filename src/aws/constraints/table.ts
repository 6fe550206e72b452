import { compilePattern, type PatternTest } from "./pattern.ts";

/** What scripts/generate-constraints writes. Shapes without constraints in or below them are left out. */
export interface ConstraintTable {
  readonly source: string;
  /** The input shape of an operation. */
  readonly inputs: Readonly<Record<string, string>>;
  readonly shapes: Readonly<Record<string, ShapeConstraints>>;
}

export interface ShapeConstraints {
  readonly number?: "integer" | "float";
  readonly min?: number;
  readonly max?: number;
  readonly pattern?: string;
  readonly enum?: readonly string[] | undefined;
  readonly sensitive?: true;
  readonly required?: readonly string[];
  readonly members?: Readonly<Record<string, string>>;
  /** The element's shape; empty when it has no constraints. */
  readonly list?: string;
  /** The shapes of key and value. */
  readonly map?: readonly [key: string, value: string];
}

/** A shape's constraints ready to be applied; shapes refer to each other, also in circles. */
export interface Constraint {
  readonly shape: string;
  readonly number: "integer" | "float" | undefined;
  readonly min: number | undefined;
  readonly max: number | undefined;
  readonly pattern: { readonly text: string; readonly test: PatternTest } | undefined;
  readonly values: ReadonlySet<string> | undefined;
  readonly sensitive: boolean;
  readonly required: readonly string[];
  readonly members: readonly (readonly [name: string, constraint: Constraint])[];
  readonly item: Constraint | undefined;
  readonly key: Constraint | undefined;
  readonly value: Constraint | undefined;
}

/** The constraints of each operation's input, compiled when they are first asked for. */
export function constraintsByOperation(
  table: ConstraintTable,
): (operation: string) => Constraint | undefined {
  const compiled = new Map<string, Constraint>();

  function constraintOf(shape: string | undefined): Constraint | undefined {
    if (shape === undefined || shape === "") return undefined;
    const known = compiled.get(shape);
    if (known) return known;
    const source = table.shapes[shape];
    if (!source) throw new Error(`The constraints table lacks the shape ${shape}`);
    const members: (readonly [string, Constraint])[] = [];
    const constraint: { -readonly [Key in keyof Constraint]: Constraint[Key] } = {
      shape,
      number: source.number,
      min: source.min,
      max: source.max,
      pattern: source.pattern === undefined ? undefined : lazyPattern(source.pattern),
      values: source.enum && new Set(source.enum),
      sensitive: source.sensitive ?? false,
      required: source.required ?? [],
      members,
      item: undefined,
      key: undefined,
      value: undefined,
    };
    // Known before what it refers to is looked at, so that a shape may contain itself.
    compiled.set(shape, constraint);
    constraint.item = constraintOf(source.list);
    constraint.key = constraintOf(source.map?.[0]);
    constraint.value = constraintOf(source.map?.[1]);
    for (const [name, target] of Object.entries(source.members ?? {})) {
      const member = constraintOf(target);
      if (member) members.push([name, member]);
    }
    return constraint;
  }

  return (operation) => constraintOf(table.inputs[operation]);
}

/** Compiling takes a hundred times as long as testing, and most patterns are never met. */
function lazyPattern(text: string): { text: string; test: PatternTest } {
  let compiled: PatternTest | undefined;
  return {
    text,
    test(value) {
      compiled ??= compilePattern(text);
      return compiled(value);
    },
  };
}
