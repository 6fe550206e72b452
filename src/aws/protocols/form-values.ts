import { AwsError } from "../errors.ts";
import type { OperationPlan, ServiceSchemas } from "../schemas.ts";
import type { ListShape, MapShape, Member, Shape, StructureShape } from "../shape.ts";
import type { WireRequest } from "../wire.ts";
import {
  checkCount,
  checkedText,
  countBySign,
  DEEPEST_NESTING,
  decodeUtf8,
  excerpt,
  Malformed,
} from "./malformed.ts";
import { readText } from "./text-values.ts";

/**
 * Form-encoded inputs of the query and ec2Query protocols (https://smithy.io/2.0/aws/protocols/aws-query-protocol.html):
 * `Tags.member.1.Key=a`. As at AWS: unknown parameters are ignored, of a repeated one the last counts.
 */
export type FormDialect = "query" | "ec2Query";

/** The parameters as a tree: `Tags.member.1.Key` is three levels under `Tags`. */
interface FormNode {
  value: string | undefined;
  readonly children: Map<string, FormNode>;
}

const parsed = new WeakMap<WireRequest, readonly [string, string][]>();

/** The parameters of the query string, then those of the body. */
export function formParameters(request: WireRequest): readonly [string, string][] {
  let parameters = parsed.get(request);
  if (!parameters) {
    const mark = request.target.indexOf("?");
    const inTarget = mark === -1 ? [] : parseForm(request.target.slice(mark + 1));
    parameters = [...inTarget, ...parseForm(decodeUtf8(request.body))];
    parsed.set(request, parameters);
  }
  return parameters;
}

/** The operation that the parameter `Action` names. `explain` words the refusal of an unknown one. */
export function formOperation(
  schemas: ServiceSchemas,
  request: WireRequest,
  explain: (action: string) => string,
): OperationPlan {
  const action = formParameters(request).findLast(([name]) => name === "Action")?.[1] ?? "";
  if (action === "") throw new AwsError("MissingAction", "The request must contain the parameter Action");
  const operation = schemas.operations.get(action);
  if (!operation) throw new AwsError("InvalidAction", explain(excerpt(action)));
  return operation;
}

/** Decoded name and value pairs. Throws Malformed for percent signs that introduce no UTF-8. */
export function parseForm(text: string): [string, string][] {
  const pairs: [string, string][] = [];
  countBySign(text, "&", 1);
  for (const part of text.split("&")) {
    if (part === "") continue;
    const at = part.indexOf("=");
    const name = at === -1 ? part : part.slice(0, at);
    pairs.push([decodeFormText(name), at === -1 ? "" : decodeFormText(part.slice(at + 1))]);
  }
  return pairs;
}

function decodeFormText(text: string): string {
  try {
    return decodeURIComponent(text.replaceAll("+", " "));
  } catch {
    throw new Malformed("A parameter is not percent-encoded UTF-8");
  }
}

export function readForm(
  shape: StructureShape,
  parameters: Iterable<readonly [string, string]>,
  dialect: FormDialect,
): object {
  return readStructure(shape, formTree(parameters), dialect);
}

function formTree(parameters: Iterable<readonly [string, string]>): FormNode {
  const root: FormNode = { value: undefined, children: new Map() };
  let nodes = 0;
  for (const [name, value] of parameters) {
    const path = name.split(".");
    if (path.length > DEEPEST_NESTING) {
      throw new Malformed(`A parameter's name has more than ${DEEPEST_NESTING} levels`);
    }
    let node = root;
    for (const segment of path) {
      let child = node.children.get(segment);
      if (!child) {
        checkCount(++nodes);
        child = { value: undefined, children: new Map() };
        node.children.set(segment, child);
      }
      node = child;
    }
    node.value = value;
  }
  return root;
}

function readStructure(shape: StructureShape, node: FormNode, dialect: FormDialect): object {
  const structure: Record<string, unknown> = {};
  for (const member of shape.members) {
    const given = node.children.get(dialect === "ec2Query" ? member.ec2Name : member.xmlName);
    if (given) structure[member.name] = readMember(member, given, dialect);
  }
  if (shape.union && Object.keys(structure).length !== 1) {
    throw new Malformed("Exactly one member of a union must be set");
  }
  return structure;
}

function readMember(member: Member, node: FormNode, dialect: FormDialect): unknown {
  const { shape, flattened } = member;
  if (shape.kind === "list") return readList(shape, node, flattened, dialect);
  if (shape.kind === "map") return readMap(shape, node, flattened, dialect);
  return readValue(shape, node, dialect);
}

function readValue(shape: Shape, node: FormNode, dialect: FormDialect): unknown {
  switch (shape.kind) {
    case "structure":
      return readStructure(shape, node, dialect);
    case "list":
      return readList(shape, node, false, dialect);
    case "map":
      return readMap(shape, node, false, dialect);
    default:
      return readText(shape, node.value ?? "");
  }
}

/** `Name.member.1`, flattened and in ec2Query `Name.1`; `Name=` alone is the empty list. */
function readList(shape: ListShape, node: FormNode, flattened: boolean, dialect: FormDialect): unknown[] {
  const items = flattened || dialect === "ec2Query" ? node : node.children.get(shape.itemName);
  return inOrder(items).map((item) => readValue(shape.item, item, dialect));
}

/** `Name.entry.1.key` and `.value`, flattened without `entry`. */
function readMap(shape: MapShape, node: FormNode, flattened: boolean, dialect: FormDialect): object {
  const entries: [string, unknown][] = [];
  for (const entry of inOrder(flattened ? node : node.children.get("entry"))) {
    const key = entry.children.get(shape.keyName)?.value;
    const value = entry.children.get(shape.valueName);
    if (key === undefined || !value) throw new Malformed("A map entry lacks its key or its value");
    entries.push([checkedText(key), readValue(shape.value, value, dialect)]);
  }
  return Object.fromEntries(entries);
}

/** The numbered children by number; numbers may have gaps. */
function inOrder(node: FormNode | undefined): FormNode[] {
  if (!node) return [];
  return [...node.children]
    .filter(([name]) => /^\d{1,9}$/.test(name))
    .sort(([left], [right]) => Number(left) - Number(right))
    .map(([, child]) => child);
}
