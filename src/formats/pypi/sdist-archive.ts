/**
 * The PKG-INFO of a source distribution (PEP 625: `<name>-<version>/PKG-INFO`), found while the whole gzipped tar is
 * read through once, so that a broken or hostile one is refused before anybody unpacks it.
 */
import { createGunzip } from "node:zlib";
import { PackageInvalid } from "../../services/codeartifact/format.ts";
import { type ByteSource, readZipDirectory, refuseBomb } from "../packages/zip-directory.ts";
import { LARGEST_METADATA } from "./core-metadata.ts";
import { readTar, type TarEntry } from "./tar-entries.ts";

const MOST_ENTRIES = 200_000;
const TOP_PKG_INFO = /^(?:\.\/)?[^/]+\/PKG-INFO$/;

/** Undefined when there is none. Throws PackageInvalid for a damaged archive, paths outside of it, and bombs. */
export async function readTarMetadata(source: ByteSource): Promise<Uint8Array | undefined> {
  if (source.size === 0) throw new PackageInvalid("the archive is empty");
  let found: Uint8Array | undefined;
  let entries = 0;
  await readTar(unpacked(source), async (entry, content) => {
    entries += 1;
    if (entries > MOST_ENTRIES) throw new PackageInvalid(`the archive has more than ${MOST_ENTRIES} files`);
    checkEntry(entry);
    if (entry.kind === "file" && found === undefined && TOP_PKG_INFO.test(entry.path))
      found = await content(LARGEST_METADATA);
  });
  if (entries === 0) throw new PackageInvalid("the archive is empty or damaged: it has no files");
  return found;
}

async function* unpacked(source: ByteSource): AsyncGenerator<Uint8Array> {
  const bytes = await source.open({ start: 0, end: source.size - 1 });
  const gunzip = createGunzip();
  let failure: unknown;
  // What goes wrong with the source itself is not what is wrong with the archive.
  bytes.once("error", (error) => {
    failure = error;
    gunzip.destroy(error);
  });
  let size = 0;
  try {
    for await (const chunk of bytes.pipe(gunzip) as AsyncIterable<Uint8Array>) {
      size += chunk.length;
      refuseBomb(size, source.size);
      yield chunk;
    }
  } catch (error) {
    if (failure !== undefined) throw failure;
    if (error instanceof PackageInvalid || !(error instanceof Error)) throw error;
    throw new PackageInvalid(`the archive is damaged: ${error.message}`, { cause: error });
  } finally {
    bytes.destroy();
    gunzip.destroy();
  }
}

function checkEntry({ path, kind, target }: TarEntry): void {
  refusePath(path);
  if (kind === "link") refusePath(target);
  if (kind === "symlink") {
    const folder = path.split("/").slice(0, -1).join("/");
    refusePath(target.startsWith("/") ? target : `${folder}/${target}`);
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
