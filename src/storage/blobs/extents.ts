/**
 * How the bytes of an encrypted upload lie in its store: one extent after the other, each what one append brought, under
 * a key of its own. An extent is a row of segments (segments.ts), all full but the last.
 *
 * An append that was never acknowledged may be tried again with other bytes at the same place. It then writes an extent
 * of another salt, so that no key and nonce ever meet two plaintexts.
 */
import { BlobTooLarge } from "./errors.ts";
import { SEGMENT_BYTES, type SegmentRun, TAG_BYTES } from "./segments.ts";

export interface Extent {
  /** base64url of 16 random bytes, from which the extent's key is derived. */
  readonly salt: string;
  /** In bytes before encryption; never 0. */
  readonly length: number;
}

/** A client that sends bytes one at a time must not make rows of megabytes. */
const MAXIMUM_EXTENTS = 50_000;

/** As the row keeps them. Throws BlobTooLarge. */
export function writeExtents(extents: readonly Extent[]): string {
  if (extents.length > MAXIMUM_EXTENTS)
    throw new BlobTooLarge(`an encrypted upload comes in no more than ${MAXIMUM_EXTENTS} pieces`);
  return extents.map(({ salt, length }) => `${salt}:${length}`).join(" ");
}

export function readExtents(text: string): readonly Extent[] {
  if (text === "") return [];
  return text.split(" ").map((extent) => {
    const [salt = "", length] = extent.split(":");
    return { salt, length: Number(length) };
  });
}

/** In bytes before encryption. */
export function plainLength(extents: readonly Extent[]): number {
  return extents.reduce((sum, extent) => sum + extent.length, 0);
}

/** Segments to be read, as their reader needs them. */
export interface ExtentRun extends SegmentRun {
  readonly salt: string;
}

/** What is to be read and decrypted for a range of the bytes before encryption. */
export interface SegmentRange {
  readonly count: number;
  /** Inclusive, of the stored bytes. */
  readonly start: number;
  readonly end: number;
  /** Bytes of the first segment before the range. */
  readonly skip: number;
  /** Bytes of the range. */
  readonly length: number;
  /** At most so many segments at a time, of one extent each; made as they are asked for: a blob of 10 GB has 150,000. */
  runs(segments: number): Iterator<ExtentRun> & Iterable<ExtentRun>;
}

/** @param start and `end` are inclusive and lie within the extents */
export function segmentsOf(extents: readonly Extent[], start: number, end: number): SegmentRange {
  const pieces: Piece[] = [];
  let [plain, stored, count, storedLength] = [0, 0, 0, 0];
  let [storedStart, skip] = [0, 0];
  for (const { salt, length } of extents) {
    if (plain > end) break;
    const segments = Math.ceil(length / SEGMENT_BYTES);
    const first =
      plain + length > start ? Math.max(0, Math.floor((start - plain) / SEGMENT_BYTES)) : segments;
    const behind = Math.min(segments, Math.floor((end - plain) / SEGMENT_BYTES) + 1);
    if (first < behind) {
      if (pieces.length === 0) {
        storedStart = stored + first * (SEGMENT_BYTES + TAG_BYTES);
        skip = start - (plain + first * SEGMENT_BYTES);
      }
      pieces.push({ salt, length, first, behind });
      count += behind - first;
      storedLength += Math.min(length, behind * SEGMENT_BYTES) - first * SEGMENT_BYTES;
    }
    plain += length;
    stored += length + segments * TAG_BYTES;
  }
  return {
    count,
    start: storedStart,
    end: storedStart + storedLength + count * TAG_BYTES - 1,
    skip,
    length: end - start + 1,
    runs: (limit) => runsOf(pieces, limit),
  };
}

/** The segments `first` to before `behind` of one extent. */
interface Piece extends Extent {
  readonly first: number;
  readonly behind: number;
}

function* runsOf(pieces: readonly Piece[], limit: number): Generator<ExtentRun, undefined> {
  for (const { salt, length: whole, first, behind } of pieces)
    for (let index = first; index < behind; index += limit) {
      const end = Math.min(index + limit, behind) * SEGMENT_BYTES;
      yield { salt, index, last: end >= whole, length: Math.min(end, whole) - index * SEGMENT_BYTES };
    }
}
