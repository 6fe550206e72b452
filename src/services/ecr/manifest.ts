/**
 * Image manifests and indexes, read strictly: OCI image-spec 1.1 (manifest.md, image-index.md, descriptor.md) and
 * Docker schema 2. Deliberate: a document that could be read as both kinds is refused (GHSA-77vh-xpmg-72qh), so
 * are duplicate members, and `data` that is not what its descriptor says. Unknown members are kept and ignored.
 */
import { createHash } from "node:crypto";
import { type Digest, digestAlgorithm, digestHex, parseDigest } from "../../storage/blobs/digest.ts";
import { ManifestInvalid } from "./errors.ts";
import { isForeignLayer, MANIFEST_KINDS, type ManifestKind, SCHEMA_1_MANIFESTS } from "./media-types.ts";
import { isJsonObject, type JsonObject, JsonProblem, parseStrictJson } from "./strict-json.ts";

/** 4 MiB, in ECR's model and OCI's recommendation. */
export const MAX_MANIFEST_SIZE = 4_194_304;

const MAX_DEPTH = 32;

export interface Descriptor {
  readonly mediaType: string;
  readonly digest: Digest;
  /** In bytes. */
  readonly size: number;
  readonly urls: readonly string[];
}

export interface Manifest {
  readonly kind: ManifestKind;
  readonly mediaType: string;
  readonly artifactType: string | undefined;
  /** Images only. */
  readonly config: Descriptor | undefined;
  /** Images only. */
  readonly layers: readonly Descriptor[];
  /** Indexes only. */
  readonly children: readonly Descriptor[];
  readonly subject: Descriptor | undefined;
  readonly annotations: Readonly<Record<string, string>> | undefined;
}

/** `mediaType` is what the request says the bytes are. Throws ManifestInvalid. */
export function parseManifest(bytes: Uint8Array, mediaType: string | undefined): Manifest {
  if (bytes.length > MAX_MANIFEST_SIZE)
    throw new ManifestInvalid(`manifest exceeds ${MAX_MANIFEST_SIZE} bytes`);
  const document = parseObject(bytes);
  const type = manifestMediaType(document, mediaType);
  const kind = MANIFEST_KINDS.get(type);
  if (kind === undefined) throw new ManifestInvalid(`unsupported manifest media type '${type}'`);
  const [foreign] = (kind === "image" ? ["manifests"] : ["config", "layers"]).filter(
    (member) => member in document,
  );
  if (foreign !== undefined)
    throw new ManifestInvalid(`'${foreign}' does not belong in a manifest of media type '${type}'`);
  const artifactType = optionalString(document, "artifactType", "");
  const config = kind === "image" ? descriptor(document["config"], "config") : undefined;
  const layers = kind === "image" ? descriptors(document["layers"], "layers") : [];
  // A sum that no number holds could be stored, but not read again.
  if (!Number.isSafeInteger(imageSize({ layers }))) {
    throw new ManifestInvalid("the sizes of 'layers' add up to more than 2^53 bytes");
  }
  return {
    kind,
    mediaType: type,
    artifactType: (artifactType === "" ? undefined : artifactType) ?? config?.mediaType,
    config,
    layers,
    children: kind === "index" ? descriptors(document["manifests"], "manifests") : [],
    subject: document["subject"] === undefined ? undefined : descriptor(document["subject"], "subject"),
    annotations: stringMap(document["annotations"], "annotations"),
  };
}

/**
 * The layers a manifest keeps alive, each once. Of an image: config and layers, without those whose bytes lie
 * elsewhere. Of an index: what it lists that is no manifest, as BuildKit's cache lists layers.
 */
export function linkedLayers(manifest: Manifest): readonly Descriptor[] {
  const layers =
    manifest.kind === "index"
      ? manifest.children.filter((child) => !MANIFEST_KINDS.has(child.mediaType))
      : [...(manifest.config ? [manifest.config] : []), ...manifest.layers];
  const here = layers.filter((layer) => !isForeignLayer(layer));
  return [...new Map(here.map((layer) => [layer.digest, layer])).values()];
}

