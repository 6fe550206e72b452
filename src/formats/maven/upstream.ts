/**
 * External connections that are Maven repositories. Releases only: what a repository outside calls a snapshot changes
 * under its name, and the service does not take it either.
 */
import type {
  PackageName,
  UpstreamAsset,
  UpstreamListing,
  UpstreamProtocol,
  UpstreamSource,
  UpstreamVersion,
} from "../../services/codeartifact/format.ts";
import { folderOf, METADATA_FILE, normalizeVersion } from "./coordinates.ts";
import { describePom, MAXIMUM_POM_BYTES } from "./pom.ts";
import { MAXIMUM_METADATA_BYTES, parseRepositoryMetadata } from "./repository-metadata.ts";
import { baseVersion, isSnapshot, parseFileName } from "./snapshots.ts";

/** In whose place a group's own metadata (the prefixes of its plugins) is asked for; no artifact can have this name. */
export const GROUP_METADATA = METADATA_FILE;

const NOTHING_KNOWN: UpstreamVersion["description"] = { metadata: {}, licenses: [], dependencies: [] };

/** In the order in which a file is checked by them; every repository has the first for nearly every file. */
const CHECKSUMS = [
  { name: "sha1", digits: 40 },
  { name: "md5", digits: 32 },
] as const;

export const mavenUpstream: UpstreamProtocol = {
  async list(source, name): Promise<UpstreamListing | undefined> {
    const document = await source.document(`${source.baseUrl}${metadataFolder(name)}${METADATA_FILE}`);
    if (document === undefined || document.bytes.length > MAXIMUM_METADATA_BYTES) return undefined;
    const { versions, latest, release, lastUpdated, plugins } = parseRepositoryMetadata(document.bytes);
    return {
      versions: [...new Set(versions)].filter(isReleaseName).map((version) => ({
        version,
        publishedAt: undefined,
        description: NOTHING_KNOWN,
        assets: [],
      })),
      tags: {},
      metadata: { latest, release, lastUpdated, plugins },
    };
  },

  async locate(source, name, version, asset): Promise<UpstreamAsset | undefined> {
    if (!isReleaseName(version) || parseFileName(name, version, asset) === undefined) return undefined;
    const url = `${source.baseUrl}${folderOf(name, version)}${encodeURIComponent(asset)}`;
    const furtherIntegrity = () => publishedChecksum(source, url);
    return { name: asset, url, integrity: {}, furtherIntegrity, metadata: {} };
  },

  async describe(content, asset) {
    if (!asset.name.endsWith(".pom") || content.size > MAXIMUM_POM_BYTES) return undefined;
    const chunks: Uint8Array[] = [];
    for await (const chunk of (await content.open()) as AsyncIterable<Uint8Array>) chunks.push(chunk);
    return describePom(Buffer.concat(chunks));
  },
};

function metadataFolder(name: PackageName): string {
  return name.name === GROUP_METADATA
    ? name.namespace
        .split(".")
        .map((part) => `${encodeURIComponent(part)}/`)
        .join("")
    : folderOf(name);
}

function isReleaseName(version: string): boolean {
  try {
    return normalizeVersion(version) !== "" && !isSnapshot(version) && baseVersion(version) === version;
  } catch {
    return false;
  }
}

/** A file without any checksum is taken as it is: there are old ones, and Maven takes them with a warning. */
async function publishedChecksum(source: UpstreamSource, url: string): Promise<UpstreamAsset["integrity"]> {
  for (const { name, digits } of CHECKSUMS) {
    const document = await source.document(`${url}.${name}`);
    if (document === undefined || document.bytes.length > 4096) continue;
    // Some files have the file's name beside it, as md5sum and openssl write them.
    const hex = new RegExp(`(?<![0-9a-f])[0-9a-f]{${digits}}(?![0-9a-f])`, "i").exec(
      Buffer.from(document.bytes).toString("latin1"),
    )?.[0];
    if (hex !== undefined) return { [name]: hex.toLowerCase() };
  }
  return {};
}
