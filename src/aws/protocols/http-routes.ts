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
  /** Of several routes that fit the greatest is meant. */
  readonly specificity: number;
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
  for (const routes of byMethod.values()) routes.sort((left, right) => right.specificity - left.specificity);

  return {
    of: (operation) => byOperation.get(operation),
    find(request, target) {
      const named: string[] = [];
      for (const name of target.query.keys()) if (subResources.has(name)) named.push(name);
      const fitting: Route[] = [];
      for (const route of byMethod.get(request.method) ?? [])
        if (knowsAll(route, named) && fits(route, request, target)) fitting.push(route);
      const complete = fitting.filter((route) => isComplete(route, request, target));
      const [best, second] = complete.length > 0 ? complete : fitting;
      if (!best || !second || best.specificity !== second.specificity) return best;
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
  const route = {
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
  return { ...route, specificity: specificity(route) };
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

function specificity(route: Omit<Route, "specificity">): number {
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

/** None of the sub-resources that a request names means nothing to the operation. */
function knowsAll({ knownQuery }: Route, named: readonly string[]): boolean {
  for (const name of named) if (!knownQuery.has(name)) return false;
  return true;
}

/** The parameters are looked at first: most of S3's operations need one that most of its requests do not have. */
function fits(route: Route, request: WireRequest, target: HttpTarget): boolean {
  for (const [name, value] of route.literals) {
    const given = target.query.get(name);
    if (given === undefined || !(value === undefined || value === "" || given.includes(value))) return false;
  }
  return matchesPath(route, request, target);
}

function isComplete(route: Route, request: WireRequest, target: HttpTarget): boolean {
  return (
    route.requiredQuery.every((name) => target.query.has(name)) &&
    route.requiredHeaders.every((name) => request.headers[name] !== undefined)
  );
}

/** An operation without a bucket (ListBuckets, WriteGetObjectResponse) is matched on the whole path. */
function matchesPath(route: Route, request: WireRequest, target: HttpTarget): boolean {
  if (route.inBucket) return target.bucket !== undefined && walkPath(route, target.path);
  if (request.bucket !== undefined) return false;
  return walkPath(route, wholePath(request));
}

function wholePath(request: WireRequest): string {
  const mark = request.target.indexOf("?");
  return mark === -1 ? request.target : request.target.slice(0, mark);
}

/** The decoded labels of the path. Throws Malformed. */
export function labelsOf(
  route: Route,
  request: WireRequest,
  target: HttpTarget,
): ReadonlyMap<string, string> {
  const labels = new Map<string, string>();
  if (!walkPath(route, route.inBucket ? target.path : wholePath(request), labels)) labels.clear();
  for (const [name, value] of labels) labels.set(name, decodeLabel(value));
  if (route.inBucket && target.bucket !== undefined) labels.set("Bucket", target.bucket);
  return labels;
}

/** Whether the path is of the route; its labels, undecoded, are added to `labels`. */
function walkPath({ segments }: Route, path: string, labels?: Map<string, string>): boolean {
  let at = 0;
  for (const { greedy, label, literal } of segments) {
    if (path[at] !== "/") return false;
    const slash = greedy ? -1 : path.indexOf("/", at + 1);
    const end = slash === -1 ? path.length : slash;
    const text = path.slice(at + 1, end);
    if (text === "" || (literal !== undefined && literal !== text)) return false;
    if (literal === undefined) labels?.set(label, text);
    at = end;
    if (greedy) return true;
  }
  return at === path.length || (at === path.length - 1 && path[at] === "/");
}
