import { describe, expect, test } from "bun:test";
import { createHash } from "node:crypto";
import { ManifestInvalid } from "./errors.ts";
import { imageSize, linkedLayers, MAX_MANIFEST_SIZE, parseManifest } from "./manifest.ts";
import { DOCKER_MANIFEST, DOCKER_MANIFEST_LIST, OCI_INDEX, OCI_MANIFEST } from "./media-types.ts";

const LAYER = "application/vnd.oci.image.layer.v1.tar+gzip";

function digestOf(text: string): string {
  return `sha256:${createHash("sha256").update(text).digest("hex")}`;
}

function descriptor(text: string, mediaType = LAYER): Record<string, unknown> {
  return { mediaType, digest: digestOf(text), size: text.length };
}

function image(changes: Record<string, unknown> = {}): Record<string, unknown> {
  return {
    schemaVersion: 2,
    mediaType: OCI_MANIFEST,
    config: descriptor("config", "application/vnd.oci.image.config.v1+json"),
    layers: [descriptor("one"), descriptor("three")],
    ...changes,
  };
}

function index(changes: Record<string, unknown> = {}): Record<string, unknown> {
  return {
    schemaVersion: 2,
    mediaType: OCI_INDEX,
    manifests: [descriptor("child", OCI_MANIFEST)],
    ...changes,
  };
}

function parse(document: unknown, mediaType?: string) {
  return parseManifest(
    Buffer.from(typeof document === "string" ? document : JSON.stringify(document)),
    mediaType,
  );
}

describe("manifests that are accepted", () => {
  const accepted: readonly [
    name: string,
    document: Record<string, unknown>,
    mediaType: string | undefined,
  ][] = [
    ["an OCI image", image(), OCI_MANIFEST],
    ["an OCI image whose type only the document says", image(), undefined],
    ["an OCI image whose type only the request says", image({ mediaType: undefined }), OCI_MANIFEST],
    ["a Docker schema 2 image", image({ mediaType: DOCKER_MANIFEST }), DOCKER_MANIFEST],
    ["an OCI index", index(), OCI_INDEX],
    ["a Docker manifest list", index({ mediaType: DOCKER_MANIFEST_LIST }), DOCKER_MANIFEST_LIST],
    ["an index without children", index({ manifests: [] }), OCI_INDEX],
    ["an index of indexes", index({ manifests: [descriptor("child", OCI_INDEX)] }), OCI_INDEX],
    ["an image without layers", image({ layers: [] }), OCI_MANIFEST],
    ["members that no specification names", image({ "org.example": { deep: [1, 2] } }), OCI_MANIFEST],
    [
      "a sha512 layer",
      image({ layers: [{ mediaType: LAYER, digest: `sha512:${"a".repeat(128)}`, size: 1 }] }),
      OCI_MANIFEST,
    ],
    [
      "data that is what its descriptor says",
      image({ layers: [{ ...descriptor("one"), data: btoa("one") }] }),
      OCI_MANIFEST,
    ],
  ];
  test.each(accepted)("%s", (_, document, mediaType) => {
    expect(parse(document, mediaType).mediaType).toBe(String(document["mediaType"] ?? mediaType));
  });
});

