/**
 * The document of `npm publish`: JSON whose `_attachments` hold the package as base64, up to two gigabytes in one
 * string, before or after all else. It is read as it comes: everything but the package's own text is kept (bounded) and
 * parsed at the end; the package is a stream of decoded bytes, pulled by whoever stores it.
 *
 * A document without a package (npm deprecate, npm unpublish) is read the same way.
 */
import type { Readable } from "node:stream";
import type { BodyHold } from "../packages/body.ts";
import { badRequest, PackageError } from "../packages/errors.ts";
import { DEEPEST, type JsonObject, parseObject } from "./json.ts";

/** In bytes, beside the package. */
const LARGEST_DOCUMENT = 64 * 1024 * 1024;
const LONGEST_KEY = 1024;

const QUOTE = 0x22;
const BACKSLASH = 0x5c;

export class PublishDocument {
  /** As the attachment is called (`name-1.0.0.tgz`); undefined until `untilTarball`, or when there is none. */
  tarballName: string | undefined;
  readonly #source: AsyncIterator<Buffer>;
  #chunk: Buffer = Buffer.alloc(0);
  #position = 0;
  /** The text without the package. */
  readonly #kept: Buffer[] = [];
  #keptBytes = 0;
  /** Open containers: of an object the key that its next value has. */
  readonly #path: { readonly object: boolean; key: string; awaitsKey: boolean }[] = [];
  #rest: Promise<JsonObject> | undefined;

  readonly #hold: BodyHold;

  /** @param hold counts what is kept; to be released by whoever is done with the document */
  constructor(body: Readable, hold: BodyHold) {
    this.#hold = hold;
    this.#source = (body as AsyncIterable<Buffer>)[Symbol.asyncIterator]();
  }

