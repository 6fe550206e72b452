import { Readable } from "node:stream";
import type { ByteRange } from "../../../storage/blobs/blobs.ts";
import { JoinedReadable } from "../../../storage/blobs/joined-readable.ts";
import type { S3Context } from "../context.ts";
import { noSuchKey } from "./errors.ts";
import { asS3Error } from "./kms-errors.ts";
import { type PlacedPart, partsWithin } from "./parts.ts";
import type { Version } from "./version.ts";

/**
 * The bytes of a version, or a range of them (already checked against its size). What cannot be opened at all (a key
 * that is disabled, say) rejects before the first byte; what fails later destroys the stream.
 */
export async function openContent(
  s3: S3Context,
  version: Version,
  range?: ByteRange,
  customerKey?: Uint8Array,
): Promise<Readable> {
  if (version.size === 0) return Readable.from([]);
  const options = customerKey === undefined ? {} : { customerKey };
  const open = (blobId: string, within?: ByteRange) =>
    s3.blobs.open(blobId, within, options).catch((error: unknown) => Promise.reject(asS3Error(error)));
  if (version.partCount === 0) return open(blobOf(version), range);
  const pieces = piecesOf(await partsWithin(s3.metadata.reader, version.id, range), range);
  const [first] = pieces;
  // Its rows went in the moment since the version was found: better said than answered with nothing.
  if (first === undefined) throw noSuchKey(version.key);
  const begun = await open(first.blobId, first.range);
  if (pieces.length === 1) return begun;
  return new JoinedReadable(
    begun,
    pieces.slice(1).map(
      ({ blobId, range: within }) =>
        () =>
          open(blobId, within),
    ),
  );
}

function blobOf(version: Version): string {
  if (version.blobId === undefined) throw new TypeError(`version ${version.id} has no content`);
  return version.blobId;
}

interface Piece {
  readonly blobId: string;
  readonly range: ByteRange | undefined;
}

/** What is to be read of each part. */
export function piecesOf(parts: readonly PlacedPart[], range: ByteRange | undefined): Piece[] {
  return parts.flatMap(({ blobId, offset, size }) => {
    const start = Math.max(range?.start ?? 0, offset) - offset;
    const end = Math.min(range?.end ?? Number.POSITIVE_INFINITY, offset + size - 1) - offset;
    if (end < start) return [];
    return [{ blobId, range: start === 0 && end === size - 1 ? undefined : { start, end } }];
  });
}