/** Compressed bytes of an image: its layers, counted as often as they are listed, without the config. */
export function imageSize(manifest: Pick<Manifest, "layers">): number {
  return manifest.layers.reduce((sum, layer) => sum + layer.size, 0);
}

function parseObject(bytes: Uint8Array): JsonObject {
  let document: unknown;
  try {
    document = parseStrictJson(bytes, MAX_DEPTH);
  } catch (problem) {
    if (problem instanceof JsonProblem) throw new ManifestInvalid(`manifest: ${problem.message}`);
    throw problem;
  }
  if (!isJsonObject(document)) throw new ManifestInvalid("manifest: not a JSON object");
  return document;
}

function manifestMediaType(document: JsonObject, requested: string | undefined): string {
  const own = optionalString(document, "mediaType", "");
  if (document["schemaVersion"] === 1 || SCHEMA_1_MANIFESTS.has(own ?? requested ?? "")) {
    throw new ManifestInvalid("Docker image manifest schema 1 is not supported");
  }
  if (document["schemaVersion"] !== 2) throw new ManifestInvalid("'schemaVersion' must be 2");
  if (own === undefined && requested === undefined) {
    throw new ManifestInvalid("the manifest has no 'mediaType' and the request does not say one");
  }
  if (own !== undefined && requested !== undefined && own !== requested) {
    throw new ManifestInvalid(`manifest media type '${own}' does not match the request's '${requested}'`);
  }
  return own ?? requested ?? "";
}

function descriptors(value: unknown, path: string): Descriptor[] {
  if (!Array.isArray(value)) throw new ManifestInvalid(`'${path}' must be a list`);
  return value.map((item, index) => descriptor(item, `${path}[${index}]`));
}

function descriptor(value: unknown, path: string): Descriptor {
  if (!isJsonObject(value)) throw new ManifestInvalid(`'${path}' must be a descriptor`);
  const { size } = value;
  const mediaType = optionalString(value, "mediaType", `${path}.`);
  if (!mediaType) throw new ManifestInvalid(`'${path}.mediaType' is missing`);
  const digest = parseDigest(optionalString(value, "digest", `${path}.`) ?? "");
  if (digest === undefined) throw new ManifestInvalid(`'${path}.digest' is not a sha256 or sha512 digest`);
  if (typeof size !== "number" || !Number.isSafeInteger(size) || size < 0) {
    throw new ManifestInvalid(`'${path}.size' must be a whole number of bytes`);
  }
  stringMap(value["annotations"], `${path}.annotations`);
  optionalString(value, "artifactType", `${path}.`);
  checkData(optionalString(value, "data", `${path}.`), digest, size, path);
  return { mediaType, digest, size, urls: stringList(value["urls"], `${path}.urls`) };
}

function checkData(data: string | undefined, digest: Digest, size: number, path: string): void {
  if (data === undefined) return;
  const content = Buffer.from(data, "base64");
  const faithful =
    /^[A-Za-z0-9+/]*={0,2}$/.test(data) &&
    content.length === size &&
    createHash(digestAlgorithm(digest)).update(content).digest("hex") === digestHex(digest);
  if (!faithful) throw new ManifestInvalid(`'${path}.data' is not the content its descriptor describes`);
}

function optionalString(object: JsonObject, member: string, path: string): string | undefined {
  const value = object[member];
  if (value !== undefined && typeof value !== "string")
    throw new ManifestInvalid(`'${path}${member}' must be a string`);
  return value;
}

function stringList(value: unknown, path: string): readonly string[] {
  if (value === undefined) return [];
  if (!Array.isArray(value) || !value.every((item) => typeof item === "string")) {
    throw new ManifestInvalid(`'${path}' must be a list of strings`);
  }
  return value;
}

function stringMap(value: unknown, path: string): Readonly<Record<string, string>> | undefined {
  if (value === undefined) return undefined;
  if (!isJsonObject(value) || !Object.values(value).every((item) => typeof item === "string")) {
    throw new ManifestInvalid(`'${path}' must be an object of strings`);
  }
  return value as Readonly<Record<string, string>>;
}
