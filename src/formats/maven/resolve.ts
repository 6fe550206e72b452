/** GET and HEAD: files from the graph, metadata generated from it, and the checksums of both. */
import { createHash } from "node:crypto";
import { BoundedCache } from "../../bounded-cache.ts";
import type {
  OpenAsset,
  OpenRepository,
  Packages,
  RenderedDocument,
} from "../../services/codeartifact/engine.ts";
import type { Hashes, HashName, PackageName } from "../../services/codeartifact/format.ts";
import type { PackageExchange } from "../packages/exchange.ts";
import type { MavenPath } from "./coordinates.ts";
import type { MavenFile } from "./deploy.ts";
import { PLUGIN_DOCUMENT } from "./deploy-metadata.ts";
import { artifactMetadata, pluginsOf, snapshotMetadata } from "./metadata-documents.ts";
import { type Plugin, renderGroupMetadata } from "./repository-metadata.ts";
import { isSnapshot, parseFileName } from "./snapshots.ts";
import { GROUP_METADATA } from "./upstream.ts";

const XML = "application/xml";

/** Undefined when it is not there. */
export async function openFile(
  { call, packages }: PackageExchange,
  repository: OpenRepository,
  { name, version, file }: MavenFile,
): Promise<OpenAsset | undefined> {
  const build = parseFileName(name, version, file)?.version;
  if (build === undefined) return undefined;
  const places = isSnapshot(version) ? [version, build] : [version];
  for (const place of places) {
    const opened = await packages.openAsset(call, repository, "maven", name, place, file);
    if (opened !== undefined) return opened;
  }
  return undefined;
}

/** The checksum of a file; one that is still outside is fetched for it, as its client wants the file next. */
export async function fileChecksum(
  exchange: PackageExchange,
  repository: OpenRepository,
  path: MavenFile,
  checksum: HashName,
): Promise<string | undefined> {
  const opened = await openFile(exchange, repository, path);
  if (opened === undefined || opened.hashes !== undefined) return opened?.hashes?.[checksum];
  for await (const _ of await opened.open());
  return (await openFile(exchange, repository, path))?.hashes?.[checksum];
}

/** Generated; undefined when the repository shows nothing that it would be about. */
export async function metadataDocument(
  { packages }: PackageExchange,
  repository: OpenRepository,
  path: Exclude<MavenPath, MavenFile>,
): Promise<RenderedDocument | Uint8Array | undefined> {
  const render = (name: PackageName, representation: string, text: Parameters<typeof rendering>[0]) =>
    packages.rendered(repository, "maven", name, representation, rendering(text));
  if (path.kind === "snapshot-metadata") {
    const { name, version } = path;
    return render(name, `maven-metadata.xml of ${version}`, (view) => snapshotMetadata(view, version));
  }
  const artifact = path.artifact && (await render(path.artifact, "maven-metadata.xml", artifactMetadata));
  return artifact ?? groupMetadata(packages, repository, path.group);
}

function rendering(text: (view: Parameters<typeof artifactMetadata>[0]) => string | undefined) {
  return (view: Parameters<typeof artifactMetadata>[0]) => {
    const body = text(view);
    return body === undefined ? undefined : { contentType: XML, body };
  };
}

const MOST_PACKAGES = 1000;

/** Asked for once a build at most, to find a plugin by its prefix; so it is put together each time. */
async function groupMetadata(
  packages: Packages,
  repository: OpenRepository,
  group: string,
): Promise<Uint8Array | undefined> {
  const plugins = new Map<string, Plugin>();
  const after = { namespace: group, name: "" };
  for (const name of await packages.listPackages(repository, "maven", { after, limit: MOST_PACKAGES })) {
    if (name.namespace !== group) break;
    const document = await packages.getDocument(repository, "maven", name, PLUGIN_DOCUMENT);
    if (document === undefined) continue;
    plugins.set(name.name, JSON.parse(Buffer.from(document).toString()) as Plugin);
  }
  const outside = await packages.view(repository, "maven", { namespace: group, name: GROUP_METADATA });
  for (const plugin of pluginsOf(outside))
    if (!plugins.has(plugin.artifactId)) plugins.set(plugin.artifactId, plugin);
  return plugins.size === 0 ? undefined : Buffer.from(renderGroupMetadata([...plugins.values()]));
}

const hashed = new BoundedCache<string, Hashes>(10_000);

/** Of generated metadata; computed once for each text. */
export function documentHashes(document: RenderedDocument | Uint8Array): Hashes {
  if (document instanceof Uint8Array) return hashesOf(document);
  const known = hashed.get(document.etag);
  if (known !== undefined) return known;
  const hashes = hashesOf(document.identity());
  hashed.set(document.etag, hashes);
  return hashes;
}

export function hashesOf(bytes: Uint8Array): Hashes {
  const hex = (name: HashName) => createHash(name).update(bytes).digest("hex");
  return { md5: hex("md5"), sha1: hex("sha1"), sha256: hex("sha256"), sha512: hex("sha512") };
}
