/**
 * XML of strangers as a small tree: bounded in depth, no document type, no entities but the five of XML
 * and numbers. Elements, their attributes and their text.
 */
import { XMLParser, XMLValidator } from "fast-xml-parser";
import { PackageInvalid } from "../../services/codeartifact/format.ts";

export interface Element {
  readonly name: string;
  /** Without the white space around it. */
  readonly text: string;
  readonly attributes: Readonly<Record<string, string>>;
  readonly children: readonly Element[];
}

const MAXIMUM_DEPTH = 100;
const LONGEST_REASON = 200;

/** Throws PackageInvalid; `what` names the document in its message. */
export function parseXml(bytes: Uint8Array, what: string, root: string): Element {
  const text = decode(bytes, what);
  // A document type is where entities are declared: nothing of Maven needs one.
  if (/<!DOCTYPE/i.test(text)) throw new PackageInvalid(`${what} has a document type, which is not taken`);
  const valid = validate(text, what);
  if (valid !== undefined) throw new PackageInvalid(`${what} is no XML: ${valid}`);
  const element = read(text, what);
  if (element?.name !== root) throw new PackageInvalid(`${what} has no <${root}>`);
  return element;
}

export function child(element: Element | undefined, name: string): Element | undefined {
  return element?.children.find((each) => each.name === name);
}

export function children(element: Element | undefined, name: string): readonly Element[] {
  return element?.children.filter((each) => each.name === name) ?? [];
}

/** The text below, or undefined when it is absent or empty. */
export function textOf(element: Element | undefined, ...path: readonly string[]): string | undefined {
  let at = element;
  for (const name of path) at = child(at, name);
  return at?.text === "" ? undefined : at?.text;
}

export function escapeXml(text: string): string {
  return text.replace(/[&<>]/g, (sign) => (sign === "&" ? "&amp;" : sign === "<" ? "&lt;" : "&gt;"));
}

/** POMs of old are ISO-8859-1 now and then; every other encoding is rare enough to be refused. */
const ENCODINGS: Readonly<Record<string, "utf-8" | "latin1">> = {
  "utf-8": "utf-8",
  utf8: "utf-8",
  "us-ascii": "latin1",
  "iso-8859-1": "latin1",
  latin1: "latin1",
  "windows-1252": "latin1",
  cp1252: "latin1",
};

function decode(bytes: Uint8Array, what: string): string {
  const head = Buffer.from(bytes.subarray(0, 200)).toString("latin1");
  const declared = /^[^<]{0,3}<\?xml[^>]*encoding\s*=\s*["']([A-Za-z0-9._-]+)["']/.exec(head)?.[1] ?? "UTF-8";
  const name = declared.toLowerCase();
  const encoding = Object.hasOwn(ENCODINGS, name) ? ENCODINGS[name] : undefined;
  if (encoding === undefined) throw new PackageInvalid(`${what} is encoded as ${declared}; use UTF-8`);
  try {
    return new TextDecoder(encoding, { fatal: true }).decode(bytes);
  } catch (cause) {
    throw new PackageInvalid(`${what} is not encoded as ${declared}`, { cause });
  }
}

function validate(text: string, what: string): string | undefined {
  try {
    const result = XMLValidator.validate(text);
    if (result === true) return undefined;
    // It repeats what it does not like: all open tags, however many.
    return `${result.err.msg.slice(0, LONGEST_REASON)} (line ${result.err.line})`;
  } catch (cause) {
    throw new PackageInvalid(`${what} is no XML`, { cause });
  }
}

function read(text: string, what: string): Element | undefined {
  const parser = new XMLParser({
    preserveOrder: true,
    ignoreAttributes: false,
    attributeNamePrefix: "",
    parseAttributeValue: false,
    ignoreDeclaration: true,
    ignorePiTags: true,
    parseTagValue: false,
    processEntities: false,
    trimValues: false,
    cdataPropName: CDATA,
    maxNestedTags: MAXIMUM_DEPTH,
  });
  let nodes: unknown;
  try {
    nodes = parser.parse(text);
  } catch (cause) {
    const reason = (cause as Error).message.slice(0, LONGEST_REASON);
    throw new PackageInvalid(`${what} cannot be read: ${reason}`, { cause });
  }
  return elementsOf(nodes, 0)[0];
}

const TEXT = "#text";
const CDATA = "#cdata";

/** fast-xml-parser's ordered shape: `[{ tag: [child nodes] }, { "#text": "..." }]`. */
function elementsOf(nodes: unknown, depth: number): Element[] {
  if (!Array.isArray(nodes) || depth > MAXIMUM_DEPTH) return [];
  const elements: Element[] = [];
  for (const node of nodes as Record<string, unknown>[]) {
    const name = Object.keys(node).find((key) => key !== ":@");
    if (name === undefined || name === TEXT || name === CDATA) continue;
    const inner = node[name];
    elements.push({
      name,
      text: textIn(inner).trim(),
      attributes: attributesOf(node[":@"]),
      children: elementsOf(inner, depth + 1),
    });
  }
  return elements;
}

function attributesOf(attributes: unknown): Readonly<Record<string, string>> {
  const pairs = Object.entries((attributes ?? {}) as Record<string, unknown>);
  return Object.fromEntries(pairs.map(([name, value]) => [name, decodeEntities(String(value))]));
}

function textIn(nodes: unknown): string {
  if (!Array.isArray(nodes)) return "";
  let text = "";
  for (const node of nodes as Record<string, unknown>[]) {
    const plain = node[TEXT];
    const cdata = node[CDATA];
    if (typeof plain === "string") text += decodeEntities(plain);
    else if (Array.isArray(cdata)) text += String((cdata[0] as Record<string, unknown>)?.[TEXT] ?? "");
  }
  return text;
}

const ENTITIES: Readonly<Record<string, string>> = { amp: "&", lt: "<", gt: ">", quot: '"', apos: "'" };

function decodeEntities(text: string): string {
  return text.replace(/&(?:#(\d{1,7})|#x([0-9a-fA-F]{1,6})|([a-z]+));/g, (whole, decimal, hex, name) => {
    if (name !== undefined) return Object.hasOwn(ENTITIES, name) ? (ENTITIES[name] ?? whole) : whole;
    const code = Number.parseInt(decimal ?? hex, decimal === undefined ? 16 : 10);
    const allowed = code <= 0x10ffff && !(code >= 0xd800 && code <= 0xdfff) && code !== 0;
    return allowed ? String.fromCodePoint(code) : whole;
  });
}
