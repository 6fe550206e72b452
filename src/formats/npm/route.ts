/**
 * Addresses of the npm registry API (npm/registry, docs/REGISTRY-API.md; the npm client for the rest), below a
 * repository. A scoped name is one segment (`@scope%2fname`) or two (`@scope/name`).
 */
import type { PackageName } from "../../services/codeartifact/format.ts";
import { parseName } from "./names.ts";

export type Route =
  | { readonly kind: "package"; readonly name: PackageName; readonly revision: string | undefined }
  | { readonly kind: "version"; readonly name: PackageName; readonly version: string }
  | {
      readonly kind: "tarball";
      readonly name: PackageName;
      readonly file: string;
      readonly revision: string | undefined;
    }
  | { readonly kind: "tags"; readonly name: PackageName; readonly tag: string | undefined }
  | { readonly kind: "attestations"; readonly name: PackageName; readonly version: string }
  | { readonly kind: "user"; readonly user: string }
  | { readonly kind: "token"; readonly token: string }
  | { readonly kind: FixedKind };

const FIXED = {
  "": "ping",
  "-/ping": "ping",
  "-/whoami": "whoami",
  "-/v1/login": "web-login",
  "-/v1/search": "search",
  "-/npm/v1/user": "profile",
  "-/npm/v1/tokens": "tokens",
  "-/npm/v1/keys": "keys",
  "-/npm/v1/security/advisories/bulk": "bulk-advisories",
  "-/npm/v1/security/audits": "audit",
  "-/npm/v1/security/audits/quick": "audit",
} as const;

type FixedKind = (typeof FIXED)[keyof typeof FIXED];

const USER = "org.couchdb.user:";

/** `path` is raw. Undefined for what is no address of the API; throws PackageInvalid for what can be no package. */
export function findRoute(path: string): Route | undefined {
  const fixed = Object.hasOwn(FIXED, path) ? FIXED[path as keyof typeof FIXED] : undefined;
  if (fixed) return { kind: fixed };
  const parts = segments(path);
  if (parts === undefined) return undefined;
  return parts[0] === "-" ? ownRoute(parts.slice(1)) : packageRoute(parts);
}

function ownRoute(parts: readonly string[]): Route | undefined {
  const [first, second, third, fourth, ...more] = parts;
  if (first === "package" && second !== undefined && third === "dist-tags" && more.length === 0)
    return { kind: "tags", name: parseName(second), tag: fourth };
  if (first === "user" && second === "token" && third !== undefined && parts.length === 3)
    return { kind: "token", token: third };
  if (first === "user" && second?.startsWith(USER) && (parts.length === 2 || third === "-rev"))
    return { kind: "user", user: second.slice(USER.length) };
  if (first !== "npm" || second !== "v1") return undefined;
  if (third === "tokens" && fourth === "token" && more.length === 1)
    return { kind: "token", token: more[0] ?? "" };
  if (third !== "attestations" || fourth === undefined || more.length > 0) return undefined;
  const at = fourth.lastIndexOf("@");
  return at > 0
    ? { kind: "attestations", name: parseName(fourth.slice(0, at)), version: fourth.slice(at + 1) }
    : undefined;
}

function packageRoute([first = "", ...rest]: readonly string[]): Route | undefined {
  const name = parseName(first);
  const [second, third, fourth, fifth] = rest;
  switch (rest.length) {
    case 0:
      return { kind: "package", name, revision: undefined };
    case 1:
      return { kind: "version", name, version: second ?? "" };
    case 2:
      if (second === "-rev") return { kind: "package", name, revision: third };
      return second === "-" ? { kind: "tarball", name, file: third ?? "", revision: undefined } : undefined;
    case 4:
      return second === "-" && fourth === "-rev"
        ? { kind: "tarball", name, file: third ?? "", revision: fifth }
        : undefined;
    default:
      return undefined;
  }
}

/** Decoded, with scoped names as one; undefined for what cannot be decoded. */
function segments(path: string): readonly string[] | undefined {
  const parts: string[] = [];
  for (const raw of path.split("/")) {
    let part: string;
    try {
      part = decodeURIComponent(raw);
    } catch {
      return undefined;
    }
    const before = parts.at(-1);
    if (before?.startsWith("@") && !before.includes("/") && !part.startsWith("@"))
      parts[parts.length - 1] = `${before}/${part}`;
    else parts.push(part);
  }
  if (parts.length > 1 && parts.at(-1) === "") parts.pop();
  return parts;
}
