import { afterAll, beforeAll, describe, expect, setDefaultTimeout, test } from "bun:test";
import { createHash } from "node:crypto";
import {
  DescribePackageVersionCommand,
  ListPackageVersionsCommand,
  UpdatePackageVersionsStatusCommand,
} from "@aws-sdk/client-codeartifact";
import { JSON_PAGE, REPOSITORY, type TestRepository, testRepository } from "./testing/test-repository.ts";
import { zipArchive } from "./testing/zip-archive.ts";

setDefaultTimeout(30_000);

let repository: TestRepository;
beforeAll(async () => {
  repository = await testRepository();
});
afterAll(async () => {
  await repository[Symbol.asyncDispose]();
});

const metadataOf = (name: string, version: string): string =>
  `Metadata-Version: 2.1\nName: ${name}\nVersion: ${version}\nRequires-Python: >=3.8\nRequires-Dist: idna\n\nHello.\n`;

function wheel(
  name: string,
  version: string,
  text = "",
): { file: string; bytes: Uint8Array; metadata: string } {
  const metadata = metadataOf(name, version);
  return {
    file: `${name}-${version}-py3-none-any.whl`,
    metadata,
    bytes: zipArchive({ [`${name}-${version}.dist-info/METADATA`]: metadata, [`${name}/text.py`]: text }),
  };
}

const sha256 = (bytes: Uint8Array | string): string => createHash("sha256").update(bytes).digest("hex");

describe("what was published", () => {
  const { file, bytes, metadata } = wheel("Inner_One", "1.0", "one");

  test("is listed, downloaded and told by its metadata", async () => {
    expect((await repository.upload(file, bytes, { sha256_digest: sha256(bytes) })).status).toBe(200);
    const page = await repository.page("inner-one");
    expect(page).toMatchObject({
      meta: { "api-version": "1.4" },
      versions: ["1.0"],
      files: [
        {
          filename: file,
          url: `1.0/${file}`,
          hashes: { sha256: sha256(bytes) },
          size: bytes.length,
          "requires-python": ">=3.8",
          "core-metadata": { sha256: sha256(metadata) },
          yanked: false,
        },
      ],
    });
    const downloaded = await repository.get(`simple/inner-one/1.0/${file}`);
    expect(Buffer.from(await downloaded.arrayBuffer()).equals(bytes)).toBe(true);
    expect(await (await repository.get(`simple/inner-one/1.0/${file}.metadata`)).text()).toBe(metadata);
    expect((await repository.get(`simple/inner-one/${file}`)).status).toBe(200);
  });

  test("may be sent again as it is, also to legacy/, but never with other content", async () => {
    expect((await repository.upload(file, bytes, {}, "legacy/")).status).toBe(200);
    const other = await repository.upload(file, wheel("Inner_One", "1.0", "two").bytes);
    expect(other.status).toBe(409);
    expect(await other.text()).toContain("different content");
  });

  test("gains further files", async () => {
    const another = `Inner_One-1.0-1-py3-none-any.whl`;
    expect((await repository.upload(another, wheel("Inner_One", "1.0", "build 1").bytes)).status).toBe(200);
    expect((await repository.page("inner-one")).files.map(({ filename }) => filename).sort()).toEqual([
      another,
      file,
    ]);
  });

  test("is hidden but to be had while it is unlisted, and gone while it is archived", async () => {
    const set = (targetStatus: "Unlisted" | "Archived" | "Published") =>
      repository.api.send(
        new UpdatePackageVersionsStatusCommand({
          ...REPOSITORY,
          format: "pypi",
          package: "Inner.One",
          versions: ["1.0"],
          targetStatus,
        }),
      );
    await set("Unlisted");
    expect((await repository.page("inner-one")).files).toEqual([]);
    expect((await repository.get(`simple/inner-one/1.0/${file}`)).status).toBe(200);
    await set("Archived");
    expect((await repository.get(`simple/inner-one/1.0/${file}`)).status).toBe(404);
    await set("Published");
    expect((await repository.page("inner-one")).files.length).toBe(2);
  });

  test("can be yanked with a reason, and unyanked", async () => {
    const yanked = async () => (await repository.page("inner-one")).files.map((entry) => entry["yanked"]);
    expect((await repository.send("PUT", "simple/inner-one/1.0/yanked", "broken & bad")).status).toBe(204);
    expect(await yanked()).toEqual(["broken & bad", "broken & bad"]);
    expect((await repository.send("PUT", "simple/inner-one/1.0/yanked")).status).toBe(204);
    expect(await yanked()).toEqual([true, true]);
    expect((await repository.send("DELETE", "simple/inner-one/1.0/yanked")).status).toBe(204);
    expect(await yanked()).toEqual([false, false]);
    expect((await repository.send("PUT", "simple/inner-one/7.0/yanked")).status).toBe(404);
    expect((await repository.send("PUT", "simple/inner-one/1.0/yanked", "two\nlines")).status).toBe(400);
  });

  test("stands in the index of all projects", async () => {
    const index = await repository.get("simple/", { accept: JSON_PAGE });
    expect(await index.json()).toMatchObject({ projects: expect.arrayContaining([{ name: "inner-one" }]) });
    expect(await (await repository.get("simple/")).text()).toContain('<a href="inner-one/">');
  });

  test("keeps its attestations", async () => {
    const attested = wheel("attested", "1.0");
    const statement = { subject: [{ name: attested.file, digest: { sha256: sha256(attested.bytes) } }] };
    const attestation = {
      envelope: { statement: Buffer.from(JSON.stringify(statement)).toString("base64") },
    };
    const fields = { attestations: JSON.stringify([attestation]) };
    expect((await repository.upload(attested.file, attested.bytes, fields)).status).toBe(200);
    const [entry] = (await repository.page("attested")).files;
    const provenance = await repository.get(String(entry?.["provenance"]));
    expect(await provenance.json()).toMatchObject({
      version: 1,
      attestation_bundles: [{ attestations: [attestation] }],
    });
  });
});

