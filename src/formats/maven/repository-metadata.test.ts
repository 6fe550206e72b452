import { describe, expect, test } from "bun:test";
import { PackageInvalid } from "../../services/codeartifact/format.ts";
import {
  checkMetadata,
  metadataTime,
  parseRepositoryMetadata,
  renderArtifactMetadata,
  renderGroupMetadata,
  renderSnapshotMetadata,
} from "./repository-metadata.ts";

const LIB = { namespace: "org.example", name: "lib" };
const lastUpdated = "20260131120000";

describe("an artifact's metadata", () => {
  const read = (content: Partial<Parameters<typeof renderArtifactMetadata>[1]>) =>
    parseRepositoryMetadata(
      Buffer.from(
        renderArtifactMetadata(LIB, {
          versions: [],
          published: [],
          latest: undefined,
          release: undefined,
          lastUpdated,
          ...content,
        }),
      ),
    );

  test("lists versions in Maven's order; a snapshot is no release", () => {
    const versions = ["1.10", "1.2", "2.0-SNAPSHOT", "1.2-rc1", "1.2"];
    expect(read({ versions, published: versions })).toMatchObject({
      groupId: "org.example",
      artifactId: "lib",
      versions: ["1.2-rc1", "1.2", "1.10", "2.0-SNAPSHOT"],
      latest: "2.0-SNAPSHOT",
      release: "1.10",
      lastUpdated,
    });
  });

  test("keeps the upstream's word on latest and release until something newer is published here", () => {
    const upstream = { versions: ["1.0", "1.1", "2.0-beta1"], latest: "1.1", release: "1.1" };
    expect(read(upstream)).toMatchObject({ latest: "1.1", release: "1.1" });
    const withOwn = (own: string) => ({
      ...upstream,
      versions: [...upstream.versions, own],
      published: [own],
    });
    expect(read(withOwn("1.0.5"))).toMatchObject({ latest: "1.1", release: "1.1" });
    expect(read(withOwn("1.1.1"))).toMatchObject({ latest: "1.1.1", release: "1.1.1" });
    expect(read(withOwn("1.2-SNAPSHOT"))).toMatchObject({ latest: "1.2-SNAPSHOT", release: "1.1" });
    expect(read({ ...upstream, latest: "9.9", release: "9.9" })).toMatchObject({ latest: "2.0-beta1" });
  });
});

test("a snapshot's metadata names the build of each file", () => {
  const build = { timestamp: "20260131.120000", number: 7 };
  const files = [
    { classifier: "", extension: "jar", value: "1.0-20260131.120000-7", updated: lastUpdated },
    { classifier: "a&b", extension: "jar", value: "1.0-20260131.120000-7", updated: lastUpdated },
  ];
  const text = renderSnapshotMetadata(LIB, "1.0-SNAPSHOT", build, files);
  expect(parseRepositoryMetadata(Buffer.from(text))).toMatchObject({
    version: "1.0-SNAPSHOT",
    snapshot: { timestamp: "20260131.120000", buildNumber: 7 },
  });
  expect(text).toContain("<classifier>a&amp;b</classifier>");
  expect(text.match(/<value>1.0-20260131.120000-7<\/value>/g)).toHaveLength(2);
});

test("a group's metadata names its plugins", () => {
  const plugins = [{ name: "Example", prefix: "example", artifactId: "example-maven-plugin" }];
  expect(parseRepositoryMetadata(Buffer.from(renderGroupMetadata(plugins))).plugins).toEqual(plugins);
});

test("times are written as Maven writes them", () => {
  expect(metadataTime(Date.UTC(2026, 0, 2, 3, 4, 5, 678))).toBe("20260102030405");
});

describe("metadata that lies is refused", () => {
  test.each([
    ["another artifact", "<metadata><artifactId>other</artifactId></metadata>"],
    ["another group", "<metadata><groupId>org.other</groupId></metadata>"],
    ["another version", "<metadata><version>2.0-SNAPSHOT</version></metadata>"],
  ])("%s", (_, text) => {
    const metadata = parseRepositoryMetadata(Buffer.from(text));
    expect(() => checkMetadata(metadata, LIB, "1.0-SNAPSHOT")).toThrow(PackageInvalid);
  });

  test("a build that is none", () => {
    const snapshot = "<snapshot><timestamp>../..</timestamp><buildNumber>1</buildNumber></snapshot>";
    const text = `<metadata><versioning>${snapshot}</versioning></metadata>`;
    expect(() => parseRepositoryMetadata(Buffer.from(text))).toThrow(PackageInvalid);
  });
});
