/**
 * Conversion between Docker schema 2 and OCI image manifests, for BatchGetImage by tag with acceptedMediaTypes.
 * Only images convert: an index would need converted children, which have other digests. Schema 1 is never made.
 */
import { DOCKER_MANIFEST, OCI_MANIFEST } from "./media-types.ts";
import { isJsonObject, type JsonObject } from "./strict-json.ts";

const DOCKER_TO_OCI: ReadonlyMap<string, string> = new Map([
  ["application/vnd.docker.container.image.v1+json", "application/vnd.oci.image.config.v1+json"],
  ["application/vnd.docker.image.rootfs.diff.tar.gzip", "application/vnd.oci.image.layer.v1.tar+gzip"],
  ["application/vnd.docker.image.rootfs.diff.tar", "application/vnd.oci.image.layer.v1.tar"],
  [
    "application/vnd.docker.image.rootfs.foreign.diff.tar.gzip",
    "application/vnd.oci.image.layer.nondistributable.v1.tar+gzip",
  ],
]);

const OCI_TO_DOCKER: ReadonlyMap<string, string> = new Map(
  [...DOCKER_TO_OCI].map(([docker, oci]) => [oci, docker]),
);

const CONVERSIONS: ReadonlyMap<string, { to: string; types: ReadonlyMap<string, string> }> = new Map([
  [DOCKER_MANIFEST, { to: OCI_MANIFEST, types: DOCKER_TO_OCI }],
  [OCI_MANIFEST, { to: DOCKER_MANIFEST, types: OCI_TO_DOCKER }],
]);

/**
 * Returns the manifest in an accepted media type, or undefined when it is already accepted or cannot be
 * said in one of them (a zstd layer has no Docker schema 2 name; nor has an artifact).
 */
export function convertManifest(
  bytes: Uint8Array,
  mediaType: string,
  accepted: readonly string[],
): { mediaType: string; bytes: Uint8Array } | undefined {
  const conversion = CONVERSIONS.get(mediaType);
  if (conversion === undefined || accepted.length === 0 || accepted.includes(mediaType)) return undefined;
  if (!accepted.includes(conversion.to)) return undefined;
  const manifest: unknown = JSON.parse(new TextDecoder().decode(bytes));
  if (!isJsonObject(manifest) || (conversion.to === DOCKER_MANIFEST && isArtifact(manifest)))
    return undefined;
  const config = convertDescriptor(manifest["config"], conversion.types);
  const layers = (manifest["layers"] as unknown[]).map((layer) => convertDescriptor(layer, conversion.types));
  if (config === undefined || layers.includes(undefined)) return undefined;
  const converted = { ...manifest, mediaType: conversion.to, config, layers };
  return { mediaType: conversion.to, bytes: Buffer.from(JSON.stringify(converted)) };
}

function isArtifact(manifest: JsonObject): boolean {
  return manifest["artifactType"] !== undefined || manifest["subject"] !== undefined;
}

function convertDescriptor(descriptor: unknown, types: ReadonlyMap<string, string>): JsonObject | undefined {
  if (!isJsonObject(descriptor)) return undefined;
  const mediaType = types.get(String(descriptor["mediaType"]));
  return mediaType === undefined ? undefined : { ...descriptor, mediaType };
}
