/**
 * The entries of a tar archive (POSIX.1-2024 pax and ustar, and GNU's long names), read in one pass with bounded
 * memory: extended headers of any size are what the usual readers collect before anybody can refuse them.
 */
import { PackageInvalid } from "../../services/codeartifact/format.ts";

export interface TarEntry {
  readonly path: string;
  readonly kind: "file" | "folder" | "link" | "symlink" | "other";
  /** Of links. */
  readonly target: string;
  readonly size: number;
}

const BLOCK = 512;
const LARGEST_EXTENDED_HEADER = 1024 * 1024;
const KINDS: Readonly<Record<string, TarEntry["kind"]>> = {
  "0": "file",
  "\0": "file",
  "7": "file",
  "1": "link",
  "2": "symlink",
  "5": "folder",
};

/** What extended headers say of the entry after them. */
interface Extended {
  path?: string;
  linkpath?: string;
  size?: number;
}

/**
 * Calls `visit` with each entry; `content` may be called at once to have it whole. Throws PackageInvalid for what is no
 * tar or is cut off. All chunks are read, also what follows the end.
 */
export async function readTar(
  chunks: AsyncIterable<Uint8Array>,
  visit: (entry: TarEntry, content: (limit: number) => Promise<Uint8Array>) => Promise<void>,
): Promise<void> {
  const bytes = new Bytes(chunks);
  let extended: Extended = {};
  for (;;) {
    const block = await bytes.takeBlock();
    if (block === undefined) return;
    if (block.every((byte) => byte === 0)) break;
    checkSum(block);
    const type = String.fromCharCode(block[156] ?? 0);
    const size = extended.size ?? readNumber(block, 124, 12);
    if (type in EXTENSIONS) {
      if (size > LARGEST_EXTENDED_HEADER)
        throw new PackageInvalid("the archive is damaged: an endless header");
      Object.assign(extended, EXTENSIONS[type]?.(await bytes.take(size)));
      await bytes.skip(padding(size));
      continue;
    }
    const entry: TarEntry = {
      path: extended.path ?? plainPath(block),
      kind: KINDS[type] ?? "other",
      target: extended.linkpath ?? text(block, 157, 100),
      size,
    };
    extended = {};
    let taken = false;
    await visit(entry, async (limit) => {
      if (size > limit)
        throw new PackageInvalid(`${JSON.stringify(entry.path)} is larger than ${limit} bytes`);
      taken = true;
      return bytes.take(size);
    });
    await bytes.skip((taken ? 0 : size) + padding(size));
  }
  await bytes.drain();
}

function padding(size: number): number {
  return (BLOCK - (size % BLOCK)) % BLOCK;
}

const EXTENSIONS: Readonly<Record<string, (content: Uint8Array) => Extended>> = {
  x: readPax,
  // Global headers hold for all that follows; no name or size is ever said there.
  g: () => ({}),
  L: (content) => ({ path: text(content, 0, content.length) }),
  K: (content) => ({ linkpath: text(content, 0, content.length) }),
};

/** Records `<length> <key>=<value>\n`. */
function readPax(content: Uint8Array): Extended {
  const extended: Extended = {};
  let at = 0;
  while (at < content.length) {
    const space = content.indexOf(0x20, at);
    const length = Number(Buffer.from(content.subarray(at, Math.max(at, space))).toString("latin1"));
    if (space < 0 || !Number.isInteger(length) || length < 5 || at + length > content.length)
      throw new PackageInvalid("the archive is damaged: a header makes no sense");
    const record = Buffer.from(content.subarray(space + 1, at + length - 1)).toString("utf8");
    const equals = record.indexOf("=");
    const [key, value] = [record.slice(0, equals), record.slice(equals + 1)];
    if (key === "path" || key === "linkpath") extended[key] = value;
    if (key === "size") extended.size = checkedSize(/^\d{1,15}$/.test(value) ? Number(value) : Number.NaN);
    at += length;
  }
  return extended;
}

function plainPath(block: Uint8Array): string {
  const name = text(block, 0, 100);
  const prefix = text(block, 257, 6) === "ustar" && block[262] === 0 ? text(block, 345, 155) : "";
  return prefix === "" ? name : `${prefix}/${name}`;
}

function text(bytes: Uint8Array, start: number, length: number): string {
  const field = bytes.subarray(start, start + length);
  const end = field.indexOf(0);
  return Buffer.from(end < 0 ? field : field.subarray(0, end)).toString("utf8");
}

/** Octal, or GNU's base 256 for what does not fit. */
function readNumber(block: Uint8Array, start: number, length: number): number {
  const field = block.subarray(start, start + length);
  const [first = 0] = field;
  if (first & 0x80) {
    let value = first & 0x7f;
    for (const byte of field.subarray(1)) value = value * 256 + byte;
    return checkedSize(value);
  }
  const octal = text(field, 0, length).trim();
  return checkedSize(octal === "" ? 0 : /^[0-7]+$/.test(octal) ? Number.parseInt(octal, 8) : Number.NaN);
}

function checkedSize(size: number): number {
  if (!Number.isSafeInteger(size)) throw new PackageInvalid("the archive is damaged: a size makes no sense");
  return size;
}

/** The field of the sum itself counts as spaces. */
function checkSum(block: Uint8Array): void {
  let sum = 8 * 0x20;
  for (const [index, byte] of block.entries()) if (index < 148 || index >= 156) sum += byte;
  if (sum !== readNumber(block, 148, 8)) throw new PackageInvalid("the archive is damaged: it is no tar");
}

class Bytes {
  readonly #chunks: AsyncIterator<Uint8Array>;
  #chunk: Uint8Array = new Uint8Array();

  constructor(chunks: AsyncIterable<Uint8Array>) {
    this.#chunks = chunks[Symbol.asyncIterator]();
  }

  /** Undefined at the end. */
  async takeBlock(): Promise<Uint8Array | undefined> {
    return (await this.#more()) ? this.take(BLOCK) : undefined;
  }

  async take(size: number): Promise<Uint8Array> {
    const parts: Uint8Array[] = [];
    await this.#pass(size, (part) => parts.push(part));
    return parts.length === 1 && parts[0] ? parts[0] : Buffer.concat(parts, size);
  }

  skip(size: number): Promise<void> {
    return this.#pass(size, () => undefined);
  }

  async drain(): Promise<void> {
    do this.#chunk = new Uint8Array();
    while (await this.#more());
  }

  async #pass(size: number, use: (part: Uint8Array) => void): Promise<void> {
    for (let left = size; left > 0; ) {
      if (!(await this.#more())) throw new PackageInvalid("the archive is damaged: it is cut off");
      const part = this.#chunk.subarray(0, left);
      this.#chunk = this.#chunk.subarray(part.length);
      left -= part.length;
      use(part);
    }
  }

  async #more(): Promise<boolean> {
    while (this.#chunk.length === 0) {
      const next = await this.#chunks.next();
      if (next.done) return false;
      this.#chunk = next.value;
    }
    return true;
  }
}
