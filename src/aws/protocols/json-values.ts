import type { ListShape, MapShape, ScalarShape, Shape, StructureShape } from "../shape.ts";
import { checkedText, DEEPEST_NESTING, decodeUtf8, Malformed } from "./malformed.ts";
import { readBase64, readTimestamp, timestamp } from "./text-values.ts";

/**
 * JSON documents of awsJson1_0, awsJson1_1 and restJson1, read strictly (https://smithy.io/2.0/aws/protocols/).
 * As at AWS: unknown members are ignored, null is absence, of a repeated key the last counts. Messages are Coral's.
 */
export function readJsonDocument(shape: Shape, body: Uint8Array): unknown {
  const text = decodeUtf8(body);
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    // A SyntaxError, or a RangeError where the document nests deeper than the engine's stack.
    throw new Malformed("The request body is not valid JSON");
  }
  return readJson(shape, value, 0);
}

function readJson(shape: Shape, value: unknown, depth: number): unknown {
  if (depth > DEEPEST_NESTING) throw new Malformed(`The request nests deeper than ${DEEPEST_NESTING} levels`);
  switch (shape.kind) {
    case "structure":
      return readStructure(shape, value, depth);
    case "list":
      return readList(shape, value, depth);
    case "map":
      return readMap(shape, value, depth);
    default:
      return readScalar(shape, value, depth);
  }
}

function readStructure(shape: StructureShape, value: unknown, depth: number): object {
  if (!isObject(value)) throw new Malformed(misplaced(value, "a structure"));
  const structure: Record<string, unknown> = {};
  let present = 0;
  for (const member of shape.members) {
    const given = Object.hasOwn(value, member.name) ? value[member.name] : undefined;
    if (given === undefined || given === null) continue;
    structure[member.name] = readJson(member.shape, given, depth + 1);
    present++;
  }
  if (shape.union && present !== 1) throw new Malformed("Exactly one member of a union must be set");
  return structure;
}

function readList(shape: ListShape, value: unknown, depth: number): unknown[] {
  if (!Array.isArray(value)) throw new Malformed(misplaced(value, "a list"));
  return value.map((item) => {
    if (item !== null) return readJson(shape.item, item, depth + 1);
    if (shape.sparse) return null;
    throw new Malformed("Null found in a list that holds none");
  });
}

function readMap(shape: MapShape, value: unknown, depth: number): object {
  if (!isObject(value)) throw new Malformed(misplaced(value, "a map"));
  const entries: [string, unknown][] = [];
  for (const [key, item] of Object.entries(value)) {
    if (item === null && !shape.sparse) continue;
    entries.push([checkedText(key), item === null ? null : readJson(shape.value, item, depth + 1)]);
  }
  // Unlike assignment, this makes `__proto__` an ordinary key.
  return Object.fromEntries(entries);
}

function readScalar(shape: ScalarShape, value: unknown, depth: number): unknown {
  switch (shape.kind) {
    case "string":
      if (typeof value === "string") return checkedText(value);
      throw new Malformed(notConvertible(value, "a String"));
    case "number":
    case "bigDecimal":
      if (typeof value === "number" && Number.isFinite(value)) return value;
      throw new Malformed(notConvertible(value, "a Number"));
    case "bigInteger":
      if (typeof value === "number" && Number.isSafeInteger(value)) return BigInt(value);
      throw new Malformed(notConvertible(value, "a Number"));
    case "boolean":
      if (typeof value === "boolean") return value;
      throw new Malformed(notConvertible(value, "a Boolean"));
    case "blob":
      if (typeof value === "string") return readBase64(value);
      throw new Malformed(notConvertible(value, "a Blob"));
    case "timestamp":
      if (typeof value === "number") return timestamp(Math.round(value * 1000), value);
      if (typeof value === "string") return readTimestamp(value);
      throw new Malformed(notConvertible(value, "a Timestamp"));
    case "document":
      return readAnything(value, depth);
  }
}

/** A member of free form: any JSON, within the depth limit and with texts that can be stored. */
function readAnything(value: unknown, depth: number): unknown {
  if (depth > DEEPEST_NESTING) throw new Malformed(`The request nests deeper than ${DEEPEST_NESTING} levels`);
  if (typeof value === "string") return checkedText(value);
  if (Array.isArray(value)) return value.map((item) => readAnything(item, depth + 1));
  if (!isObject(value)) return value;
  return Object.fromEntries(
    Object.entries(value).map(([key, item]) => [checkedText(key), readAnything(item, depth + 1)]),
  );
}

function isObject(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

function notConvertible(value: unknown, expected: string): string {
  if (Array.isArray(value)) return "Start of list found where not expected";
  if (typeof value === "object" && value !== null)
    return "Start of structure or map found where not expected";
  return `${tokenName(value)} can not be converted to ${expected}`;
}

function misplaced(value: unknown, expected: string): string {
  if (typeof value === "object" && value !== null) return notConvertible(value, expected);
  return `Expected ${expected}, found ${tokenName(value)}`;
}

function tokenName(value: unknown): string {
  if (value === null) return "NULL_VALUE";
  if (typeof value === "boolean") return value ? "TRUE_VALUE" : "FALSE_VALUE";
  return typeof value === "number" ? "NUMBER_VALUE" : "STRING_VALUE";
}