  /** Whether a package comes; everything before it has been read then, and `tarball()` is to be read next. */
  async untilTarball(): Promise<boolean> {
    if (!(await this.#scan())) return false;
    this.tarballName = this.#path[1]?.key ?? "";
    return true;
  }

  /** The package's bytes. Throws 400 for what is no base64. */
  async *tarball(): AsyncGenerator<Buffer> {
    let carried = "";
    for (;;) {
      if (!(await this.#more())) throw cutOff();
      const quote = this.#chunk.indexOf(QUOTE, this.#position);
      const end = quote < 0 ? this.#chunk.length : quote;
      // Some writers escape slashes; more than a chunk's escapes there are not.
      const text = carried + this.#chunk.toString("latin1", this.#position, end);
      this.#position = quote < 0 ? end : end + 1;
      const escaped = quote < 0 && text.endsWith("\\") ? text.length - 1 : text.length;
      const plain = text.slice(0, escaped).replaceAll("\\/", "/");
      if (!/^[A-Za-z0-9+/]*={0,2}$/.test(plain)) throw badRequest("The attached package is not base64.");
      // Padding waits for the end, or for what shows that it was none.
      const padding = plain.indexOf("=");
      const ready = quote < 0 && padding >= 0 ? padding : plain.length;
      const whole = quote < 0 ? ready - (ready % 4) : plain.length;
      carried = plain.slice(whole) + text.slice(escaped);
      if (whole > 0) yield Buffer.from(plain.slice(0, whole), "base64");
      if (quote >= 0) break;
    }
    this.#keep(Buffer.from('""'));
  }

  /** All that is not the package, once that was read. Throws 400 when it is no document, or has a second package. */
  rest(): Promise<JsonObject> {
    this.#rest ??= this.#readRest();
    return this.#rest;
  }

  async #readRest(): Promise<JsonObject> {
    if (await this.#scan()) throw badRequest("The document has more than one package attached.");
    return parseObject(Buffer.concat(this.#kept).toString("utf8"), "The document");
  }

  /** Reads on to the first byte of a package (true) or to the end (false). */
  async #scan(): Promise<boolean> {
    while (await this.#more()) {
      const begin = this.#position;
      const byte = this.#chunk[this.#position++];
      const top = this.#path.at(-1);
      switch (byte) {
        case QUOTE:
          if (top?.object && top.awaitsKey) {
            top.key = await this.#readKey();
            top.awaitsKey = false;
            continue;
          }
          if (this.#isTarball()) return true;
          await this.#keepString(begin);
          continue;
        case 0x7b: // {
        case 0x5b: // [
          if (this.#path.length === DEEPEST)
            throw badRequest(`The document nests deeper than ${DEEPEST} levels.`);
          this.#path.push({ object: byte === 0x7b, key: "", awaitsKey: byte === 0x7b });
          break;
        case 0x7d: // }
        case 0x5d: // ]
          this.#path.pop();
          break;
        case 0x2c: // ,
          if (top?.object) top.awaitsKey = true;
          break;
      }
      this.#keepByte(begin);
    }
    return false;
  }

  #isTarball(): boolean {
    const [root, attachments, attachment] = this.#path;
    return (
      this.#path.length === 3 &&
      root?.key === "_attachments" &&
      attachment?.key === "data" &&
      attachment.object &&
      (attachments?.key.endsWith(".tgz") ?? false)
    );
  }

  /** After its opening quote. */
  async #readKey(): Promise<string> {
    const bytes = await this.#string(LONGEST_KEY);
    this.#keep(bytes);
    try {
      return String(JSON.parse(bytes.toString("utf8")));
    } catch {
      throw badRequest("The document is no JSON document.");
    }
  }

  async #keepString(begin: number): Promise<void> {
    this.#position = begin + 1;
    this.#keep(await this.#string(LARGEST_DOCUMENT));
  }

  /** A string with both quotes, of which the first one was read. */
  async #string(limit: number): Promise<Buffer> {
    const parts: Buffer[] = [Buffer.from('"')];
    let size = 0;
    let escaped = false;
    while (await this.#more()) {
      const begin = this.#position;
      let at = begin;
      for (; at < this.#chunk.length; at++) {
        const byte = this.#chunk[at];
        if (escaped) escaped = false;
        else if (byte === BACKSLASH) escaped = true;
        else if (byte === QUOTE) break;
      }
      const ended = at < this.#chunk.length;
      this.#position = ended ? at + 1 : at;
      parts.push(this.#chunk.subarray(begin, this.#position));
      size += this.#position - begin;
      if (size > limit) throw tooLarge();
      this.#hold.add(this.#position - begin);
      if (ended) return Buffer.concat(parts);
    }
    throw cutOff();
  }

  #pending: { chunk: Buffer; begin: number; end: number } | undefined;

  /** Neighbours are kept as one piece. */
  #keepByte(at: number): void {
    const pending = this.#pending;
    if (pending?.chunk === this.#chunk && pending.end === at) pending.end = at + 1;
    else {
      this.#flush();
      this.#pending = { chunk: this.#chunk, begin: at, end: at + 1 };
    }
  }

  #flush(): void {
    const pending = this.#pending;
    this.#pending = undefined;
    if (pending === undefined) return;
    this.#hold.add(pending.end - pending.begin);
    this.#append(Buffer.from(pending.chunk.subarray(pending.begin, pending.end)));
  }

  #keep(bytes: Buffer): void {
    this.#flush();
    this.#append(bytes);
  }

  #append(bytes: Buffer): void {
    this.#keptBytes += bytes.length;
    if (this.#keptBytes > LARGEST_DOCUMENT) throw tooLarge();
    this.#kept.push(bytes);
  }

  /** Whether there is another byte. */
  async #more(): Promise<boolean> {
    while (this.#position >= this.#chunk.length) {
      this.#flush();
      const next = await this.#source.next();
      if (next.done) return false;
      this.#chunk = next.value;
      this.#position = 0;
    }
    return true;
  }
}

function cutOff(): PackageError {
  return badRequest("The document ends in the middle of a text.");
}

function tooLarge(): PackageError {
  return new PackageError(413, "RequestTooLarge", "The document beside the package is too large.");
}
