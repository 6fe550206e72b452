import type { OperationPlan } from "./schemas.ts";
import type { Member, Shape, StructureShape } from "./shape.ts";

/** Sample values for any shape, deep enough to meet every kind of nesting, different enough to notice a mix-up. */
export class Samples {
  #count = 0;
  readonly #special: Readonly<Record<string, unknown>>;

  /** `special`: text members, by name, that need a value of their own; undefined leaves the member out. */
  constructor(special: Readonly<Record<string, unknown>>) {
    this.#special = special;
  }

  input(operation: OperationPlan): Record<string, unknown> {
    return this.#structure(operation.input, 0);
  }

  output(operation: OperationPlan): Record<string, unknown> {
    return this.#structure(operation.output, 0);
  }

  #structure(shape: StructureShape, depth: number): Record<string, unknown> {
    const structure: Record<string, unknown> = {};
    for (const member of shape.members) {
      const value = this.#member(member, depth);
      if (value === undefined) continue;
      structure[member.name] = value;
      if (shape.union) break;
    }
    return structure;
  }

  #member(member: Member, depth: number): unknown {
    if (Object.hasOwn(this.#special, member.name) && member.shape.kind === "string")
      return this.#special[member.name];
    if (member.streaming && member.shape.kind === "structure") return undefined;
    if (member.location === "status") return 201;
    const value = this.#value(member.shape, depth + 1);
    // Text outside the body has no quotes of XML or JSON to survive, but percent signs and spaces.
    return typeof value === "string" && member.location !== "body"
      ? value.replaceAll(/[^a-z0-9]/g, "-")
      : value;
  }

  #value(shape: Shape, depth: number): unknown {
    if (depth > 6) return undefined;
    switch (shape.kind) {
      case "structure":
        return this.#nested(shape, depth);
      case "list": {
        const first = this.#value(shape.item, depth + 1);
        return first === undefined ? undefined : [first, this.#value(shape.item, depth + 1)];
      }
      case "map": {
        const value = this.#value(shape.value, depth + 1);
        return value === undefined ? undefined : { k1: value };
      }
      case "string":
        return `s & <${++this.#count}> é`;
      case "number":
        return ++this.#count;
      case "boolean":
        return true;
      case "timestamp":
        return new Date(1_700_000_000_000);
      case "blob":
        return new Uint8Array([1, 2, 3, ++this.#count % 250]);
      case "bigInteger":
        return 7n;
      case "bigDecimal":
        return undefined;
      case "document":
        return { a: 1 };
    }
  }

  #nested(shape: StructureShape, depth: number): unknown {
    const structure = this.#structure(shape, depth);
    return Object.keys(structure).length === 0 && shape.members.length > 0 ? undefined : structure;
  }
}
