import { describe, expect, test } from "bun:test";
import { createHash } from "node:crypto";
import { Readable } from "node:stream";
import { buffer } from "node:stream/consumers";
import type { Call } from "../../identity/call.ts";
import type { OpenRepository, Packages, Publication } from "../../services/codeartifact/engine.ts";
import { createBlake2b256 } from "./blake2b.ts";
import { uploadBody } from "./testing/upload-body.ts";
import { zipArchive } from "./testing/zip-archive.ts";
import { publishUpload } from "./upload.ts";

const METADATA = "Metadata-Version: 2.1\nName: example\nVersion: 1.0\nRequires-Python: >=3.8\n\nHello.\n";
const WHEEL = "example-1.0-py3-none-any.whl";
const bytes = zipArchive({ "example-1.0.dist-info/METADATA": METADATA, "example.py": "x".repeat(300_000) });
const digest = (algorithm: string) => createHash(algorithm).update(bytes).digest("hex");
const blake2b = (() => {
  const hash = createBlake2b256();
  hash.update(bytes);
  return hash.hex();
})();

const FIELDS = {
  ":action": "file_upload",
  protocol_version: "1",
  name: "Example",
  version: "1.0.0",
  filetype: "bdist_wheel",
  sha256_digest: digest("sha256"),
  md5_digest: digest("md5"),
  blake2_256_digest: blake2b,
};

interface Kept {
  publication: Publication;
  metadata: Readonly<Record<string, unknown>> | undefined;
  content: Uint8Array;
}

/** An engine that takes what it is given, as the real one does up to its rows. */
async function upload(body: { contentType: string; bytes: Uint8Array }, pieces = 500): Promise<Kept> {
  let kept: Kept | undefined;
  const packages = {
    async publish(_call: Call, _repository: OpenRepository, publication: Publication) {
      const content = await buffer(publication.body);
      const hash = (name: string) => createHash(name).update(content).digest("hex");
      const received = {
        size: content.length,
        hashes: { md5: hash("md5"), sha1: hash("sha1"), sha256: hash("sha256"), sha512: hash("sha512") },
        open: async (range?: { start: number; end: number }) =>
          Readable.from([range ? content.subarray(range.start, range.end + 1) : content]),
      };
      await publication.describe(received, undefined);
      kept = { publication, metadata: await publication.assetMetadata?.(received), content };
    },
  } as unknown as Packages;
  // Each piece for itself, as a slow client sends them: the file has ended before what follows it is there.
  async function* slowly(): AsyncGenerator<Uint8Array> {
    for (let at = 0; at < body.bytes.length; at += pieces) {
      yield body.bytes.subarray(at, at + pieces);
      await new Promise((resolve) => setImmediate(resolve));
    }
  }
  try {
    await publishUpload({
      packages,
      call: { now: new Date(0) } as Call,
      repository: {} as OpenRepository,
      body: Readable.from(slowly()),
      contentType: body.contentType,
    });
  } catch (error) {
    if (kept !== undefined) throw new Error("it was published all the same", { cause: error });
    throw error;
  }
  if (kept === undefined) throw new Error("nothing was published");
  return kept;
}

function form(changes: Readonly<Record<string, string | undefined>> = {}, fileName = WHEEL, file = bytes) {
  const fields = Object.entries({ ...FIELDS, ...changes }).filter(
    (entry): entry is [string, string] => entry[1] !== undefined,
  );
  return uploadBody([...fields, ["content", { fileName, bytes: file }]]);
}

