import type { NormalizedSchema } from "@smithy/core/schema";

/**
 * The SDK's schema of a value, unfolded once per structure into what readers need: kinds, names on the wire,
 * where a member is bound.
 *
 * The SDK's own readers are written for a client, which trusts its server: they coerce or pass on what they
 * find. What a server reads is hostile, so it is read here, strictly, by these shapes; writing uses the SDK's
 * serialisers. NormalizedSchema is tagged internal: this file and protocols/writers.ts are all that know it.
 */
export type Shape = StructureShape | ListShape | MapShape | ScalarShape;

export type ScalarKind =
  | "string"
  | "number"
  | "boolean"
  | "blob"
  | "timestamp"
  | "bigInteger"
  | "bigDecimal"
  | "document";

export interface ScalarShape {
  readonly kind: ScalarKind;
  /** Set where the schema itself names a format; else the protocol's default for the location holds. */
  readonly timestampFormat: "date-time" | "http-date" | "epoch-seconds" | undefined;
  /** A string with a media type travels as base64 in a header. */
  readonly mediaType: boolean;
}

export interface ListShape {
  readonly kind: "list";
  readonly item: Shape;
  /** The element's name in XML and forms. */
  readonly itemName: string;
  /** May hold nulls. */
  readonly sparse: boolean;
}

export interface MapShape {
  readonly kind: "map";
  readonly value: Shape;
  readonly keyName: string;
  readonly valueName: string;
  readonly sparse: boolean;
}

export interface StructureShape {
  readonly kind: "structure";
  /** Exactly one member is set. */
  readonly union: boolean;
  readonly members: readonly Member[];
}

/** Where a member travels in REST protocols; in the others everything is in the body. */
export type Location =
  | "label"
  | "query"
  | "queryMap"
  | "header"
  | "prefixHeaders"
  | "payload"
  | "status"
  | "body";

export interface Member {
  readonly name: string;
  readonly shape: Shape;
  readonly location: Location;
  /** The query parameter, header or header prefix of the location; headers in lower case. */
  readonly locationName: string;
  readonly xmlName: string;
  readonly flattened: boolean;
  /** The name in ec2Query forms: `ec2QueryName`, else the XML name with a capital. */
  readonly ec2Name: string;
  /** Bytes that travel as the raw body, or an event stream. */
  readonly streaming: boolean;
  readonly schema: NormalizedSchema;
}

const known = new WeakMap<object, StructureShape>();

/** The shape of an operation's input or output; `unit` (nothing at all) is a structure without members. */
export function structureShape(schema: NormalizedSchema): StructureShape {
  if (schema.isUnitSchema()) return { kind: "structure", union: false, members: [] };
  // A structure's schema is the tuple the SDK exports: an object, and the same one at every use.
  const key = schema.getSchema() as unknown as object;
  const found = known.get(key);
  if (found) return found;
  const members: Member[] = [];
  const shape: StructureShape = { kind: "structure", union: schema.isUnionSchema(), members };
  // Registered before its members are looked at, so that a structure may contain itself.
  known.set(key, shape);
  for (const [name, member] of schema.structIterator()) members.push(memberOf(name, member));
  return shape;
}

function shapeOf(schema: NormalizedSchema): Shape {
  if (schema.isStructSchema()) return structureShape(schema);
  if (schema.isListSchema()) return listShape(schema);
  if (schema.isMapSchema()) return mapShape(schema);
  return scalarShape(schema);
}

function listShape(schema: NormalizedSchema): ListShape {
  const item = schema.getValueSchema();
  return {
    kind: "list",
    item: shapeOf(item),
    itemName: item.getMergedTraits().xmlName ?? "member",
    sparse: Boolean(schema.getMergedTraits().sparse),
  };
}

function mapShape(schema: NormalizedSchema): MapShape {
  const value = schema.getValueSchema();
  return {
    kind: "map",
    value: shapeOf(value),
    keyName: schema.getKeySchema().getMergedTraits().xmlName ?? "key",
    valueName: value.getMergedTraits().xmlName ?? "value",
    sparse: Boolean(schema.getMergedTraits().sparse),
  };
}

function scalarShape(schema: NormalizedSchema): ScalarShape {
  const raw = schema.getSchema();
  return {
    kind: scalarKind(schema),
    timestampFormat: typeof raw === "number" ? TIMESTAMP_FORMATS[raw] : undefined,
    mediaType: schema.getMergedTraits().mediaType !== undefined,
  };
}

/** The numbers by which a schema says timestamp; 4 is one without a format. */
const TIMESTAMP_FORMATS: Readonly<Record<number, ScalarShape["timestampFormat"]>> = {
  5: "date-time",
  6: "http-date",
  7: "epoch-seconds",
};

function scalarKind(schema: NormalizedSchema): ScalarKind {
  if (schema.isStringSchema()) return "string";
  if (schema.isNumericSchema()) return "number";
  if (schema.isBooleanSchema()) return "boolean";
  if (schema.isBlobSchema()) return "blob";
  if (schema.isTimestampSchema()) return "timestamp";
  if (schema.isBigIntegerSchema()) return "bigInteger";
  if (schema.isBigDecimalSchema()) return "bigDecimal";
  if (schema.isDocumentSchema()) return "document";
  throw new Error(`The schema of ${schema.getName(true)} is of no known kind`);
}

function memberOf(name: string, schema: NormalizedSchema): Member {
  const traits = schema.getMergedTraits();
  const own = schema.getMemberTraits();
  const [location, locationName] = locationOf(schema);
  const xmlName = own.xmlName ?? name;
  return {
    name,
    shape: shapeOf(schema),
    location,
    locationName,
    xmlName,
    flattened: Boolean(traits.xmlFlattened),
    ec2Name: ec2QueryName(traits) ?? xmlName.charAt(0).toUpperCase() + xmlName.slice(1),
    streaming: schema.isStreaming(),
    schema,
  };
}

/** The trait is in the SDK's schemas of EC2 but not in its type of traits. */
function ec2QueryName(traits: object): string | undefined {
  return (traits as { readonly ec2QueryName?: string }).ec2QueryName;
}

function locationOf(schema: NormalizedSchema): [Location, string] {
  const traits = schema.getMergedTraits();
  if (traits.httpLabel) return ["label", ""];
  if (traits.httpQuery) return ["query", traits.httpQuery];
  if (traits.httpQueryParams) return ["queryMap", ""];
  if (traits.httpHeader) return ["header", traits.httpHeader.toLowerCase()];
  if (typeof traits.httpPrefixHeaders === "string")
    return ["prefixHeaders", traits.httpPrefixHeaders.toLowerCase()];
  if (traits.httpPayload) return ["payload", ""];
  if (traits.httpResponseCode) return ["status", ""];
  return ["body", ""];
}
