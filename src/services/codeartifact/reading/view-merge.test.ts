import { expect, test } from "bun:test";
import type { AssetView, VersionStatus } from "../engine.ts";
import type { UpstreamListing, VersionDescription } from "../format.ts";
import { mergeView, type OfferedVersion, type Source } from "./view-merge.ts";

const NAME = { namespace: "", name: "thing" };
const ONE_FILE = { assetsGrow: false, normalizeVersion: (version: string) => version };
const GROWING = { ...ONE_FILE, assetsGrow: true };
const DESCRIPTION: VersionDescription = { metadata: {}, licenses: [], dependencies: [] };

function stored(
  version: string,
  change: {
    status?: VersionStatus;
    origin?: "INTERNAL" | "EXTERNAL";
    files?: readonly string[];
    from?: string;
  } = {},
): OfferedVersion {
  const file = (name: string): AssetView => ({
    name,
    size: 1,
    hashes: { sha256: `sha256 of ${name}` },
    metadata: {},
    stored: true,
  });
  return {
    version,
    status: change.status ?? "Published",
    publishedAt: 1,
    revision: "r",
    origin: change.origin ?? "INTERNAL",
    originRepository: change.from,
    description: { ...DESCRIPTION, summary: "stored" },
    assets: (change.files ?? [`${version}.tgz`]).map(file),
  };
}

const repository = (
  depth: number,
  versions: readonly OfferedVersion[],
  tags: Record<string, string> = {},
): Source => ({ kind: "repository", depth, versions, tags });

function connection(
  depth: number,
  versions: Readonly<Record<string, readonly string[]>>,
  change: { tags?: Record<string, string>; assetMetadata?: Record<string, unknown>; sha256?: string } = {},
): Source {
  const listing: UpstreamListing = {
    versions: Object.entries(versions).map(([version, files]) => ({
      version,
      publishedAt: 2,
      description: { ...DESCRIPTION, summary: "outside" },
      assets: files.map((name) => ({
        name,
        url: `outside:${name}`,
        integrity: { sha256: change.sha256 ?? `sha256 of ${name}` },
        metadata: change.assetMetadata ?? {},
      })),
    })),
    tags: change.tags ?? {},
    metadata: { from: "outside" },
  };
  return { kind: "connection", depth, listing };
}

/** `1.0 INTERNAL 1.0.tgz*`: an asterisk for what is stored. */
function told(format: typeof ONE_FILE, ...sources: Source[]): readonly string[] | undefined {
  return mergeView(NAME, format, sources, false)?.versions.map(({ version, status, origin, assets }) =>
    [
      version,
      ...(status === "Published" ? [] : [status]),
      origin,
      ...assets.map((asset) => asset.name + (asset.stored ? "*" : "")),
    ].join(" "),
  );
}

test("the first place that has a version decides, others add theirs", () => {
  const near = repository(0, [stored("1.0", { files: ["near"] })]);
  const far = repository(1, [stored("1.0", { files: ["far"] }), stored("2.0")]);
  expect(told(ONE_FILE, near, far)).toEqual(["1.0 INTERNAL near*", "2.0 INTERNAL 2.0.tgz*"]);
});

for (const status of ["Unfinished", "Archived", "Disposed"] as const)
  test(`what is ${status} here is hidden, and does not come from above either`, () => {
    const near = repository(0, [stored("1.0", { status })]);
    expect(told(ONE_FILE, near, repository(1, [stored("1.0")]), connection(1, { "1.0": ["f"] }))).toEqual([]);
    expect(told(GROWING, near, repository(1, [stored("1.0", { origin: "EXTERNAL" })]))).toBeUndefined();
  });

test("Unlisted ones are shown as such", () => {
  expect(told(ONE_FILE, repository(0, [stored("1.0", { status: "Unlisted" })]))).toEqual([
    "1.0 Unlisted INTERNAL 1.0.tgz*",
  ]);
});

