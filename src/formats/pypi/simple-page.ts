/**
 * The pages of the simple repository API: a project's files and the names of all projects, as JSON (PEP 691, with the
 * fields of PEP 700, 714, 740, 592 and 792) and as HTML (PEP 503). Addresses are relative but for provenance, which
 * PEP 740 wants whole.
 */
import type { AssetView, PackageView, VersionView } from "../../services/codeartifact/engine.ts";
import { UNKNOWN_VERSION } from "./file-names.ts";

/** 1.4 (PEP 792) with all that 1.1 demands; a file of unknown size (an upstream with HTML only) allows 1.0. */
const FULL = "1.4";
const PLAIN = "1.0";

interface PageFile {
  readonly filename: string;
  readonly url: string;
  readonly hashes: Readonly<Record<string, string>>;
  readonly size?: number;
  readonly "upload-time"?: string;
  readonly "requires-python"?: string;
  readonly yanked: boolean | string;
  readonly "core-metadata"?: boolean | Readonly<Record<string, string>>;
  readonly provenance?: string;
}

interface Page {
  readonly version: string;
  readonly name: string;
  readonly versions: readonly string[];
  readonly files: readonly PageFile[];
  readonly status: { readonly status: string; readonly reason?: string } | undefined;
}

/** @param simpleUrl address of `simple/`, ending in a slash */
function readPage(view: PackageView, simpleUrl: string): Page {
  const listed = view.versions.filter(({ status }) => status === "Published");
  const files = listed.flatMap((version) =>
    version.assets.map((asset) => pageFile(asset, version, `${simpleUrl}${view.name.name}/`)),
  );
  return {
    version: files.every(({ size }) => size !== undefined) ? FULL : PLAIN,
    name: view.name.name,
    versions: listed.map(({ version }) => version).filter((version) => version !== UNKNOWN_VERSION),
    files,
    status: projectStatus(view.metadata["project-status"]),
  };
}

function pageFile(asset: AssetView, version: VersionView, projectUrl: string): PageFile {
  const { metadata, hashes } = asset;
  const url = `${encodeURIComponent(version.version)}/${encodeURIComponent(asset.name)}`;
  const requires = metadata["requires-python"];
  const uploaded = metadata["upload-time"];
  const core = coreMetadata(asset);
  const [algorithm, hash] = Object.entries({
    sha256: hashes.sha256,
    sha512: hashes.sha512,
    sha1: hashes.sha1,
    md5: hashes.md5,
  }).find(([, value]) => value !== undefined) ?? ["", undefined];
  return {
    filename: asset.name,
    url,
    hashes: hash === undefined ? {} : { [algorithm]: hash },
    ...(asset.size === undefined ? {} : { size: asset.size }),
    ...(typeof uploaded === "string" ? { "upload-time": uploaded } : {}),
    ...(typeof requires === "string" ? { "requires-python": requires } : {}),
    yanked: yanked(metadata["yanked"]),
    ...(core === undefined ? {} : { "core-metadata": core }),
    ...(metadata["provenance"] === undefined ? {} : { provenance: `${projectUrl}${url}.provenance` }),
  };
}

function yanked(value: unknown): boolean | string {
  return typeof value === "string" || value === true ? value : false;
}

/** Every wheel's metadata can be had alone, even if its upstream does not offer it. */
function coreMetadata(asset: AssetView): PageFile["core-metadata"] | undefined {
  const said = asset.metadata["core-metadata"];
  if (typeof said === "object" && said !== null) {
    const { sha256 } = said as { sha256?: unknown };
    return typeof sha256 === "string" ? { sha256 } : true;
  }
  return said === true || asset.name.endsWith(".whl") ? true : undefined;
}

function projectStatus(value: unknown): Page["status"] {
  if (typeof value !== "object" || value === null) return undefined;
  const { status, reason } = value as { status?: unknown; reason?: unknown };
  if (typeof status !== "string") return undefined;
  return { status, ...(typeof reason === "string" ? { reason } : {}) };
}

export function renderProjectJson(view: PackageView, simpleUrl: string): string {
  const page = readPage(view, simpleUrl);
  return JSON.stringify({
    meta: { "api-version": page.version },
    name: page.name,
    ...(page.status === undefined ? {} : { "project-status": page.status }),
    versions: page.versions,
    files: page.files.map((file) =>
      // PEP 714: the old key beside the new one, for pip of before 23.2.
      file["core-metadata"] === undefined ? file : { ...file, "dist-info-metadata": file["core-metadata"] },
    ),
  });
}

export function renderProjectHtml(view: PackageView, simpleUrl: string): string {
  const page = readPage(view, simpleUrl);
  const title = `Links for ${page.name}`;
  const status =
    page.status === undefined
      ? ""
      : metaTag("project-status", page.status.status) +
        (page.status.reason === undefined ? "" : metaTag("project-status-reason", page.status.reason));
  return document(page.version, title, status, page.files.map(anchor));
}

function anchor(file: PageFile): string {
  const [hash] = Object.entries(file.hashes);
  const core = file["core-metadata"];
  const coreText = typeof core === "object" ? `sha256=${core["sha256"]}` : core ? "true" : undefined;
  const attributes: readonly (readonly [string, string | undefined])[] = [
    ["href", hash === undefined ? file.url : `${file.url}#${hash[0]}=${hash[1]}`],
    ["data-requires-python", file["requires-python"]],
    ["data-core-metadata", coreText],
    ["data-dist-info-metadata", coreText],
    ["data-yanked", file.yanked === false ? undefined : file.yanked === true ? "" : file.yanked],
    ["data-provenance", file.provenance],
  ];
  const written = attributes
    .filter(([, value]) => value !== undefined)
    .map(([name, value]) => ` ${name}="${escapeHtml(value ?? "")}"`);
  return `<a${written.join("")}>${escapeHtml(file.filename)}</a><br>`;
}

/** @param names normalized */
export function renderIndexJson(names: readonly string[]): string {
  return JSON.stringify({ meta: { "api-version": FULL }, projects: names.map((name) => ({ name })) });
}

export function renderIndexHtml(names: readonly string[]): string {
  const links = names.map((name) => `<a href="${escapeHtml(name)}/">${escapeHtml(name)}</a><br>`);
  return document(FULL, "Simple index", "", links);
}

function document(version: string, title: string, head: string, links: readonly string[]): string {
  return `<!DOCTYPE html>
<html>
<head>
${metaTag("repository-version", version)}${head}<title>${escapeHtml(title)}</title>
</head>
<body>
<h1>${escapeHtml(title)}</h1>
${links.join("\n")}
</body>
</html>
`;
}

function metaTag(name: string, content: string): string {
  return `<meta name="pypi:${name}" content="${escapeHtml(content)}">\n`;
}

const ESCAPES: Readonly<Record<string, string>> = {
  "&": "&amp;",
  "<": "&lt;",
  ">": "&gt;",
  '"': "&quot;",
  "'": "&#39;",
};

function escapeHtml(text: string): string {
  return text.replace(/[&<>"']/g, (character) => ESCAPES[character] ?? character);
}
