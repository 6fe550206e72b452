import { describe, expect, test } from "bun:test";
import type { PackageView, StoredVersion, VersionView } from "../../services/codeartifact/engine.ts";
import { planPromotion } from "./deploy-metadata.ts";
import { artifactMetadata, snapshotMetadata } from "./metadata-documents.ts";
import { parseRepositoryMetadata } from "./repository-metadata.ts";

const LIB = { namespace: "org.example", name: "lib" };
const FIRST = "1.0-20260131.120000-1";
const SECOND = "1.0-20260201.080000-2";

const assets = (build: string, ...rests: string[]) =>
  rests.map((rest) => ({ name: `lib-${build}${rest}`, size: 1, hashes: {}, metadata: {}, stored: true }));

describe("a build's metadata arrives", () => {
  const stored = (version: string, status: StoredVersion["status"], build: string): StoredVersion => ({
    version,
    status,
    assets: assets(build, ".jar", ".pom"),
  });
  const plan = (build: string, ...versions: StoredVersion[]) =>
    planPromotion(LIB, "1.0-SNAPSHOT", build, versions);

  test("of the first build: it becomes the snapshot", () => {
    expect(plan(FIRST, stored(FIRST, "Unfinished", FIRST))).toEqual([
      { version: FIRST, becomes: "1.0-SNAPSHOT", status: "Published" },
    ]);
  });

  test("of the next one: the one before stays under its own name, Unlisted", () => {
    const current = stored("1.0-SNAPSHOT", "Published", FIRST);
    expect(plan(SECOND, current, stored(SECOND, "Unfinished", SECOND))).toEqual([
      { version: "1.0-SNAPSHOT", becomes: FIRST, status: "Unlisted" },
      { version: SECOND, becomes: "1.0-SNAPSHOT", status: "Published" },
    ]);
  });

  test("of an older one than is there: it is Unlisted at once", () => {
    const current = stored("1.0-SNAPSHOT", "Published", SECOND);
    expect(plan(FIRST, current, stored(FIRST, "Unfinished", FIRST))).toEqual([
      { version: FIRST, status: "Unlisted" },
    ]);
  });

  test("again, or before its files: nothing changes", () => {
    expect(plan(FIRST, stored("1.0-SNAPSHOT", "Published", FIRST))).toEqual([]);
    expect(plan(SECOND, stored("1.0-SNAPSHOT", "Published", FIRST))).toEqual([]);
  });

  test("while the snapshot is archived: it is refused", () => {
    const current = stored("1.0-SNAPSHOT", "Archived", FIRST);
    expect(() => plan(SECOND, current, stored(SECOND, "Unfinished", SECOND))).toThrow(
      "takes no further builds",
    );
  });
});

describe("generated metadata", () => {
  const version = (name: string, change: Partial<VersionView> = {}): VersionView => ({
    version: name,
    status: "Published",
    publishedAt: Date.UTC(2026, 0, 31),
    revision: "",
    origin: "INTERNAL",
    description: { metadata: {}, licenses: [], dependencies: [] },
    assets: [],
    ...change,
  });
  const view = (versions: readonly VersionView[], metadata = {}): PackageView => ({
    name: LIB,
    versions,
    tags: {},
    metadata,
    stale: false,
  });
  const read = (text: string | undefined) => parseRepositoryMetadata(Buffer.from(text ?? ""));

  test("names the files of the newest build, and of older ones what it has not again", () => {
    const text = snapshotMetadata(
      view([
        version(FIRST, { status: "Unlisted", assets: assets(FIRST, ".jar", ".pom", "-sources.jar") }),
        version("1.0-SNAPSHOT", { assets: assets(SECOND, ".jar", ".pom") }),
        version("1.1-SNAPSHOT", { assets: assets("1.1-20260301.000000-9", ".jar") }),
      ]),
      "1.0-SNAPSHOT",
    );
    expect(read(text).snapshot).toEqual({ timestamp: "20260201.080000", buildNumber: 2 });
    const values = [...(text ?? "").matchAll(/<extension>(.*)<\/extension>\s*<value>(.*)<\/value>/g)];
    expect(values.map(([, extension, value]) => [extension, value])).toEqual([
      ["jar", SECOND],
      ["pom", SECOND],
      ["jar", FIRST],
    ]);
    expect(snapshotMetadata(view([version("1.0")]), "1.0-SNAPSHOT")).toBeUndefined();
  });

  test("lists what is Published, from here and from outside", () => {
    const versions = [
      version("2.0", { origin: "EXTERNAL", publishedAt: 0 }),
      version("1.0"),
      version("3.0", { status: "Unlisted" }),
      version(FIRST, { status: "Unlisted" }),
    ];
    const outside = { latest: "2.0", release: "2.0", lastUpdated: "20260615000000" };
    expect(read(artifactMetadata(view(versions, outside)))).toMatchObject({
      versions: ["1.0", "2.0"],
      release: "2.0",
      lastUpdated: "20260615000000",
    });
    expect(read(artifactMetadata(view([version("1.0")])))).toMatchObject({
      versions: ["1.0"],
      release: "1.0",
      lastUpdated: "20260131000000",
    });
    expect(artifactMetadata(view([version("3.0", { status: "Unlisted" })]))).toBeUndefined();
  });
});