test("versions of outside origin gain files where the format lets them", () => {
  const near = repository(0, [stored("1.0", { origin: "EXTERNAL", files: ["a"] })]);
  const outside = connection(1, { "1.0": ["a", "b"] });
  expect(told(GROWING, near, outside)).toEqual(["1.0 EXTERNAL a* b"]);
  expect(told(ONE_FILE, near, outside)).toEqual(["1.0 EXTERNAL a*"]);
});

test("versions that were published inside never gain files from elsewhere", () => {
  const near = repository(0, [stored("1.0", { files: ["a"] })]);
  const further = repository(1, [stored("1.0", { origin: "EXTERNAL", files: ["b"] })]);
  expect(told(GROWING, near, further, connection(1, { "1.0": ["c"] }))).toEqual(["1.0 INTERNAL a*"]);
  const external = repository(0, [stored("1.0", { origin: "EXTERNAL", files: ["b"] })]);
  expect(told(GROWING, external, repository(1, [stored("1.0", { files: ["a"] })]))).toEqual([
    "1.0 EXTERNAL b*",
  ]);
});

test("a copy of a version gains the files that are published later where it came from, and only those", () => {
  const copy = repository(0, [stored("1.0", { files: ["a"], from: "inside" })]);
  const source = repository(1, [stored("1.0", { files: ["a", "b"], from: "inside" })]);
  const other = repository(1, [stored("1.0", { files: ["c"], from: "elsewhere" })]);
  expect(told(GROWING, copy, source, other)).toEqual(["1.0 INTERNAL a* b*"]);
  expect(told(ONE_FILE, copy, source)).toEqual(["1.0 INTERNAL a*"]);
});

test("what the upstream says of a stored file now is shown, unless it became another file", () => {
  const near = repository(0, [stored("1.0", { origin: "EXTERNAL", files: ["a"] })]);
  const metadataWith = (sha256?: string) =>
    mergeView(
      NAME,
      GROWING,
      [near, connection(1, { "1.0": ["a"] }, { assetMetadata: { yanked: true }, ...(sha256 && { sha256 }) })],
      false,
    )?.versions[0]?.assets[0]?.metadata;
  expect(metadataWith()).toEqual({ yanked: true });
  expect(metadataWith("another")).toEqual({});
});

test("a tag means what the upstream says", () => {
  const near = repository(0, [stored("1.1")], { latest: "1.1", mine: "1.1" });
  const outside = connection(1, { "1.0": ["f"] }, { tags: { latest: "1.0" } });
  expect(mergeView(NAME, ONE_FILE, [near, outside], false)?.tags).toEqual({ latest: "1.0", mine: "1.1" });
});

test("of two upstreams the first listed says what a tag means", () => {
  const sources = [
    repository(0, []),
    repository(1, [stored("1.0")], { latest: "1.0" }),
    repository(1, [stored("2.0")], { latest: "2.0" }),
  ];
  expect(mergeView(NAME, ONE_FILE, sources, false)?.tags).toEqual({ latest: "1.0" });
});

test("a tag falls to who is next when its version is not to be seen here", () => {
  const near = repository(0, [stored("1.0", { status: "Archived" }), stored("0.9")], { latest: "0.9" });
  const outside = connection(1, { "1.0": ["f"] }, { tags: { latest: "1.0", next: "1.0" } });
  expect(mergeView(NAME, ONE_FILE, [near, outside], false)?.tags).toEqual({ latest: "0.9" });
});

test("nowhere: undefined; outside without versions: an empty package", () => {
  expect(mergeView(NAME, ONE_FILE, [repository(0, [])], false)).toBeUndefined();
  expect(mergeView(NAME, ONE_FILE, [repository(0, []), connection(1, {})], false)).toEqual({
    name: NAME,
    versions: [],
    tags: {},
    metadata: { from: "outside" },
    stale: false,
  });
});
