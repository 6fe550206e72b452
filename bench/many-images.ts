import { createHash } from "node:crypto";
import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";

/**
 * Fills a stopped peer's data folder with many small images in the peer's own layout, since pushing 100,000 of
 * them through its API would take minutes (docker-registry) or hours (zot rewrites an index of all tags at each
 * push). Shosoin gets its images through its API. The images are those of bench/load/actions.go, `fill`.
 */
const config = Buffer.from('{"architecture":"amd64","os":"linux","rootfs":{"type":"layers","diff_ids":[]}}');
const layer = Buffer.from("layer of every image of this benchmark");
const manifestType = "application/vnd.oci.image.manifest.v1+json";

/** distribution's filesystem driver: blobs by digest, links for revisions, tags and layers. */
export function writeDistributionImages(folder: string, repository: string, count: number): void {
  const root = join(folder, "docker", "registry", "v2");
  const home = join(root, "repositories", repository);
  for (const bytes of [config, layer]) {
    writeFile(join(root, "blobs", blobPath(bytes), "data"), bytes);
    writeFile(join(home, "_layers", "sha256", hex(bytes), "link"), `sha256:${hex(bytes)}`);
  }
  for (const [tag, manifest] of images(count)) {
    const digest = hex(manifest);
    const link = `sha256:${digest}`;
    writeFile(join(root, "blobs", blobPath(manifest), "data"), manifest);
    writeFile(join(home, "_manifests", "revisions", "sha256", digest, "link"), link);
    writeFile(join(home, "_manifests", "tags", tag, "current", "link"), link);
    writeFile(join(home, "_manifests", "tags", tag, "index", "sha256", digest, "link"), link);
  }
}

/** zot's: an OCI image layout a repository, with every tag in its index.json. */
export function writeOciLayoutImages(folder: string, repository: string, count: number): void {
  const home = join(folder, repository);
  const blobs = join(home, "blobs", "sha256");
  mkdirSync(blobs, { recursive: true });
  for (const bytes of [config, layer]) writeFileSync(join(blobs, hex(bytes)), bytes);
  const manifests: object[] = [];
  for (const [tag, manifest] of images(count)) {
    writeFileSync(join(blobs, hex(manifest)), manifest);
    manifests.push({
      mediaType: manifestType,
      digest: `sha256:${hex(manifest)}`,
      size: manifest.length,
      annotations: { "org.opencontainers.image.ref.name": tag },
    });
  }
  writeFileSync(join(home, "oci-layout"), '{"imageLayoutVersion":"1.0.0"}');
  writeFileSync(join(home, "index.json"), JSON.stringify({ schemaVersion: 2, manifests }));
}

function* images(count: number): Generator<[string, Buffer]> {
  for (let number = 0; number < count; number++) {
    const tag = tagName(number);
    yield [tag, manifestOf(tag)];
  }
}

export function tagName(number: number): string {
  return `v${String(number).padStart(6, "0")}`;
}

function manifestOf(name: string): Buffer {
  return Buffer.from(
    JSON.stringify({
      schemaVersion: 2,
      mediaType: manifestType,
      config: {
        mediaType: "application/vnd.oci.image.config.v1+json",
        digest: `sha256:${hex(config)}`,
        size: config.length,
      },
      layers: [
        {
          mediaType: "application/vnd.oci.image.layer.v1.tar",
          digest: `sha256:${hex(layer)}`,
          size: layer.length,
        },
      ],
      annotations: { name },
    }),
  );
}

function writeFile(path: string, content: string | Uint8Array): void {
  mkdirSync(join(path, ".."), { recursive: true });
  writeFileSync(path, content);
}

function blobPath(bytes: Uint8Array): string {
  const digest = hex(bytes);
  return join("sha256", digest.slice(0, 2), digest);
}

function hex(bytes: Uint8Array): string {
  return createHash("sha256").update(bytes).digest("hex");
}
