import { XmlCodec } from "@aws-sdk/core/protocols";
import { ToStringShapeSerializer } from "@smithy/core/protocols";
import { NormalizedSchema } from "@smithy/core/schema";
import type { $SchemaRef, CodecSettings, SchemaTraits, StaticStructureSchema } from "@smithy/types";

/**
 * The SDK's serialisers, wrapped. They are tagged internal and move between minor versions: the versions are
 * pinned, and round-trip.test.ts drives every operation through them.
 */
const DATE_TIME = 5;
const EPOCH_SECONDS = 7;

export type XmlWriter = (schema: NormalizedSchema, value: unknown) => string;

/** The root element's name is the schema's; it carries the namespace. */
export function xmlWriter(namespace: string): XmlWriter {
  const codec = new XmlCodec({
    timestampFormat: { useTrait: true, default: DATE_TIME },
    httpBindings: false,
    xmlNamespace: namespace,
    serviceNamespace: "",
  });
  const serializer = codec.createSerializer();
  return (schema, value) => {
    serializer.write(schema, value);
    return String(serializer.flush());
  };
}

export type HeaderWriter = (schema: NormalizedSchema, value: unknown) => string;

export function headerWriter(): HeaderWriter {
  const settings: CodecSettings = {
    timestampFormat: { useTrait: true, default: EPOCH_SECONDS },
    httpBindings: true,
  };
  const serializer = new ToStringShapeSerializer(settings);
  return (schema, value) => {
    // Most values, and written as they are unless a media type says otherwise.
    if (typeof value === "string" && schema.getMergedTraits().mediaType === undefined) return value;
    serializer.write(schema, value);
    return serializer.flush();
  };
}

/** A structure that no model has: an envelope, or the part of an output that goes into the body. */
export function structureSchema(
  name: string,
  traits: SchemaTraits,
  members: readonly (readonly [name: string, schema: $SchemaRef])[],
): NormalizedSchema {
  const schema: StaticStructureSchema = [
    3,
    "shosoin",
    name,
    traits,
    members.map(([member]) => member),
    members.map(([, target]) => target),
  ];
  return NormalizedSchema.of(schema);
}

/** The members of a structure as they stand in its schema, traits included. */
export function schemaMembers(schema: NormalizedSchema): readonly (readonly [string, $SchemaRef])[] {
  if (!schema.isStructSchema()) return [];
  const [, , , , names, targets] = schema.getSchema() as unknown as StaticStructureSchema;
  return names.map((name, index) => [name, targets[index] ?? 0] as const);
}