describe("a page", () => {
  test.each([
    ["simple", "simple/"],
    ["simple/Inner_One", "Inner_One/"],
    ["simple/Inner_One/", "../inner-one/"],
  ])("at %s leads to %s", async (path, to) => {
    const response = await repository.get(path);
    expect([response.status, response.headers.get("location")]).toEqual([301, to]);
  });

  test("in no form that is offered is 406", async () => {
    const response = await repository.get("simple/inner-one/", { accept: "application/json" });
    expect(response.status).toBe(406);
    expect(await response.text()).toContain(JSON_PAGE);
  });

  test("says what it depends on, and is not sent twice", async () => {
    const first = await repository.get("simple/inner-one/", { accept: JSON_PAGE });
    expect(first.headers.get("content-type")).toBe(JSON_PAGE);
    expect(first.headers.get("vary")).toContain("accept");
    const again = { accept: JSON_PAGE, "if-none-match": first.headers.get("etag") ?? "" };
    expect((await repository.get("simple/inner-one/", again)).status).toBe(304);
  });

  test.each([
    ["simple/not-there/", 404],
    ["simple/..%2f..%2fetc/", 404],
    ["simple/a%zz/", 400],
    ["simple/inner-one/1.0/other-1.0.tar.gz", 404],
    ["simple/inner-one/1.0/..%2f..%2fpasswd", 404],
    ["simple/inner-one/1.0/x/y", 404],
    ["pypi/inner-one/json", 404],
    ["", 405],
  ])("at %s is %d with a text", async (path, status) => {
    const response = await repository.get(path);
    expect(response.status).toBe(status);
    expect((await response.text()).length).toBeGreaterThan(10);
  });

  test("without a token, or with a bad one, is 401 and says why", async () => {
    for (const [authorization, reason] of [
      ["", "is needed"],
      [`Basic ${Buffer.from("aws:nonsense").toString("base64")}`, "is invalid"],
    ] as const) {
      const response = await repository.get("simple/inner-one/", { authorization });
      expect(response.status).toBe(401);
      expect(response.headers.get("www-authenticate")).toContain("Basic");
      expect(response.statusText).toContain(reason);
      expect(await response.text()).toContain(reason);
    }
  });
});