describe("an upload", () => {
  test("becomes a publication with what the file says of itself", async () => {
    const { publication, metadata, content } = await upload(await form());
    expect(publication).toMatchObject({
      name: { namespace: "", name: "example" },
      version: "1.0",
      asset: WHEEL,
    });
    expect(Buffer.from(content).equals(bytes)).toBe(true);
    expect(metadata).toEqual({
      "upload-time": "1970-01-01T00:00:00.000Z",
      "requires-python": ">=3.8",
      "core-metadata": { sha256: createHash("sha256").update(METADATA).digest("hex") },
    });
    expect(Buffer.from(publication.documents?.get(`core-metadata/${WHEEL}`) ?? "").toString()).toBe(METADATA);
  });

  test("may come in pieces of any size, with its fields after its file", async () => {
    const parts = Object.entries(FIELDS);
    const body = await uploadBody([["content", { fileName: WHEEL, bytes }], ...parts]);
    const { publication } = await upload(body, 1_000);
    expect(publication.version).toBe("1.0");
  });

  test("with attestations about it keeps them as its provenance", async () => {
    const statement = { subject: [{ name: WHEEL, digest: { sha256: digest("sha256") } }] };
    const attestation = {
      version: 1,
      envelope: { statement: Buffer.from(JSON.stringify(statement)).toString("base64") },
    };
    const { publication, metadata } = await upload(
      await form({ attestations: JSON.stringify([attestation]) }),
    );
    const document = publication.documents?.get(`provenance/${WHEEL}`);
    expect(JSON.parse(Buffer.from(document ?? "").toString())).toMatchObject({
      version: 1,
      attestation_bundles: [{ attestations: [attestation] }],
    });
    expect(metadata?.["provenance"]).toBe(true);
  });

  test.each<[string, Readonly<Record<string, string | undefined>>, string]>([
    ["a wrong SHA-256", { sha256_digest: "0".repeat(64) }, "SHA-256"],
    ["a wrong MD5", { md5_digest: "0".repeat(32) }, "MD5"],
    ["a wrong BLAKE2b", { blake2_256_digest: "0".repeat(64) }, "BLAKE2b-256"],
    ["another name", { name: "other" }, 'the form says name "other"'],
    ["another version", { version: "2.0" }, 'the form says version "2.0"'],
    ["another type of file", { filetype: "sdist" }, "filetype"],
    ["another action", { ":action": "submit" }, "only file_upload"],
    ["attestations that are no JSON", { attestations: "{" }, "not valid JSON"],
    [
      "attestations about another file",
      { attestations: '[{"envelope":{"statement":"e30="}}]' },
      "is not about",
    ],
    ["an endless field", { description: "x".repeat(5_000_000) }, "too large"],
  ])("with %s is refused, also when it comes after the file", async (_, changes, message) => {
    await expect(upload(await form(changes))).rejects.toThrow(message);
    const late = Object.entries({ ...FIELDS, ...changes }).filter(
      (entry): entry is [string, string] => entry[1] !== undefined,
    );
    await expect(
      upload(await uploadBody([["content", { fileName: WHEEL, bytes }], ...late])),
    ).rejects.toThrow(message);
  });

  test.each([
    ["a path", "../example-1.0-py3-none-any.whl"],
    ["an absolute path", "/etc/example-1.0.tar.gz"],
    ["an installer", "example-1.0.exe"],
    ["no version", "example.whl"],
    ["another project", "other-1.0-py3-none-any.whl"],
    ["a line break", "example-1.0\r\n-py3-none-any.whl"],
  ])("of a file named with %s is refused", async (_, name) => {
    await expect(upload(await form({ name: undefined, filetype: undefined }, name))).rejects.toThrow(
      /name|metadata|file/,
    );
  });

  test("of a file that is no package is refused", async () => {
    const hello = new TextEncoder().encode("hello");
    const digests = { sha256_digest: undefined, md5_digest: undefined, blake2_256_digest: undefined };
    await expect(upload(await form(digests, WHEEL, hello))).rejects.toThrow("damaged");
  });

  test("that is cut off anywhere is refused", async () => {
    const whole = await form({
      sha256_digest: undefined,
      md5_digest: undefined,
      blake2_256_digest: undefined,
    });
    for (const part of [0.1, 0.5, 0.9, 0.98]) {
      const cut = { ...whole, bytes: whole.bytes.subarray(0, Math.floor(whole.bytes.length * part)) };
      await expect(upload(cut)).rejects.toThrow(/cut off|no file/);
    }
    await expect(
      upload({ ...whole, bytes: whole.bytes.subarray(0, whole.bytes.length - 6) }),
    ).rejects.toThrow("cut off");
  });

  test.each([
    ["JSON", "application/json"],
    ["a form without boundary", "multipart/form-data; x=y"],
    ["nothing", ""],
  ])("that is %s is refused", async (_, contentType) => {
    await expect(upload({ contentType, bytes: Buffer.from("{}") })).rejects.toThrow("multipart/form-data");
  });

  test("without a file is refused", async () => {
    await expect(upload(await uploadBody(Object.entries(FIELDS)))).rejects.toThrow("no file `content`");
  });

  test("of two files is refused", async () => {
    const file = ["content", { fileName: WHEEL, bytes }] as const;
    await expect(upload(await uploadBody([file, file]))).rejects.toThrow("more than one file");
  });
});
