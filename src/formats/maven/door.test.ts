import { afterEach, beforeEach, describe, expect, test } from "bun:test";
import { parseRepositoryMetadata } from "./repository-metadata.ts";
import {
  basic,
  hash,
  metadata,
  pom,
  snapshot,
  type TestRepository,
  testRepository,
} from "./testing/test-repository.ts";

let maven: TestRepository;
beforeEach(async () => {
  maven = await testRepository();
});
afterEach(() => maven[Symbol.asyncDispose]());

const HASHES = ["md5", "sha1", "sha256", "sha512"];
const LIB = "org/example/lib";
const read = async (path: string) => parseRepositoryMetadata(Buffer.from(await maven.text(path)));

async function deploy(version: string, jar = `jar of ${version}`): Promise<void> {
  expect(await maven.put(`${LIB}/${version}/lib-${version}.jar`, jar)).toBe(201);
  expect(await maven.put(`${LIB}/${version}/lib-${version}.pom`, pom(version))).toBe(201);
  expect(await maven.put(`${LIB}/maven-metadata.xml`, metadata(version))).toBe(200);
}

describe("a release", () => {
  test("is Unfinished until the metadata names it, then it is resolved with its checksums", async () => {
    const jar = `${LIB}/1.0/lib-1.0.jar`;
    expect(await maven.put(jar, "jar")).toBe(201);
    expect(await maven.put(`${jar}.sha1`, hash("sha1", "jar"))).toBe(200);
    expect(await maven.put(`${LIB}/1.0/lib-1.0.pom`, pom("1.0"))).toBe(201);
    expect(await maven.versions()).toEqual(["1.0 Unfinished lib-1.0.jar lib-1.0.pom"]);
    expect((await maven.get(`${LIB}/maven-metadata.xml`)).status).toBe(404);

    expect(await maven.put(`${LIB}/maven-metadata.xml`, metadata("0.9", "1.0"))).toBe(200);
    expect(await maven.versions()).toEqual(["1.0 Published lib-1.0.jar lib-1.0.pom"]);
    expect(await read(`${LIB}/maven-metadata.xml`)).toMatchObject({ versions: ["1.0"], release: "1.0" });
    const response = await maven.get(jar);
    expect(await response.text()).toBe("jar");
    for (const name of HASHES) {
      expect(response.headers.get(`x-checksum-${name}`)).toBe(hash(name, "jar"));
      expect(await maven.text(`${jar}.${name}`)).toBe(hash(name, "jar"));
      const document = await maven.text(`${LIB}/maven-metadata.xml`);
      expect(await maven.text(`${LIB}/maven-metadata.xml.${name}`)).toBe(hash(name, document));
    }
  });

  test("keeps signatures and Gradle's module metadata, also when they come later", async () => {
    await deploy("1.0");
    for (const file of ["lib-1.0.jar.asc", "lib-1.0.module", "lib-1.0-sources.jar"])
      expect(await maven.put(`${LIB}/1.0/${file}`, file)).toBe(201);
    expect(await maven.text(`${LIB}/1.0/lib-1.0.jar.asc`)).toBe("lib-1.0.jar.asc");
    expect(await maven.text(`${LIB}/1.0/lib-1.0.jar.asc.md5`)).toBe(hash("md5", "lib-1.0.jar.asc"));
    expect(await maven.versions()).toEqual([
      "1.0 Published lib-1.0-sources.jar lib-1.0.jar lib-1.0.jar.asc lib-1.0.module lib-1.0.pom",
    ]);
  });

  test("takes the same bytes again, and refuses others in words that Maven prints", async () => {
    await deploy("1.0", "jar");
    expect(await maven.put(`${LIB}/1.0/lib-1.0.jar`, "jar")).toBe(200);
    const refused = await maven.get(`${LIB}/1.0/lib-1.0.jar`, { method: "PUT", body: "other" });
    expect(refused.status).toBe(409);
    expect(refused.statusText).toContain("lib-1.0.jar");
    expect(refused.statusText).toContain("already exists");
    expect(await refused.text()).toContain(refused.statusText);
    expect(await maven.text(`${LIB}/1.0/lib-1.0.jar`)).toBe("jar");
  });

  test("comes whole in any order: twenty files, their checksums and the metadata at once", async () => {
    const files = Array.from({ length: 20 }, (_, index) => `lib-1.0-part${index}.jar`);
    const statuses = await Promise.all([
      maven.put(`${LIB}/maven-metadata.xml`, metadata("1.0")),
      ...files.flatMap((file) => [
        maven.put(`${LIB}/1.0/${file}.sha1`, hash("sha1", file)),
        maven.put(`${LIB}/1.0/${file}`, file),
      ]),
      maven.put(`${LIB}/1.0/lib-1.0.pom`, pom("1.0", "<name>The lib</name>")),
    ]);
    expect(new Set(statuses)).toEqual(new Set([200, 201]));
    const [version = ""] = await maven.versions();
    expect(version).toStartWith("1.0 Published");
    expect(version.split(" ")).toHaveLength(2 + 21);
    const { description } = await maven.domain.metadata.reader
      .selectFrom("codeartifact_versions")
      .select("description")
      .executeTakeFirstOrThrow();
    expect(JSON.parse(description)).toMatchObject({ displayName: "The lib" });
  });
});

