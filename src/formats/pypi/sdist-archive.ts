/**
 * The PKG-INFO of a source distribution (PEP 625: `<name>-<version>/PKG-INFO`), found while the whole gzipped tar is
 * read through once, so that a broken or hostile one is refused before anybody unpacks it.
 */
import { Transform } from "node:stream";
import { pipeline } from "node:stream/promises";
import { createGunzip } from "node:zlib";
import { extract, type Header } from "tar-stream";
import { PackageInvalid } from "../../services/codeartifact/format.ts";
import { LARGEST_METADATA } from "./core-metadata.ts";
import { type ByteSource, readAll, readZipDirectory, refuseBomb } from "./zip-directory.ts";

const MOST_ENTRIES = 200_000;
const TOP_PKG_INFO = /^(?:\.\/)?[^/]+\/PKG-INFO$/;

/** Undefined when there is none. Throws PackageInvalid for a damaged archive, paths outside of it, and bombs. */
export async function readTarMetadata(source: ByteSource): Promise<Uint8Array | undefined> {
  if (source.size === 0) throw new PackageInvalid("the archive is empty");
  const tar = extract();
  let found: Uint8Array | undefined;
  let entries = 0;
  tar.on("entry", (header, stream, next) => {
    // What breaks the archive breaks the pipeline too, which tells of it.
    stream.on("error", () => undefined);
    const entry = async (): Promise<void> => {
      entries += 1;
      checkEntry(header, entries);
      if (header.type === "file" && TOP_PKG_INFO.test(header.name) && found === undefined) {
        if (header.size > LARGEST_METADATA)
          throw new PackageInvalid(`PKG-INFO is larger than ${LARGEST_METADATA} bytes`);
        found = await readAll(stream as unknown as AsyncIterable<Uint8Array>, LARGEST_METADATA);
      } else stream.resume();
    };
    entry().then(() => next(), next);
  });
  const bytes = await source.open({ start: 0, end: source.size - 1 });
  let failure: unknown;
  bytes.once("error", (error) => {
    failure = error;
  });
  let unpacked = 0;
  const counted = new Transform({
    transform(chunk: Uint8Array, _encoding, done) {
      unpacked += chunk.length;
      try {
        refuseBomb(unpacked, source.size);
        done(null, chunk);
      } catch (error) {
        done(error as Error);
      }
    },
  });
  try {
    await pipeline(bytes, createGunzip(), counted, tar as unknown as NodeJS.WritableStream);
  } catch (error) {
    if (failure !== undefined) throw failure;
    if (error instanceof PackageInvalid || !(error instanceof Error)) throw error;
    throw new PackageInvalid(`the archive is damaged: ${error.message}`, { cause: error });
  }
  if (entries === 0) throw new PackageInvalid("the archive is empty or damaged: it has no files");
  return found;
}

function checkEntry(header: Header, count: number): void {
  if (count > MOST_ENTRIES) throw new PackageInvalid(`the archive has more than ${MOST_ENTRIES} files`);
  refusePath(header.name);
  if (header.type === "link") refusePath(header.linkname);
  if (header.type === "symlink") {
    const folder = header.name.split("/").slice(0, -1).join("/");
    refusePath(header.linkname.startsWith("/") ? header.linkname : `${folder}/${header.linkname}`);
  }
}

function refusePath(path: string): void {
  let depth = 0;
  for (const part of path.split(/[/\\]/)) {
    if (part === "..") depth -= 1;
    else if (part !== "." && part !== "") depth += 1;
    if (depth < 0) break;
  }
  if (depth < 0 || /^(?:[/\\]|[a-z]:)/i.test(path))
    throw new PackageInvalid(`${JSON.stringify(path.slice(0, 120))} leads out of the archive`);
}

/** Source distributions of before PEP 625 were zip files too. */
export function readZipSdistMetadata(source: ByteSource): Promise<Uint8Array | undefined> {
  return readZipDirectory(source, async (directory) => {
    const entry = directory.entries.find(({ fileName }) => TOP_PKG_INFO.test(fileName));
    return entry && directory.read(entry, LARGEST_METADATA);
  });
}
