import { describe, expect, test } from "bun:test";
import { createHash } from "node:crypto";
import type { UpstreamSource } from "../../services/codeartifact/format.ts";
import { zipArchive } from "./testing/zip-archive.ts";
import { pypiUpstream } from "./upstream.ts";

const METADATA = "Metadata-Version: 2.1\nName: example\nVersion: 1.0\n\n";
const WHEEL = "example-1.0-py3-none-any.whl";
const wheel = zipArchive({
  ...Object.fromEntries(
    Array.from({ length: 3_000 }, (_, index) => [`example/module_${index}.py`, `x = ${index}`]),
  ),
  "example-1.0.dist-info/METADATA": METADATA,
});
const hash = createHash("sha256").update(METADATA).digest("hex");
const NAME = { namespace: "", name: "example" };
let revisions = 0;

interface Outside {
  readonly files: readonly Readonly<Record<string, unknown>>[];
  readonly documents?: Readonly<Record<string, string>>;
  readonly ranges?: boolean;
}

/** An upstream of one page; says how many parts of files were asked for. */
function upstream({ files, documents = {}, ranges = true }: Outside): UpstreamSource & { parts: number } {
  const base = "https://example.test/simple/";
  const revision = String(++revisions);
  const page = JSON.stringify({ meta: { "api-version": "1.1" }, name: "example", files });
  const known: Readonly<Record<string, string>> = { [`${base}example/`]: page, ...documents };
  const source: UpstreamSource & { parts: number } = {
    connection: "public:test",
    baseUrl: base,
    parts: 0,
    async document(url) {
      const text = known[url];
      if (text === undefined) return undefined;
      return { bytes: Buffer.from(text), contentType: "application/vnd.pypi.simple.v1+json", url, revision };
    },
    async part(_url, range) {
      source.parts += 1;
      if (!ranges) return undefined;
      const start = "last" in range ? wheel.length - range.last : range.start;
      const end = "last" in range ? wheel.length : range.end + 1;
      return { bytes: wheel.subarray(start, end), start, size: wheel.length };
    },
  };
  return source;
}

const FILE = { filename: WHEEL, url: `https://files.example.test/${WHEEL}`, hashes: {} };
const metadataOf = async (source: UpstreamSource) => {
  const document = await pypiUpstream.document?.(source, NAME, `core-metadata/${WHEEL}`);
  return document && Buffer.from(document).toString();
};

test("files are one version when their names say so, whatever their order", async () => {
  const named = (filename: string, time: string) => ({
    filename,
    url: filename,
    hashes: {},
    "upload-time": time,
  });
  const source = upstream({
    files: [
      named("example-1.0.tar.gz", "2020-02-01T00:00:00Z"),
      named("example-2.0-py3-none-any.whl", "2021-01-01T00:00:00Z"),
      named(WHEEL, "2020-01-01T00:00:00Z"),
      named("example-of-something.exe", "2019-01-01T00:00:00Z"),
    ],
  });
  const listing = await pypiUpstream.list(source, NAME);
  expect(listing?.versions.map(({ version, assets }) => [version, assets.length])).toEqual([
    ["1.0", 2],
    ["2.0", 1],
    ["unknown", 1],
  ]);
  expect(listing?.versions[0]?.publishedAt).toBe(Date.parse("2020-01-01T00:00:00Z"));
});

test("a project that is not there is none", async () => {
  expect(await pypiUpstream.list(upstream({ files: [] }), { namespace: "", name: "other" })).toBeUndefined();
});

describe("the metadata of an upstream's wheel", () => {
  const documents = { [`${FILE.url}.metadata`]: METADATA };

  test("are the upstream's own document", async () => {
    const source = upstream({ files: [{ ...FILE, "core-metadata": { sha256: hash } }], documents });
    expect(await metadataOf(source)).toBe(METADATA);
    expect(source.parts).toBe(0);
  });

  test("are read from the wheel by a few parts when the upstream offers none", async () => {
    const source = upstream({ files: [{ ...FILE, size: wheel.length }] });
    expect(await metadataOf(source)).toBe(METADATA);
    expect(source.parts).toBeLessThan(8);
  });

  test("are read from the wheel when its size is not said either", async () => {
    expect(await metadataOf(upstream({ files: [FILE] }))).toBe(METADATA);
  });

  test("are read from the wheel when the upstream's document is not what it promised", async () => {
    const lying = { [`${FILE.url}.metadata`]: METADATA.replace("1.0", "6.6") };
    const source = upstream({ files: [{ ...FILE, "core-metadata": { sha256: hash } }], documents: lying });
    expect(await metadataOf(source)).toBe(METADATA);
  });

  test("cannot be had from an upstream without documents and ranges", async () => {
    for (const file of [FILE, { ...FILE, size: wheel.length }])
      expect(await metadataOf(upstream({ files: [file], ranges: false }))).toBeUndefined();
  });
});

test("provenance is the upstream's own", async () => {
  const url = "https://example.test/integrity/1";
  const source = upstream({ files: [{ ...FILE, provenance: url }], documents: { [url]: "{}" } });
  const document = await pypiUpstream.document?.(source, NAME, `provenance/${WHEEL}`);
  expect(Buffer.from(document ?? "").toString()).toBe("{}");
});
