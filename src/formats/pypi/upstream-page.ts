/**
 * The page that another index has of a project: JSON (PEP 691) or HTML (PEP 503), read without trust. Files whose
 * entries make no sense are left out; a page that is none is refused.
 */
import type { Hashes, HashName, UpstreamAsset } from "../../services/codeartifact/format.ts";
import { isFileName } from "./file-names.ts";
import { type Anchor, readAnchors, readMetaTags } from "./html-anchors.ts";

export interface UpstreamPage {
  readonly files: readonly UpstreamAsset[];
  /** PEP 792. */
  readonly status: { readonly status: string; readonly reason?: string } | undefined;
}

/** What is read is no page of the simple repository API; the message says why. */
export class PageUnreadable extends Error {
  override readonly name = "PageUnreadable";
}

/** @param url where the page came from, for its relative links */
export function readUpstreamPage(text: string, contentType: string, url: string): UpstreamPage {
  const type = contentType.split(";")[0]?.trim().toLowerCase() ?? "";
  if (type.endsWith("json")) return readJsonPage(text, url);
  if (type.endsWith("html")) return readHtmlPage(text, url);
  throw new PageUnreadable(`it is of type ${JSON.stringify(type.slice(0, 80))}`);
}

type Fields = Readonly<Record<string, unknown>>;

function isFields(value: unknown): value is Fields {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

function readJsonPage(text: string, url: string): UpstreamPage {
  let page: unknown;
  try {
    page = JSON.parse(text);
  } catch {
    throw new PageUnreadable("it is not valid JSON");
  }
  if (!isFields(page) || !Array.isArray(page["files"])) throw new PageUnreadable("it has no list of files");
  const meta = page["meta"];
  refuseVersion(isFields(meta) ? meta["api-version"] : undefined);
  const files: UpstreamAsset[] = [];
  for (const file of page["files"] as readonly unknown[]) {
    const read = isFields(file) ? readJsonFile(file, url) : undefined;
    if (read) files.push(read);
  }
  const status = page["project-status"];
  const said = isFields(status) ? status["status"] : undefined;
  const reason = isFields(status) ? status["reason"] : undefined;
  return { files, status: readStatus(said, reason) };
}

/** "Clients MUST NOT go on with another major version" (PEP 629). */
function refuseVersion(version: unknown): void {
  if (typeof version === "string" && !/^1(?:\.\d+)?$/.test(version))
    throw new PageUnreadable(`its API version is ${JSON.stringify(version.slice(0, 20))}`);
}

function readStatus(status: unknown, reason: unknown): UpstreamPage["status"] {
  if (typeof status !== "string") return undefined;
  return { status, ...(typeof reason === "string" ? { reason } : {}) };
}

function readJsonFile(file: Fields, page: string): UpstreamAsset | undefined {
  const name = file["filename"];
  const url = typeof file["url"] === "string" ? absoluteUrl(file["url"], page) : undefined;
  if (typeof name !== "string" || !isFileName(name) || url === undefined) return undefined;
  const size = file["size"];
  const core = file["core-metadata"] ?? file["dist-info-metadata"];
  const provenance =
    typeof file["provenance"] === "string" ? absoluteUrl(file["provenance"], page) : undefined;
  url.hash = "";
  return {
    name,
    url: url.href,
    ...(typeof size === "number" && Number.isSafeInteger(size) && size >= 0 ? { size } : {}),
    integrity: readHashes(file["hashes"]),
    metadata: {
      ...text("requires-python", file["requires-python"]),
      ...text("upload-time", file["upload-time"]),
      ...yanked(file["yanked"]),
      ...coreMetadata(isFields(core) ? readHashes(core).sha256 : undefined, core),
      ...(provenance === undefined ? {} : { provenance: provenance.href }),
    },
  };
}

const LONGEST_FIELD = 2_000;

function text(name: string, value: unknown): Fields {
  return typeof value === "string" && value !== "" && value.length <= LONGEST_FIELD ? { [name]: value } : {};
}

function yanked(value: unknown): Fields {
  if (value === true || value === "") return { yanked: true };
  return text("yanked", value);
}

function coreMetadata(sha256: string | undefined, said: unknown): Fields {
  if (sha256 !== undefined) return { "core-metadata": { sha256 } };
  return said === true || isFields(said) ? { "core-metadata": true } : {};
}

const HASH_LENGTHS: Readonly<Record<HashName, number>> = { md5: 32, sha1: 40, sha256: 64, sha512: 128 };

function readHashes(value: unknown): Partial<Hashes> {
  const hashes: Partial<Record<HashName, string>> = {};
  if (!isFields(value)) return hashes;
  for (const [name, length] of Object.entries(HASH_LENGTHS) as [HashName, number][]) {
    const hash = value[name];
    if (typeof hash === "string" && hash.length === length && /^[0-9a-f]+$/i.test(hash))
      hashes[name] = hash.toLowerCase();
  }
  return hashes;
}

function absoluteUrl(url: string, base: string): URL | undefined {
  const parsed = URL.parse(url, base);
  return parsed?.protocol === "https:" || parsed?.protocol === "http:" ? parsed : undefined;
}

function readHtmlPage(html: string, page: string): UpstreamPage {
  const meta = readMetaTags(html);
  refuseVersion(meta.get("pypi:repository-version"));
  const files: UpstreamAsset[] = [];
  for (const anchor of readAnchors(html)) {
    const read = readHtmlFile(anchor, page);
    if (read) files.push(read);
  }
  return {
    files,
    status: readStatus(meta.get("pypi:project-status"), meta.get("pypi:project-status-reason")),
  };
}

function readHtmlFile({ attributes }: Anchor, page: string): UpstreamAsset | undefined {
  const url = absoluteUrl(attributes.get("href") ?? "", page);
  if (url === undefined || !attributes.has("href")) return undefined;
  const [algorithm = "", hash] = url.hash.slice(1).split("=");
  url.hash = "";
  const name = lastSegment(url.pathname);
  if (name === undefined || !isFileName(name)) return undefined;
  const core = attributes.get("data-core-metadata") ?? attributes.get("data-dist-info-metadata");
  const [coreAlgorithm, coreHash] = core?.split("=") ?? [];
  const yankedFor = attributes.get("data-yanked");
  const provenance = attributes.get("data-provenance");
  const provenanceUrl = provenance === undefined ? undefined : absoluteUrl(provenance, page);
  return {
    name,
    url: url.href,
    integrity: readHashes({ [algorithm]: hash }),
    metadata: {
      ...text("requires-python", attributes.get("data-requires-python")),
      ...(yankedFor === undefined ? {} : yanked(yankedFor)),
      ...(core === undefined
        ? {}
        : coreMetadata(
            coreAlgorithm === "sha256" ? readHashes({ sha256: coreHash }).sha256 : undefined,
            true,
          )),
      ...(provenanceUrl === undefined ? {} : { provenance: provenanceUrl.href }),
    },
  };
}

function lastSegment(path: string): string | undefined {
  try {
    return decodeURIComponent(path.slice(path.lastIndexOf("/") + 1));
  } catch {
    return undefined;
  }
}
