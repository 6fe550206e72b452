/**
 * The links of an HTML page, in one pass and in time linear to it: tags and attributes as the HTML standard writes
 * them, character references decoded, nothing else of a browser's forgiveness.
 */
export interface Anchor {
  readonly attributes: ReadonlyMap<string, string>;
}

type Attributes = ReadonlyMap<string, string>;

const MOST_ATTRIBUTES = 50;

export function readAnchors(html: string): readonly Anchor[] {
  return tags(html, "a").map((attributes) => ({ attributes }));
}

/** `<meta name=... content=...>` by name. */
export function readMetaTags(html: string): ReadonlyMap<string, string> {
  const found = new Map<string, string>();
  for (const attributes of tags(html, "meta")) {
    const name = attributes.get("name");
    const content = attributes.get("content");
    if (name !== undefined && content !== undefined) found.set(name.toLowerCase(), content);
  }
  return found;
}

/** Attributes of each start tag of this name. Comments are no markup. */
function tags(html: string, name: string): readonly Attributes[] {
  const found: Attributes[] = [];
  for (let at = html.indexOf("<"); at >= 0; at = html.indexOf("<", at)) {
    if (html.startsWith("<!--", at)) {
      const end = html.indexOf("-->", at + 4);
      if (end < 0) break;
      at = end + 3;
      continue;
    }
    const after = html[at + 1 + name.length] ?? "";
    if (html.slice(at + 1, at + 1 + name.length).toLowerCase() !== name || !/[\s/>]/.test(after)) {
      at += 1;
      continue;
    }
    const { attributes, end } = readAttributes(html, at + 1 + name.length);
    found.push(attributes);
    at = end;
  }
  return found;
}

const SPACE = /[\s/]*/y;
const ATTRIBUTE_NAME = /[^\s/>="']+/y;
const EQUALS = /\s*=\s*/y;
const VALUE = /"[^"]*"|'[^']*'|[^\s"'>]+/y;

function readAttributes(html: string, start: number): { attributes: Attributes; end: number } {
  const attributes = new Map<string, string>();
  let at = start;
  const take = (pattern: RegExp): string | undefined => {
    pattern.lastIndex = at;
    const [text] = pattern.exec(html) ?? [];
    if (text !== undefined) at += text.length;
    return text;
  };
  while (attributes.size < MOST_ATTRIBUTES) {
    take(SPACE);
    const name = take(ATTRIBUTE_NAME)?.toLowerCase();
    if (name === undefined) break;
    const value = take(EQUALS) === undefined ? "" : (take(VALUE) ?? "");
    if (!attributes.has(name)) attributes.set(name, decodeReferences(value.replace(/^(["'])(.*)\1$/s, "$2")));
  }
  return { attributes, end: at };
}

const NAMED: Readonly<Record<string, string>> = {
  amp: "&",
  lt: "<",
  gt: ">",
  quot: '"',
  apos: "'",
  nbsp: "\u00a0",
};

function decodeReferences(text: string): string {
  if (!text.includes("&")) return text;
  return text.replace(/&(?:#(\d{1,7})|#x([0-9a-f]{1,6})|([a-z]{2,6}));/gi, (whole, decimal, hex, name) => {
    if (name !== undefined) return NAMED[String(name).toLowerCase()] ?? whole;
    const code = decimal === undefined ? Number.parseInt(String(hex), 16) : Number(decimal);
    return code <= 0x10ffff ? String.fromCodePoint(code) : whole;
  });
}
