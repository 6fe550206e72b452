import { createHash, randomBytes } from "node:crypto";
import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { gzipSync } from "node:zlib";

/**
 * Real images without a network: OCI image layouts (image-spec, image-layout.md) whose layers are proper
 * gzipped tar archives of random files, so that every client can push them and engines can unpack them.
 */
export interface ImageLayout {
  readonly path: string;
  /** `oci` references need it: `oci:<path>:<tag>`. */
  readonly tag: string;
  /** Digest of the image's (or index's) manifest. */
  readonly digest: string;
  /** Digests of every manifest, layer and configuration in it. */
  readonly blobs: readonly string[];
}

interface Descriptor {
  readonly mediaType: string;
  readonly digest: string;
  readonly size: number;
  readonly platform?: { readonly os: string; readonly architecture: string };
  readonly annotations?: Readonly<Record<string, string>>;
}

const mebibyte = 1024 * 1024;
const tag = "v1.0.0";

/** Three layers: a few bytes, 1 MiB and 24 MiB (more than one chunk of every client). */
export function writeImageLayout(folder: string): ImageLayout {
  const layout = new LayoutFolder(folder);
  const layers = [100, mebibyte, 24 * mebibyte].map((size) => layout.addLayer(size));
  return layout.finish(layout.addImage("amd64", layers));
}

/** Two platforms that share their first layer. */
export function writeIndexLayout(folder: string): ImageLayout {
  const layout = new LayoutFolder(folder);
  const shared = layout.addLayer(mebibyte);
  const images = ["amd64", "arm64"].map((architecture) => ({
    ...layout.addImage(architecture, [shared, layout.addLayer(200_000)]),
    platform: { os: "linux", architecture },
  }));
  const index = layout.addJson("application/vnd.oci.image.index.v1+json", {
    schemaVersion: 2,
    mediaType: "application/vnd.oci.image.index.v1+json",
    manifests: images,
  });
  return layout.finish(index);
}

interface Layer {
  readonly descriptor: Descriptor;
  /** Digest of the archive before compression. */
  readonly diffId: string;
}

class LayoutFolder {
  readonly #path: string;
  readonly #blobs: string[] = [];

  constructor(path: string) {
    this.#path = path;
    mkdirSync(join(path, "blobs", "sha256"), { recursive: true });
  }

  addLayer(size: number): Layer {
    const archive = tarArchive(`data-${randomBytes(4).toString("hex")}`, randomBytes(size));
    const compressed = gzipSync(archive, { level: 1 });
    return {
      descriptor: this.#addBlob("application/vnd.oci.image.layer.v1.tar+gzip", compressed),
      diffId: sha256(archive),
    };
  }

  addImage(architecture: string, layers: readonly Layer[]): Descriptor {
    const config = this.addJson("application/vnd.oci.image.config.v1+json", {
      architecture,
      os: "linux",
      config: { Cmd: ["/nothing"], Labels: { unique: randomBytes(8).toString("hex") } },
      rootfs: { type: "layers", diff_ids: layers.map((layer) => layer.diffId) },
    });
    return this.addJson("application/vnd.oci.image.manifest.v1+json", {
      schemaVersion: 2,
      mediaType: "application/vnd.oci.image.manifest.v1+json",
      config,
      layers: layers.map((layer) => layer.descriptor),
    });
  }

  addJson(mediaType: string, value: unknown): Descriptor {
    return this.#addBlob(mediaType, Buffer.from(JSON.stringify(value)));
  }

  finish(top: Descriptor): ImageLayout {
    const annotations = { "org.opencontainers.image.ref.name": tag };
    writeFileSync(
      join(this.#path, "index.json"),
      JSON.stringify({ schemaVersion: 2, manifests: [{ ...top, annotations }] }),
    );
    writeFileSync(join(this.#path, "oci-layout"), JSON.stringify({ imageLayoutVersion: "1.0.0" }));
    return { path: this.#path, tag, digest: top.digest, blobs: this.#blobs };
  }

  #addBlob(mediaType: string, bytes: Uint8Array): Descriptor {
    const digest = sha256(bytes);
    writeFileSync(join(this.#path, "blobs", "sha256", digest.slice("sha256:".length)), bytes);
    this.#blobs.push(digest);
    return { mediaType, digest, size: bytes.length };
  }
}

/** A tar archive of one file (POSIX ustar: a 512-byte header, content padded to 512, two empty blocks). */
function tarArchive(name: string, content: Uint8Array): Buffer {
  const header = Buffer.alloc(512);
  const octal = (value: number, width: number) => `${value.toString(8).padStart(width - 1, "0")}\0`;
  header.write(name, 0);
  header.write(octal(0o644, 8), 100);
  header.write(octal(0, 8), 108);
  header.write(octal(0, 8), 116);
  header.write(octal(content.length, 12), 124);
  header.write(octal(0, 12), 136);
  header.write("        ", 148);
  header.write("0", 156);
  header.write("ustar\u000000", 257);
  const checksum = header.reduce((sum, byte) => sum + byte, 0);
  header.write(`${checksum.toString(8).padStart(6, "0")}\0 `, 148);
  const padding = Buffer.alloc((512 - (content.length % 512)) % 512);
  return Buffer.concat([header, content, padding, Buffer.alloc(1024)]);
}

function sha256(bytes: Uint8Array): string {
  return `sha256:${createHash("sha256").update(bytes).digest("hex")}`;
}
