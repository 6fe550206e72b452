import { describe, expect, test } from "bun:test";
import { PackageInvalid } from "../../services/codeartifact/format.ts";
import { folderOf, type MavenPath, parseMavenPath } from "./coordinates.ts";
import { checkFileName, parseFileName, parseRest } from "./snapshots.ts";

const LIB = { namespace: "org.example", name: "lib" };

describe("what an address means", () => {
  test.each<[string, MavenPath]>([
    ["org/example/lib/1.0/lib-1.0.jar", { kind: "file", name: LIB, version: "1.0", file: "lib-1.0.jar" }],
    [
      "org/example/lib/1.0-SNAPSHOT/lib-1.0-20260131.120000-7.pom",
      { kind: "file", name: LIB, version: "1.0-SNAPSHOT", file: "lib-1.0-20260131.120000-7.pom" },
    ],
    [
      "org/example/lib/1.0-SNAPSHOT/maven-metadata.xml",
      { kind: "snapshot-metadata", name: LIB, version: "1.0-SNAPSHOT" },
    ],
    ["org/example/lib/maven-metadata.xml", { kind: "metadata", artifact: LIB, group: "org.example.lib" }],
    ["junit/maven-metadata.xml", { kind: "metadata", artifact: undefined, group: "junit" }],
    [
      "a/b/1%2B2/b-1+2.jar",
      { kind: "file", name: { namespace: "a", name: "b" }, version: "1+2", file: "b-1+2.jar" },
    ],
  ])("%s", (path, expected) => {
    expect(parseMavenPath(path)).toEqual({ path: expected, checksum: undefined });
    for (const checksum of ["md5", "sha1", "sha256", "sha512"] as const)
      expect(parseMavenPath(`${path}.${checksum}`)).toEqual({ path: expected, checksum });
  });

  test("a signature is a file, and has checksums of its own", () => {
    const { path, checksum } = parseMavenPath("org/example/lib/1.0/lib-1.0.jar.asc.sha256");
    expect(path).toMatchObject({ kind: "file", file: "lib-1.0.jar.asc" });
    expect(checksum).toBe("sha256");
  });
});

test.each([
  "",
  "lib-1.0.jar",
  "lib/1.0/lib-1.0.jar",
  "maven-metadata.xml",
  "org/../lib/1.0/lib-1.0.jar",
  "org/example/../1.0/x.jar",
  "org/example/lib/../lib-1.0.jar",
  "org/example/lib/1.0/..",
  "org/example/lib/1.0/..%2f..%2fetc",
  "org/example/lib/1.0/%2e%2e",
  "org//lib/1.0/lib-1.0.jar",
  "org/example/lib/1.0/",
  "org/example/lib/1.0/a%00b",
  "org/example/lib/1.0/a%5Cb",
  "org/example/lib/1.0/%ff",
  "org/exa mple/lib/1.0/lib-1.0.jar",
  "org/example/lib/1.0-20260131.120000-7/lib-1.0-20260131.120000-7.jar",
  `org/example/${"l".repeat(256)}/1.0/lib-1.0.jar`,
])("no address: %p", (path) => {
  expect(() => parseMavenPath(path)).toThrow(PackageInvalid);
});

describe("a file's name", () => {
  test.each([
    ["1.0", "lib-1.0.jar", "1.0", ".jar"],
    ["1.0", "lib-1.0-sources.jar", "1.0", "-sources.jar"],
    ["1.0-SNAPSHOT", "lib-1.0-20260131.120000-7.jar", "1.0-20260131.120000-7", ".jar"],
    ["1.0-SNAPSHOT", "lib-1.0-20260131.120000-7-tests.jar.asc", "1.0-20260131.120000-7", "-tests.jar.asc"],
  ])("in %s: %s", (version, file, build, rest) => {
    expect(parseFileName(LIB, version, file)).toEqual({ version: build, rest });
  });

  test.each([
    ["1.0", "lib-1.1.jar"],
    ["1.0", "lib-1.0"],
    ["1.0", "lib-1.01.jar"],
    ["1.0", "other-1.0.jar"],
    ["1.0-SNAPSHOT", "lib-1.0-SNAPSHOT.jar"],
    ["1.0-SNAPSHOT", "lib-1.1-20260131.120000-7.jar"],
  ])("that does not belong in %s: %s", (version, file) => {
    expect(() => checkFileName(LIB, version, file)).toThrow(PackageInvalid);
  });

  test.each([
    [".jar", "", "jar"],
    ["-sources.jar", "sources", "jar"],
    [".jar.asc", "", "jar.asc"],
    ["-bin.tar.gz", "bin", "tar.gz"],
    ["-bin.tar.gz.asc", "bin", "tar.gz.asc"],
    ["-linux-x86_64.jar", "linux-x86_64", "jar"],
    ["-jdk1.8.jar", "jdk1.8", "jar"],
  ])("ends in classifier and extension: %s", (rest, classifier, extension) => {
    expect(parseRest(rest)).toEqual({ classifier, extension });
  });
});

test("folders for an upstream's address, of every build in its snapshot's", () => {
  expect(folderOf(LIB)).toBe("org/example/lib/");
  expect(folderOf(LIB, "1.0+1")).toBe("org/example/lib/1.0%2B1/");
  expect(folderOf(LIB, "1.0-20260131.120000-7")).toBe("org/example/lib/1.0-SNAPSHOT/");
});
