import { expect, test } from "bun:test";
import { convertManifest } from "./manifest-conversion.ts";
import { DOCKER_MANIFEST, OCI_INDEX, OCI_MANIFEST } from "./media-types.ts";

function manifest(mediaType: string, config: string, layer: string, more: object = {}): Uint8Array {
  const blob = { digest: `sha256:${"a".repeat(64)}`, size: 1 };
  return Buffer.from(
    JSON.stringify({
      schemaVersion: 2,
      mediaType,
      config: { mediaType: config, ...blob },
      layers: [{ mediaType: layer, ...blob }],
      ...more,
    }),
  );
}

const DOCKER = manifest(
  DOCKER_MANIFEST,
  "application/vnd.docker.container.image.v1+json",
  "application/vnd.docker.image.rootfs.diff.tar.gzip",
);
const OCI = manifest(
  OCI_MANIFEST,
  "application/vnd.oci.image.config.v1+json",
  "application/vnd.oci.image.layer.v1.tar+gzip",
);

test("a Docker image is said in OCI's media types and back", () => {
  const oci = convertManifest(DOCKER, DOCKER_MANIFEST, [OCI_MANIFEST]);
  expect(JSON.parse(Buffer.from(oci?.bytes ?? []).toString())).toEqual(
    JSON.parse(Buffer.from(OCI).toString()),
  );
  const docker = convertManifest(OCI, OCI_MANIFEST, [DOCKER_MANIFEST]);
  expect(JSON.parse(Buffer.from(docker?.bytes ?? []).toString())).toEqual(
    JSON.parse(Buffer.from(DOCKER).toString()),
  );
});

test("what is accepted as it is, or cannot be said otherwise, stays", () => {
  const zstd = manifest(
    OCI_MANIFEST,
    "application/vnd.oci.image.config.v1+json",
    "application/vnd.oci.image.layer.v1.tar+zstd",
  );
  const sbom = manifest(
    OCI_MANIFEST,
    "application/vnd.oci.image.config.v1+json",
    "application/vnd.oci.image.layer.v1.tar",
    { artifactType: "x/y" },
  );
  expect(convertManifest(OCI, OCI_MANIFEST, [])).toBeUndefined();
  expect(convertManifest(OCI, OCI_MANIFEST, [OCI_MANIFEST, DOCKER_MANIFEST])).toBeUndefined();
  expect(convertManifest(OCI, OCI_MANIFEST, [OCI_INDEX])).toBeUndefined();
  expect(convertManifest(zstd, OCI_MANIFEST, [DOCKER_MANIFEST])).toBeUndefined();
  expect(convertManifest(sbom, OCI_MANIFEST, [DOCKER_MANIFEST])).toBeUndefined();
});
