import type { OperationPlan } from "../schemas.ts";
import type { WireRequest } from "../wire.ts";
import { decodeLabel, type HttpTarget } from "./http-target.ts";

/**
 * Which operation a REST request means (https://smithy.io/2.0/spec/http-bindings.html#http-trait): method, path
 * template, literal query parameters. S3 has many operations on one path that differ only in a parameter or header
 * they require (CopyObject is PutObject with x-amz-copy-source): of several that fit, one whose required ones are all
 * there is preferred, the most specific first. A parameter that elsewhere names a sub-resource is never ignored, or
 * `DELETE /bucket/key?policy` would delete the object. `x-id`, which SDKs add, decides only between operations that are
 * equal otherwise.
 */
export interface Route {
  readonly operation: OperationPlan;
  readonly segments: readonly Segment[];
  /** Works on a bucket, so that its template begins after the bucket. */
  readonly inBucket: boolean;
  readonly literals: readonly (readonly [name: string, value: string | undefined])[];
  /** Every query parameter that means something to the operation. */
  readonly knownQuery: ReadonlySet<string>;
  readonly requiredQuery: readonly string[];
  readonly requiredHeaders: readonly string[];
  readonly xId: string | undefined;
}

interface Segment {
  readonly literal: string | undefined;
  readonly label: string;
  /** Takes the whole rest of the path, slashes included. */
  readonly greedy: boolean;
}

export interface RouteTable {
  /** Undefined when nothing fits. */
  find(request: WireRequest, target: HttpTarget): Route | undefined;
  of(operation: OperationPlan): Route | undefined;
}

export function routeTable(operations: Iterable<OperationPlan>, bucketAddressing: boolean): RouteTable {
  const byMethod = new Map<string, Route[]>();
  const byOperation = new Map<OperationPlan, Route>();
  const subResources = new Set<string>();
  for (const operation of operations) {
    if (!operation.http) continue;
    const route = compileRoute(operation, operation.http[1], bucketAddressing);
    for (const [name] of route.literals) subResources.add(name);
    byOperation.set(operation, route);
    byMethod.set(operation.http[0], [...(byMethod.get(operation.http[0]) ?? []), route]);
  }
  for (const routes of byMethod.values())
    routes.sort((left, right) => specificity(right) - specificity(left));

  return {
    of: (operation) => byOperation.get(operation),
    find(request, target) {
      const named = [...target.query.keys()].filter((name) => subResources.has(name));
      const fitting = (byMethod.get(request.method) ?? []).filter(
        (route) => fits(route, request, target) && !named.some((name) => !route.knownQuery.has(name)),
      );
      const complete = fitting.filter((route) => isComplete(route, request, target));
      const [best, second] = complete.length > 0 ? complete : fitting;
      if (!best || !second || specificity(best) !== specificity(second)) return best;
      const [xId] = target.query.get("x-id") ?? [];
      return fitting.find((route) => route.xId !== undefined && route.xId === xId) ?? best;
    },
  };
}

function compileRoute(operation: OperationPlan, template: string, bucketAddressing: boolean): Route {
  const [path = "", query = ""] = template.split("?");
  const pairs = query === "" ? [] : query.split("&").map((pair) => pair.split("=") as [string, string?]);
  const members = operation.input.members;
  const required = members.slice(0, operation.requiredMembers);
  const literals = pairs.filter(([name]) => name !== "x-id");
  const bound = members.filter((member) => member.location === "query").map((member) => member.locationName);
  return {
    operation,
    segments: splitPath(path).map(compileSegment),
    inBucket:
      bucketAddressing && members.some((member) => member.name === "Bucket" && member.location === "label"),
    literals: literals.map(([name, value]) => [name, value] as const),
    knownQuery: new Set([...literals.map(([name]) => name), ...bound]),
    requiredQuery: required
      .filter((member) => member.location === "query")
      .map((member) => member.locationName),
    requiredHeaders: required
      .filter((member) => member.location === "header")
      .map((member) => member.locationName),
    xId: pairs.find(([name]) => name === "x-id")?.[1],
  };
}

function compileSegment(segment: string): Segment {
  const match = /^\{(.+?)(\+?)\}$/.exec(segment);
  if (!match) return { literal: segment, label: "", greedy: false };
  return { literal: undefined, label: match[1] ?? "", greedy: match[2] === "+" };
}

/** Without the empty segment before the first slash; a slash at the end is no segment of its own. */
function splitPath(path: string): string[] {
  const segments = path.split("/").slice(1);
  if (segments.at(-1) === "") segments.pop();
  return segments;
}

function specificity(route: Route): number {
  const literals = route.segments.filter((segment) => segment.literal !== undefined).length;
  const greedy = route.segments.some((segment) => segment.greedy) ? 1 : 0;
  return (
    literals * 1000 +
    route.segments.length * 100 +
    route.literals.length * 40 +
    route.requiredQuery.length * 6 +
    route.requiredHeaders.length * 2 -
    greedy
  );
}

function fits(route: Route, request: WireRequest, target: HttpTarget): boolean {
  if (!matchesPath(route, request, target)) return false;
  return route.literals.every(([name, value]) => {
    const given = target.query.get(name);
    return given !== undefined && (value === undefined || value === "" || given.includes(value));
  });
}

function isComplete(route: Route, request: WireRequest, target: HttpTarget): boolean {
  return (
    route.requiredQuery.every((name) => target.query.has(name)) &&
    route.requiredHeaders.every((name) => request.headers[name] !== undefined)
  );
}

/** An operation without a bucket (ListBuckets, WriteGetObjectResponse) is matched on the whole path. */
function matchesPath(route: Route, request: WireRequest, target: HttpTarget): boolean {
  if (route.inBucket) return target.bucket !== undefined && pathLabels(route, target.path) !== undefined;
  if (request.bucket !== undefined) return false;
  return pathLabels(route, wholePath(request)) !== undefined;
}

function wholePath(request: WireRequest): string {
  const mark = request.target.indexOf("?");
  return mark === -1 ? request.target : request.target.slice(0, mark);
}

/** The decoded labels of the path, or undefined when the path is not of the route. Throws Malformed. */
export function labelsOf(
  route: Route,
  request: WireRequest,
  target: HttpTarget,
): ReadonlyMap<string, string> {
  const labels = new Map(pathLabels(route, route.inBucket ? target.path : wholePath(request)));
  if (route.inBucket && target.bucket !== undefined) labels.set("Bucket", target.bucket);
  for (const [name, value] of labels) if (name !== "Bucket") labels.set(name, decodeLabel(value));
  return labels;
}

function pathLabels(route: Route, path: string): Map<string, string> | undefined {
  const labels = new Map<string, string>();
  let rest = path;
  for (const segment of route.segments) {
    if (!rest.startsWith("/")) return undefined;
    if (segment.greedy) {
      if (rest.length === 1) return undefined;
      return labels.set(segment.label, rest.slice(1));
    }
    const end = rest.indexOf("/", 1);
    const text = end === -1 ? rest.slice(1) : rest.slice(1, end);
    if (text === "" || (segment.literal !== undefined && segment.literal !== text)) return undefined;
    if (segment.literal === undefined) labels.set(segment.label, text);
    rest = end === -1 ? "" : rest.slice(end);
  }
  return rest === "" || rest === "/" ? labels : undefined;
}
