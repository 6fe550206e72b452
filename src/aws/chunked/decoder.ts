/**
 * Takes the framing of aws-chunked off a body (S3 API reference, "Signature Calculations for the Authorization Header:
 * Transferring Payload in Multiple Chunks", "... Including Trailing Headers"):
 *
 *     <size, hex>[;chunk-signature=<hex>] CRLF <bytes> CRLF   for each chunk; the last one has size 0 and no bytes
 *     <trailer>:<value> CRLF                                  where x-amz-trailer announced it
 *     x-amz-trailer-signature:<hex> CRLF                      where chunks are signed
 *     CRLF
 *
 * Bytes are passed on as they come, however the connection cuts them; memory does not grow with a chunk. Whatever is
 * wrong is said in the place of the stream's end.
 */
import { createHash, type Hash } from "node:crypto";
import { Transform, type TransformCallback } from "node:stream";
import { giveBack } from "../../lent-memory.ts";
import type { AwsError } from "../errors.ts";
import { chunkTooSmall, incompleteBody, malformedTrailer, wrongChunkSignature } from "./errors.ts";
import type { SignatureChain } from "./signature-chain.ts";

export interface ChunkedFraming {
  /** Of x-amz-decoded-content-length: exactly so many bytes come out. */
  readonly decodedLength: number;
  /** Absent where chunks are unsigned. */
  readonly signatures?: SignatureChain | undefined;
  /** Of x-amz-trailer, in lower case. */
  readonly trailer?: string | undefined;
  /** Whether signed chunks are followed by trailers and their signature. */
  readonly endsWithTrailers: boolean;
}

/** A chunk's header with its signature needs 100 bytes. */
const LONGEST_LINE = 1024;
const MOST_TRAILERS = 4;
const SMALLEST_CHUNK = 8192;
const TRAILER_SIGNATURE = "x-amz-trailer-signature";

type State = "header" | "bytes" | "after-bytes" | "trailers" | "end";

const CR = 0x0d;
const LF = 0x0a;

export class ChunkedDecoder extends Transform {
  /** By lower-case name; whole once the stream has ended. */
  readonly trailers: Map<string, string> = new Map();

  readonly #framing: ChunkedFraming;
  #state: State = "header";
  /** The line that is being read, without its CRLF; it may come in any number of pieces. */
  #line = "";
  /** Bytes of the current chunk that are still to come, and all that came of any. */
  #chunkLeft = 0;
  #decoded = 0;
  #chunks = 0;
  /** Of a chunk that is smaller than all but the last may be. */
  #small: number | undefined;
  #signature = "";
  #hash: Hash | undefined;

  constructor(framing: ChunkedFraming) {
    super();
    this.#framing = framing;
    // Whoever reads hears of it; when nobody does, it is no failure of the server.
    this.on("error", () => undefined);
  }

  override _transform(piece: Buffer, _encoding: BufferEncoding, done: TransformCallback): void {
    try {
      let at = 0;
      while (at < piece.length) {
        if (this.#state === "end") throw incompleteBody();
        if (this.#state === "bytes") at = this.#readBytes(piece, at);
        else {
          const end = this.#readLine(piece, at);
          giveBack(piece.subarray(at, end));
          at = end;
        }
      }
      done();
    } catch (error) {
      done(error as AwsError);
    }
  }

  override _flush(done: TransformCallback): void {
    done(this.#state === "end" && this.#decoded === this.#framing.decodedLength ? null : incompleteBody());
  }

  #readBytes(piece: Buffer, at: number): number {
    const bytes = piece.subarray(at, at + this.#chunkLeft);
    this.#hash?.update(bytes);
    this.#chunkLeft -= bytes.length;
    this.#decoded += bytes.length;
    if (this.#chunkLeft === 0) {
      this.#checkChunk();
      this.#state = "after-bytes";
    }
    this.push(bytes);
    return at + bytes.length;
  }

  /** Collects a line and acts on it when it is whole. */
  #readLine(piece: Buffer, at: number): number {
    const end = piece.indexOf(LF, at);
    const upTo = end < 0 ? piece.length : end;
    if (this.#line.length + (upTo - at) > LONGEST_LINE) throw incompleteBody();
    this.#line += piece.toString("latin1", at, upTo);
    if (end < 0) return piece.length;
    if (this.#line.charCodeAt(this.#line.length - 1) !== CR) throw incompleteBody();
    const line = this.#line.slice(0, -1);
    this.#line = "";
    if (this.#state === "header") this.#beginChunk(line);
    else if (this.#state === "trailers") this.#takeTrailer(line);
    else {
      if (line !== "") throw incompleteBody();
      this.#state = "header";
    }
    return end + 1;
  }

  #beginChunk(line: string): void {
    const { signatures, decodedLength } = this.#framing;
    const match = (signatures ? SIGNED_HEADER : UNSIGNED_HEADER).exec(line);
    if (!match) throw incompleteBody();
    const size = Number.parseInt(match[1] ?? "", 16);
    if (size > decodedLength - this.#decoded) throw incompleteBody();
    this.#chunks++;
    this.#signature = match[2] ?? "";
    this.#hash = signatures && createHash("sha256");
    if (size === 0) {
      if (this.#decoded !== decodedLength) throw incompleteBody();
      this.#checkChunk();
      this.#state = "trailers";
      return;
    }
    // Which chunk was the last is known when another one comes.
    if (this.#small !== undefined) throw chunkTooSmall(this.#chunks - 1, this.#small);
    if (size < SMALLEST_CHUNK) this.#small = size;
    this.#chunkLeft = size;
    this.#state = "bytes";
  }

  #checkChunk(): void {
    const { signatures } = this.#framing;
    if (signatures && !signatures.acceptsChunk(this.#signature, this.#hash?.digest("hex") ?? ""))
      throw wrongChunkSignature();
  }

  #takeTrailer(line: string): void {
    if (line === "") {
      this.#finish();
      return;
    }
    const colon = line.indexOf(":");
    const name = line.slice(0, colon).trim().toLowerCase();
    if (colon < 1 || name === "" || this.trailers.has(name) || this.trailers.size >= MOST_TRAILERS)
      throw malformedTrailer();
    this.trailers.set(name, line.slice(colon + 1).trim());
  }

  /** The empty line after the trailers. */
  #finish(): void {
    const { signatures, endsWithTrailers, trailer } = this.#framing;
    const signature = this.trailers.get(TRAILER_SIGNATURE);
    this.trailers.delete(TRAILER_SIGNATURE);
    const wanted = trailer === undefined ? 0 : 1;
    if (this.trailers.size !== wanted || (trailer !== undefined && !this.trailers.has(trailer)))
      throw malformedTrailer();
    const signed = signatures !== undefined && endsWithTrailers && (wanted > 0 || signature !== undefined);
    if (signed) {
      if (signature === undefined) throw malformedTrailer();
      if (!signatures.acceptsTrailers(signature, this.trailers)) throw wrongChunkSignature();
    } else if (signature !== undefined) throw malformedTrailer();
    this.#state = "end";
  }
}

/** Sizes up to 2^52. */
const UNSIGNED_HEADER = /^([0-9a-fA-F]{1,13})$/;
const SIGNED_HEADER = /^([0-9a-fA-F]{1,13});chunk-signature=([0-9a-f]{64})$/;
