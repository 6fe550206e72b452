/**
 * What the S3 store remembers of an upload, as JSON in its row. A new object or part never takes the key or
 * number of one that a committed state counts on, so the bytes of the last acknowledgement stay whole
 * whenever the next append breaks.
 */
export interface S3State {
  /** The multipart upload that has the upload's first bytes. */
  readonly multipart?: Multipart;
  /** What did not fill a part yet: an object of its own, so that it is durable and any server can go on. */
  readonly tail?: StoredObject;
  /** The whole upload as one object. */
  readonly sealed?: StoredObject;
}

export interface Multipart {
  readonly key: string;
  readonly uploadId: string;
  readonly parts: readonly Part[];
}

export interface Part {
  readonly etag: string;
  readonly size: number;
}

export interface StoredObject {
  readonly key: string;
  readonly size: number;
}

export function readState(text: string): S3State {
  return text === "" ? {} : (JSON.parse(text) as S3State);
}

export function writeState(state: S3State): string {
  return JSON.stringify(state);
}

const MEBIBYTE = 1024 * 1024;
/** S3's limits: every part but the last has at least 5 MiB, at most 10,000 parts, a copied part at most 5 GiB. */
export const MINIMUM_PART_BYTES = 5 * MEBIBYTE;
export const MAXIMUM_PARTS = 10_000;
export const MAXIMUM_COPY_BYTES = 5 * 1024 * MEBIBYTE;

/** How large part number `index` (from 0) is: 8 MiB, so that memory stays small, up to 39 GiB; then 64 MiB, up to 351 GiB. */
export function partSize(index: number): number {
  return (index < 5000 ? 8 : 64) * MEBIBYTE;
}
