/** The manifests this registry understands (OCI image-spec 1.1, "media types"; Docker image manifest v2 schema 2). */
export const OCI_MANIFEST = "application/vnd.oci.image.manifest.v1+json";
export const OCI_INDEX = "application/vnd.oci.image.index.v1+json";
export const DOCKER_MANIFEST = "application/vnd.docker.distribution.manifest.v2+json";
export const DOCKER_MANIFEST_LIST = "application/vnd.docker.distribution.manifest.list.v2+json";

export type ManifestKind = "image" | "index";

export const MANIFEST_KINDS: ReadonlyMap<string, ManifestKind> = new Map([
  [OCI_MANIFEST, "image"],
  [OCI_INDEX, "index"],
  [DOCKER_MANIFEST, "image"],
  [DOCKER_MANIFEST_LIST, "index"],
]);

/** Refused: schema 1 has no content-addressed config, and docker itself gave it up. */
export const SCHEMA_1_MANIFESTS: ReadonlySet<string> = new Set([
  "application/vnd.docker.distribution.manifest.v1+json",
  "application/vnd.docker.distribution.manifest.v1+prettyjws",
]);

/** Layers whose bytes lie elsewhere, when they carry `urls` (Docker "foreign", OCI "nondistributable"). */
export function isForeignLayer(layer: { mediaType: string; urls: readonly string[] }): boolean {
  return (
    layer.urls.length > 0 &&
    (layer.mediaType === "application/vnd.docker.image.rootfs.foreign.diff.tar.gzip" ||
      layer.mediaType.startsWith("application/vnd.oci.image.layer.nondistributable.v1.tar"))
  );
}
