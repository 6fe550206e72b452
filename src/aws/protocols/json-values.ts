import type { ListShape, MapShape, ScalarShape, Shape, StructureShape } from "../shape.ts";
import { checkCount, checkedText, DEEPEST_NESTING, decodeUtf8, Malformed } from "./malformed.ts";
import { readBase64, readTimestamp, timestamp } from "./text-values.ts";

/**
 * JSON documents of awsJson1_0, awsJson1_1 and restJson1, read strictly (https://smithy.io/2.0/aws/protocols/).
 * As at AWS: unknown members are ignored, null is absence, of a repeated key the last counts. Messages are Coral's.
 */
export function readJsonDocument(shape: Shape, body: Uint8Array): unknown {
  const text = decodeUtf8(body);
  checkStructure(text);
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    throw new Malformed("The request body is not valid JSON");
  }
  return readJson(shape, value);
}

/** Depth and number of values. Before parsing, since a few megabytes of brackets or commas take an engine a second to make lists of. */
function checkStructure(text: string): void {
  let depth = 0;
  let values = 0;
  for (let at = 0; at < text.length; at++) {
    switch (text.charCodeAt(at)) {
      case QUOTE:
        at = endOfString(text, at);
        break;
      case OPENING_BRACKET:
      case OPENING_BRACE:
        depth++;
        checkCount(++values);
        if (depth > DEEPEST_NESTING)
          throw new Malformed(`The request nests deeper than ${DEEPEST_NESTING} levels`);
        break;
      case COMMA:
        checkCount(++values);
        break;
      case CLOSING_BRACKET:
      case CLOSING_BRACE:
        depth--;
        break;
    }
  }
}

const QUOTE = 0x22;
const COMMA = 0x2c;
const BACKSLASH = 0x5c;
const OPENING_BRACKET = 0x5b;
const CLOSING_BRACKET = 0x5d;
const OPENING_BRACE = 0x7b;
const CLOSING_BRACE = 0x7d;

/** Where the string that begins at `start` ends: the next quote behind an even number of backslashes. */
function endOfString(text: string, start: number): number {
  for (let at = text.indexOf('"', start + 1); at !== -1; at = text.indexOf('"', at + 1)) {
    let backslashes = 0;
    while (text.charCodeAt(at - 1 - backslashes) === BACKSLASH) backslashes++;
    if (backslashes % 2 === 0) return at;
  }
  return text.length;
}

function readJson(shape: Shape, value: unknown): unknown {
  switch (shape.kind) {
    case "structure":
      return readStructure(shape, value);
    case "list":
      return readList(shape, value);
    case "map":
      return readMap(shape, value);
    default:
      return readScalar(shape, value);
  }
}

function readStructure(shape: StructureShape, value: unknown): object {
  if (!isObject(value)) throw new Malformed(misplaced(value, "a structure"));
  const structure: Record<string, unknown> = {};
  let present = 0;
  for (const member of shape.members) {
    const given = Object.hasOwn(value, member.name) ? value[member.name] : undefined;
    if (given === undefined || given === null) continue;
    structure[member.name] = readJson(member.shape, given);
    present++;
  }
  if (shape.union && present !== 1) throw new Malformed("Exactly one member of a union must be set");
  return structure;
}

function readList(shape: ListShape, value: unknown): unknown[] {
  if (!Array.isArray(value)) throw new Malformed(misplaced(value, "a list"));
  return value.map((item) => {
    if (item !== null) return readJson(shape.item, item);
    if (shape.sparse) return null;
    throw new Malformed("Null found in a list that holds none");
  });
}

function readMap(shape: MapShape, value: unknown): object {
  if (!isObject(value)) throw new Malformed(misplaced(value, "a map"));
  const entries: [string, unknown][] = [];
  for (const [key, item] of Object.entries(value)) {
    if (item === null && !shape.sparse) continue;
    entries.push([checkedText(key), item === null ? null : readJson(shape.value, item)]);
  }
  // Unlike assignment, this makes `__proto__` an ordinary key.
  return Object.fromEntries(entries);
}

function readScalar(shape: ScalarShape, value: unknown): unknown {
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
      return readAnything(value);
  }
}

/** A member of free form: any JSON, within the depth limit and with texts that can be stored. */
function readAnything(value: unknown): unknown {
  if (typeof value === "string") return checkedText(value);
  if (Array.isArray(value)) return value.map((item) => readAnything(item));
  if (!isObject(value)) return value;
  return Object.fromEntries(
    Object.entries(value).map(([key, item]) => [checkedText(key), readAnything(item)]),
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
