import { describe, expect, test } from "bun:test";
import { Readable } from "node:stream";
import { gzipSync } from "node:zlib";
import { readPublishedFile } from "./distribution.ts";
import { parseFileName } from "./file-names.ts";
import { type Member, sdistArchive } from "./testing/sdist-archive.ts";
import { zipArchive } from "./testing/zip-archive.ts";

const source = (bytes: Uint8Array) => ({
  size: bytes.length,
  open: async ({ start, end }: { start: number; end: number }) =>
    Readable.from([bytes.subarray(start, end + 1)]),
});

const METADATA =
  "Metadata-Version: 2.1\nName: Example-Project\nVersion: 1.0\nRequires-Python: >=3.8\n\nHello.\n";
const WHEEL = "example_project-1.0-py3-none-any.whl";
const SDIST = "example_project-1.0.tar.gz";

async function read(file: string, bytes: Uint8Array) {
  const named = parseFileName(file);
  if (!named) throw new Error("no distribution");
  return readPublishedFile(file, named, source(bytes));
}

describe("a wheel", () => {
  test("is read for its metadata", async () => {
    const bytes = zipArchive({
      "example_project/__init__.py": "",
      "example_project-1.0.dist-info/METADATA": METADATA,
    });
    expect((await read(WHEEL, bytes)).bytes).toEqual(new Uint8Array(Buffer.from(METADATA)));
  });

  test("with ten thousand files is read in a few pieces", async () => {
    const files: Record<string, string> = {};
    for (let index = 0; index < 10_000; index++) files[`example_project/module_${index}.py`] = "pass\n";
    const bytes = zipArchive({ ...files, "example_project-1.0.dist-info/METADATA": METADATA });
    let opened = 0;
    const counting = source(bytes);
    const named = parseFileName(WHEEL);
    if (!named) throw new Error("no distribution");
    await readPublishedFile(WHEEL, named, {
      size: counting.size,
      open: (range) => {
        opened += 1;
        return counting.open(range);
      },
    });
    expect(opened).toBeLessThan(15);
  });

  test.each([
    [
      "of another name",
      { "other-1.0.dist-info/METADATA": METADATA.replace("Example-Project", "other") },
      "is of",
    ],
    ["of another version", { "a-1.1.dist-info/METADATA": METADATA.replace("1.0", "1.1") }, "is of version"],
    ["without metadata", { "example_project/__init__.py": "" }, "has no .dist-info/METADATA"],
    ["with two", { "a-1.dist-info/METADATA": METADATA, "b-1.dist-info/METADATA": METADATA }, "more than one"],
    [
      "with a path out of it",
      { "../evil.py": "", "a-1.0.dist-info/METADATA": METADATA },
      "invalid relative path",
    ],
    ["with an absolute path", { "/etc/evil": "", "a-1.0.dist-info/METADATA": METADATA }, "absolute path"],
    ["with huge metadata", { "a-1.0.dist-info/METADATA": METADATA + "x".repeat(5_000_000) }, "larger than"],
    ["with metadata that is none", { "a-1.0.dist-info/METADATA": "nonsense" }, "is no field"],
  ])("%s is refused", async (_, files, message) => {
    await expect(read(WHEEL, zipArchive(files))).rejects.toThrow(message);
  });

  test("that is a bomb is refused", async () => {
    const bytes = zipArchive({ "a-1.0.dist-info/METADATA": METADATA, zeros: "0".repeat(100 * 1024 * 1024) });
    await expect(read(WHEEL, bytes)).rejects.toThrow("times larger");
  });

  test("that is cut off is refused", async () => {
    const bytes = zipArchive({ "a-1.0.dist-info/METADATA": METADATA });
    await expect(read(WHEEL, bytes.subarray(0, bytes.length - 30))).rejects.toThrow("damaged");
  });

  test("whose metadata lies about its size is refused", async () => {
    const bytes = Buffer.from(zipArchive({ "a-1.0.dist-info/METADATA": METADATA + "x".repeat(100_000) }));
    const directory = bytes.indexOf(Buffer.from("PK\u0001\u0002"));
    bytes.writeUInt32LE(50, directory + 24);
    await expect(read(WHEEL, bytes)).rejects.toThrow("damaged");
  });
});

describe("a source distribution", () => {
  test("is read for its metadata", async () => {
    const bytes = await sdistArchive({
      "example_project-1.0/setup.py": "pass",
      "example_project-1.0/src/example_project.egg-info/PKG-INFO": "nonsense",
      "example_project-1.0/PKG-INFO": METADATA,
    });
    expect((await read(SDIST, bytes)).metadata.description?.trim()).toBe("Hello.");
  });

  test("is read for its metadata behind long names", async () => {
    const long = `a-1.0/${"folder/".repeat(40)}file.py`;
    const bytes = await sdistArchive({ [long]: "x", "a-1.0/PKG-INFO": METADATA });
    expect((await read(SDIST, bytes)).bytes.length).toBe(METADATA.length);
  });

  test("with an endless extended header is refused before it is read", async () => {
    const header = Buffer.alloc(512);
    header.write("x", 0);
    header.write("77777777777", 124);
    header.write("x", 156);
    header.fill(0x20, 148, 156);
    header.write(
      `${header
        .reduce((sum, byte) => sum + byte, 0)
        .toString(8)
        .padStart(6, "0")}\0 `,
      148,
    );
    await expect(read(SDIST, gzipSync(header))).rejects.toThrow("an endless header");
  });

  test("may be a zip", async () => {
    const bytes = zipArchive({ "example_project-1.0/PKG-INFO": METADATA });
    expect((await read("example_project-1.0.zip", bytes)).bytes.length).toBe(METADATA.length);
  });

  const info = { "a-1.0/PKG-INFO": METADATA };
  test.each<[string, Readonly<Record<string, Member>>, string]>([
    ["without metadata", { "a-1.0/setup.py": "" }, "has no PKG-INFO"],
    ["with a path out of it", { ...info, "a-1.0/../../evil": "" }, "leads out of the archive"],
    ["with an absolute path", { ...info, "/etc/evil": "" }, "leads out of the archive"],
    ["with a link out of it", { ...info, "a-1.0/x": { type: "symlink", to: "../../etc" } }, "leads out"],
    ["with an absolute link", { ...info, "a-1.0/x": { type: "symlink", to: "/etc/passwd" } }, "leads out"],
    ["with huge metadata", { "a-1.0/PKG-INFO": METADATA + "x".repeat(5_000_000) }, "larger than"],
    ["of another version", { "a-1.0/PKG-INFO": METADATA.replace("1.0", "2.0") }, "is of version"],
  ])("%s is refused", async (_, members, message) => {
    await expect(read(SDIST, await sdistArchive(members))).rejects.toThrow(message);
  });

  test.each<[string, (whole: Buffer) => Uint8Array]>([
    ["cut off", (whole) => whole.subarray(0, whole.length - 20)],
    ["no gzip", () => Buffer.from("hello, this is no gzip")],
    ["no tar", () => gzipSync("x".repeat(2_000))],
    ["empty", () => new Uint8Array()],
    ["empty inside", () => gzipSync("")],
  ])("that is %s is refused", async (_, broken) => {
    await expect(read(SDIST, broken(await sdistArchive(info)))).rejects.toThrow(/damaged|empty/);
  });

  test("that is a bomb is refused", async () => {
    const bytes = await sdistArchive({ ...info, "a-1.0/zeros": "0".repeat(100 * 1024 * 1024) });
    await expect(read(SDIST, bytes)).rejects.toThrow("times larger");
  });
});
