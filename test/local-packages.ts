/** Packages made on the spot that npm and pip really install: a module whose text says which version it is. */
import { createHash, randomBytes } from "node:crypto";
import { gzipSync } from "node:zlib";
import { pack } from "tar-stream";
import { uploadBody } from "../src/formats/pypi/testing/upload-body.ts";
import { zipArchive } from "../src/formats/pypi/testing/zip-archive.ts";

export function digest(algorithm: "sha1" | "sha256" | "sha512", bytes: Uint8Array): Buffer {
  return createHash(algorithm).update(bytes).digest();
}

/** What compression shrinks to three quarters and no further. */
export function randomText(length: number): string {
  return randomBytes((length * 3) / 4).toString("base64");
}

/** `padding` is what makes it as large as wanted. */
export async function tarballOf(name: string, version: string, padding = ""): Promise<Buffer> {
  const archive = pack();
  const mtime = new Date(0);
  archive.entry({ name: "package/package.json", mtime }, JSON.stringify({ name, version, license: "MIT" }));
  archive.entry({ name: "package/index.js", mtime }, `module.exports = ${JSON.stringify(version)};\n`);
  archive.entry({ name: "package/padding.txt", mtime }, padding);
  archive.finalize();
  const chunks: Buffer[] = [];
  for await (const chunk of archive) chunks.push(chunk as Buffer);
  return gzipSync(Buffer.concat(chunks), { level: 1 });
}

/** One version's entry in a packument. */
export function manifestOf(name: string, version: string, tarball: Uint8Array, url: string): object {
  const integrity = `sha512-${digest("sha512", tarball).toString("base64")}`;
  return {
    name,
    version,
    dist: { tarball: url, integrity, shasum: digest("sha1", tarball).toString("hex") },
  };
}

/** What `npm publish` sends. */
export function publication(name: string, version: string, tarball: Buffer): string {
  const file = `${name}-${version}.tgz`;
  return JSON.stringify({
    _id: name,
    name,
    "dist-tags": { latest: version },
    versions: { [version]: manifestOf(name, version, tarball, `http://localhost/${file}`) },
    _attachments: {
      [file]: {
        content_type: "application/octet-stream",
        data: tarball.toString("base64"),
        length: tarball.length,
      },
    },
  });
}

export function wheelName(name: string, version: string): string {
  return `${name}-${version}-py3-none-any.whl`;
}

/** A pure wheel (PEP 427) of one module. */
export function wheelOf(name: string, version: string, padding = ""): Buffer {
  const info = `${name}-${version}.dist-info`;
  const files = {
    [`${name}.py`]: `version = ${JSON.stringify(version)}\n`,
    [`${info}/METADATA`]: `Metadata-Version: 2.1\nName: ${name}\nVersion: ${version}\n\n`,
    [`${info}/WHEEL`]: "Wheel-Version: 1.0\nGenerator: test\nRoot-Is-Purelib: true\nTag: py3-none-any\n",
    ...(padding === "" ? {} : { [`${name}_padding.txt`]: padding }),
  };
  const record = [...Object.keys(files), `${info}/RECORD`].map((file) => `${file},,\n`).join("");
  return Buffer.from(zipArchive({ ...files, [`${info}/RECORD`]: record }));
}

/** What `twine upload` sends. */
export function uploadOf(
  name: string,
  version: string,
  wheel: Uint8Array,
): Promise<{ readonly contentType: string; readonly bytes: Uint8Array }> {
  return uploadBody([
    [":action", "file_upload"],
    ["protocol_version", "1"],
    ["metadata_version", "2.1"],
    ["name", name],
    ["version", version],
    ["filetype", "bdist_wheel"],
    ["pyversion", "py3"],
    ["sha256_digest", digest("sha256", wheel).toString("hex")],
    ["content", { fileName: wheelName(name, version), bytes: wheel }],
  ]);
}
