/**
 * A gzipped tar read through once, entry by entry, never unpacked to anywhere: so that a broken or hostile one is
 * refused before anybody unpacks it. Bounded in entries, unfolded bytes, and in how far it unfolds.
 */
import { type Readable, Transform } from "node:stream";
import { pipeline } from "node:stream/promises";
import { createGunzip } from "node:zlib";
import { extract, type Header } from "tar-stream";
import { PackageInvalid, type ReceivedContent } from "../../services/codeartifact/format.ts";

const MOST_ENTRIES = 200_000;
/** Bytes that every archive may unfold to; beyond, so many times its own size. */
const UNSUSPICIOUS = 200 * 1024 * 1024;
const MOST_RATIO = 200;

export interface TarEntry {
  /** As it stands in the archive; leads to no place outside of it. */
  readonly path: string;
  readonly type: Header["type"];
  /** In bytes. */
  readonly size: number;
  /** The whole of it; to be called at once or not at all. */
  read(): Promise<Buffer>;
}

/** Throws PackageInvalid for a damaged archive, an empty one, paths and links that lead out of it, and bombs. */
export async function readTarArchive(
  content: Pick<ReceivedContent, "size" | "open">,
  visit: (entry: TarEntry) => Promise<void> | void,
): Promise<void> {
  let entries = 0;
  const tar = extract();
  tar.on("entry", (header, stream, next) => {
    // What breaks the archive breaks the pipeline too, which tells of it.
    stream.on("error", () => undefined);
    const one = async (): Promise<void> => {
      entries += 1;
      if (entries > MOST_ENTRIES)
        throw new PackageInvalid(`The archive has more than ${MOST_ENTRIES} files.`);
      checkPaths(header);
      const { name: path, type, size = 0 } = header;
      await visit({ path, type, size, read: () => whole(stream as unknown as Readable) });
      stream.resume();
    };
    one().then(() => next(), next);
  });
  const bytes = await content.open();
  let failure: unknown;
  bytes.once("error", (error) => {
    failure = error;
  });
  try {
    await pipeline(bytes, createGunzip(), bounded(content.size), tar as unknown as NodeJS.WritableStream);
  } catch (error) {
    // What the store cannot read is no fault of the archive.
    if (failure !== undefined) throw failure;
    if (error instanceof PackageInvalid || !(error instanceof Error)) throw error;
    throw new PackageInvalid(`The archive is damaged: ${error.message}.`, { cause: error });
  }
  if (entries === 0) throw new PackageInvalid("The archive is empty or no archive: it has no files.");
}

function bounded(compressed: number): Transform {
  let unfolded = 0;
  return new Transform({
    transform(chunk: Buffer, _encoding, done) {
      unfolded += chunk.length;
      if (unfolded > UNSUSPICIOUS && unfolded > compressed * MOST_RATIO)
        done(new PackageInvalid(`The archive unfolds to more than ${MOST_RATIO} times its size.`));
      else done(null, chunk);
    },
  });
}

async function whole(stream: Readable): Promise<Buffer> {
  const chunks: Buffer[] = [];
  for await (const chunk of stream as AsyncIterable<Buffer>) chunks.push(chunk);
  return Buffer.concat(chunks);
}

function checkPaths({ name, type, linkname }: Header): void {
  refuse(name, name);
  if (type === "link") refuse(linkname ?? "", name);
  if (type !== "symlink") return;
  const folder = name.split("/").slice(0, -1).join("/");
  refuse(linkname?.startsWith("/") ? linkname : `${folder}/${linkname}`, name);
}

function refuse(path: string, shown: string): void {
  let depth = 0;
  for (const part of path.split(/[/\\]/)) {
    if (part === "..") depth -= 1;
    else if (part !== "." && part !== "") depth += 1;
    if (depth < 0) break;
  }
  if (depth < 0 || /^(?:[/\\]|[a-z]:)/i.test(path))
    throw new PackageInvalid(`${JSON.stringify(shown.slice(0, 120))} leads out of the archive.`);
}
