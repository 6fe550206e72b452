import { describe, expect, test } from "bun:test";
import { Readable } from "node:stream";
import { zipArchive } from "../pypi/testing/zip-archive.ts";
import { readNupkg } from "./nupkg.ts";
import { describeMetadata } from "./nuspec.ts";
import { nupkg, nuspec } from "./testing/nupkg.ts";

function read(bytes: Uint8Array) {
  return readNupkg({
    size: bytes.length,
    open: async ({ start, end }) => Readable.from([Buffer.from(bytes.subarray(start, end + 1))]),
  });
}

test("a package is known by its manifest: who, what, which dependencies, and its readme", async () => {
  const fields = `
    <title>Acme &amp; Core</title>
    <license type="expression">MIT</license>
    <licenseUrl>https://licenses.example/MIT</licenseUrl>
    <projectUrl>https://acme.example/</projectUrl>
    <repository type="git" url="https://git.acme.example/core" />
    <readme>docs\\README.md</readme>
    <tags>one two, three</tags>
    <requireLicenseAcceptance>true</requireLicenseAcceptance>
    <dependencies>
      <group targetFramework="net8.0"><dependency id="Acme.Base" version="[1.0.0, 2.0.0)" /></group>
      <group targetFramework=".NETStandard2.0" />
    </dependencies>`;
  const files = { "docs/README.md": "# Acme" };
  const { metadata, readme } = await read(
    nupkg({ id: "Acme.Core", version: "1.2.0-Beta.1+7", fields, files }),
  );
  expect(metadata).toMatchObject({
    id: "Acme.Core",
    version: "1.2.0-Beta.1+7",
    title: "Acme & Core",
    licenseExpression: "MIT",
    tags: ["one", "two", "three"],
    requireLicenseAcceptance: true,
    dependencyGroups: [
      { targetFramework: "net8.0", dependencies: [{ id: "Acme.Base", range: "[1.0.0, 2.0.0)" }] },
      { targetFramework: ".NETStandard2.0", dependencies: [] },
    ],
  });
  expect(describeMetadata(metadata, readme)).toMatchObject({
    displayName: "Acme & Core",
    homePage: "https://acme.example/",
    sourceCodeRepository: "https://git.acme.example/core",
    licenses: ["MIT"],
    readme: "# Acme",
    dependencies: [{ package: "acme.base", versionRequirement: "[1.0.0, 2.0.0)" }],
  });
});

test("a manifest from before groups lists its dependencies for every framework", async () => {
  const fields = `<dependencies><dependency id="A" version="1.0" /><dependency id="B" /></dependencies>`;
  const { metadata } = await read(nupkg({ id: "Old", version: "1.0", fields }));
  expect(metadata.dependencyGroups).toEqual([
    {
      dependencies: [
        { id: "A", range: "1.0" },
        { id: "B", range: "" },
      ],
    },
  ]);
});

describe("what is no package", () => {
  const good = nupkg({ id: "Acme", version: "1.0.0" });
  const bomb = zipArchive({
    "Acme.nuspec": nuspec("Acme", "1.0.0"),
    "lib/zeros": "0".repeat(100 * 1024 * 1024),
  });
  const entities = nuspec("Acme", "1.0.0").replace(
    "<package",
    `<!DOCTYPE p [<!ENTITY a "${"a".repeat(1000)}"><!ENTITY b "&a;&a;&a;">]><package`,
  );
  test.each([
    ["a text", Buffer.from("<html>no zip</html>"), "the archive is damaged"],
    ["nothing", Buffer.alloc(0), "the archive is damaged"],
    ["a zip that was cut off", good.subarray(0, good.length - 30), "the archive is damaged"],
    ["a zip without its beginning", good.subarray(30), "the archive is damaged"],
    ["a zip bomb", bomb, "times larger when it is unpacked"],
    [
      "a huge manifest",
      zipArchive({ "a.nuspec": nuspec("Acme", "1.0.0", " ".repeat(2_000_000)) }),
      "is larger than",
    ],
    [
      "a file outside of its folder",
      nupkg({ id: "A", version: "1.0", files: { "../../etc/passwd": "x" } }),
      "invalid relative path",
    ],
    [
      "a file at the root of the disk",
      nupkg({ id: "A", version: "1.0", files: { "/etc/passwd": "x" } }),
      "absolute path",
    ],
    ["no manifest", zipArchive({ "lib/a.dll": "x" }), "no .nuspec"],
    [
      "a manifest in a folder only",
      nupkg({ id: "A", version: "1.0", manifestName: "sub/A.nuspec" }),
      "no .nuspec",
    ],
    [
      "two manifests",
      nupkg({ id: "A", version: "1.0", files: { "B.nuspec": nuspec("B", "2.0") } }),
      "more than one .nuspec",
    ],
    ["entities", zipArchive({ "Acme.nuspec": entities }), "document type"],
    ["broken XML", zipArchive({ "Acme.nuspec": "<package><metadata>" }), "no XML"],
    ["other XML", zipArchive({ "Acme.nuspec": "<project/>" }), "no <package>"],
    ["no id", zipArchive({ "Acme.nuspec": nuspec("", "1.0.0") }), "lacks an id"],
    [
      "an id that is a path",
      zipArchive({ "Acme.nuspec": nuspec("../evil", "1.0.0") }),
      "is not a NuGet package id",
    ],
    [
      "a version that is a path",
      zipArchive({ "Acme.nuspec": nuspec("Acme", "1.0.0/../2") }),
      "is not a NuGet version",
    ],
  ])("%s", async (_what, bytes, reason) => {
    await expect(read(bytes)).rejects.toThrow(reason);
    await expect(read(bytes)).rejects.toMatchObject({ name: "PackageInvalid" });
  });
});
