/**
 * A zip archive read by random access: its directory, checked, and single small members. Nothing is extracted to disk,
 * and what is not asked for is never decompressed. Works on stored files and on an upstream's, a few reads each.
 */
import { Readable } from "node:stream";
import yauzl from "yauzl";
import { PackageInvalid } from "../../services/codeartifact/format.ts";

export interface ByteSource {
  readonly size: number;
  /** Inclusive. */
  open(range: { readonly start: number; readonly end: number }): Promise<Readable>;
}

export interface ZipDirectory {
  readonly entries: readonly yauzl.Entry[];
  /** Throws PackageInvalid when it is larger than `limit` bytes, encrypted or damaged. */
  read(entry: yauzl.Entry, limit: number): Promise<Uint8Array>;
}

const MOST_ENTRIES = 100_000;
/** An archive may be this much larger unpacked, and small ones more. */
const LARGEST_RATIO = 50;
const SMALL = 64 * 1024 * 1024;

/** Throws PackageInvalid for what is no zip, names outside its own folder, or is a bomb. */
export async function readZipDirectory<Result>(
  source: ByteSource,
  use: (directory: ZipDirectory) => Promise<Result>,
): Promise<Result> {
  const reader = new WindowedReader(source);
  const options = { lazyEntries: true, strictFileNames: true, autoClose: false };
  try {
    const zip = await yauzl.fromRandomAccessReaderPromise(reader, source.size, options);
    const entries: yauzl.Entry[] = [];
    const names = new Set<string>();
    let unpacked = 0;
    if (zip.entryCount > MOST_ENTRIES)
      throw new PackageInvalid(`the archive has more than ${MOST_ENTRIES} files`);
    for await (const entry of zip.eachEntry()) {
      if (names.has(entry.fileName))
        throw new PackageInvalid(`the archive has ${JSON.stringify(entry.fileName)} twice`);
      names.add(entry.fileName);
      entries.push(entry);
      unpacked += entry.uncompressedSize;
    }
    refuseBomb(unpacked, source.size);
    return await use({ entries, read: (entry, limit) => readEntry(zip, entry, limit) });
  } catch (error) {
    if (reader.failure !== undefined) throw reader.failure;
    if (error instanceof PackageInvalid || !(error instanceof Error)) throw error;
    throw new PackageInvalid(`the archive is damaged: ${error.message}`, { cause: error });
  }
}

export function refuseBomb(unpacked: number, packed: number): void {
  if (unpacked > SMALL && unpacked > packed * LARGEST_RATIO)
    throw new PackageInvalid(`the archive is more than ${LARGEST_RATIO} times larger when it is unpacked`);
}

async function readEntry(zip: yauzl.ZipFile, entry: yauzl.Entry, limit: number): Promise<Uint8Array> {
  if (entry.uncompressedSize > limit)
    throw new PackageInvalid(`${JSON.stringify(entry.fileName)} is larger than ${limit} bytes`);
  const stream = await zip.openReadStreamPromise(entry);
  return readAll(stream, limit);
}

/** Throws PackageInvalid when there are more bytes than `limit`. */
export async function readAll(stream: AsyncIterable<Uint8Array>, limit: number): Promise<Uint8Array> {
  const chunks: Uint8Array[] = [];
  let size = 0;
  for await (const chunk of stream) {
    size += chunk.length;
    if (size > limit) {
      throw new PackageInvalid(`more than ${limit} bytes where less were said`);
    }
    chunks.push(chunk);
  }
  return Buffer.concat(chunks, size);
}

/** Directories are read in pieces of some dozen bytes: one read ahead serves many of them. */
const WINDOW = 128 * 1024;

class WindowedReader extends yauzl.RandomAccessReader {
  /** What went wrong with the source itself, not with what it holds. */
  failure: unknown;
  readonly #source: ByteSource;
  #window: Uint8Array = new Uint8Array();
  #start = 0;

  constructor(source: ByteSource) {
    super();
    this.#source = source;
  }

  override read(
    buffer: Buffer,
    offset: number,
    length: number,
    position: number,
    callback: (error: Error | null) => void,
  ): void {
    this.#bytes(position, position + length).then(
      (bytes) => {
        buffer.set(bytes, offset);
        callback(null);
      },
      (error: Error) => callback(error),
    );
  }

  override _readStreamForRange(start: number, end: number): Readable {
    return Readable.from(this.#stream(start, end), { objectMode: false });
  }

  async *#stream(start: number, end: number): AsyncGenerator<Uint8Array> {
    for (let at = start; at < end; at += WINDOW) yield await this.#bytes(at, Math.min(at + WINDOW, end));
  }

  async #bytes(start: number, end: number): Promise<Uint8Array> {
    if (start < 0 || end > this.#source.size || start > end)
      throw new PackageInvalid("the archive is cut off");
    if (start < this.#start || end > this.#start + this.#window.length) {
      const last = Math.min(Math.max(end, start + WINDOW), this.#source.size);
      this.#window = start === last ? new Uint8Array() : await this.#load(start, last - 1);
      this.#start = start;
    }
    return this.#window.subarray(start - this.#start, end - this.#start);
  }

  async #load(start: number, end: number): Promise<Uint8Array> {
    try {
      const bytes = await readAll(await this.#source.open({ start, end }), end - start + 1);
      if (bytes.length !== end - start + 1) throw new Error("the file ended early");
      return bytes;
    } catch (error) {
      this.failure = error;
      throw error;
    }
  }
}
