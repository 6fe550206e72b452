/**
 * Which endpoint of the OCI distribution-spec 1.1 ("Endpoints") a request target means.
 * Targets are read as they came: no decoding in repository names (nothing in the grammar needs it, so an
 * escape there is refused), one decoding in the last part (some clients write `sha256%3A...`), then the
 * grammars decide. Names may contain any word of the table (`a/tags/b`), so the end of the path is read first.
 */
import { InvalidRequest } from "./errors.ts";

export type Endpoint =
  | "support"
  | "catalog"
  | "manifest"
  | "blob"
  | "uploads"
  | "upload"
  | "tags"
  | "referrers";

export interface Route {
  readonly endpoint: Endpoint;
  /** The repository; empty for `support` and `catalog`. */
  readonly name: string;
  /** Tag, digest or upload id, unchecked; empty where the endpoint has none. */
  readonly last: string;
}

const SUPPORT: Route = { endpoint: "support", name: "", last: "" };
const CATALOG: Route = { endpoint: "catalog", name: "", last: "" };

/** What stands before the last part of the path, longest first. */
const SUFFIXES: readonly (readonly [suffix: string, endpoint: Endpoint])[] = [
  ["/blobs/uploads", "upload"],
  ["/manifests", "manifest"],
  ["/blobs", "blob"],
  ["/referrers", "referrers"],
];

/** Model limit of ECR; the door only needs a bound before the grammar runs. */
const LONGEST_NAME = 256;
const NAME = /^[a-z0-9]+(?:(?:\.|_|__|-+)[a-z0-9]+)*(?:\/[a-z0-9]+(?:(?:\.|_|__|-+)[a-z0-9]+)*)*$/;

/** Undefined when it is no endpoint; throws InvalidRequest for a name outside the grammar. */
export function findRoute(path: string): Route | undefined {
  if (path === "/v2/" || path === "/v2") return SUPPORT;
  if (!path.startsWith("/v2/")) return undefined;
  if (path === "/v2/_catalog") return CATALOG;
  const slash = path.lastIndexOf("/");
  const last = path.slice(slash + 1);
  const head = path.slice(4, slash);
  if (last === "list" && head.endsWith("/tags"))
    return { endpoint: "tags", name: nameBefore(head, 5), last: "" };
  for (const [suffix, endpoint] of SUFFIXES) {
    if (!head.endsWith(suffix)) continue;
    const name = nameBefore(head, suffix.length);
    if (endpoint === "upload" && last === "") return { endpoint: "uploads", name, last };
    if (endpoint === "blob" && last === "uploads") return { endpoint: "uploads", name, last: "" };
    return { endpoint, name, last: decodeOnce(last) };
  }
  return undefined;
}

/** The repository name grammar of the specification ("Pulling manifests"). */
export function isRepositoryName(name: string): boolean {
  return name.length <= LONGEST_NAME && NAME.test(name);
}

function nameBefore(head: string, suffixLength: number): string {
  const name = head.slice(0, head.length - suffixLength);
  if (!isRepositoryName(name)) {
    throw new InvalidRequest("NAME_INVALID", "invalid repository name", {
      name: name.slice(0, LONGEST_NAME),
    });
  }
  return name;
}

function decodeOnce(text: string): string {
  if (!text.includes("%")) return text;
  try {
    return decodeURIComponent(text);
  } catch {
    throw new InvalidRequest("NAME_INVALID", "invalid percent-encoding in the path");
  }
}
