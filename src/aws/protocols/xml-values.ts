import { parseXML } from "@aws-sdk/xml-builder";
import type { ListShape, MapShape, Member, Shape, StructureShape } from "../shape.ts";
import { checkedText, countBySign, DEEPEST_NESTING, decodeUtf8, Malformed } from "./malformed.ts";
import { readText } from "./text-values.ts";

/**
 * XML documents of restXml (https://smithy.io/2.0/aws/protocols/aws-restxml-protocol.html), parsed by the SDK's parser,
 * which knows no entities but XML's five. Document type declarations are refused, as S3 does. Unknown elements
 * are ignored; a scalar given twice is refused. Element prefixes (`<s3:Key>`) are not resolved.
 */
export function readXmlDocument(shape: Shape, body: Uint8Array): unknown {
  const text = decodeUtf8(body);
  if (text.includes("<!DOCTYPE")) throw new Malformed("A document type declaration is not allowed");
  // An element has two brackets; attributes become values too.
  countBySign(text, "<", 2);
  countBySign(text, "=", 1);
  let document: unknown;
  try {
    document = parseXML(text);
  } catch {
    // A parse error, or a RangeError where the document nests deeper than the engine's stack.
    throw new Malformed("The request body is not well-formed XML");
  }
  const [root] = Object.values(document as object);
  return readValue(shape, root, 0);
}

/** What the parser makes of an element: its text, or its attributes and children by name, `#text` among them. */
type XmlElement = string | { readonly [name: string]: XmlElement | readonly XmlElement[] };

function readValue(shape: Shape, element: unknown, depth: number): unknown {
  if (depth > DEEPEST_NESTING) throw new Malformed(`The request nests deeper than ${DEEPEST_NESTING} levels`);
  switch (shape.kind) {
    case "structure":
      return readStructure(shape, element, depth);
    case "list":
      return readList(shape, children(element, shape.itemName), depth);
    case "map":
      return readMap(shape, children(element, "entry"), depth);
    default:
      return readText(shape, textOf(element));
  }
}

function readStructure(shape: StructureShape, element: unknown, depth: number): object {
  const structure: Record<string, unknown> = {};
  for (const member of shape.members) {
    const given = children(element, member.xmlName);
    if (given.length > 0) structure[member.name] = readMember(member, given, depth + 1);
  }
  if (shape.union && Object.keys(structure).length !== 1) {
    throw new Malformed("Exactly one member of a union must be set");
  }
  return structure;
}

function readMember(member: Member, elements: readonly unknown[], depth: number): unknown {
  if (member.flattened && member.shape.kind === "list") return readList(member.shape, elements, depth);
  if (member.flattened && member.shape.kind === "map") return readMap(member.shape, elements, depth);
  if (elements.length > 1) throw new Malformed(`The element ${member.xmlName} is given more than once`);
  return readValue(member.shape, elements[0], depth);
}

function readList(shape: ListShape, elements: readonly unknown[], depth: number): unknown[] {
  return elements.map((element) => readValue(shape.item, element, depth + 1));
}

function readMap(shape: MapShape, elements: readonly unknown[], depth: number): object {
  const entries = elements.map((element): [string, unknown] => {
    const [key] = children(element, shape.keyName);
    const [value] = children(element, shape.valueName);
    if (key === undefined || value === undefined)
      throw new Malformed("A map entry lacks its key or its value");
    return [checkedText(textOf(key)), readValue(shape.value, value, depth + 1)];
  });
  return Object.fromEntries(entries);
}

function children(element: unknown, name: string): readonly unknown[] {
  if (typeof element !== "object" || element === null || !Object.hasOwn(element, name)) return [];
  const found = (element as Record<string, XmlElement | readonly XmlElement[]>)[name];
  return Array.isArray(found) ? found : [found];
}

function textOf(element: unknown): string {
  if (typeof element === "string") return element;
  const [text] = children(element, "#text");
  const nested =
    typeof element === "object" &&
    element !== null &&
    Object.values(element).some((value) => typeof value === "object");
  if (nested) throw new Malformed("An element that holds a text holds other elements");
  return typeof text === "string" ? text : "";
}
