/**
 * Another npm registry as an upstream: its full packument is the one document of a package. Registry keys and
 * attestations are passed through.
 */
import type {
  Hashes,
  PackageName,
  UpstreamAsset,
  UpstreamListing,
  UpstreamProtocol,
  UpstreamVersion,
} from "../../services/codeartifact/format.ts";
import { isObject, type JsonObject, objectOf, parseObject, textOf, textsOf } from "./json.ts";
import { describeManifest } from "./manifest.ts";
import { ASSET, fullName } from "./names.ts";
import { readmeOfTarball } from "./tarball.ts";

/** Documents beside versions (`Packages.getDocument`). The registry's keys belong to no package: to REGISTRY's name. */
export const KEYS = "keys";
export const REGISTRY: PackageName = { namespace: "", name: "-" };
export const attestationsDocument = (version: string): string => `attestations/${version}`;

const UNKNOWN = { licenses: [], dependencies: [] };

export const npmUpstream: UpstreamProtocol = {
  async list(source, name) {
    const url = new URL(fullName(name).replace("/", "%2f"), source.baseUrl).href;
    const document = await source.document(url, "application/json");
    return (
      document && readPackument(parseObject(Buffer.from(document.bytes).toString("utf8"), url), document.url)
    );
  },

  async document(source, name, document) {
    const path =
      document === KEYS && name.name === REGISTRY.name
        ? "-/npm/v1/keys"
        : document.startsWith("attestations/")
          ? `-/npm/v1/attestations/${fullName(name)}@${document.slice("attestations/".length)}`
          : undefined;
    if (path === undefined) return undefined;
    return (await source.document(new URL(path, source.baseUrl).href, "application/json"))?.bytes;
  },

  async describe(content, _asset, version) {
    if (version === undefined) return undefined;
    return describeManifest(version.description.metadata, await readmeOfTarball(content));
  },
};

/** Versions without a manifest, or without a file, are none that anybody could install. */
export function readPackument(packument: JsonObject, url: string): UpstreamListing {
  const { versions, time, "dist-tags": tags, _attachments, _rev, _id, name, ...metadata } = packument;
  const { created, modified } = objectOf(time);
  return {
    versions: Object.entries(objectOf(versions)).flatMap(([version, manifest]) =>
      isObject(manifest) ? [upstreamVersion(version, manifest, objectOf(time)[version], url)] : [],
    ),
    tags: Object.fromEntries(textsOf(tags)),
    metadata: { ...metadata, time: { created, modified } },
  };
}

function upstreamVersion(version: string, manifest: JsonObject, time: unknown, url: string): UpstreamVersion {
  const publishedAt = Date.parse(textOf(time) ?? "");
  return {
    version,
    publishedAt: Number.isNaN(publishedAt) ? undefined : publishedAt,
    description: { metadata: manifest, ...UNKNOWN },
    assets: upstreamAssets(objectOf(manifest["dist"]), url),
  };
}

function upstreamAssets(dist: JsonObject, url: string): readonly UpstreamAsset[] {
  const tarball = textOf(dist["tarball"]);
  const address = tarball === undefined ? undefined : URL.parse(tarball, url)?.href;
  if (address === undefined) return [];
  return [{ name: ASSET, url: address, integrity: integrityOf(dist), metadata: {} }];
}

const ALGORITHMS: readonly (keyof Hashes)[] = ["sha512", "sha256", "sha1"];
const DIGEST_BYTES: Readonly<Record<keyof Hashes, number>> = { md5: 16, sha1: 20, sha256: 32, sha512: 64 };

/** Subresource integrity (W3C) and the hex sha1 of old. */
function integrityOf(dist: JsonObject): Partial<Hashes> {
  const hashes: { -readonly [Name in keyof Hashes]?: string } = {};
  const shasum = textOf(dist["shasum"])?.toLowerCase();
  if (shasum !== undefined && /^[0-9a-f]{40}$/.test(shasum)) hashes.sha1 = shasum;
  for (const part of (textOf(dist["integrity"]) ?? "").split(/\s+/)) {
    const [algorithm = "", digest = ""] = part.split(/[-?]/, 2);
    const known = ALGORITHMS.find((each) => each === algorithm);
    const bytes = known && Buffer.from(digest, "base64");
    if (known && bytes?.length === DIGEST_BYTES[known]) hashes[known] = bytes.toString("hex");
  }
  return hashes;
}
