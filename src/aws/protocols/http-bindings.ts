import { splitHeader } from "@smithy/core/serde";
import type { Member, ScalarShape, Shape } from "../shape.ts";
import type { WireRequest } from "../wire.ts";
import type { HttpTarget } from "./http-target.ts";
import { checkedText, Malformed } from "./malformed.ts";
import { readText } from "./text-values.ts";
import type { HeaderWriter } from "./writers.ts";

/**
 * Members of REST inputs and outputs outside the body (https://smithy.io/2.0/spec/http-bindings.html).
 *
 * @param anyText whether texts of path and query may have every character: S3's keys may
 */
export function readBinding(
  member: Member,
  request: WireRequest,
  target: HttpTarget,
  labels: ReadonlyMap<string, string>,
  boundQuery: ReadonlySet<string>,
  anyText: boolean,
): unknown {
  switch (member.location) {
    case "label": {
      const label = labels.get(member.name);
      if (label === undefined || (anyText && member.shape.kind === "string")) return label;
      return readText(scalar(member.shape), label);
    }
    case "query": {
      const values = target.query.get(member.locationName);
      return anyText && member.shape.kind === "string" ? values?.[0] : readQuery(member.shape, values);
    }
    case "queryMap":
      return readQueryMap(member.shape, target, boundQuery);
    case "header":
      return readHeader(member.shape, request.headers[member.locationName]);
    case "prefixHeaders":
      return readPrefixHeaders(request, member.locationName);
    default:
      return undefined;
  }
}

function readQuery(shape: Shape, values: readonly string[] | undefined): unknown {
  const [first] = values ?? [];
  if (values === undefined || first === undefined) return undefined;
  if (shape.kind === "list") return values.map((value) => readText(scalar(shape.item), value));
  return readText(scalar(shape), first);
}

/** All parameters that no other member takes. */
function readQueryMap(shape: Shape, target: HttpTarget, bound: ReadonlySet<string>): unknown {
  if (shape.kind !== "map") return undefined;
  const entries = [...target.query]
    .filter(([name]) => !bound.has(name))
    .map(([name, values]) => [checkedText(name), readQuery(shape.value, values)] as const);
  return entries.length === 0 ? undefined : Object.fromEntries(entries);
}

function readHeader(shape: Shape, text: string | undefined): unknown {
  if (text === undefined) return undefined;
  if (shape.kind !== "list") return readHeaderScalar(scalar(shape), text);
  const item = scalar(shape.item);
  return splitHeader(text).map((part) => readHeaderScalar(item, part.trim()));
}

function readHeaderScalar(shape: ScalarShape, text: string): unknown {
  if (shape.kind !== "string" || !shape.mediaType) return readText(shape, text);
  return checkedText(Buffer.from(text, "base64").toString("utf8"));
}

function readPrefixHeaders(request: WireRequest, prefix: string): object | undefined {
  let entries: [string, string][] | undefined;
  for (const name in request.headers) {
    if (!name.startsWith(prefix)) continue;
    entries ??= [];
    entries.push([name.slice(prefix.length), checkedText(request.headers[name] ?? "")]);
  }
  return entries && Object.fromEntries(entries);
}

function scalar(shape: Shape): ScalarShape {
  if (shape.kind === "structure" || shape.kind === "list" || shape.kind === "map") {
    throw new Malformed("A structured value is not bound to the path, the query or a header");
  }
  return shape;
}

/** Writes the members of an output that travel as headers into `headers`. */
export function writeHeaders(
  members: readonly Member[],
  output: Readonly<Record<string, unknown>>,
  headers: Record<string, string>,
  write: HeaderWriter,
): void {
  for (const member of members) {
    const value = output[member.name];
    if (value === undefined || value === null) continue;
    if (member.location === "header") headers[member.locationName] = write(member.schema, value);
    else if (member.location === "prefixHeaders") {
      for (const [name, text] of Object.entries(value))
        headers[`${member.locationName}${name.toLowerCase()}`] = String(text);
    }
  }
}