describe("a snapshot", () => {
  const FOLDER = `${LIB}/1.0-SNAPSHOT`;
  const deployBuild = async (timestamp: string, number: number): Promise<string> => {
    const build = `1.0-${timestamp}-${number}`;
    expect(await maven.put(`${FOLDER}/lib-${build}.jar`, build)).toBe(201);
    expect(await maven.put(`${FOLDER}/lib-${build}.pom`, pom("1.0-SNAPSHOT"))).toBe(201);
    expect(await maven.put(`${FOLDER}/maven-metadata.xml`, snapshot("1.0-SNAPSHOT", timestamp, number))).toBe(
      200,
    );
    expect(await maven.put(`${LIB}/maven-metadata.xml`, metadata("1.0-SNAPSHOT"))).toBe(200);
    return build;
  };

  test("is its newest build; the one before is Unlisted and can still be downloaded", async () => {
    const first = await deployBuild("20260131.120000", 1);
    expect(await maven.versions()).toEqual([`1.0-SNAPSHOT Published lib-${first}.jar lib-${first}.pom`]);
    const second = await deployBuild("20260201.120000", 2);
    expect(await maven.versions()).toEqual([
      `${first} Unlisted lib-${first}.jar lib-${first}.pom`,
      `1.0-SNAPSHOT Published lib-${second}.jar lib-${second}.pom`,
    ]);
    expect(await read(`${FOLDER}/maven-metadata.xml`)).toMatchObject({
      version: "1.0-SNAPSHOT",
      snapshot: { timestamp: "20260201.120000", buildNumber: 2 },
    });
    expect(await read(`${LIB}/maven-metadata.xml`)).toMatchObject({
      versions: ["1.0-SNAPSHOT"],
      release: undefined,
    });
    for (const build of [first, second]) {
      expect(await maven.text(`${FOLDER}/lib-${build}.jar`)).toBe(build);
      expect(await maven.text(`${FOLDER}/lib-${build}.jar.sha1`)).toBe(hash("sha1", build));
    }
  });

  test("shows the build before while the next one is on its way, and takes files of its own later", async () => {
    const first = await deployBuild("20260131.120000", 1);
    await maven.put(`${FOLDER}/lib-1.0-20260201.120000-2.jar`, "half");
    expect(await read(`${FOLDER}/maven-metadata.xml`)).toMatchObject({ snapshot: { buildNumber: 1 } });
    expect(await maven.put(`${FOLDER}/lib-${first}-sources.jar`, "sources")).toBe(201);
    expect(await maven.text(`${FOLDER}/maven-metadata.xml`)).toContain("<classifier>sources</classifier>");
  });

  test("of two that deploy at once no build is lost and the newest one counts", async () => {
    const builds = Array.from({ length: 6 }, (_, index) => [`20260131.12000${index}`, 1] as const);
    await Promise.all(builds.map(([timestamp, number]) => deployBuild(timestamp, number)));
    expect(await read(`${FOLDER}/maven-metadata.xml`)).toMatchObject({
      snapshot: { timestamp: "20260131.120005" },
    });
    for (const [timestamp, number] of builds)
      expect(await maven.text(`${FOLDER}/lib-1.0-${timestamp}-${number}.jar`)).toBe(
        `1.0-${timestamp}-${number}`,
      );
    const versions = await maven.versions();
    expect(versions.filter((version) => version.includes("Unfinished"))).toEqual([]);
    expect(versions).toHaveLength(6);
  });

  test("without a build in its name is refused with a reason", async () => {
    const refused = await maven.get(`${FOLDER}/lib-1.0-SNAPSHOT.jar`, { method: "PUT", body: "jar" });
    expect(refused.status).toBe(400);
    expect(refused.statusText).toContain("only unique snapshots are taken");
    expect(await maven.versions()).toEqual([]);
  });
});

