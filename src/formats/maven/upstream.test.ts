import { expect, test } from "bun:test";
import type { UpstreamSource } from "../../services/codeartifact/format.ts";
import { GROUP_METADATA, mavenUpstream } from "./upstream.ts";

const LIB = { namespace: "org.example", name: "lib" };
const SHA1 = "da39a3ee5e6b4b0d3255bfef95601890afd80709";

/** An upstream that has these documents, by path. */
function source(documents: Readonly<Record<string, string>>): UpstreamSource & { readonly asked: string[] } {
  const baseUrl = "https://upstream.invalid/maven2/";
  const asked: string[] = [];
  return {
    asked,
    connection: "outside",
    baseUrl,
    async document(url) {
      const path = url.slice(baseUrl.length);
      asked.push(path);
      const text = documents[path];
      if (text === undefined) return undefined;
      return { bytes: Buffer.from(text), contentType: "text/xml", url, revision: text };
    },
  };
}

test("the versions of an upstream are its releases, as its metadata lists them", async () => {
  const versions = ["1.0", "1.1-SNAPSHOT", "1.1-20260131.120000-7", "../2.0", "1.0", "2.0"];
  const outside = source({
    "org/example/lib/maven-metadata.xml": `<metadata><versioning><latest>2.0</latest><release>2.0</release>
<versions>${versions.map((version) => `<version>${version}</version>`).join("")}</versions>
<lastUpdated>20260131120000</lastUpdated></versioning></metadata>`,
  });
  const listing = await mavenUpstream.list(outside, LIB);
  expect(listing?.versions.map(({ version }) => version)).toEqual(["1.0", "2.0"]);
  expect(listing?.metadata).toMatchObject({ latest: "2.0", release: "2.0", lastUpdated: "20260131120000" });
  expect(await mavenUpstream.list(outside, { ...LIB, name: "other" })).toBeUndefined();
});

test("a group's plugins are asked for beside the group", async () => {
  const plugin = "<plugin><name>E</name><prefix>e</prefix><artifactId>e-maven-plugin</artifactId></plugin>";
  const outside = source({
    "org/example/maven-metadata.xml": `<metadata><plugins>${plugin}</plugins></metadata>`,
  });
  const listing = await mavenUpstream.list(outside, { namespace: "org.example", name: GROUP_METADATA });
  expect(listing?.metadata["plugins"]).toEqual([{ name: "E", prefix: "e", artifactId: "e-maven-plugin" }]);
});

test("a file is checked against the checksum beside it", async () => {
  const file = "org/example/lib/1.0/lib-1.0.jar";
  const checksum = async (documents: Record<string, string>) => {
    const located = await mavenUpstream.locate?.(source(documents), LIB, "1.0", "lib-1.0.jar");
    expect(located).toMatchObject({ name: "lib-1.0.jar", url: `https://upstream.invalid/maven2/${file}` });
    return located?.furtherIntegrity?.();
  };
  expect(await checksum({ [`${file}.sha1`]: `${SHA1.toUpperCase()}\n` })).toEqual({ sha1: SHA1 });
  expect(await checksum({ [`${file}.sha1`]: `SHA1(lib-1.0.jar)= ${SHA1}` })).toEqual({ sha1: SHA1 });
  expect(await checksum({ [`${file}.sha1`]: `${SHA1}  lib-1.0.jar` })).toEqual({ sha1: SHA1 });
  expect(await checksum({ [`${file}.md5`]: SHA1.slice(0, 32) })).toEqual({ md5: SHA1.slice(0, 32) });
  expect(await checksum({})).toEqual({});
});

test("snapshots, and files of other versions, are not asked for outside", async () => {
  const outside = source({});
  for (const [version, file] of [
    ["1.0-SNAPSHOT", "lib-1.0-20260131.120000-7.jar"],
    ["1.0-20260131.120000-7", "lib-1.0-20260131.120000-7.jar"],
    ["1.0", "other-1.0.jar"],
  ] as const)
    expect(await mavenUpstream.locate?.(outside, LIB, version, file)).toBeUndefined();
  expect(outside.asked).toEqual([]);
});
