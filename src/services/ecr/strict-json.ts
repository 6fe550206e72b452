/**
 * JSON as RFC 8259 with what the RFC leaves open decided against the sender: valid UTF-8 without a byte order
 * mark, no member named twice, bounded depth. Two readers of one manifest must never see two manifests.
 */
export class JsonProblem extends Error {
  override readonly name = "JsonProblem";
}

export type JsonObject = { readonly [key: string]: unknown };

/** Throws JsonProblem. The depth is checked before anything is built. */
export function parseStrictJson(bytes: Uint8Array, maxDepth: number): unknown {
  let text: string;
  try {
    text = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(bytes);
  } catch (cause) {
    throw new JsonProblem("not valid UTF-8", { cause });
  }
  checkStructure(text, maxDepth);
  try {
    return JSON.parse(text);
  } catch (cause) {
    throw new JsonProblem("not valid JSON", { cause });
  }
}

export function isJsonObject(value: unknown): value is JsonObject {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

/** Follows brackets and strings only; everything else is left to JSON.parse. */
function checkStructure(text: string, maxDepth: number): void {
  const members: (Set<string> | undefined)[] = [];
  for (let index = 0; index < text.length; index++) {
    switch (text.charCodeAt(index)) {
      case 0x7b: // {
      case 0x5b: // [
        if (members.length === maxDepth) throw new JsonProblem(`nested deeper than ${maxDepth} levels`);
        members.push(text[index] === "{" ? new Set() : undefined);
        break;
      case 0x7d: // }
      case 0x5d: // ]
        members.pop();
        break;
      case 0x22: {
        // "
        const end = endOfString(text, index);
        if (followedByColon(text, end)) addMember(members.at(-1), text.slice(index, end));
        index = end - 1;
        break;
      }
    }
  }
}

function addMember(members: Set<string> | undefined, literal: string): void {
  const name = literal.includes("\\") ? decodeLiteral(literal) : literal.slice(1, -1);
  if (members?.has(name)) throw new JsonProblem(`member '${name.slice(0, 64)}' appears twice`);
  members?.add(name);
}

function decodeLiteral(literal: string): string {
  try {
    return String(JSON.parse(literal));
  } catch (cause) {
    throw new JsonProblem("not valid JSON", { cause });
  }
}

/** Index after the closing quote, or the end of the text. */
function endOfString(text: string, start: number): number {
  for (let index = start + 1; index < text.length; index++) {
    const code = text.charCodeAt(index);
    if (code === 0x5c) index++;
    else if (code === 0x22) return index + 1;
  }
  return text.length;
}

function followedByColon(text: string, start: number): boolean {
  for (let index = start; index < text.length; index++) {
    const code = text.charCodeAt(index);
    if (code !== 0x20 && code !== 0x09 && code !== 0x0a && code !== 0x0d) return code === 0x3a;
  }
  return false;
}
