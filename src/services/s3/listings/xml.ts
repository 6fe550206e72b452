/** Documents of lists, written by hand: the SDK's serializer takes many times as long. */
import { XmlDocument } from "../call.ts";

const HEAD = '<?xml version="1.0" encoding="UTF-8"?>\n';
const NAMESPACE = "http://s3.amazonaws.com/doc/2006-03-01/";

export function listDocument(root: string, ...content: readonly string[]): XmlDocument {
  let text = `${HEAD}<${root} xmlns="${NAMESPACE}">`;
  // Joined, hundreds of kilobytes would be copied once more.
  for (const piece of content) text += piece;
  return new XmlDocument(`${text}</${root}>`);
}

/** Nothing when the value is undefined. */
export function element(name: string, value: string | number | boolean | undefined): string {
  if (value === undefined) return "";
  return `<${name}>${typeof value === "string" ? escapeText(value) : value}</${name}>`;
}

/** @param content XML */
export function parent(name: string, ...content: readonly string[]): string {
  return `<${name}>${content.join("")}</${name}>`;
}

/**
 * Characters that XML 1.0 has no place for are written as references, as S3 does, although a strict parser refuses
 * them: clients that may meet such keys ask for encoding-type=url.
 */
export function escapeText(text: string): string {
  return SPECIAL.test(text) ? text.replace(ALL_SPECIAL, reference) : text;
}

// biome-ignore lint/suspicious/noControlCharactersInRegex: they are what has to be found
const SPECIAL = /[&<>"\u0000-\u001f\u007f\ufffe\uffff]/;
const ALL_SPECIAL = new RegExp(SPECIAL, "g");

function reference(character: string): string {
  return NAMED[character] ?? `&#x${character.charCodeAt(0).toString(16)};`;
}

const NAMED: Readonly<Record<string, string>> = { "&": "&amp;", "<": "&lt;", ">": "&gt;", '"': "&quot;" };

export type Encode = (text: string) => string;

/** encoding-type=url: percent-encoded UTF-8, slashes as they are. */
export function encoder(encodingType: string | undefined): Encode {
  return encodingType === "url" ? (text) => encodeURIComponent(text).replaceAll("%2F", "/") : (text) => text;
}

/** To the second, as Last-Modified has it, in the form of S3's documents. */
export function timestamp(milliseconds: number): string {
  const second = Math.floor(milliseconds / 1000);
  if (second !== lastSecond) {
    lastSecond = second;
    lastTimestamp = `${new Date(second * 1000).toISOString().slice(0, 19)}.000Z`;
  }
  return lastTimestamp;
}

/** Neighbours in a list were often written together. */
let lastSecond = Number.NaN;
let lastTimestamp = "";
