/**
 * Where a client of Python packages knocks, below `<repository>/`: the simple repository API under `simple/`, files
 * beside the pages that list them, and uploads at the bare address (what `aws codeartifact login --tool twine` writes)
 * or at `legacy/`.
 */
import { badRequest } from "../packages/errors.ts";

/** A file, or what lies beside it. */
export interface FileRoute<Kind extends string> {
  readonly kind: Kind;
  readonly project: string;
  /** Undefined: whichever has the file. */
  readonly version: string | undefined;
  readonly file: string;
}

export type Route =
  | { readonly kind: "upload" }
  | { readonly kind: "index" }
  | { readonly kind: "project"; readonly project: string }
  | FileRoute<"file">
  | FileRoute<"metadata">
  | FileRoute<"provenance">
  | { readonly kind: "yank"; readonly project: string; readonly version: string }
  /** A page whose address lacks its slash; `to` is relative. */
  | { readonly kind: "redirect"; readonly to: string };

const BESIDE: readonly (readonly [suffix: string, kind: "metadata" | "provenance"])[] = [
  [".metadata", "metadata"],
  [".provenance", "provenance"],
];

/** @param path raw, without the query. Undefined when nothing is there. */
export function findRoute(path: string): Route | undefined {
  if (path === "" || path === "legacy" || path === "legacy/") return { kind: "upload" };
  if (path === "simple") return { kind: "redirect", to: "simple/" };
  const parts = path.split("/").map(decode);
  if (parts[0] !== "simple" || parts.length > 4) return undefined;
  const [, project = "", second, third] = parts;
  if (parts.length === 2)
    return project === "" ? { kind: "index" } : { kind: "redirect", to: `${encodeURIComponent(project)}/` };
  if (second === "" && parts.length === 3) return { kind: "project", project };
  const [version, name] = parts.length === 4 ? [second, third] : [undefined, second];
  if (!name) return undefined;
  if (version !== undefined && name === "yanked") return { kind: "yank", project, version };
  for (const [suffix, kind] of BESIDE)
    if (name.endsWith(suffix)) return { kind, project, version, file: name.slice(0, -suffix.length) };
  return { kind: "file", project, version, file: name };
}

function decode(part: string): string {
  try {
    return decodeURIComponent(part);
  } catch {
    throw badRequest("The address has an invalid percent-encoding.");
  }
}
