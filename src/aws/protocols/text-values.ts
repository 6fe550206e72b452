import type { ScalarShape } from "../shape.ts";
import { checkedText, excerpt, Malformed } from "./malformed.ts";

/** Scalars written as text: in XML, forms, headers, query strings and path labels. Throws Malformed. */
export function readText(shape: ScalarShape, text: string): unknown {
  switch (shape.kind) {
    case "string":
      return checkedText(text);
    case "number":
      return readNumber(text);
    case "boolean":
      return readBoolean(text);
    case "blob":
      return readBase64(text);
    case "timestamp":
      return readTimestamp(text);
    case "bigInteger":
      return readBigInteger(text);
    case "bigDecimal":
      return readNumber(text);
    case "document":
      return checkedText(text);
  }
}

function readNumber(text: string): number {
  if (text.length > 40 || !/^[+-]?\d+(\.\d+)?([eE][+-]?\d+)?$/.test(text)) {
    throw new Malformed(`'${excerpt(text)}' can not be converted to a Number`);
  }
  return Number(text);
}

function readBoolean(text: string): boolean {
  const lower = text.toLowerCase();
  if (lower !== "true" && lower !== "false") {
    throw new Malformed(`'${excerpt(text)}' can not be converted to a Boolean`);
  }
  return lower === "true";
}

/** Few bytes may stand for a number that takes ages to make: 1,000 digits are more than anyone means. */
function readBigInteger(text: string): bigint {
  if (!/^-?\d{1,1000}$/.test(text))
    throw new Malformed(`'${excerpt(text)}' can not be converted to a Number`);
  return BigInt(text);
}

/** Node decodes base64 leniently, skipping what does not belong: fewer bytes come out than the length promises. */
export function readBase64(text: string): Uint8Array {
  const padding = text.endsWith("==") ? 2 : text.endsWith("=") ? 1 : 0;
  const bytes = Buffer.from(text, "base64");
  if (bytes.byteLength !== (text.length / 4) * 3 - padding) {
    throw new Malformed("A blob is not valid base64");
  }
  return bytes;
}

const DATE_TIME = /^\d{4}-\d\d-\d\dT\d\d:\d\d(:\d\d(\.\d{1,9})?)?(Z|[+-]\d\d:?\d\d)?$/;
const HTTP_DATE = /^[A-Z][a-z]{2}, \d{1,2} [A-Z][a-z]{2} \d{4} \d\d:\d\d:\d\d GMT$/;
const EPOCH = /^-?\d{1,15}(\.\d{1,9})?$/;

/** AWS takes every of its three formats everywhere, and a date-time without an offset as UTC. */
export function readTimestamp(text: string): Date {
  let milliseconds = Number.NaN;
  if (EPOCH.test(text)) milliseconds = Math.round(Number(text) * 1000);
  else if (HTTP_DATE.test(text)) milliseconds = Date.parse(text);
  else if (DATE_TIME.test(text))
    milliseconds = Date.parse(/(Z|[+-]\d\d:?\d\d)$/.test(text) ? text : `${text}Z`);
  return timestamp(milliseconds, text);
}

export function timestamp(milliseconds: number, source: string | number): Date {
  const date = new Date(milliseconds);
  if (Number.isNaN(date.getTime())) throw new Malformed(`'${excerpt(String(source))}' is not a timestamp`);
  return date;
}
