import type { WireRequest } from "../wire.ts";
import { parseForm } from "./form-values.ts";
import { Malformed } from "./malformed.ts";

/** The raw target of a REST request, taken apart but for the labels in its path, which routes decode. */
export interface HttpTarget {
  /** Undecoded, without the bucket where that was its first segment. */
  readonly path: string;
  /** Decoded values by decoded name, in order of appearance. */
  readonly query: ReadonlyMap<string, readonly string[]>;
  /** S3: the bucket by host or path; undefined for requests without one. */
  readonly bucket: string | undefined;
}

const taken = new WeakMap<WireRequest, HttpTarget>();

export function httpTarget(request: WireRequest, bucketAddressing: boolean): HttpTarget {
  let target = taken.get(request);
  if (!target) {
    const mark = request.target.indexOf("?");
    const path = mark === -1 ? request.target : request.target.slice(0, mark);
    const query = mark === -1 ? NO_QUERY : groupByName(parseForm(request.target.slice(mark + 1)));
    target = bucketAddressing
      ? { ...splitBucket(path, request.bucket), query }
      : { path, query, bucket: undefined };
    taken.set(request, target);
  }
  return target;
}

const NO_QUERY: HttpTarget["query"] = new Map();

function splitBucket(
  path: string,
  hostBucket: string | undefined,
): { path: string; bucket: string | undefined } {
  if (hostBucket !== undefined) return { path, bucket: hostBucket };
  const end = path.indexOf("/", 1);
  const first = end === -1 ? path.slice(1) : path.slice(1, end);
  return { path: end === -1 ? "/" : path.slice(end), bucket: first === "" ? undefined : decodeLabel(first) };
}

function groupByName(pairs: readonly (readonly [string, string])[]): HttpTarget["query"] {
  const groups = new Map<string, string[]>();
  for (const [name, value] of pairs) {
    const group = groups.get(name);
    if (group) group.push(value);
    else groups.set(name, [value]);
  }
  return groups;
}

export function decodeLabel(segment: string): string {
  try {
    return decodeURIComponent(segment);
  } catch {
    throw new Malformed("The path is not percent-encoded UTF-8");
  }
}
