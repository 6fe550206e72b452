/**
 * Text in headers. A header's bytes come and go as Latin-1; S3 takes UTF-8 in them, and of user metadata also the
 * encoded words of RFC 2047, which it answers with where a value is not ASCII (User Guide, "User-defined object
 * metadata").
 */
import { hasControl } from "../../services/s3/index.ts";

export const METADATA_PREFIX = "x-amz-meta-";

/** UTF-8 where the bytes are that, else Latin-1 as they are. */
export function decodeHeaderText(latin1: string): string {
  if (isAscii(latin1)) return latin1;
  try {
    return utf8.decode(Buffer.from(latin1, "latin1"));
  } catch {
    return latin1;
  }
}

/** The text as the bytes of a header. */
export function encodeHeaderText(text: string): string {
  return isAscii(text) ? text : Buffer.from(text, "utf8").toString("latin1");
}

export function decodeMetadataText(latin1: string): string {
  const text = decodeHeaderText(latin1);
  if (!text.includes("=?")) return text;
  // RFC 2047 section 6.2: white space between two encoded words is none of the text.
  return text
    .replace(/(\?=)[ \t]+(?==\?)/g, "$1")
    .replace(ENCODED_WORD, (word, coding: string, content: string) => decodeWord(coding, content) ?? word);
}

/** ASCII as it is; else one encoded word: quoted where most is ASCII, base64 where little is. */
export function encodeMetadataText(text: string): string {
  if (isAscii(text)) return text;
  const bytes = Buffer.from(text, "utf8");
  const ascii = bytes.reduce((count, byte) => count + (byte < 0x80 ? 1 : 0), 0);
  if (ascii * 2 < bytes.length) return `=?UTF-8?B?${bytes.toString("base64")}?=`;
  const quoted = Array.from(bytes, (byte) => QUOTED[byte] ?? "").join("");
  return `=?UTF-8?Q?${quoted}?=`;
}

const utf8 = new TextDecoder("utf-8", { fatal: true });

const ENCODED_WORD = /=\?utf-8\?([bq])\?([^?\s]*)\?=/gi;

function decodeWord(coding: string, content: string): string | undefined {
  const bytes =
    coding.toLowerCase() === "b"
      ? Buffer.from(content, "base64")
      : Buffer.from(
          encodeHeaderText(content)
            .replaceAll("_", " ")
            .replace(/=([0-9a-f]{2})/gi, (_, hex: string) => String.fromCharCode(Number.parseInt(hex, 16))),
          "latin1",
        );
  try {
    const text = utf8.decode(bytes);
    // What no header could have said is not let in by the side door.
    return hasControl(text) ? undefined : text;
  } catch {
    return undefined;
  }
}

/** RFC 2047 section 5 (3) lists what may stand as it is. */
const QUOTED: readonly string[] = Array.from({ length: 256 }, (_, byte) => {
  const character = String.fromCharCode(byte);
  if (/[A-Za-z0-9!*+/-]/.test(character)) return character;
  return byte === 0x20 ? "_" : `=${byte.toString(16).toUpperCase().padStart(2, "0")}`;
});

function isAscii(text: string): boolean {
  return !/\P{ASCII}/u.test(text);
}