describe("from outside", () => {
  beforeEach(() => {
    maven.outside.set(`${LIB}/maven-metadata.xml`, metadata("1.0", "1.1"));
    maven.outside.set(`${LIB}/1.1/lib-1.1.jar`, "outside");
    maven.outside.set(`${LIB}/1.1/lib-1.1.pom`, pom("1.1", "<name>Outside</name>"));
  });

  test("a release is fetched once, checked, and kept with what its POM says", async () => {
    const jars = await Promise.all(Array.from({ length: 10 }, () => maven.text(`${LIB}/1.1/lib-1.1.jar`)));
    expect(new Set(jars)).toEqual(new Set(["outside"]));
    expect(await maven.text(`${LIB}/1.1/lib-1.1.pom.sha1`)).toBe(
      hash("sha1", pom("1.1", "<name>Outside</name>")),
    );
    expect(maven.asked.filter((path) => path === `${LIB}/1.1/lib-1.1.jar`)).toHaveLength(1);
    expect(await maven.versions()).toEqual(["1.1 Published lib-1.1.jar lib-1.1.pom"]);
    const descriptions = await maven.domain.metadata.reader
      .selectFrom("codeartifact_versions")
      .select("description")
      .execute();
    for (const { description } of descriptions)
      expect(JSON.parse(description)).toMatchObject({ displayName: "Outside" });
  });

  test("the metadata is that of the upstream and of what is here, merged", async () => {
    expect(await read(`${LIB}/maven-metadata.xml`)).toMatchObject({
      versions: ["1.0", "1.1"],
      release: "1.1",
    });
    expect((await maven.get(`${LIB}/2.0/lib-2.0.jar`)).status).toBe(404);
  });

  test("bytes that are not what the checksum beside them says are refused, and nothing is kept", async () => {
    maven.outside.set(`${LIB}/1.1/lib-1.1.jar.sha1`, hash("sha1", "other"));
    const answer = await maven.get(`${LIB}/1.1/lib-1.1.jar`).then(
      async (response) => (response.ok ? await response.text() : `status ${response.status}`),
      (error: Error) => `broken off: ${error.message}`,
    );
    expect(answer).not.toBe("outside");
    expect(await maven.versions()).toEqual([]);
    maven.outside.delete(`${LIB}/1.1/lib-1.1.jar.sha1`);
  });

  test("a file that is not there is asked for once, whoever asks again", async () => {
    for (let round = 0; round < 3; round++)
      expect((await maven.get(`${LIB}/1.1/lib-1.1-javadoc.jar`)).status).toBe(404);
    expect(maven.asked.filter((path) => path === `${LIB}/1.1/lib-1.1-javadoc.jar`)).toHaveLength(1);
  });

  test("snapshots are not taken", async () => {
    maven.outside.set(`${LIB}/1.2-SNAPSHOT/lib-1.2-20260131.120000-1.jar`, "snapshot");
    maven.outside.set(
      `${LIB}/1.2-SNAPSHOT/maven-metadata.xml`,
      snapshot("1.2-SNAPSHOT", "20260131.120000", 1),
    );
    for (const file of ["lib-1.2-20260131.120000-1.jar", "maven-metadata.xml"])
      expect((await maven.get(`${LIB}/1.2-SNAPSHOT/${file}`)).status).toBe(404);
  });
});

