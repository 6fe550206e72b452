import type { NormalizedSchema } from "@smithy/core/schema";
import type { AwsError } from "../errors.ts";
import type { OperationPlan } from "../schemas.ts";
import type { Member, Shape, StructureShape } from "../shape.ts";
import type { WireAnswer, WireRequest } from "../wire.ts";
import { readBinding, writeHeaders } from "./http-bindings.ts";
import { labelsOf, type Route } from "./http-routes.ts";
import type { HttpTarget } from "./http-target.ts";
import { decodeUtf8, Malformed } from "./malformed.ts";
import { headerWriter, schemaMembers, structureSchema } from "./writers.ts";

/** What restJson1 and restXml have in common: where members travel. How a document reads and writes is the parameter. */
export interface DocumentFormat {
  readonly contentType: string;
  read(shape: Shape, body: Uint8Array): unknown;
  write(document: DocumentSchema, value: unknown): string;
  /** S3: what is wrong outside the document has other errors than what is wrong in it, and keys may have every character. */
  readonly outside?: {
    malformed(member: Member, request: WireRequest, target: HttpTarget): AwsError;
  };
}

/** What a document is written by: JSON uses the shape, XML the SDK's schema. */
export interface DocumentSchema {
  readonly shape: Shape;
  readonly schema: NormalizedSchema;
}

/** What is derived from an operation's input once. */
interface InputPlan {
  readonly bound: readonly Member[];
  readonly boundQuery: ReadonlySet<string>;
  readonly payload: Member | undefined;
  /** The members in the body's document; undefined when there are none. */
  readonly body: StructureShape | undefined;
}

interface OutputPlan {
  readonly bound: readonly Member[];
  readonly status: Member | undefined;
  readonly payload: Member | undefined;
  readonly body: DocumentSchema | undefined;
}

export interface RestBinding {
  read(operation: OperationPlan, route: Route, request: WireRequest, target: HttpTarget): object;
  /** The answer without the protocol's own headers. */
  write(
    operation: OperationPlan,
    output: Readonly<Record<string, unknown>>,
  ): WireAnswer & { readonly headers: Record<string, string> };
  /** Whether the operation takes a document as body. */
  takesDocument(operation: OperationPlan): boolean;
}

export function restBinding(format: DocumentFormat): RestBinding {
  const inputs = new Map<OperationPlan, InputPlan>();
  const outputs = new Map<OperationPlan, OutputPlan>();
  const writeHeader = headerWriter();

  function inputOf(operation: OperationPlan): InputPlan {
    let plan = inputs.get(operation);
    if (!plan) {
      plan = planInput(operation.input);
      inputs.set(operation, plan);
    }
    return plan;
  }

  function outputOf(operation: OperationPlan): OutputPlan {
    let plan = outputs.get(operation);
    if (!plan) {
      plan = planOutput(operation);
      outputs.set(operation, plan);
    }
    return plan;
  }

  return {
    takesDocument(operation) {
      const { payload, body } = inputOf(operation);
      return payload ? payload.shape.kind === "structure" : body !== undefined;
    },

    read(operation, route, request, target) {
      const { bound, boundQuery, payload, body } = inputOf(operation);
      const labels = labelsOf(route, request, target);
      const input: Record<string, unknown> = {};
      for (const member of bound) {
        const value = readOutside(format, member, request, target, labels, boundQuery);
        if (value !== undefined) input[member.name] = value;
      }
      if (payload) {
        const value = readPayload(payload, request.body, format);
        if (value !== undefined) input[payload.name] = value;
      } else if (body && request.body.byteLength > 0) {
        Object.assign(input, format.read(body, request.body));
      }
      return input;
    },

    write(operation, output) {
      const { bound, status, payload, body } = outputOf(operation);
      const headers: Record<string, string> = {};
      writeHeaders(bound, output, headers, writeHeader);
      const given = status && output[status.name];
      const code = typeof given === "number" ? given : (operation.http?.[2] ?? 200);
      if (payload)
        return { status: code, headers, body: writePayload(payload, output[payload.name], headers, format) };
      if (!body) return { status: code, headers, body: undefined };
      headers["content-type"] ??= format.contentType;
      return { status: code, headers, body: format.write(body, output) };
    },
  };
}

function readOutside(
  { outside }: DocumentFormat,
  member: Member,
  request: WireRequest,
  target: HttpTarget,
  labels: ReadonlyMap<string, string>,
  boundQuery: ReadonlySet<string>,
): unknown {
  if (!outside) return readBinding(member, request, target, labels, boundQuery, false);
  try {
    const value = readBinding(member, request, target, labels, boundQuery, true);
    if (typeof value === "number" && !Number.isSafeInteger(value)) throw new Malformed("not an integer");
    return value;
  } catch (error) {
    throw error instanceof Malformed ? outside.malformed(member, request, target) : error;
  }
}

function planInput(input: StructureShape): InputPlan {
  const inBody = input.members.filter((member) => member.location === "body");
  return {
    bound: input.members.filter((member) => member.location !== "body" && member.location !== "payload"),
    boundQuery: new Set(
      input.members.filter((member) => member.location === "query").map((member) => member.locationName),
    ),
    payload: input.members.find((member) => member.location === "payload"),
    body: inBody.length === 0 ? undefined : { kind: "structure", union: false, members: inBody },
  };
}

function planOutput(operation: OperationPlan): OutputPlan {
  const { members } = operation.output;
  const inBody = members.filter((member) => member.location === "body");
  return {
    bound: members.filter((member) => member.location === "header" || member.location === "prefixHeaders"),
    status: members.find((member) => member.location === "status"),
    payload: members.find((member) => member.location === "payload"),
    body: inBody.length === 0 ? undefined : bodyDocument(operation.outputSchema, inBody),
  };
}

/** The output's structure, name and XML traits included, with only the members that travel in the body. */
function bodyDocument(schema: NormalizedSchema, inBody: readonly Member[]): DocumentSchema {
  const names = new Set(inBody.map((member) => member.name));
  const members = schemaMembers(schema).filter(([name]) => names.has(name));
  return {
    shape: { kind: "structure", union: false, members: inBody },
    schema: structureSchema(schema.getName() ?? "", schema.getMergedTraits(), members),
  };
}

function readPayload(member: Member, body: Uint8Array, format: DocumentFormat): unknown {
  if (member.shape.kind === "blob") return body;
  if (member.shape.kind === "string") return decodeUtf8(body);
  return body.byteLength === 0 ? undefined : format.read(member.shape, body);
}

function writePayload(
  member: Member,
  value: unknown,
  headers: Record<string, string>,
  format: DocumentFormat,
): Uint8Array | string | undefined {
  if (value === undefined || value === null) return undefined;
  if (member.shape.kind === "blob") {
    headers["content-type"] ??= "application/octet-stream";
    if (value instanceof Uint8Array) return value;
    throw new TypeError(`The output member ${member.name} is not a Uint8Array`);
  }
  if (member.shape.kind === "string") {
    headers["content-type"] ??= "text/plain";
    return String(value);
  }
  headers["content-type"] ??= format.contentType;
  return format.write(member, value);
}
