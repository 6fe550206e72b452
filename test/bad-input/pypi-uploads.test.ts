import { afterAll, afterEach, beforeAll, describe, expect, setDefaultTimeout, test } from "bun:test";
import { gzipSync } from "node:zlib";
import { ListPackagesCommand } from "@aws-sdk/client-codeartifact";
import { sdistArchive } from "../../src/formats/pypi/testing/sdist-archive.ts";
import {
  REPOSITORY,
  type TestRepository,
  testRepository,
} from "../../src/formats/pypi/testing/test-repository.ts";
import { zipArchive } from "../../src/formats/pypi/testing/zip-archive.ts";

setDefaultTimeout(30_000);

/** Packages that nobody should have sent: each is refused with a reason, nothing of it is kept, and good ones go on. */
describe("uploads of Python packages", () => {
  let repository: TestRepository;
  const metadata = (name: string, version = "1.0") =>
    `Metadata-Version: 2.1\nName: ${name}\nVersion: ${version}\n\n`;
  const WHEEL = "bad-1.0-py3-none-any.whl";
  const SDIST = "bad-1.0.tar.gz";
  const inWheel = { "bad-1.0.dist-info/METADATA": metadata("bad") };
  const inSdist = { "bad-1.0/PKG-INFO": metadata("bad") };
  const good = zipArchive({ "good-1.0.dist-info/METADATA": metadata("good") });

  beforeAll(async () => {
    repository = await testRepository();
  });
  afterAll(async () => {
    await repository[Symbol.asyncDispose]();
  });
  afterEach(async () => {
    expect((await repository.upload("good-1.0-py3-none-any.whl", good)).status).toBe(200);
    const { packages = [] } = await repository.api.send(new ListPackagesCommand(REPOSITORY));
    expect(packages.map((entry) => entry.package)).toEqual(["good"]);
  });

  interface Bad {
    readonly what: string;
    readonly file?: string;
    readonly bytes?: () => Uint8Array | Promise<Uint8Array>;
    readonly fields?: Readonly<Record<string, string>>;
    readonly reason: string;
  }

  const TABLE: readonly Bad[] = [
    {
      what: "a zip bomb",
      bytes: () => zipArchive({ ...inWheel, zeros: "0".repeat(100_000_000) }),
      reason: "times larger",
    },
    {
      what: "a gzip bomb",
      file: SDIST,
      bytes: () => gzipSync(Buffer.alloc(200_000_000)),
      reason: "times larger",
    },
    {
      what: "a bomb in metadata",
      bytes: () => zipArchive({ "bad-1.0.dist-info/METADATA": "0".repeat(50_000_000) }),
      reason: "larger than",
    },
    {
      what: "a path out of a wheel",
      bytes: () => zipArchive({ ...inWheel, "../../x.py": "" }),
      reason: "relative path",
    },
    {
      what: "a path out of a tar",
      file: SDIST,
      bytes: () => sdistArchive({ ...inSdist, "../../x.py": "" }),
      reason: "leads out",
    },
    {
      what: "a link out of a tar",
      file: SDIST,
      bytes: () => sdistArchive({ ...inSdist, "bad-1.0/x": { type: "symlink", to: "/etc" } }),
      reason: "leads out",
    },
    { what: "a file name with a path", file: `../${WHEEL}`, reason: "is not the name" },
    {
      what: "a file name with a version that is none",
      file: "bad-one-py3-none-any.whl",
      reason: "is not the name",
    },
    { what: "a wrong SHA-256", fields: { sha256_digest: "0".repeat(64) }, reason: "sha256" },
    { what: "a wrong MD5", fields: { md5_digest: "0".repeat(32) }, reason: "MD5" },
    { what: "a wrong BLAKE2b", fields: { blake2_256_digest: "0".repeat(64) }, reason: "BLAKE2b" },
    { what: "another name in the form", fields: { name: "good" }, reason: "the form says name" },
    { what: "another version in the form", fields: { version: "1.1" }, reason: "the form says version" },
    {
      what: "another name in the metadata",
      bytes: () => zipArchive({ "bad-1.0.dist-info/METADATA": metadata("good") }),
      reason: "is of",
    },
    {
      what: "another version in the metadata",
      bytes: () => zipArchive({ "bad-1.0.dist-info/METADATA": metadata("bad", "2.0") }),
      reason: "is of version",
    },
    { what: "no metadata", bytes: () => zipArchive({ "bad.py": "" }), reason: "no .dist-info/METADATA" },
    {
      what: "metadata that are none",
      bytes: () => zipArchive({ "bad-1.0.dist-info/METADATA": "<html>" }),
      reason: "is no field",
    },
    { what: "a wheel that is cut off", bytes: () => zipArchive(inWheel).subarray(0, 100), reason: "damaged" },
    {
      what: "a tar that is cut off",
      file: SDIST,
      bytes: async () => (await sdistArchive(inSdist)).subarray(0, 100),
      reason: "damaged",
    },
    {
      what: "a tar that is none",
      file: SDIST,
      bytes: () => gzipSync("no tar ".repeat(200)),
      reason: "damaged",
    },
    { what: "an empty file", bytes: () => new Uint8Array(), reason: "" },
    {
      what: "attestations about something else",
      fields: { attestations: '[{"envelope":{"statement":"e30="}}]' },
      reason: "is not about",
    },
  ];

  test.each(TABLE.map((bad) => [bad.what, bad] as const))(
    "%s",
    async (_, { file = WHEEL, bytes, fields, reason }) => {
      const response = await repository.upload(file, (await bytes?.()) ?? zipArchive(inWheel), fields);
      expect(response.status).toBe(400);
      expect(await response.text()).toContain(reason);
    },
  );

  test("forms that are none", async () => {
    for (const [type, body] of [
      ["application/json", "{}"],
      ["multipart/form-data", "x"],
      ["multipart/form-data; boundary=x", "no boundary in here"],
      [
        "multipart/form-data; boundary=x",
        '--x\r\nContent-Disposition: form-data; name="content"; filename="bad-1.0.tar.gz"\r\n\r\ncut',
      ],
    ] as const) {
      const response = await repository.post("", type, body);
      expect(response.status).toBe(400);
      expect((await response.text()).length).toBeGreaterThan(10);
    }
  });
});