describe("an upstream's files", () => {
  const { file, bytes, metadata } = wheel("outer", "1.0", "x = 1\n".repeat(1_000));
  const put = (entry: Readonly<Record<string, unknown>>) =>
    repository.outside.set(
      "outer",
      new Map([
        [file, { bytes, entry }],
        ["outer-0.5.tar.gz", { bytes: Buffer.from("old"), entry: {} }],
        ["outer-setup.exe", { bytes: Buffer.from("an installer"), entry: {} }],
      ]),
    );

  test("are listed with what the upstream says of them", async () => {
    put({
      hashes: { sha256: sha256(bytes) },
      size: bytes.length,
      yanked: "broken",
      "requires-python": ">=3",
    });
    const { versions, files } = await repository.page("outer");
    expect(versions).toEqual(["1.0", "0.5"]);
    expect(files[0]).toMatchObject({ yanked: "broken", "requires-python": ">=3", "core-metadata": true });
    expect(files.map(({ url }) => url)).toEqual([
      `1.0/${file}`,
      "0.5/outer-0.5.tar.gz",
      "unknown/outer-setup.exe",
    ]);
  });

  test("tell their metadata from a few of their bytes, and nothing is kept for it", async () => {
    repository.asked.length = 0;
    const response = await repository.get(`simple/outer/1.0/${file}.metadata`);
    expect(await response.text()).toBe(metadata);
    expect(repository.asked.length).toBeGreaterThan(0);
    expect(repository.asked.every((line) => line.includes("bytes="))).toBe(true);
    const kept = repository.api.send(
      new ListPackageVersionsCommand({ ...REPOSITORY, format: "pypi", package: "outer" }),
    );
    await expect(kept).rejects.toThrow("not found");
  });

  test("are fetched once, described by what lies in them, and refreshed in what the upstream says", async () => {
    repository.asked.length = 0;
    for (let time = 0; time < 3; time++) {
      const response = await repository.get(`simple/outer/1.0/${file}`);
      expect(sha256(new Uint8Array(await response.arrayBuffer()))).toBe(sha256(bytes));
    }
    expect(repository.asked.filter((line) => !line.includes("bytes="))).toEqual([`/files/outer/${file}`]);
    const { packageVersion } = await repository.api.send(
      new DescribePackageVersionCommand({
        ...REPOSITORY,
        format: "pypi",
        package: "outer",
        packageVersion: "1.0",
      }),
    );
    expect(packageVersion).toMatchObject({ status: "Published", origin: { originType: "EXTERNAL" } });
    put({ hashes: { sha256: sha256(bytes) }, size: bytes.length });
    expect((await repository.page("outer")).files[0]).toMatchObject({ filename: file, yanked: false });
  });

  test("are asked for once, however many want them at once", async () => {
    const wanted = wheel("busy", "1.0", "y = 2\n".repeat(50_000));
    repository.outside.set("busy", new Map([[wanted.file, { bytes: wanted.bytes, entry: {} }]]));
    repository.asked.length = 0;
    const download = async () => {
      const response = await repository.get(`simple/busy/1.0/${wanted.file}`);
      return sha256(new Uint8Array(await response.arrayBuffer()));
    };
    const downloads = await Promise.all(Array.from({ length: 20 }, download));
    expect(new Set(downloads)).toEqual(new Set([sha256(wanted.bytes)]));
    expect(repository.asked).toEqual([`/files/busy/${wanted.file}`]);
  });

  test("whose version cannot be told can be downloaded all the same", async () => {
    const response = await repository.get("simple/outer/unknown/outer-setup.exe");
    expect(await response.text()).toBe("an installer");
  });

  test("that are not what the upstream promised reach nobody", async () => {
    const lie = wheel("liar", "1.0");
    repository.outside.set(
      "liar",
      new Map([[lie.file, { bytes: lie.bytes, entry: { hashes: { sha256: "0".repeat(64) } } }]]),
    );
    const answer = await repository.get(`simple/liar/1.0/${lie.file}`);
    expect(answer.status).toBe(502);
    expect(await answer.text()).toContain("where its upstream says");
  });

  test("cannot be published over", async () => {
    const response = await repository.upload("outer-2.0-py3-none-any.whl", wheel("outer", "2.0").bytes);
    expect([403, 409]).toContain(response.status);
  });
});

test("a name published inside takes no file from outside", async () => {
  const inside = wheel("secret", "1.0");
  expect((await repository.upload(inside.file, inside.bytes)).status).toBe(200);
  const outside = wheel("secret", "9.0");
  repository.outside.set("secret", new Map([[outside.file, { bytes: outside.bytes, entry: {} }]]));
  expect((await repository.page("secret")).versions).toEqual(["1.0"]);
  for (const beside of ["", ".metadata"])
    expect((await repository.get(`simple/secret/9.0/${outside.file}${beside}`)).status).toBe(404);
});
