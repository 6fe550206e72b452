/**
 * `Range` of a GET (RFC 9110 section 14). Difference from the RFC: a range whose end lies before its start is answered
 * 416 instead of being ignored, as the OCI conformance suite wants it.
 */
import type { ByteRange } from "../storage/blobs/blobs.ts";

export type RequestedRanges = "whole" | "unsatisfiable" | readonly ByteRange[];

/** As many parts as clients of partly known layers ask for at once (containers/storage). */
const MOST_RANGES = 1_024;

/** `header` against a representation of `size` bytes. Ranges keep the client's order. */
export function parseRanges(header: string, size: number): RequestedRanges {
  const [unit, list] = splitOnce(header, "=");
  if (unit.trim().toLowerCase() !== "bytes" || list === undefined) return "whole";
  const ranges: ByteRange[] = [];
  let total = 0;
  for (const part of list.split(",")) {
    const match = /^\s*(\d*)-(\d*)\s*$/.exec(part);
    if (match === null) return "whole";
    const [, first = "", last = ""] = match;
    if (first === "" && last === "") return "whole";
    const start = first === "" ? Math.max(0, size - Number(last)) : Number(first);
    const end = first === "" || last === "" ? size - 1 : Math.min(Number(last), size - 1);
    if (start >= size || end < start) continue;
    ranges.push({ start, end });
    total += end - start + 1;
  }
  if (ranges.length === 0) return "unsatisfiable";
  // Each range is opened by itself, and those that together exceed the blob overlap: both would make a small
  // request costly (RFC 9110 section 17.15).
  return ranges.length > MOST_RANGES || (ranges.length > 1 && total > size) ? "whole" : ranges;
}

function splitOnce(text: string, separator: string): [string, string | undefined] {
  const at = text.indexOf(separator);
  return at < 0 ? [text, undefined] : [text.slice(0, at), text.slice(at + 1)];
}