describe("manifests that are refused, and why", () => {
  const deep = `${"[".repeat(100_000)}${"]".repeat(100_000)}`;
  const refused: readonly [name: string, document: unknown, mediaType: string | undefined, reason: RegExp][] =
    [
      ["no JSON", "{", OCI_MANIFEST, /not valid JSON/],
      ["an empty body", "", OCI_MANIFEST, /not valid JSON/],
      ["a list", [], OCI_MANIFEST, /not a JSON object/],
      ["null", "null", OCI_MANIFEST, /not a JSON object/],
      ["a nesting bomb", `{"schemaVersion":2,"a":${deep}}`, OCI_MANIFEST, /nested deeper/],
      ["an unclosed nesting bomb", "[".repeat(1_000_000), OCI_MANIFEST, /nested deeper/],
      [
        "a member named twice",
        '{"schemaVersion":2,"layers":[],"layers":[]}',
        OCI_MANIFEST,
        /'layers' appears twice/,
      ],
      [
        "a member named twice in escapes",
        '{"schemaVersion":2,"a\\u0062":1,"ab":2}',
        OCI_MANIFEST,
        /'ab' appears twice/,
      ],
      ["a byte order mark", `\ufeff${JSON.stringify(image())}`, OCI_MANIFEST, /not valid JSON/],
      ["schema 1", { schemaVersion: 1, fsLayers: [] }, undefined, /schema 1/],
      [
        "schema 1 by media type",
        image({ mediaType: undefined }),
        "application/vnd.docker.distribution.manifest.v1+prettyjws",
        /schema 1/,
      ],
      ["no schemaVersion", image({ schemaVersion: undefined }), OCI_MANIFEST, /schemaVersion/],
      ["a schemaVersion of text", image({ schemaVersion: "2" }), OCI_MANIFEST, /schemaVersion/],
      ["no media type anywhere", image({ mediaType: undefined }), undefined, /does not say one/],
      ["a media type that disagrees", image(), DOCKER_MANIFEST, /does not match/],
      [
        "a media type of no manifest",
        image({ mediaType: "text/plain" }),
        "text/plain",
        /unsupported manifest media type/,
      ],
      [
        "a media type that is inherited from Object",
        image({ mediaType: "constructor" }),
        undefined,
        /unsupported manifest media type/,
      ],
      ["an image with manifests", image({ manifests: [] }), OCI_MANIFEST, /'manifests' does not belong/],
      ["an index with layers", index({ layers: [] }), OCI_INDEX, /'layers' does not belong/],
      ["an index with a config", index({ config: descriptor("c") }), OCI_INDEX, /'config' does not belong/],
      [
        "an image without config",
        image({ config: undefined }),
        OCI_MANIFEST,
        /'config' must be a descriptor/,
      ],
      ["an image without a list of layers", image({ layers: {} }), OCI_MANIFEST, /'layers' must be a list/],
      ["a layer of null", image({ layers: [null] }), OCI_MANIFEST, /'layers\[0\]' must be a descriptor/],
      [
        "a layer without digest",
        image({ layers: [{ mediaType: LAYER, size: 1 }] }),
        OCI_MANIFEST,
        /layers\[0\].digest/,
      ],
      [
        "a digest of an unknown algorithm",
        image({ layers: [{ ...descriptor("one"), digest: "md5:00" }] }),
        OCI_MANIFEST,
        /digest/,
      ],
      [
        "an upper-case digest",
        image({
          layers: [
            { ...descriptor("one"), digest: digestOf("one").replace(/[a-f]/g, (c) => c.toUpperCase()) },
          ],
        }),
        OCI_MANIFEST,
        /digest/,
      ],
      ["a negative size", image({ layers: [{ ...descriptor("one"), size: -1 }] }), OCI_MANIFEST, /size/],
      [
        "a size beyond 2^53",
        image({ layers: [{ ...descriptor("one"), size: 2 ** 60 }] }),
        OCI_MANIFEST,
        /size/,
      ],
      [
        "sizes beyond 2^53 together",
        image({ layers: [descriptor("one"), { ...descriptor("two"), size: Number.MAX_SAFE_INTEGER }] }),
        OCI_MANIFEST,
        /sizes/,
      ],
      ["a size of text", image({ layers: [{ ...descriptor("one"), size: "3" }] }), OCI_MANIFEST, /size/],
      ["an annotation that is a number", image({ annotations: { a: 1 } }), OCI_MANIFEST, /annotations/],
      [
        "urls that are no list",
        image({ layers: [{ ...descriptor("one"), urls: "http://x" }] }),
        OCI_MANIFEST,
        /urls/,
      ],
      ["an artifactType that is a number", image({ artifactType: 1 }), OCI_MANIFEST, /artifactType/],
      ["a subject that is a string", image({ subject: "sha256:00" }), OCI_MANIFEST, /subject/],
      [
        "data of other content",
        image({ layers: [{ ...descriptor("one"), data: btoa("two") }] }),
        OCI_MANIFEST,
        /data/,
      ],
      [
        "data that is no base64",
        image({ layers: [{ ...descriptor("one"), data: "b25l!!" }] }),
        OCI_MANIFEST,
        /data/,
      ],
    ];
  test.each(refused)("%s", (_, document, mediaType, reason) => {
    expect(() => parse(document, mediaType)).toThrow(ManifestInvalid);
    expect(() => parse(document, mediaType)).toThrow(reason);
  });

  test("bytes that are not UTF-8", () => {
    const bytes = Buffer.concat([
      Buffer.from('{"schemaVersion":2,"a":"'),
      Buffer.from([0xff]),
      Buffer.from('"}'),
    ]);
    expect(() => parseManifest(bytes, OCI_MANIFEST)).toThrow(/not valid UTF-8/);
  });

  test("more than 4 MiB, and exactly 4 MiB is let in", () => {
    const text = JSON.stringify(image());
    const full = text + " ".repeat(MAX_MANIFEST_SIZE - text.length);
    expect(parse(full, OCI_MANIFEST).kind).toBe("image");
    expect(() => parse(`${full} `, OCI_MANIFEST)).toThrow(/exceeds 4194304 bytes/);
  });
});

describe("what a manifest says", () => {
  test("the artifact type is artifactType, else the config's media type", () => {
    expect(parse(image()).artifactType).toBe("application/vnd.oci.image.config.v1+json");
    expect(parse(image({ artifactType: "application/x.sbom" })).artifactType).toBe("application/x.sbom");
    expect(parse(index()).artifactType).toBeUndefined();
  });

  test("its size is that of its layers, its requirements are config and layers, each once", () => {
    const manifest = parse(image({ layers: [descriptor("one"), descriptor("three"), descriptor("one")] }));
    expect(imageSize(manifest)).toBe("one".length + "three".length + "one".length);
    expect(linkedLayers(manifest).map((layer) => layer.digest as string)).toEqual(
      ["config", "one", "three"].map(digestOf),
    );
  });

  test("foreign layers with urls need not be here, and do without urls", () => {
    const foreign = descriptor("far", "application/vnd.docker.image.rootfs.foreign.diff.tar.gzip");
    const away = parse(image({ layers: [{ ...foreign, urls: ["https://example.com/far"] }] }));
    expect(linkedLayers(away)).toHaveLength(1);
    expect(linkedLayers(parse(image({ layers: [foreign] })))).toHaveLength(2);
    const plain = parse(image({ layers: [{ ...descriptor("one"), urls: ["https://example.com/one"] }] }));
    expect(linkedLayers(plain)).toHaveLength(2);
  });

  test("a subject is named by its digest", () => {
    expect(String(parse(image({ subject: descriptor("subject", OCI_MANIFEST) })).subject?.digest)).toBe(
      digestOf("subject"),
    );
  });
});