test("a group's plugins are found by their prefix, those from here and those from outside", async () => {
  const plugin = (name: string) =>
    `<plugin><name>${name}</name><prefix>${name}</prefix><artifactId>${name}-maven-plugin</artifactId></plugin>`;
  maven.outside.set(
    "org/example/maven-metadata.xml",
    `<metadata><plugins>${plugin("outside")}</plugins></metadata>`,
  );
  const folder = "org/example/own-maven-plugin/1.0/own-maven-plugin-1.0";
  const own = pom("1.0").replace("<artifactId>lib<", "<artifactId>own-maven-plugin<");
  expect(await maven.put(`${folder}.pom`, own)).toBe(201);
  const named = metadata("1.0").replace("<artifactId>lib<", "<artifactId>own-maven-plugin<");
  expect(await maven.put("org/example/own-maven-plugin/maven-metadata.xml", named)).toBe(200);
  const both = `<metadata><plugins>${plugin("own")}${plugin("outside")}</plugins></metadata>`;
  expect(await maven.put("org/example/maven-metadata.xml", both)).toBe(200);
  const { plugins } = await read("org/example/maven-metadata.xml");
  expect(plugins.map(({ prefix }) => prefix).sort()).toEqual(["outside", "own"]);
  expect((await maven.get("org/other/maven-metadata.xml")).status).toBe(404);
});

describe("what is wrong is refused, and nothing of it is kept", () => {
  const PUTS: readonly [string, string, string, number][] = [
    ["a file of another version", `${LIB}/1.0/lib-1.1.jar`, "jar", 400],
    ["a file of another artifact", `${LIB}/1.0/other-1.0.jar`, "jar", 400],
    ["a POM of another package", `${LIB}/1.0/lib-1.0.pom`, pom("2.0"), 400],
    ["a POM that is none", `${LIB}/1.0/lib-1.0.pom`, "no XML", 400],
    ["a POM with entities", `${LIB}/1.0/lib-1.0.pom`, `<!DOCTYPE a [<!ENTITY b "c">]>${pom("1.0")}`, 400],
    ["a POM of 5 MB", `${LIB}/1.0/lib-1.0.pom`, pom("1.0", `<name>${"a".repeat(5_000_000)}</name>`), 400],
    ["metadata of another package", `org/example/other/maven-metadata.xml`, metadata("1.0"), 400],
    ["metadata that is none", `${LIB}/maven-metadata.xml`, "<metadata>", 400],
    ["metadata of 17 MB", `${LIB}/maven-metadata.xml`, `<metadata>${"a".repeat(17_000_000)}</metadata>`, 413],
    [
      "a snapshot's metadata without a build",
      `${LIB}/1.0-SNAPSHOT/maven-metadata.xml`,
      metadata("1.0-SNAPSHOT"),
      400,
    ],
    ["a way out of the repository", `org/example/lib/..%2f..%2f..%2fetc/passwd`, "x", 400],
    ["a file without a folder", "lib-1.0.jar", "x", 400],
    ["a checksum that is none", `${LIB}/1.0/lib-1.0.jar.sha1`, "hello", 400],
    ["a checksum of a file that never comes", `${LIB}/1.0/lib-1.0.jar.sha1`, hash("sha1", "jar"), 404],
  ];
  test.each(PUTS)("%s", async (_, path, body, status) => {
    expect(await maven.put(path, body)).toBe(status);
    expect(await maven.versions()).toEqual([]);
    await deploy("3.0");
  });

  test("a checksum that is not the file's, or in upper case", async () => {
    await deploy("1.0", "jar");
    for (const wrong of [hash("sha256", "other"), hash("sha256", "jar").toUpperCase()])
      expect(await maven.put(`${LIB}/1.0/lib-1.0.jar.sha256`, wrong)).toBe(400);
    expect(await maven.put(`${LIB}/maven-metadata.xml.sha256`, hash("sha256", "other"))).toBe(400);
    expect(await maven.put(`${LIB}/maven-metadata.xml.sha256`, hash("sha256", metadata("1.0")))).toBe(200);
  });

  test("methods that Maven does not use", async () => {
    const refused = await maven.get(`${LIB}/1.0/lib-1.0.jar`, { method: "DELETE" });
    expect(refused.status).toBe(405);
    expect(refused.headers.get("allow")).toBe("GET, HEAD, PUT");
  });
});

describe("who may not is told why, where Maven prints it", () => {
  test.each([
    ["no token", {}, "An authorization token is needed"],
    ["an expired token", { authorization: basic("old") }, "Your authorization token has expired"],
    ["something else", { authorization: basic("hello") }, "The authorization token is invalid"],
  ])("%s", async (_, headers, reason) => {
    const refused = await maven.get(`${LIB}/maven-metadata.xml`, {
      headers: { authorization: "", ...headers },
    });
    expect(refused.status).toBe(401);
    expect(refused.headers.get("www-authenticate")).toStartWith("Basic ");
    expect(refused.statusText).toStartWith(reason);
  });
});
